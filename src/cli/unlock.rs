//! Opens keystores and keys with their passwords: three tries at a prompt, and what is wrong with a wrong password.

use std::time::{Duration, Instant};

use maskinporten::keystore::{CertificateFile, KeyChoice, Keystore, KeystoreError, KeystoreFile, PemFile, SigningKey};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    progress::Progress,
    prompt::{Answers, has_terminal},
    report::{Failure, Report},
    settings::{Secret, Unlock},
};

/// How often a password may be typed.
const TRIES: usize = 3;

/// How long other forms of a wrong password are tried: each takes a key derivation.
const DIAGNOSIS_TIME: Duration = Duration::from_secs(2);

/// Opens a keystore that has been parsed, for one key or all of it; calls `computing` when its password is known, for
/// each that is tried.
pub(crate) fn unlock_keystore(
    file: &KeystoreFile,
    choice: Option<&KeyChoice>,
    unlock: &Unlock,
    name: &str,
    answers: &Answers,
    report: &Report,
    computing: &dyn Fn(),
) -> Result<Keystore, Failure> {
    if !file.has_integrity() {
        report.warning("the keystore has no MAC, so changes to it cannot be detected");
    }
    let password = file.needs_password().then_some(&unlock.password);
    open("opening the keystore", password, name, answers, report, |password| {
        computing();
        match choice {
            Some(choice) => file.open_for(password, choice),
            None => file.open(password),
        }
    })
}

/// Opens a PEM key that has been parsed; calls `computing` as [`unlock_keystore`] does.
pub(crate) fn unlock_pem(
    file: &PemFile,
    certificates: Option<&CertificateFile>,
    unlock: &Unlock,
    name: &str,
    answers: &Answers,
    report: &Report,
    computing: &dyn Fn(),
) -> Result<SigningKey, Failure> {
    let password = file.needs_password().then_some(&unlock.password);
    open("opening the key", password, name, answers, report, |password| {
        computing();
        match certificates {
            Some(certificates) => file.open_with(password, certificates),
            None => file.open(password),
        }
    })
}

/// Opens a file. A wrong password that was typed may be typed again.
fn open<T>(
    what: &str,
    password: Option<&Secret>,
    name: &str,
    answers: &Answers,
    report: &Report,
    open: impl Fn(&SecretString) -> Result<T, KeystoreError>,
) -> Result<T, Failure> {
    let opened = |password: &SecretString| {
        let _progress = Progress::start(what, report);
        let error = match open(password) {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        let fault = match error.is_wrong_password() {
            true if password.expose_secret().is_empty() => Some("is empty"),
            true => fault(password, &open),
            false => None,
        };
        Err((error, fault))
    };
    let Some(secret) = password else { return Ok(open(&SecretString::default())?) };
    // Key vaults export keystores without a password, which has a MAC all the same.
    if !secret.is_given() && !has_terminal() {
        match open(&SecretString::default()) {
            Err(error) if error.is_wrong_password() => {}
            opened => return Ok(opened?),
        }
    }
    let mut given = secret.read(name, answers, report)?;
    let mut tries = 1;
    loop {
        let (error, fault) = match opened(&given) {
            Ok(opened) => return Ok(opened),
            Err(failed) => failed,
        };
        if !error.is_wrong_password() {
            return Err(error.into());
        }
        let remark = match fault {
            Some(fault) => format!("wrong password: it {fault}"),
            None => "wrong password".to_owned(),
        };
        let again = if tries < TRIES { secret.ask_again(name, answers, &remark, report) } else { None };
        given = match again {
            Some(answer) => answer?,
            None => return Err(wrong(error, secret, fault)),
        };
        tries += 1;
    }
}

/// Makes the failure of a wrong password; it names where the password came from.
fn wrong(error: KeystoreError, secret: &Secret, fault: Option<&str>) -> Failure {
    let failure = Failure::from(error);
    match (secret.place(), fault) {
        (Some(place), Some(fault)) => {
            failure.advising(format!("correct the password, which came from {place}: it {fault}"))
        }
        (Some(place), None) => failure.advising(format!("correct the password, which came from {place}")),
        (None, Some(fault)) => failure.advising(format!("type the password again: it {fault}")),
        (None, None) => failure,
    }
}

/// Describes what is wrong with a password if another form of it opens the file.
fn fault<T>(password: &SecretString, open: impl Fn(&SecretString) -> Result<T, KeystoreError>) -> Option<&'static str> {
    let given = password.expose_secret();
    if given.is_empty() {
        return Some("is empty");
    }
    let started = Instant::now();
    let mut others = other_forms(given).into_iter();
    others.find(|(other, _)| started.elapsed() < DIAGNOSIS_TIME && open(other).is_ok()).map(|(_, fault)| fault)
}

