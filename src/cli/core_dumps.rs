//! Keeps this process out of core dumps, and lets a command that takes its place have them as its user wants.
//!
//! Only the soft limit is lowered: the hard one could not be raised again for the command. The kernel asks the soft one
//! alone, and not even that when it pipes dumps to a program (core(5)); so on Linux the process is made undumpable too,
//! which lasts until it is replaced (prctl(2), `PR_SET_DUMPABLE`) and keeps other programs of its user out of its memory.

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the limit was before it was lowered.
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

    /// Puts the limit back, for the command that takes this process's place.
    #[cfg(unix)]
    pub(crate) fn restore(&self) {
        let _ = setrlimit(Resource::Core, self.before);
    }
}
