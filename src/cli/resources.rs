//! What every command needs of the system: memory, a stack, descriptors, threads, and a clock. Too little of it is an error
//! with a hint: the libraries below would panic or abort.

#[cfg(unix)]
use std::io;
use std::{
    process::ExitCode,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

#[cfg(unix)]
use rustix::process::{Resource, getrlimit};

use super::report::{self, Exit, Failure};

/// The usual size of the main thread's stack. `ulimit -s` may be too low for the parser of arguments.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// The address space for everything that a command allocates.
const HEAP_BYTES: usize = 64 * 1024 * 1024;

/// The files, pipes and sockets that a command has open at the same time, at most, apart from a server's connections.
#[cfg(unix)]
const DESCRIPTORS: usize = 24;

/// With this limit, there are enough descriptors beside those that the parent process left open.
#[cfg(unix)]
const PLENTY_OF_DESCRIPTORS: u64 = 256;

/// Runs the program with a stack of the usual size, if there is memory for it.
pub(crate) fn on_usual_stack(program: fn() -> ExitCode) -> ExitCode {
    const PANICKED: u8 = 101;
    let mut heap = Vec::<u8>::new();
    let reserved = heap.try_reserve_exact(HEAP_BYTES);
    // The compiler may leave out an allocation that is not used.
    std::hint::black_box(heap);
    if reserved.is_err() {
        report::eprint("error: could not start: too little memory\nhint: raise the limit that `ulimit -v` shows\n");
        return ExitCode::FAILURE;
    }
    // The stack of this thread grows up to the limit; another thread costs a tenth of a short command's time.
    #[cfg(unix)]
    if allows(Resource::Stack, STACK_BYTES as u64) {
        return program();
    }
    match thread::Builder::new().stack_size(STACK_BYTES).spawn(program) {
        Ok(thread) => thread.join().unwrap_or(ExitCode::from(PANICKED)),
        // It reports what is missing.
        Err(_) => program(),
    }
}

/// Checks that the system gives a command what it may need.
pub(crate) fn check() -> Result<(), Failure> {
    if SystemTime::now() < UNIX_EPOCH {
        let message = "the clock of this machine is before 1970, so no time can be checked or signed".to_owned();
        return failure(Exit::Other, "clock", message, "set the clock, and let it be synchronised");
    }
    #[cfg(unix)]
    if !allows(Resource::Nofile, PLENTY_OF_DESCRIPTORS)
        && let Err(error) = open_descriptors()
    {
        let message = format!("could not start, because too few files may be open at the same time: {error}");
        return failure(Exit::Other, "runtime", message, "raise the limit with: ulimit -n 256");
    }
    Ok(())
}

/// Checks that the system gives a command that waits a thread. One is enough: the runtime puts work in a queue while it
/// cannot start more of them, but it panics if it cannot start the first.
pub(crate) fn check_threads() -> Result<(), Failure> {
    let Err(error) = thread::Builder::new().spawn(|| {}).map(thread::JoinHandle::join) else { return Ok(()) };
    let message = format!("could not start a thread: {error}");
    failure(Exit::Other, "runtime", message, "raise the limits that `ulimit -u` and `ulimit -v` show")
}

/// Whether the system limits the size of files that this process writes.
pub(crate) fn limits_file_sizes() -> bool {
    #[cfg(unix)]
    return getrlimit(Resource::Fsize).current.is_some();
    #[cfg(not(unix))]
    false
}

fn failure(exit: Exit, code: &'static str, message: String, hint: &str) -> Result<(), Failure> {
    Err(Failure::plain(exit, code, message, Some(hint.to_owned())))
}

/// Whether the limit of a resource is at least this high.
#[cfg(unix)]
fn allows(resource: Resource, needed: u64) -> bool {
    getrlimit(resource).current.is_none_or(|limit| limit >= needed)
}

/// Opens as many descriptors as a command may need, and closes them.
#[cfg(unix)]
fn open_descriptors() -> io::Result<()> {
    use std::os::fd::AsFd as _;

    let input = io::stdin();
    (0..DESCRIPTORS).map(|_| input.as_fd().try_clone_to_owned()).collect::<io::Result<Vec<_>>>().map(drop)
}
