//! Reads a password or PIN from where the settings say it is: a file, a variable, a command, or the terminal.
//!
//! It is a secret from the first byte on, and no error contains any of it.

use std::{io, path::Path};

use maskinporten::{
    file::{self, FileError, decode_text},
    text::shown_path,
};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    prompt::Answers,
    report::{Exit, Failure, Report},
    settings::{Layer, NamedPlace, Origin, Secret, SecretKind, SecretSource},
    shell,
};

/// Secrets are short; a longer file is another file.
const MAXIMUM_BYTES: u64 = 4096;

impl SecretKind {
    /// What messages call it.
    const fn noun(self) -> &'static str {
        if matches!(self, Self::Pin) { "PIN" } else { "password" }
    }

    /// What it opens.
    const fn opens(self) -> &'static str {
        match self {
            Self::KeystorePassword => "keystore",
            Self::KeyPassword => "key",
            Self::Pin => "token",
            Self::AltinnPassword => "user",
        }
    }

    fn failure(self, message: String) -> Failure {
        let code = match self {
            Self::KeystorePassword => "keystore_password",
            Self::KeyPassword => "key_password",
            Self::Pin => "pin",
            Self::AltinnPassword => "altinn_password",
        };
        let variable = self.variable();
        // A CI system sets a secret that the job may not see to nothing.
        let is_empty = std::env::var_os(&variable).is_some_and(|value| value.is_empty());
        let given =
            if is_empty { format!("{variable} is set but empty: give it a value") } else { format!("set {variable}") };
        let hint = format!("{given}, or pass {} FILE", self.file_option());
        let exit = if self == Self::AltinnPassword { Exit::Configuration } else { Exit::Key };
        Failure::plain(exit, code, message, Some(hint))
    }
}

impl Secret {
    /// Reads the secret that opens `name`, or asks for it.
    pub(crate) fn read(&self, name: &str, answers: &Answers, report: &Report) -> Result<SecretString, Failure> {
        let origin = &self.source.origin;
        match &self.source.value {
            SecretSource::File(file) => {
                report.warn_of_unsafe_file(&format!("{} file", self.kind.noun()), file);
                self.read_file(file)
            }
            SecretSource::Variable(variable) => self.read_variable(variable, origin),
            SecretSource::Command(command) => self.run_command(command, origin),
            SecretSource::Place(place) => self.fetch(place, report),
            SecretSource::Literal(secret) => {
                if origin.layer == Layer::Option {
                    let variable = self.kind.variable();
                    report.warning(&format!("{} shows in the process list; set {variable} instead", origin.label));
                }
                Ok(secret.clone())
            }
            SecretSource::Prompt => self.ask(name, answers, report),
        }
    }

    /// Whether the settings say where the secret is; otherwise its user is asked.
    pub(crate) fn is_given(&self) -> bool {
        !matches!(self.source.value, SecretSource::Prompt)
    }

    /// Asks again for a secret that was typed and is wrong; returns `None` if it was not typed, or cannot be now.
    pub(crate) fn ask_again(
        &self,
        name: &str,
        answers: &Answers,
        remark: &str,
        report: &Report,
    ) -> Option<Result<SecretString, Failure>> {
        if self.is_given() {
            return None;
        }
        let answer = answers.ask_again(&self.question(name), remark, report.language())?;
        Some(answer.map_err(|error| self.not_asked(error)))
    }

    /// Returns what messages call the place where the secret is; `None` if it was typed.
    pub(crate) fn place(&self) -> Option<String> {
        let label = &self.source.origin.label;
        Some(match &self.source.value {
            SecretSource::File(file) if file == "-" => "stdin".to_owned(),
            SecretSource::File(file) => format!("the file `{}`", shown_path(file)),
            SecretSource::Variable(variable) => format!("the variable {variable}"),
            SecretSource::Command(_) => format!("the command of {label}"),
            SecretSource::Place(place) => place.shown().to_owned(),
            SecretSource::Literal(_) => label.clone(),
            SecretSource::Prompt => return None,
        })
    }

    fn question(&self, name: &str) -> String {
        let capitalised = if self.kind == SecretKind::Pin { "PIN" } else { "Password" };
        format!("{capitalised} for {name}: ")
    }

    fn ask(&self, name: &str, answers: &Answers, report: &Report) -> Result<SecretString, Failure> {
        let answer = answers.ask(&self.question(name), report.language()).ok_or_else(|| {
            let (noun, opens) = (self.kind.noun(), self.kind.opens());
            let message = format!("no {noun} was given for the {opens} `{name}`, and there is no terminal to ask on");
            self.kind.failure(message)
        })?;
        answer.map_err(|error| self.not_asked(error))
    }

    fn not_asked(&self, error: Option<io::Error>) -> Failure {
        let failed = |error| self.kind.failure(format!("could not ask for the {}: {error}", self.kind.noun()));
        error.map_or_else(Failure::interrupted, failed)
    }

