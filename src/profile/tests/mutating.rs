//! Any file, however broken, gives a result in a short time and without a panic.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use super::{KNOWN, project, samples, user};
use crate::profile::{ProfileDraft, Profiles, import};

/// A generator of pseudorandom numbers, the same ones each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

const PIECES: [&str; 24] = [
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "{",
    "}",
    "=",
    "#",
    "<#",
    "@\"",
    "$",
    "$(",
    "`",
    "\\",
    "\\u",
    "%",
    "^",
    "\n",
    "\r",
    "\u{feff}",
    "extends = 'test'\n",
    "æ",
    "(",
];

fn mutate(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutated = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(mutated.len());
        match random.below(4) {
            0 => mutated.truncate(at),
            1 if !mutated.is_empty() => mutated[at] ^= 1 << random.below(8),
            2 => drop(mutated.drain(at..(at + random.below(20)).min(mutated.len()))),
            _ => drop(mutated.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
        }
    }
    mutated
}

fn sample_files() -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(samples()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn no_mutation_of_a_sample_makes_the_readers_panic() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(0x5eed);
    for file in sample_files() {
        let bytes = fs::read(&file).unwrap();
        for _ in 0..300 {
            let mutated = mutate(&bytes, &mut random);
            if file.extension().unwrap() == "toml" {
                let text = String::from_utf8_lossy(&mutated);
                let files = [project(&text), user(&text)].into_iter().filter_map(Result::ok).collect();
                let profiles = Profiles::new(files, KNOWN);
                let _ = profiles.names().into_iter().map(|name| profiles.profile(Some(name))).collect::<Vec<_>>();
            } else {
                imports_to_what_can_be_read(folder.path(), &file, &mutated);
            }
        }
    }
}

/// Checks that an import can be written, and the result read and used.
fn imports_to_what_can_be_read(folder: &Path, file: &Path, bytes: &[u8]) {
    let path = folder.join(file.file_name().unwrap());
    fs::write(&path, bytes).unwrap();
    let Ok(imported) = import(&[path], folder, KNOWN) else { return };
    let text = ProfileDraft::file(&imported.drafts, None, KNOWN).unwrap();
    let read = user(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(read.profiles().count(), imported.drafts.len());
    let profiles = Profiles::new(vec![read], KNOWN);
    for name in profiles.names() {
        profiles.profile(Some(name)).unwrap();
    }
}

fn numbered(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

#[test]
fn a_file_made_to_be_slow_is_read_in_reasonable_time() {
    let full = |piece: &str| piece.repeat(1024 * 1024 / piece.len());
    let folder = tempfile::tempdir().unwrap();
    let doubling = numbered(2000, |number| format!("$a{} = \"$a{number}$a{number}\"\n", number + 1));
    let start = Instant::now();
    for (name, text) in [
        ("a.ps1", full("$a=@'\n")),
        ("a.ps1", full("$a='")),
        ("a.ps1", full("(")),
        ("a.ps1", full("<#")),
        ("a.ps1", full("\"$(")),
        ("a.ps1", full("${a")),
        ("a.ps1", full("$a=\"$b\"\n")),
        ("a.ps1", format!("$a0 = '0123456789'\n{doubling}")),
        ("a.ps1", full("{")),
        ("a.ps1", full("[")),
        ("a.cmd", full("set a=%")),
        ("a.cmd", full("^\n")),
        ("a.cmd", full("set a=%a%%a%b\n")),
        ("a.properties", full("\\\n")),
        ("a.properties", full("a")),
        ("a.properties", full("a=\\u0041\n")),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &text).unwrap();
        let _ = import(&[path], folder.path(), KNOWN).unwrap();
    }
    for text in [
        full("["),
        full("a={"),
        full("[profiles.a]\n"),
        full("a."),
        format!("[profiles.a]\nscope = [{}]", full("'',")),
        format!("[profiles.a.headers]\n{}", numbered(60_000, |number| format!("a{number}='b'\n"))),
        numbered(20_000, |number| format!("[profiles.a{}]\nextends='a{number}'\n", number + 1)),
    ] {
        let Ok(file) = user(&text) else { continue };
        let profiles = Profiles::new(vec![file], KNOWN);
        let _ = profiles.profile(profiles.names().first().copied());
    }
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
}
