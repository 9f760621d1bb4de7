//! Another tool's file, and the config file that it becomes.

use std::{fs, path::Path};

use maskinporten::profile::{ConfigFile, ConfigFileKind, ProfileDraft, Profiles, import};

use super::{
    config::KNOWN,
    properties::{Secrets, check_error, check_text},
};

pub fn run(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for name in ["config.ps1", "config.cmd", "config.properties"] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a temporary file can be written");
        let text = String::from_utf8_lossy(bytes);
        let secrets = Secrets::new(&text, key_words(&text));
        match import(&[path], folder.path(), KNOWN) {
            Ok(imported) => {
                for remark in &imported.remarks {
                    check_text(&format!("{remark}; {}", remark.problem.hint()), &secrets);
                }
                check_file(&imported.drafts, &secrets);
            }
            Err(error) => check_error(&error, &secrets),
        }
    }
}

/// Returns the words of a key that the first line has in place of a path; elsewhere a mutation may be anything.
fn key_words(text: &str) -> impl Iterator<Item = &str> {
    let first = text.lines().next().and_then(|line| line.split_once('='));
    let value = first.filter(|(name, _)| ["keystore", "JWK"].iter().any(|key| name.trim_end().ends_with(key)));
    let value = value.map(|(_, value)| value.trim_start_matches([' ', '\'', '"']));
    let key = value.filter(|value| value.starts_with("base64:") || value.starts_with('{'));
    let words = key.unwrap_or_default().split(|character: char| !character.is_ascii_alphanumeric() && character != '+');
    words.filter(|word| word.len() > 40)
}

/// Checks that the result can be written, read and used.
fn check_file(drafts: &[ProfileDraft], secrets: &Secrets) {
    secrets.are_not_in(&format!("{drafts:?}"));
    let text = match ProfileDraft::file(drafts, None, KNOWN) {
        Ok(text) => text,
        Err(error) => return check_error(&error, secrets),
    };
    check_text(&text, secrets);
    let read = ConfigFile::parse(&text, Path::new("/home/ola/config.toml"), ConfigFileKind::User, KNOWN);
    let read = read.unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(read.profiles().count(), drafts.len());
    let profiles = Profiles::new(vec![read], KNOWN);
    for name in profiles.names() {
        if let Err(error) = profiles.profile(Some(name)) {
            panic!("{error}\n{text}");
        }
    }
}
