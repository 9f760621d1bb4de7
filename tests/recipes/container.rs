//! The Dockerfile, checked by the validator that editors use, and every line that can be tested without Docker.
//!
//! No image is built, because that needs a daemon and a registry.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{
    recipes::{Workspace, node, repository, run},
    support::program,
};

fn dockerfile() -> String {
    fs::read_to_string(repository().join("testdata/recipes/Dockerfile")).unwrap()
}

/// Returns the messages of the validator.
fn validate(dockerfile: &str) -> String {
    node("for (const { message } of require('dockerfile-utils').validate(text)) console.log(message);", dockerfile)
}

/// Returns the arguments of every instruction with this name.
fn instructions(name: &str) -> Vec<Vec<String>> {
    let read = node(
        "const { DockerfileParser } = require('dockerfile-ast'); \
         console.log(JSON.stringify(DockerfileParser.parse(text).getInstructions().map(instruction => \
         [instruction.getKeyword(), ...instruction.getArguments().map(argument => argument.getValue())])))",
        &dockerfile(),
    );
    let all: Vec<Vec<String>> = serde_json::from_str(&read).unwrap();
    all.into_iter().filter(|words| words[0] == name).map(|words| words[1..].to_vec()).collect()
}

#[test]
fn the_validator_accepts_the_dockerfile() {
    assert_eq!(validate(&dockerfile()), "");
    assert_eq!(validate(&dockerfile().replace("USER", "USERS")), "Unknown instruction: USERS\n");
}

#[test]
fn the_copied_files_are_a_cargo_package_with_the_binary() {
    let context = tempfile::tempdir().unwrap();
    for copied in instructions("COPY") {
        let (_, sources) = copied.split_last().unwrap();
        for source in sources.iter().filter(|source| !source.starts_with("/usr/local/bin/")) {
            program(Command::new("cp").arg("-R").arg(repository().join(source)).arg(context.path()), b"");
        }
    }

    let arguments = ["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"];
    let known = program(Command::new(env!("CARGO")).args(arguments).current_dir(context.path()), b"");

    let known: Value = serde_json::from_str(&known).unwrap();
    let targets = known["packages"][0]["targets"].as_array().unwrap();
    assert!(targets.iter().any(|target| target["kind"][0] == "bin" && target["name"] == "maskinporten"), "{targets:?}");
}

#[test]
fn every_library_of_the_binary_is_in_the_image() {
    let installed = instructions("RUN").concat();
    // The libraries that Debian's smallest image already contains.
    let present = ["libc6", "libgcc-s1"];

    let listed = program(Command::new("ldd").arg(env!("CARGO_BIN_EXE_maskinporten")), b"");
    let libraries: Vec<&str> = listed.lines().filter_map(|line| line.split_once(" => ")?.1.split(' ').next()).collect();

    assert!(libraries.len() >= 2, "{listed}");
    for library in libraries {
        let package = package_of(library);
        assert!(present.contains(&&*package) || installed.contains(&package), "{library} is of {package}");
    }
}

/// Returns the Debian 12 name of the package of a library.
fn package_of(library: &str) -> String {
    let real = fs::canonicalize(library).unwrap();
    // Packages made before /lib became a link to /usr/lib list their files under it.
    let unmerged = Path::new("/").join(real.strip_prefix("/usr").unwrap_or(&real));
    let found = [real, unmerged].into_iter().map(|path| run(Command::new("dpkg").arg("--search").arg(path)));
    let found = found.into_iter().find(|outcome| outcome.code == 0).unwrap_or_else(|| panic!("{library}"));
    found.stdout.split(':').next().unwrap().trim_end_matches("t64").to_owned()
}

#[test]
fn the_entry_point_of_the_image_fetches_a_token_without_a_home() {
    let workspace = Workspace::new();
    let [entry] = <[Vec<String>; 1]>::try_from(instructions("ENTRYPOINT")).unwrap();
    let entry: Vec<String> = serde_json::from_str(&entry.concat()).unwrap_or(entry);
    let nowhere = workspace.folder.path().join("nowhere");

    let mut command = workspace.command(&entry[0]);
    command.args(&entry[1..]).args(["token", "--env", "local"]).env("HOME", &nowhere);
    command.envs(instructions("ENV").concat().iter().map(|pair| pair.split_once('=').unwrap()));
    let token = run(&mut command).artefact();

    assert_eq!(token.split('.').count(), 3);
    assert!(!nowhere.exists());
}
