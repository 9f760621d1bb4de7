//! Damaged entries: never a token, never an error, replaced by the next token.

use std::fs;

use proptest::prelude::*;

use super::{super::entry::Entry, Home, key, noon, token};
use crate::cache::CacheKey;

/// A cache with a token, and the path and content of its file.
fn stored(key: &CacheKey) -> (Home, std::path::PathBuf, Vec<u8>) {
    let home = Home::new();
    home.fetch(key, noon(), &token("hemmelig", 120, noon()));
    let path = home.path(&format!("{}.token", key.hash()));
    let content = fs::read(&path).unwrap();
    (home, path, content)
}

/// Reads a file as the cache does.
fn read(content: &[u8], key: &CacheKey) -> Option<String> {
    let token = Entry::parse(content, key.hash()).and_then(|entry| entry.token());
    token.ok().map(|token| token.expose().to_owned())
}

#[test]
fn a_truncated_file_is_not_a_token() {
    let key = key("a:b");
    let (_home, _path, content) = stored(&key);

    for length in 0..content.len() {
        assert_eq!(read(&content[..length], &key), None, "{length} octets");
    }
    assert_eq!(read(&content, &key).as_deref(), Some("hemmelig"));
}

#[test]
fn a_file_with_a_flipped_bit_is_not_a_token() {
    let key = key("a:b");
    let (_home, _path, mut content) = stored(&key);

    for place in 0..content.len() {
        for bit in 0..8 {
            content[place] ^= 1 << bit;
            assert_eq!(read(&content, &key), None, "octet {place}, bit {bit}");
            content[place] ^= 1 << bit;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_with_a_changed_part_is_not_a_token(
        from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
        other in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let key = key("a:b");
        let (_home, _path, content) = stored(&key);
        let (from, to) = (from.index(content.len()), to.index(content.len()));
        let (from, to) = (from.min(to), from.max(to));
        let changed = [&content[..from], &other, &content[to..]].concat();
        prop_assume!(changed != content);
        prop_assert_eq!(read(&changed, &key), None);
    }

    #[test]
    fn random_bytes_are_not_a_token(content in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert_eq!(read(&content, &key("a:b")), None);
    }
}

/// Replaces the content of a stored token; returns the warnings of the fetch that replaces it again.
fn replaced(change: impl FnOnce(&Home, Vec<u8>) -> Vec<u8>) -> String {
    let key = key("a:b");
    let (home, path, content) = stored(&key);
    fs::write(&path, change(&home, content)).unwrap();

    let fetched = home.fetch(&key, noon(), &token("another", 120, noon()));
    let again = home.fetch(&key, noon(), &token("third", 120, noon()));

    assert_eq!((fetched.token.expose(), fetched.from_cache), ("another", false));
    assert_eq!((again.token.expose(), again.from_cache, again.warnings.len()), ("another", true, 0));
    fetched.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_damaged_file_is_replaced_and_a_warning_names_the_reason() {
    assert_eq!(replaced(|_, _| Vec::new()), "the stored token is not used: it is truncated, or not a cache entry");
    assert_eq!(
        replaced(|_, _| b"{\"access_token\":\"a\"}\n".to_vec()),
        "the stored token is not used: it is truncated, or not a cache entry"
    );
    assert_eq!(
        replaced(|_, mut content| content.split_off(0).into_iter().rev().skip(1).rev().collect()),
        "the stored token is not used: it is truncated or was changed"
    );
    assert_eq!(
        replaced(|_, content| {
            let text = String::from_utf8(content).unwrap();
            text.replacen("maskinporten-cache-token 2 ", "maskinporten-cache-token 3 ", 1).into_bytes()
        }),
        "the stored token is not used: another version wrote it"
    );
    assert_eq!(
        replaced(|_, content| content.into_iter().chain(std::iter::repeat_n(b' ', 256 * 1024)).collect()),
        "the stored token is not used: it is larger than 256 KiB"
    );
}

#[test]
fn a_file_of_another_request_under_this_name_is_not_used() {
    let said = replaced(|home, _| {
        home.fetch(&key("c:d"), noon(), &token("foreign", 120, noon()));
        fs::read(home.path(&format!("{}.token", key("c:d").hash()))).unwrap()
    });

    assert_eq!(said, "the stored token is not used: it belongs to another request");
}

#[test]
fn a_token_that_is_too_large_is_not_stored_and_not_lost() {
    let home = Home::new();
    let large = "a".repeat(256 * 1024);

    let fetched = home.fetch(&key("a:b"), noon(), &token(&large, 120, noon()));

    assert_eq!(fetched.token.expose(), large);
    assert_eq!(fetched.warnings[0].to_string(), "the token is not stored: it is larger than 256 KiB");
}
