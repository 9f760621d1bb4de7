//! A password or PIN, from wherever its user keeps it: a file, a variable, a command, or the terminal.
//!
//! The places exclude each other; the strongest that is named counts. What is read is a secret from the first octet
//! on, and none of it stands in an error.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    process::{Command, Stdio},
};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    layers::{Found, Layers, Origin},
    report::{Exit, Failure, Report},
    resolve::only,
    settings,
};

/// Secrets are short; whatever is longer is another file.
const MAXIMUM_BYTES: usize = 4096;

/// A kind of secret, and the settings that say where it is.
pub(crate) struct Secret {
    /// What messages call it.
    what: &'static str,
    /// What it opens.
    of: &'static str,
    /// The code of its failures.
    code: &'static str,
    file: &'static str,
    variable: &'static str,
    command: &'static str,
    literal: &'static str,
}

/// The password of a keystore.
pub(crate) const KEYSTORE_PASSWORD: Secret = Secret {
    what: "password",
    of: "keystore",
    code: "keystore_password",
    file: "keystore-password-file",
    variable: "keystore-password-env",
    command: "keystore-password-command",
    literal: "keystore-password",
};

/// The password of a private key in PEM: kept where a keystore's is.
pub(crate) const KEY_PASSWORD: Secret = Secret { of: "key", code: "key_password", ..KEYSTORE_PASSWORD };

/// The PIN of a hardware token.
pub(crate) const PIN: Secret = Secret {
    what: "PIN",
    of: "token",
    code: "pin",
    file: "pkcs11-pin-file",
    variable: "pkcs11-pin-env",
    command: "pkcs11-pin-command",
    literal: "pkcs11-pin",
};

impl Secret {
    /// Finds the secret for the key that `source` names and messages call `opened`, or asks for it. The simulator's
    /// own is for its own keystore.
    pub(crate) fn find(
        &self,
        layers: &Layers,
        source: &Found,
        opened: &str,
        report: &Report,
    ) -> Result<SecretString, Failure> {
        let stdin_taken = source.value() == "-";
        let found = only(layers.find_group(&[self.file, self.variable, self.command, self.literal]))?;
        let fits = |found: &Found| found.origin != Origin::Environment || found.origin == source.origin;
        let Some(found) = found.filter(fits) else {
            return self.ask(layers, opened);
        };
        if found.name == self.file {
            self.in_file(&found, stdin_taken)
        } else if found.name == self.variable {
            self.in_variable(&found)
        } else if found.name == self.command {
            self.of_command(&found, stdin_taken)
        } else {
            if found.origin == Origin::Option {
                let (label, variable) = (&found.label, settings::variable(self.literal));
                report.warning(&format!("{label} shows in the process list; set {variable} instead"));
            }
            Ok(SecretString::from(found.value()))
        }
    }

    fn ask(&self, layers: &Layers, opened: &str) -> Result<SecretString, Failure> {
        let mut name = self.what.to_owned();
        name[..1].make_ascii_uppercase();
        let question = format!("{name} for {opened}: ");
        let answer = layers.answers.ask(&question).ok_or_else(|| {
            let what = self.what;
            let message =
                format!("no {what} was given for the {} `{opened}`, and there is no terminal to ask on", self.of);
            self.failure(message)
        })?;
        answer.map_err(|why| {
            why.map_or_else(Failure::interrupted, |why| {
                self.failure(format!("could not ask for the {}: {why}", self.what))
            })
        })
    }

    fn in_file(&self, found: &Found, stdin_taken: bool) -> Result<SecretString, Failure> {
        let failed =
            |why: &str| self.failure(format!("could not read the {} file `{}`: {why}", self.what, found.value()));
        if found.value() == "-" {
            if stdin_taken {
                return Err(failed(&format!("stdin already holds the {}", self.of)));
            }
            return read_secret(io::stdin().lock()).map_err(|why| failed(&why));
        }
        let file = File::open(found.value()).map_err(|error| failed(&error.to_string()))?;
        read_secret(file).map_err(|why| failed(&why))
    }

    fn in_variable(&self, found: &Found) -> Result<SecretString, Failure> {
        match std::env::var(found.value()) {
            Ok(password) => Ok(SecretString::from(password)),
            Err(std::env::VarError::NotPresent) => {
                // Its name is not shown: people put the secret itself there by mistake.
                Err(self.failure(format!("the variable that {} names is not set", found.label)))
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(self.failure(format!("the variable {} is not UTF-8", found.value())))
            }
        }
    }

    /// Runs the command with the system's shell. It may ask its user something, so the terminal stays its own.
    fn of_command(&self, found: &Found, stdin_taken: bool) -> Result<SecretString, Failure> {
        let failed = |why: &str| self.failure(format!("the command of {} {why}", found.label));
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
        let secret = secret
            .unwrap_or(Ok(SecretString::default()))
            .map_err(|why| failed(&format!("gave no {}: {why}", self.what)))?;
        if secret.expose_secret().is_empty() {
            return Err(failed("printed nothing"));
        }
        Ok(secret)
    }

    fn failure(&self, message: String) -> Failure {
        let (variable, option) = (settings::variable(self.literal), settings::option(self.file));
        Failure::plain(Exit::Key, self.code, message, Some(format!("set {variable}, or pass {option} FILE")))
    }
}

/// The secret of a token server, from a file.
pub(crate) fn server_secret_in(file: &Path) -> Result<SecretString, Failure> {
    let read = File::open(file).map_err(|error| error.to_string()).and_then(read_secret);
    let secret =
        read.map_err(|why| server_failure(format!("could not read the secret file `{}`: {why}", file.display())))?;
    check_server_secret(&secret)
        .map_err(|why| server_failure(format!("the secret file `{}` {why}", file.display())))?;
    Ok(secret)
}

/// The secret of a token server that was typed.
pub(crate) fn server_secret(secret: &str) -> Result<SecretString, Failure> {
    let secret = SecretString::from(secret);
    check_server_secret(&secret).map_err(|why| server_failure(format!("--secret {why}")))?;
    Ok(secret)
}

/// Nobody slows down who guesses: he must have too much to guess.
fn check_server_secret(secret: &SecretString) -> Result<(), String> {
    const MINIMUM_BYTES: usize = 16;
    let (secret, bare) = (secret.expose_secret(), secret.expose_secret().trim());
    match bare.len() {
        0 => Err("is empty".to_owned()),
        // HTTP takes them away (RFC 9110 §5.5): nobody could ever send it.
        length if length < secret.len() => Err("has blanks at an end".to_owned()),
        length if length < MINIMUM_BYTES => Err(format!("is shorter than {MINIMUM_BYTES} bytes, and can be guessed")),
        _ => Ok(()),
    }
}

fn server_failure(message: String) -> Failure {
    let hint = "write one with: openssl rand -hex 32 > secret, and pass --secret-file secret".to_owned();
    Failure::plain(Exit::Configuration, "secret", message, Some(hint))
}

/// Reads a secret: UTF-8, without the line break that editors put at the end.
fn read_secret(reader: impl Read) -> Result<SecretString, String> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAXIMUM_BYTES + 1));
    reader.take(MAXIMUM_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > MAXIMUM_BYTES {
        return Err(format!("it is longer than {MAXIMUM_BYTES} bytes"));
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
