//! Turns core dumps of this process off, and on again for a command that replaces it.
//!
//! Only the soft limit is lowered, since the hard one could not be raised again for the command. The kernel checks only
//! the soft limit, and neither if it pipes dumps to a program (core(5)). So on Linux the process is made undumpable too,
//! which lasts until it is replaced (prctl(2), `PR_SET_DUMPABLE`) and keeps other programs of its user out of its memory.

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit before it was lowered.
pub(crate) struct CoreDumps {
    #[cfg(unix)]
    before: Rlimit,
}

impl CoreDumps {
    /// Turns core dumps of this process off.
    pub(crate) fn off() -> Self {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
        #[cfg(unix)]
        {
            let before = getrlimit(Resource::Core);
            let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: before.maximum });
            Self { before }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Restores the limit, for the command that replaces this process.
    #[cfg(unix)]
    pub(crate) fn restore(&self) {
        let _ = setrlimit(Resource::Core, self.before);
    }
}
