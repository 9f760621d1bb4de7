//! What everybody on the machine sees in the process list.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Looks for a text in every command line, over and over.
pub struct Lookout {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Option<String>>,
}

impl Lookout {
    /// Begins to look for this text.
    pub fn start(text: &str) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let (stop, text) = (Arc::clone(&enough), text.to_owned());
        let thread = thread::spawn(move || {
            let mut seen = None;
            while seen.is_none() && !stop.load(Ordering::Relaxed) {
                seen = command_lines().find(|line| line.contains(&text));
                thread::sleep(Duration::from_millis(1));
            }
            seen
        });
        Self { enough, thread }
    }

    /// The command line that the text stood in, if it was seen.
    pub fn seen(self) -> Option<String> {
        self.enough.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The command lines of all processes; one that has ended meanwhile has none.
fn command_lines() -> impl Iterator<Item = String> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
}
