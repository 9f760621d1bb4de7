//! What every command needs of the system: memory, a stack, descriptors, threads, and a clock. Too little of it is an error
//! with a hint: the libraries below would panic or abort.

use std::{
    io,
    process::ExitCode,
    sync::mpsc,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use super::report::{self, Exit, Failure};

/// The usual size of the main thread's stack. `ulimit -s` may be too low for the parser of arguments.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// The address space for everything that a command allocates.
const HEAP_BYTES: usize = 64 * 1024 * 1024;

/// The files, pipes and sockets that a command has open at the same time, at most, apart from a server's connections.
#[cfg(unix)]
const DESCRIPTORS: usize = 24;

/// The threads that a command uses at the same time: reading a file, opening a key, looking up a name, the progress line.
const THREADS: usize = 4;

/// Runs the program on a thread with a stack of the usual size, if there is memory for it.
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
    match thread::Builder::new().stack_size(STACK_BYTES).spawn(program) {
        Ok(thread) => thread.join().unwrap_or(ExitCode::from(PANICKED)),
        // It reports what is missing.
        Err(_) => program(),
    }
}

/// Checks that the system gives a command what it may need.
pub(crate) fn check() -> Result<(), Failure> {
    let failure =
        |exit, code, message: String, hint: &str| Err(Failure::plain(exit, code, message, Some(hint.to_owned())));
    if SystemTime::now() < UNIX_EPOCH {
        let message = "the clock of this machine is before 1970, so no time can be checked or signed".to_owned();
        return failure(Exit::Other, "clock", message, "set the clock, and let it be synchronised");
    }
    #[cfg(unix)]
    if let Err(error) = open_descriptors() {
        let message = format!("could not start, because too few files may be open at the same time: {error}");
        return failure(Exit::Other, "runtime", message, "raise the limit with: ulimit -n 256");
    }
    if let Err(error) = start_threads() {
        let message = format!("could not start {THREADS} threads: {error}");
        return failure(Exit::Other, "runtime", message, "raise the limits that `ulimit -u` and `ulimit -v` show");
    }
    Ok(())
}

/// Opens as many descriptors as a command may need, and closes them.
#[cfg(unix)]
fn open_descriptors() -> io::Result<()> {
    use std::os::fd::AsFd as _;

    let input = io::stdin();
    (0..DESCRIPTORS).map(|_| input.as_fd().try_clone_to_owned()).collect::<io::Result<Vec<_>>>().map(drop)
}

/// Starts as many threads as a command may need, and ends them.
fn start_threads() -> io::Result<()> {
    let mut running = Vec::with_capacity(THREADS);
    let started = (0..THREADS).try_for_each(|_| {
        // Each one waits until its sender is dropped.
        let (sender, receiver) = mpsc::channel::<()>();
        let wait = move || receiver.recv().is_err();
        thread::Builder::new().spawn(wait).map(|thread| running.push((sender, thread)))
    });
    for (sender, thread) in running {
        drop(sender);
        let _ = thread.join();
    }
    started
}
