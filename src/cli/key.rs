//! Opens the key that was asked for: the file, its password from wherever it is kept, and what is worth a warning.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read},
    path::Path,
    process::{Command, Stdio},
};

use maskinporten_token_generator::{
    clock::Clock,
    keystore::{
        Certificate, DEFAULT_ITERATIONS, KeystoreFile, MAXIMUM_ITERATIONS, SignatureAlgorithm, SigningKey, Validity,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    layers::{Found, Layers, Origin},
    progress::Progress,
    prompt,
    report::{Exit, Failure, Report},
    resolve::{number, only},
};

/// The ways to give a password.
const PASSWORD: [&str; 4] =
    ["keystore-password-file", "keystore-password-env", "keystore-password-command", "keystore-password"];

/// Passwords are short; whatever is longer is another file.
const MAXIMUM_PASSWORD_BYTES: usize = 4096;
const MAXIMUM_TEXT_BYTES: u64 = 1024 * 1024;

/// Opens the keystore and takes out the key that signs.
pub(crate) fn open(layers: &Layers, clock: &dyn Clock, report: &Report) -> Result<SigningKey, Failure> {
    let keystore = layers.find("keystore").ok_or_else(|| {
        let hint = "pass --keystore FILE, or set MASKINPORTEN_KEYSTORE".to_owned();
        Failure::plain(Exit::Configuration, "missing", "no keystore was given".to_owned(), Some(hint))
    })?;
    let iterations = number(layers, "max-iterations", 1..=MAXIMUM_ITERATIONS, DEFAULT_ITERATIONS)?;
    let from_stdin = keystore.value() == "-";
    let file = if from_stdin {
        KeystoreFile::read_from("stdin", io::stdin().lock(), iterations)?
    } else {
        KeystoreFile::read(Path::new(keystore.value()), iterations)?
    };
    if !file.has_integrity() {
        report.warning("the keystore has no MAC, so nobody can tell whether it was changed");
    }
    let password =
        if file.needs_password() { password(layers, &keystore, from_stdin, report)? } else { SecretString::from("") };
    let progress = Progress::start("opening the keystore", report);
    let opened = file.open(&password)?;
    drop(progress);
    let alias = layers.find("alias");
    let key = opened.choose(alias.as_ref().map(Found::value))?;
    if let Some(certificate) = key.certificates().first() {
        report.detail(&format!("using the key of {}", certificate.subject()));
        warn_of_validity(certificate, clock, report);
    }
    Ok(key)
}

/// The algorithm to sign with: what was asked for, else what the key is made for, if Maskinporten takes it.
pub(crate) fn algorithm(
    key: &SigningKey,
    requested: Option<SignatureAlgorithm>,
    report: &Report,
) -> Result<SignatureAlgorithm, Failure> {
    let own = key.default_algorithm();
    match requested {
        Some(algorithm) => {
            if !algorithm.is_accepted_by_maskinporten() {
                report.warning(&format!("Maskinporten accepts RS256, RS384 and RS512, not {algorithm}"));
            }
            Ok(algorithm)
        }
        None if own.is_accepted_by_maskinporten() => Ok(own),
        None => {
            let message = format!("the key signs with {own}, which Maskinporten does not accept");
            let hint = format!("use an RSA key, or pass --alg {own} for a server that accepts it");
            Err(Failure::plain(Exit::Key, "algorithm", message, Some(hint)))
        }
    }
}

fn warn_of_validity(certificate: &Certificate, clock: &dyn Clock, report: &Report) {
    match certificate.validity(clock.now()) {
        Validity::Valid => {}
        Validity::Expired(at) => {
            report.warning(&format!("the certificate expired on {}", at.format("%Y-%m-%d %H:%M UTC")));
        }
        Validity::NotYetValid(at) => {
            report.warning(&format!("the certificate is not valid before {}", at.format("%Y-%m-%d %H:%M UTC")));
        }
    }
}

/// The password, from the strongest place that has one. The simulator's own password is for its own keystore.
fn password(layers: &Layers, keystore: &Found, stdin_taken: bool, report: &Report) -> Result<SecretString, Failure> {
    let found = only(layers.find_group(&PASSWORD))?;
    let fits = |found: &Found| !matches!(found.origin, Origin::Environment) || found.origin == keystore.origin;
    let Some(found) = found.filter(fits) else {
        return prompt::password(keystore.value());
    };
    match found.name {
        "keystore-password-file" => from_file(&found, stdin_taken),
        "keystore-password-env" => from_variable(&found),
        "keystore-password-command" => from_command(&found, stdin_taken),
        _ => {
            if found.origin == Origin::Option {
                let label = &found.label;
                report
                    .warning(&format!("{label} shows in the process list; set MASKINPORTEN_KEYSTORE_PASSWORD instead"));
            }
            Ok(SecretString::from(found.value()))
        }
    }
}

fn from_file(found: &Found, stdin_taken: bool) -> Result<SecretString, Failure> {
    let failed = |why: &str| password_failure(format!("could not read the password file `{}`: {why}", found.value()));
    if found.value() == "-" {
        if stdin_taken {
            return Err(failed("stdin already holds the keystore"));
        }
        return read_secret(io::stdin().lock()).map_err(|why| failed(&why));
    }
    let file = File::open(found.value()).map_err(|error| failed(&error.to_string()))?;
    read_secret(file).map_err(|why| failed(&why))
}

fn from_variable(found: &Found) -> Result<SecretString, Failure> {
    match std::env::var(found.value()) {
        Ok(password) => Ok(SecretString::from(password)),
        Err(std::env::VarError::NotPresent) => {
            Err(password_failure(format!("the variable {} that {} names is not set", found.value(), found.label)))
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(password_failure(format!("the variable {} is not UTF-8", found.value())))
        }
    }
}

/// Runs the command with the system's shell. It may ask its user something, so the terminal stays its own.
fn from_command(found: &Found, stdin_taken: bool) -> Result<SecretString, Failure> {
    let failed = |why: &str| password_failure(format!("the command of {} {why}", found.label));
    let mut command = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    command.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(found.value()).stdout(Stdio::piped());
    if stdin_taken {
        command.stdin(Stdio::null());
    }
    let mut child = command.spawn().map_err(|error| failed(&format!("could not be started: {error}")))?;
    let secret = child.stdout.take().map(read_secret);
    let status = child.wait().map_err(|error| failed(&format!("could not be waited for: {error}")))?;
    if !status.success() {
        return Err(failed(&format!("failed: {status}")));
    }
    let secret =
        secret.unwrap_or(Ok(SecretString::default())).map_err(|why| failed(&format!("gave no password: {why}")))?;
    if secret.expose_secret().is_empty() {
        return Err(failed("printed nothing"));
    }
    Ok(secret)
}

/// Reads a password: UTF-8, without the line break that editors put at the end.
fn read_secret(reader: impl Read) -> Result<SecretString, String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAXIMUM_PASSWORD_BYTES + 1));
    reader.take(MAXIMUM_PASSWORD_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > MAXIMUM_PASSWORD_BYTES {
        return Err(format!("it is longer than {MAXIMUM_PASSWORD_BYTES} bytes"));
    }
    let text = text_of(&bytes).ok_or_else(|| "it is not UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
}

/// UTF-8, or UTF-16 with a byte order mark, as `>` in Windows PowerShell writes it.
fn text_of(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let Some(pairs) = bytes.strip_prefix(b"\xff\xfe") else {
        return std::str::from_utf8(bytes).ok().map(|text| Zeroizing::new(text.to_owned()));
    };
    let units: Zeroizing<Vec<u16>> =
        Zeroizing::new(pairs.chunks(2).map(|pair| u16::from_le_bytes([pair[0], *pair.get(1).unwrap_or(&0)])).collect());
    String::from_utf16(&units).ok().map(Zeroizing::new)
}

fn password_failure(message: String) -> Failure {
    let hint = "set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE".to_owned();
    Failure::plain(Exit::Key, "keystore_password", message, Some(hint))
}

/// Reads a file that a setting names with `@`.
pub(crate) fn read_text_file(found: &Found, file: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(file).and_then(|opened| opened.take(MAXIMUM_TEXT_BYTES).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| {
        let message = format!("could not read `{file}` that {} names: {error}", found.label);
        Failure::plain(Exit::Configuration, "file", message, Some("check the path after the @".to_owned()))
    })
}

/// Whether a person can be asked: what is typed and what is shown both go to a terminal.
pub(crate) fn someone_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
