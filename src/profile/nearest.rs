//! The nearest known word to a misspelt one.

use std::collections::BTreeMap;

use super::setting::{KnownSetting, key};

/// Words of the original, of the RFC and of older habits, and what they are called here.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("scopes", "scope"),
    ("keystore_path", "keystore"),
    ("keystore_file", "keystore"),
    ("keystore_alias", "alias"),
    ("jwk_path", "jwk"),
    ("token_ttl", "ttl"),
    ("lifetime", "ttl"),
    ("issuer", "client_id"),
    ("iss", "client_id"),
    ("aud", "audience"),
    ("environment", "env"),
    ("thumbprint", "certificate_thumbprint"),
    ("cacert", "ca_file"),
    ("inherits", "extends"),
    ("inherit", "extends"),
    ("header", "headers"),
];

/// Longer words are not misspelt ones.
const MAXIMUM_CHARACTERS: usize = 64;

/// The candidate that differs least, if it differs little.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if word.chars().nth(MAXIMUM_CHARACTERS).is_some() {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', '.', ' '], "");
    let word = plain(word);
    let distances = candidates.into_iter().map(|candidate| (strsim::osa_distance(&word, &plain(candidate)), candidate));
    let (distance, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    let limit = (candidate.chars().count() / 3).clamp(1, 3);
    (distance <= limit && distance < word.chars().count()).then(|| candidate.to_owned())
}

/// The key that a misspelt or foreign one probably means.
pub(super) fn nearest_key(word: &str, known: &[KnownSetting], also: &[&str]) -> Option<String> {
    let keys: Vec<String> = known.iter().map(KnownSetting::key).collect();
    let all = || keys.iter().map(String::as_str).chain(also.iter().copied());
    let others: BTreeMap<&str, &str> = OTHER_WORDS.iter().copied().collect();
    let translated = others.get(key(word).to_lowercase().as_str()).copied();
    translated.filter(|found| all().any(|own| own == *found)).map(ToOwned::to_owned).or_else(|| nearest(word, all()))
}
