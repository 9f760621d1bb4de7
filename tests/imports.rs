//! Keeps the arrows pointing one way: a room imports only from the rooms that its row names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The map of rooms, in the order data flows: a row names only rows above it.
const ROOMS: &[(&str, &[&str])] = &[
    ("explain", &[]),
    ("text", &[]),
    ("file", &[]),
    ("json", &[]),
    ("language", &[]),
    ("clock", &[]),
    ("connections", &[]),
    ("organisation", &["explain", "text"]),
    ("environment", &["explain"]),
    ("http", &["explain", "text"]),
    ("keystore", &["explain", "file", "json", "organisation", "text"]),
    ("grant", &["clock", "environment", "explain", "keystore", "organisation", "text"]),
    ("client", &["clock", "environment", "explain", "grant", "http", "keystore", "language", "text"]),
    ("cache", &["client", "clock", "explain", "grant", "http", "keystore", "organisation"]),
    ("tokens", &["cache", "client", "clock", "environment", "explain", "grant", "http"]),
    ("inspect", &["environment", "explain", "keystore", "organisation", "text"]),
    (
        "check",
        &["client", "clock", "environment", "explain", "grant", "http", "inspect", "keystore", "organisation", "text"],
    ),
    ("printer", &["check", "client", "explain", "grant", "inspect", "keystore", "language", "text"]),
    ("profile", &["environment", "explain", "printer", "text"]),
    (
        "server",
        &[
            "client",
            "clock",
            "connections",
            "environment",
            "explain",
            "grant",
            "http",
            "inspect",
            "keystore",
            "language",
            "printer",
            "tokens",
        ],
    ),
    ("simulator", &["clock", "connections", "environment", "explain"]),
];

#[test]
fn a_row_names_only_rows_above_it() {
    let mut above = BTreeSet::new();
    for (room, imports) in ROOMS {
        for import in *imports {
            assert!(above.contains(import), "{room} may not name {import}, which is not above it");
        }
        above.insert(room);
    }
}

#[test]
fn every_room_has_a_row_and_imports_what_its_row_names_and_nothing_else() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ROOMS.iter().map(|(room, imports)| (*room, imports.iter().copied().collect())).collect();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in rust_files(&source()) {
        let relative = file.strip_prefix(source()).unwrap().to_owned();
        let room = relative.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if ["main", "lib", "cli"].contains(&room.as_str()) {
            continue;
        }
        let imports = crate_imports(&code_of(&fs::read_to_string(&file).unwrap()));
        found.entry(room.clone()).or_default().extend(imports.into_iter().filter(|import| *import != room));
    }

    assert_eq!(found.keys().map(String::as_str).collect::<BTreeSet<_>>(), allowed.keys().copied().collect());
    for (room, imports) in &found {
        let imports: BTreeSet<&str> = imports.iter().map(String::as_str).collect();
        assert_eq!(&imports, &allowed[room.as_str()], "the room {room} imports other rooms than its row names");
    }
}

#[test]
fn no_file_of_the_library_is_longer_than_three_hundred_lines_without_its_tests() {
    for file in rust_files(&source()) {
        let lines = code_of(&fs::read_to_string(&file).unwrap()).lines().count();
        let tests = file.components().any(|part| part.as_os_str() == "tests");
        assert!(lines <= 300 || tests, "{} has {lines} lines: the room wants a wall", file.display());
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    rust.chain(folders.iter().flat_map(|folder| rust_files(folder))).collect()
}

/// A file without its tests.
fn code_of(text: &str) -> String {
    text.split("\n#[cfg(test)]").next().unwrap().to_owned()
}

/// The rooms that a file names behind `crate::`, alone or in braces.
fn crate_imports(code: &str) -> BTreeSet<String> {
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        if let Some(braced) = after.strip_prefix('{') {
            let mut depth = 1;
            let mut name = String::new();
            for character in braced.chars() {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ if depth == 1 => name.push(character),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            let names = name.split(',').map(|part| part.trim().split("::").next().unwrap().trim().to_owned());
            rooms.extend(names.filter(|room| !room.is_empty()));
        } else {
            rooms.insert(
                after.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect(),
            );
        }
    }
    rooms
}

#[test]
fn reads_imports_alone_and_in_nested_braces() {
    let code = "use crate::{clock::Clock, grant::{Assertion, GrantError}, http};\nuse crate::explain::Explain;";
    let rooms: Vec<_> = crate_imports(code).into_iter().collect();
    assert_eq!(rooms, ["clock", "explain", "grant", "http"]);
}
