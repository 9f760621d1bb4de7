//! Removes what surrounds a value without being part of it: blanks, line breaks and quotes.
//!
//! `docker --env-file` and most CI systems keep the quotes of an env file, and cmd.exe knows no single quotes. No setting has
//! a value that begins and ends with quotes, except those that may hold anything.

use maskinporten::profile::SettingRole;
use secrecy::ExposeSecret as _;

use super::{
    arguments::{RawSetting, RawValue},
    definition::{CLIENT_JWK, SettingDefinition},
    table,
};
use crate::cli::report::Report;

/// The settings that may hold anything, besides passwords and commands.
const ANY_TEXT: [&str; 6] = ["alias", "claim", "claim-json", "token-request-param", "pkcs11-token", "pkcs11-key"];

/// The quotes of shells and word processors, by their first and last character.
const QUOTES: [(char, char); 7] =
    [('"', '"'), ('\'', '\''), ('“', '”'), ('”', '”'), ('„', '“'), ('‘', '’'), ('«', '»')];

impl RawSetting {
    /// Removes blanks and one pair of quotes around the value, and notes that with `-v`.
    pub(super) fn cleaned(self, report: &Report) -> Self {
        let Some(setting) = table::find(self.name).filter(|setting| may_be_cleaned(setting)) else { return self };
        let value = match &self.value {
            RawValue::Texts(texts) => RawValue::Texts(texts.iter().map(|text| clean(text).to_owned()).collect()),
            RawValue::Secret(secret) => RawValue::new(setting, clean(secret.expose_secret())),
        };
        if length(&value) < length(&self.value) {
            report.detail(&format!("{}: removed the quotes or blanks around its value", self.label));
        }
        Self { value, ..self }
    }

    /// Whether nothing is left of the value.
    pub(super) fn is_empty(&self) -> bool {
        is_blank(&self.value)
    }
}

fn may_be_cleaned(setting: &SettingDefinition) -> bool {
    let is_key = [CLIENT_JWK, "keystore-base64", "key-pem"].contains(&setting.name);
    let may_be_anything = setting.is_secret() && !is_key || setting.is(SettingRole::Command);
    !may_be_anything && !ANY_TEXT.contains(&setting.name)
}

/// Returns the text without surrounding blanks, and without the quotes if it is in one pair of them.
pub(crate) fn clean(text: &str) -> &str {
    let text = text.trim();
    let inner = QUOTES.iter().find_map(|(first, last)| {
        let inner = text.strip_prefix(*first)?.strip_suffix(*last)?;
        // Otherwise there are several texts in quotes, or one with quotes in it.
        (!inner.contains([*first, *last])).then_some(inner)
    });
    inner.map_or(text, str::trim)
}

fn length(value: &RawValue) -> usize {
    match value {
        RawValue::Texts(texts) => texts.iter().map(String::len).sum(),
        RawValue::Secret(secret) => secret.expose_secret().len(),
    }
}

fn is_blank(value: &RawValue) -> bool {
    match value {
        RawValue::Texts(texts) => texts.iter().all(|text| text.trim().is_empty()),
        RawValue::Secret(secret) => secret.expose_secret().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pair_of_quotes_and_blanks_around_it_are_removed() {
        for (text, cleaned) in [
            ("\"test\"", "test"),
            ("'test'\r", "test"),
            (" Test\n", "Test"),
            ("“a:b c:d”", "a:b c:d"),
            ("\" a:b \"", "a:b"),
            ("'{\"kty\":\"RSA\"}'", "{\"kty\":\"RSA\"}"),
            ("\"\"", ""),
            // These are not one text in quotes.
            ("\"a\" \"b\"", "\"a\" \"b\""),
            ("\"", "\""),
            ("'a", "'a"),
            ("{\"a\":\"b\"}", "{\"a\":\"b\"}"),
        ] {
            assert_eq!(clean(text), cleaned, "{text}");
        }
    }

    #[test]
    fn settings_that_may_hold_anything_keep_their_quotes() {
        for name in ["keystore-password", "pkcs11-pin", "keystore-password-command", "pkcs11-module", "claim", "alias"]
        {
            assert!(!may_be_cleaned(table::find(name).unwrap()), "{name}");
        }
        for name in ["env", "client-id", "scope", "keystore", CLIENT_JWK, "profile", "ttl"] {
            assert!(may_be_cleaned(table::find(name).unwrap()), "{name}");
        }
    }
}