/// Returns the forms of a password that were perhaps meant, each with what is wrong with the given one.
fn other_forms(given: &str) -> Vec<(SecretString, &'static str)> {
    let line = given.trim_end_matches(['\r', '\n']);
    let first = line.lines().next().unwrap_or_default();
    let bare = given.trim();
    let visible = given.trim_matches(is_invisible).trim();
    let unquoted = visible.trim_matches(is_quote);
    let blanks = match (line.starts_with(char::is_whitespace), line.ends_with(char::is_whitespace)) {
        (true, true) => "begins and ends with a blank, and is right without them",
        (true, false) => "begins with a blank, and is right without it",
        _ => "ends with a blank, and is right without it",
    };
    let quotes = if visible.starts_with(is_quote) && visible.ends_with(is_quote) {
        "is in quotes, and is right without them"
    } else {
        "has a quote at one end, and is right without it"
    };
    let forms = [
        (line, "ends with a line break, and is right without it"),
        (first, "has more than one line, and the first alone is right"),
        (bare, blanks),
        (visible, "begins or ends with an invisible character, and is right without it"),
        (unquoted, quotes),
    ];
    let read_again = as_utf8(visible);
    let mut tried = vec![given];
    let mut others = Vec::new();
    for (form, fault) in forms {
        if !tried.contains(&form) {
            tried.push(form);
            others.push((SecretString::from(form), fault));
        }
    }
    others.extend(read_again.map(|form| (form, "is UTF-8 that was read as Windows-1252, and is right as UTF-8")));
    others
}

/// Returns the text that UTF-8 was before it was read as Windows-1252, as old versions of PowerShell read a file.
fn as_utf8(text: &str) -> Option<SecretString> {
    /// The characters from 0x80 on that are not those of Latin-1.
    const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    let byte = |character: char| match WINDOWS_1252.chars().zip(0x80..).find(|(own, _)| *own == character) {
        Some((_, byte)) => Some(byte),
        None => u8::try_from(character).ok(),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    for character in text.chars() {
        bytes.push(byte(character)?);
    }
    let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.is_ascii())?;
    Some(SecretString::from(text))
}

/// Whether a character is one that copying from a document or a web page leaves behind.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '\'' | '`' | '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_password_is_tried_once_with_the_name_of_its_fault() {
        for (given, expected) in [
            ("pw", &[][..]),
            ("pw\r\n", &[("pw", "ends with a line break")]),
            ("pw ", &[("pw", "ends with a blank")]),
            ("\tpw", &[("pw", "begins with a blank")]),
            (" pw\u{a0}", &[("pw", "begins and ends with a blank")]),
            ("\u{feff}pw", &[("pw", "begins or ends with an invisible character")]),
            ("\"pw\"", &[("pw", "is in quotes")]),
            ("blÃ¥ Ã˜", &[("blå Ø", "is UTF-8 that was read as Windows-1252")]),
            ("blå", &[]),
            ("pw'", &[("pw", "has a quote at one end")]),
            ("'pw' \n", &[("'pw' ", "ends with a line break"), ("'pw'", "ends with a blank"), ("pw", "is in quotes")]),
        ] {
            let found = other_forms(given);

            assert_eq!(found.len(), expected.len(), "{given:?}");
            for ((form, fault), (expected, start)) in found.iter().zip(expected) {
                assert_eq!(form.expose_secret(), *expected, "{given:?}");
                assert!(fault.starts_with(start), "{given:?}: {fault}");
            }
        }
    }
}
