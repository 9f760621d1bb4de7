//! Which key a source of keys gave.

use std::fs;

use super::{Home, KeyThumbprint, THUMBPRINT};
use crate::cache::KeySource;

fn thumbprint() -> KeyThumbprint {
    KeyThumbprint::parse(THUMBPRINT).unwrap()
}

#[test]
fn a_source_is_known_once_it_was_opened_and_unknown_again_when_its_file_changes() {
    let home = Home::new();
    let source = |content: &[u8]| KeySource::new("pkcs12").file(content).label("alias", "sign");

    assert_eq!(home.cache.thumbprint_of(&source(b"one")).unwrap(), None);
    home.cache.remember(&source(b"one"), &thumbprint()).unwrap();

    assert_eq!(home.cache.thumbprint_of(&source(b"one")).unwrap(), Some(thumbprint()));
    assert_eq!(home.cache.thumbprint_of(&source(b"onf")).unwrap(), None);
}

#[test]
fn sources_that_differ_in_anything_are_not_taken_for_each_other() {
    let home = Home::new();
    home.cache.remember(&KeySource::new("pkcs12").file(b"a").label("alias", "b"), &thumbprint()).unwrap();

    for other in [
        KeySource::new("pem").file(b"a").label("alias", "b"),
        KeySource::new("pkcs12").file(b"a"),
        KeySource::new("pkcs12").file(b"a").label("alias", ""),
        KeySource::new("pkcs12").file(b"a").label("aliasb", ""),
        KeySource::new("pkcs12").file(b"a").label("", "aliasb"),
        KeySource::new("pkcs12").label("alias", "b").file(b"a"),
        KeySource::new("pkcs12").file(b"a").file(b"alias").file(b"b"),
        KeySource::new("pkcs12").label("file", "a").label("alias", "b"),
    ] {
        assert_eq!(home.cache.thumbprint_of(&other).unwrap(), None, "{other:?}");
    }
}

#[test]
fn a_damaged_or_foreign_note_makes_the_source_unknown() {
    let home = Home::new();
    let source = KeySource::new("jwk").file(b"one");
    home.cache.remember(&source, &thumbprint()).unwrap();
    let [name] = home.names().try_into().unwrap();
    let content = fs::read(home.path(&name)).unwrap();

    for length in 0..content.len() {
        fs::write(home.path(&name), &content[..length]).unwrap();
        assert_eq!(home.cache.thumbprint_of(&source).unwrap(), None, "{length} octets");
    }

    let other = KeySource::new("jwk").file(b"two");
    home.cache.remember(&other, &thumbprint()).unwrap();
    let foreign = home.names().into_iter().find(|found| *found != name).unwrap();
    fs::rename(home.path(&foreign), home.path(&name)).unwrap();
    assert_eq!(home.cache.thumbprint_of(&source).unwrap(), None);
}

#[test]
fn nothing_of_a_key_file_is_written_down() {
    let home = Home::new();
    home.cache.remember(&KeySource::new("jwk").file(b"hemmelig").label("kid", "mitt-id"), &thumbprint()).unwrap();

    let [name] = home.names().try_into().unwrap();
    let text = fs::read_to_string(home.path(&name)).unwrap();

    let (hash, extension) = name.split_once('.').unwrap();
    assert_eq!(extension, "source");
    let json = format!("{{\"source\":\"{hash}\",\"thumbprint\":\"{THUMBPRINT}\"}}");
    assert!(text.ends_with(&format!("\n{json}")), "{text}");
    assert!(!text.contains("hemmelig") && !text.contains("mitt-id"));
}

#[test]
fn a_thumbprint_is_43_letters_of_base64url() {
    for text in ["", "a", &THUMBPRINT[1..], &format!("{THUMBPRINT}="), &THUMBPRINT.replace('-', "+")] {
        assert_eq!(KeyThumbprint::parse(text), None, "{text}");
    }
}
