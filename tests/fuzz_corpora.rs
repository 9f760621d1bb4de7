//! Every input of the fuzz targets, once: those that were made for them, those that failed before, and samples.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::{fs, path::Path, thread};

/// Larger files take too long in a debug build.
const LIMIT: u64 = 64 * 1024;

#[test]
fn every_property_is_true_of_every_input_in_the_corpora() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("fuzz/targets.txt")).unwrap();
    thread::scope(|scope| {
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let (target, folders) = line.split_once(' ').unwrap_or((line, ""));
            let run = targets::find(target).unwrap_or_else(|| panic!("{target} is not a target"));
            let own = format!("fuzz/seeds/{target}");
            let folders = folders.split_whitespace().chain([own.as_str()]).map(|folder| root.join(folder));
            let files: Vec<_> = folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(Result::unwrap).collect();
            scope.spawn(move || {
                for file in files {
                    let metadata = file.metadata().unwrap();
                    if metadata.is_file() && metadata.len() < LIMIT {
                        eprintln!("{target}: {}", file.path().display());
                        run(&fs::read(file.path()).unwrap());
                    }
                }
            });
        }
    });
    targets::registry::clean_up();
}

#[test]
fn every_target_has_a_program_and_a_line_in_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
    let list = fs::read_to_string(root.join("fuzz/targets.txt")).unwrap();
    let listed: Vec<&str> = list.lines().skip(1).map(|line| line.split(' ').next().unwrap()).collect();
    let mut programs: Vec<String> = fs::read_dir(root.join("fuzz/fuzz_targets"))
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    programs.sort_unstable();

    assert_eq!(programs, listed);
    assert!(listed.iter().all(|target| manifest.contains(&format!("name = \"{target}\""))));
}
