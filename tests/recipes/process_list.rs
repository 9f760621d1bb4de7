//! The process list, which every user of the machine can read.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Searches every command line for a text until it is stopped.
pub struct ProcessListSearch {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<Option<String>>,
}

impl ProcessListSearch {
    /// Starts to search for this text.
    pub fn start(text: &str) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let (stop, text) = (Arc::clone(&stopped), text.to_owned());
        let thread = thread::spawn(move || {
            let mut seen = None;
            while seen.is_none() && !stop.load(Ordering::Relaxed) {
                seen = command_lines().find(|line| line.contains(&text));
                thread::sleep(Duration::from_millis(1)); // leaves the processor to the program that is watched
            }
            seen
        });
        Self { stopped, thread }
    }

    /// Stops, and returns the command line that contained the text.
    pub fn seen(self) -> Option<String> {
        self.stopped.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Lists the command lines of all processes that are still running.
fn command_lines() -> impl Iterator<Item = String> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
}
