//! The known word that a misspelt one probably means.

use super::setting::{KnownSetting, key};

/// Words of the original, of the RFCs and of other tools, and the keys of this tool for them.
const SYNONYMS: &[(&str, &str)] = &[
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
    ("client", "client_id"),
    ("p12", "keystore"),
    ("pfx", "keystore"),
    ("password", "keystore_password_file"),
    ("inherits", "extends"),
    ("inherit", "extends"),
    ("header", "headers"),
];

/// The longest word that is compared.
const MAXIMUM_CHARACTERS: usize = 64;

/// Returns the candidate that differs least from a word, if it differs little.
pub(super) fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
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

/// Returns the key for a word of the original, of the RFCs or of another tool.
#[must_use]
pub fn synonym(word: &str) -> Option<&'static str> {
    let word = key(word).to_lowercase();
    SYNONYMS.iter().find(|(own, _)| *own == word).map(|(_, key)| *key)
}

/// Returns the key that a misspelt or foreign one probably means.
pub(super) fn suggest_key(word: &str, known: &[KnownSetting], others: &[&str]) -> Option<String> {
    let keys: Vec<String> = known.iter().map(KnownSetting::key).collect();
    let all = || keys.iter().map(String::as_str).chain(others.iter().copied());
    let synonym = synonym(word).filter(|found| all().any(|own| own == *found));
    synonym.map(ToOwned::to_owned).or_else(|| suggest(word, all()))
}