    fn read_file(&self, file: &str) -> Result<SecretString, Failure> {
        let noun = self.kind.noun();
        let failed =
            |why: &str| self.kind.failure(format!("could not read the {noun} file `{}`: {why}", shown_path(file)));
        if file == "-" && self.stdin_is_taken {
            return Err(failed(&format!("stdin already holds the {}", self.kind.opens())));
        }
        let read = file::read_or_stdin(Path::new(file), MAXIMUM_BYTES).and_then(|bytes| decode_secret(&bytes));
        read.map_err(|error| match error {
            FileError::Latin1 | FileError::CodePage850 => {
                failed(&error.to_string()).advising("save the file as UTF-8".to_owned())
            }
            FileError::Io(_) => failed(&error.to_string()).advising("check the path and its permissions".to_owned()),
            _ => failed(&error.to_string()),
        })
    }

    fn read_variable(&self, variable: &str, origin: &Origin) -> Result<SecretString, Failure> {
        match std::env::var(variable).map(Zeroizing::new) {
            Ok(secret) => Ok(SecretString::from(secret.as_str())),
            Err(std::env::VarError::NotPresent) => {
                // The name is not shown: it may be the secret itself, given by mistake.
                Err(self.kind.failure(format!("the variable that {} names is not set", origin.label)))
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(self.kind.failure(format!("the variable {variable} is not UTF-8")))
            }
        }
    }

    fn run_command(&self, line: &str, origin: &Origin) -> Result<SecretString, Failure> {
        let failed = |why: &str| self.kind.failure(format!("the command of {} {why}", origin.label));
        let printed =
            shell::run(line, self.kind.noun(), self.stdin_is_taken, MAXIMUM_BYTES).map_err(|why| failed(&why))?;
        let secret =
            decode_secret(&printed).map_err(|error| failed(&format!("gave no {}: {error}", self.kind.noun())))?;
        if secret.expose_secret().is_empty() {
            return Err(failed("printed nothing"));
        }
        Ok(secret)
    }

    fn fetch(&self, place: &NamedPlace, report: &Report) -> Result<SecretString, Failure> {
        let origin = &self.source.origin;
        let content = place.content(origin, MAXIMUM_BYTES, self.stdin_is_taken, report)?;
        decode_secret(&content)
            .map_err(|error| self.kind.failure(format!("{} gave no {}: {error}", origin.label, self.kind.noun())))
    }
}

/// Reads the secret of a token server from a file.
pub(crate) fn server_secret_in(file: &Path) -> Result<SecretString, Failure> {
    let read = file::read(file, MAXIMUM_BYTES).and_then(|bytes| decode_secret(&bytes));
    let secret = read
        .map_err(|error| server_failure(format!("could not read the secret file `{}`: {error}", shown_path(file))))?;
    check_server_secret(&secret)
        .map_err(|why| server_failure(format!("the secret file `{}` {why}", file.display())))?;
    Ok(secret)
}

/// Checks the secret of a token server that was given as an option.
pub(crate) fn server_secret(secret: SecretString) -> Result<SecretString, Failure> {
    check_server_secret(&secret).map_err(|why| server_failure(format!("--secret {why}")))?;
    Ok(secret)
}

/// Checks the length of a secret: nothing rate-limits guesses, so it must be long.
fn check_server_secret(secret: &SecretString) -> Result<(), String> {
    const MINIMUM_BYTES: usize = 16;
    let (secret, bare) = (secret.expose_secret(), secret.expose_secret().trim());
    match bare.len() {
        0 => Err("is empty".to_owned()),
        // HTTP strips them (RFC 9110 §5.5), so no client could send it.
        length if length < secret.len() => Err("begins or ends with white space".to_owned()),
        length if length < MINIMUM_BYTES => Err(format!("is shorter than {MINIMUM_BYTES} bytes, and can be guessed")),
        _ => Ok(()),
    }
}

fn server_failure(message: String) -> Failure {
    let hint = "write one with: openssl rand -hex 32 > secret, and pass --secret-file secret".to_owned();
    Failure::plain(Exit::Configuration, "secret", message, Some(hint))
}

/// Decodes a secret, without the line break that editors put at the end.
fn decode_secret(bytes: &[u8]) -> Result<SecretString, FileError> {
    let text = decode_text(bytes).ok_or_else(|| encoding(bytes))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
}

/// Guesses the encoding of text that is not UTF-8 by where its letters are.
fn encoding(bytes: &[u8]) -> FileError {
    let mut other = bytes.iter().filter(|byte| !byte.is_ascii());
    if bytes.contains(&0) {
        FileError::NotUtf8
    } else if other.all(|byte| *byte < 0xa0) {
        // Letters in code page 850; quotes, dashes or control characters in the others.
        FileError::CodePage850
    } else {
        FileError::Latin1
    }
}
