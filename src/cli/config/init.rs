//! `config init`: writes a profile from options, and asks for what is missing.
//!
//! On a terminal each answer is checked, and asked for again if it is wrong: the key is opened before the profile is written,
//! and a first token can be requested after that.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use maskinporten::{
    environment::Environment,
    explain::Explain,
    grant::{ClientId, Scopes},
    keystore::{KeyFileKind, KeyForm, KeyMaterial, SigningKey, read_key_file},
    profile::ProfileDraft,
};

use super::ConfigTarget;
use crate::cli::{
    args::InitArguments,
    dialogue,
    located_key::LocatedKey,
    prompt::{self, Answers},
    report::{self, Exit, Failure, Report},
    settings::{self, PROFILE, SettingArguments, SettingSources, Settings},
    tokens::Tokens,
};

/// The settings that a profile needs, in the order of the questions.
const NEEDED: [&str; 4] = ["env", "client-id", "scope", "keystore"];

/// The settings that take the place of a keystore.
const OTHER_KEYS: [&str; 5] = ["jwk", "key", "certificate-thumbprint", "pkcs11-module", "key-from"];

/// The settings of keys in files.
const KEY_FILES: [&str; 3] = ["keystore", "jwk", "key"];

/// The extensions of key files that are offered.
const KEY_EXTENSIONS: [&str; 3] = [".p12", ".pfx", ".jwk.json"];

/// The most files of a folder that are looked at for a key.
const MAXIMUM_FILES: usize = 1000;

pub(super) fn run(arguments: InitArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    let file = write_profile(arguments, config, report)?;
    report::print(format!("{}\n", file.display()).as_bytes())
}

/// Writes a profile, and returns its file. A first token is requested if the user agrees.
pub(crate) fn write_profile(
    arguments: InitArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<PathBuf, Failure> {
    let target = ConfigTarget::choose(config, arguments.project)?;
    let mut given = arguments.settings;
    refuse_empty(&given)?;
    let missing = missing(&given);
    let asks = prompt::has_terminal();
    if !asks && !missing.is_empty() {
        return Err(no_terminal(&missing));
    }
    let named = given.text(PROFILE);
    given.remove(PROFILE);
    let mut answers = Arc::default();
    for name in missing.iter().filter(|name| **name != "keystore") {
        ask(name, &mut given, report)?;
        if is_local(&given) {
            break;
        }
    }
    let usual_name = || given.text("env").unwrap_or_else(|| "test".to_owned());
    let name = named.unwrap_or_else(usual_name);
    let name = if asks { unused_name(&target, &name, report)? } else { name };
    if missing.contains(&"keystore") && !is_local(&given) {
        (given, answers) = ask_for_key(&given, report)?;
    } else if asks && !is_local(&given) {
        answers = open(&mut given, report)?;
    }
    let draft = ProfileDraft { values: absolute(given.clone().into_texts()), ..ProfileDraft::new(&name) };
    target.add(&[draft])?;
    // The key may be put in its place later, and its password be given to each command.
    if !asks
        && KEY_FILES.iter().any(|name| given.has(name))
        && let Err(failure) = open_with(&given, &answers, report)
    {
        report.warning(&format!("the key was not opened: {}", failure.parts().0));
    }
    if answers.have_any() {
        report.note(
            "the password is not in the profile: you are asked for it, or set keystore_password_file there, or \
             MASKINPORTEN_KEYSTORE_PASSWORD",
        );
    }
    if asks && dialogue::confirm("Request a first token now?", report)? {
        request_token(given, answers, &name, report);
    } else {
        report.note(&format!("wrote the profile {name}; try it: maskinporten token --profile {name}"));
    }
    Ok(target.file)
}

/// Rejects empty values: they would make a file that cannot be read again, or an incomplete profile.
fn refuse_empty(given: &SettingArguments) -> Result<(), Failure> {
    let texts = given.clone().into_texts();
    let is_empty = |values: &[String]| values.iter().any(|value| value.trim().is_empty());
    let Some((name, _)) = texts.iter().find(|(_, values)| is_empty(values)) else { return Ok(()) };
    let hint = Some("give it a value, or leave it out".to_owned());
    Err(Failure::plain(Exit::Usage, "empty", format!("{} is empty", settings::option(name)), hint))
}

/// Returns the settings that the profile lacks. The simulator has all but the environment.
fn missing(given: &SettingArguments) -> Vec<&'static str> {
    let has_other_key = OTHER_KEYS.iter().any(|name| given.has(name));
    let is_needed = |name: &&str| !(given.has(name) || *name == "keystore" && has_other_key);
    if is_local(given) { Vec::new() } else { NEEDED.into_iter().filter(is_needed).collect() }
}

fn is_local(given: &SettingArguments) -> bool {
    given.text("env").and_then(|name| Environment::parse(&name)) == Some(Environment::Local)
}

fn no_terminal(missing: &[&'static str]) -> Failure {
    let options: Vec<String> = missing.iter().map(|name| settings::option(name)).collect();
    let message = format!("a profile needs {}, and there is no terminal to ask on", options.join(", "));
    Failure::plain(Exit::Usage, "missing", message, Some(format!("pass {}", options.join(", "))))
}

/// Asks for a setting until the answer can be used.
fn ask(name: &'static str, given: &mut SettingArguments, report: &Report) -> Result<(), Failure> {
    let (question, default) = match name {
        "env" => ("Environment [test] (test or prod)", Some("test")),
        "client-id" => ("Client id", None),
        _ => ("Scopes", None),
    };
    let answer = dialogue::ask(question, default, report, |answer| match name {
        "env" => Environment::parse(answer).map(|environment| environment.name().to_owned()).ok_or_else(|| {
            let names = Environment::ALL.map(Environment::name).join(", ");
            let message = format!("unknown environment `{answer}`");
            Failure::plain(Exit::Usage, "env", message, Some(format!("use one of {names}")))
        }),
        "client-id" => ClientId::parse(answer).map(|id| id.as_str().to_owned()).map_err(|error| wrong(&error)),
        _ => Scopes::parse(answer).map(|_| answer.to_owned()).map_err(|error| wrong(&error)),
    })?;
    given.set(name, &answer, settings::option(name));
    Ok(())
}

fn wrong(error: &dyn Explain) -> Failure {
    Failure::new(Exit::Usage, error)
}

/// Asks for another name if the file has a profile with this one.
fn unused_name(target: &ConfigTarget, name: &str, report: &Report) -> Result<String, Failure> {
    let check = |name: &str| target.refuse_existing(name).map(|()| name.to_owned());
    check(name).or_else(|failure| {
        report.failure(&failure);
        dialogue::ask("Name of the profile", None, report, check)
    })
}

/// Asks for the file of the key, and for its password, until it can be opened.
fn ask_for_key(given: &SettingArguments, report: &Arc<Report>) -> Result<(SettingArguments, Arc<Answers>), Failure> {
    let found = key_in_folder(Path::new("."));
    let question = found.as_ref().map(|file| format!("Keystore or JWK [{file}] (.p12, .pfx, .json file)"));
    let question = question.unwrap_or_else(|| "Keystore or JWK (.p12, .pfx, .json file)".to_owned());
    dialogue::ask(&question, found.as_deref(), report, |answer| {
        let file = whole_path(answer);
        let bytes = read_key_file(KeyFileKind::Any, &file)?;
        let name = match KeyMaterial::recognise(&bytes).map(|material| material.form) {
            Some(KeyForm::Jwk) => "jwk",
            Some(KeyForm::Pem) => "key",
            _ => "keystore",
        };
        let mut given = given.clone();
        given.set(name, &file, settings::option(name));
        if name == "key" && !given.has("kid") && !given.has("certificate") {
            let kid = dialogue::ask("Key id under which the key is registered", None, report, |id| Ok(id.to_owned()))?;
            given.set("kid", &kid, settings::option("kid"));
        }
        let answers = open(&mut given, report)?;
        Ok((given, answers))
    })
}

/// Replaces `~/`, which no shell has done in an answer.
fn whole_path(answer: &str) -> String {
    let home = answer.strip_prefix("~/").and_then(|rest| Some(etcetera::home_dir().ok()?.join(rest)));
    home.map_or_else(|| answer.to_owned(), |path| path.display().to_string())
}

/// Finds the key file in a folder, if there is one only.
fn key_in_folder(folder: &Path) -> Option<String> {
    let names =
        fs::read_dir(folder).ok()?.take(MAXIMUM_FILES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut keys = names.filter(|name| KEY_EXTENSIONS.iter().any(|extension| name.to_lowercase().ends_with(extension)));
    keys.next().filter(|_| keys.next().is_none())
}

/// Reads the settings as a command does that gets them as options; of the variables only those that open the key count.
fn parse(given: SettingArguments, report: &Report) -> Result<(Settings, settings::KeySettings), Failure> {
    Settings::from_sources(&mut SettingSources::without_files(given, report)?, report)
}

/// Opens the key, and asks which one if there are several. Keeps the answer to the question for the password.
fn open(given: &mut SettingArguments, report: &Arc<Report>) -> Result<Arc<Answers>, Failure> {
    let answers = Arc::default();
    let key = open_with(given, &answers, report).or_else(|failure| {
        let hint = failure.hint().unwrap_or_default();
        let (name, question) = match failure.code() {
            "keystore_alias" if hint.contains("--alias") => ("alias", "Alias of the key"),
            "jwk_key_id" => ("kid", "Key id of the key"),
            _ => return Err(failure),
        };
        report.failure(&failure);
        dialogue::ask(question, None, report, |answer| {
            given.set(name, answer, settings::option(name));
            open_with(given, &answers, report)
        })
    })?;
    report.note(&format!("opened {}", described(&key)));
    Ok(answers)
}

fn open_with(given: &SettingArguments, answers: &Arc<Answers>, report: &Arc<Report>) -> Result<SigningKey, Failure> {
    let (_, mut key) = parse(given.clone(), report)?;
    // They are shown.
    key.uses_certificates = true;
    LocatedKey::read(key, Arc::clone(answers), report)?.open_key()
}

fn described(key: &SigningKey) -> String {
    match (key.certificates().first(), key.key_id()) {
        (Some(certificate), _) => {
            let end = certificate.not_after().map(|end| format!(", valid until {}", end.format("%Y-%m-%d")));
            format!("the key of {}{}", certificate.subject(), end.unwrap_or_default())
        }
        (None, Some(id)) => format!("the key `{id}`"),
        (None, None) => "the key".to_owned(),
    }
}

/// Requests a token with the new profile. The profile has been written, so a failure is reported and no more.
fn request_token(given: SettingArguments, answers: Arc<Answers>, name: &str, report: &Arc<Report>) {
    let requested = parse(given, report).and_then(|settings| {
        let tokens = Tokens::with_answers(settings, answers, report)?;
        tokio::runtime::Handle::current().block_on(tokens.token())
    });
    match requested {
        Ok(token) => {
            let seconds = token.expires_in_seconds.map(|left| format!(", valid for {left} s")).unwrap_or_default();
            report.note(&format!("a token was granted{seconds}; print it with: maskinporten token --profile {name}"));
        }
        Err(failure) => {
            report.failure(&failure);
            report.note(&format!("wrote the profile {name}; find the cause with: maskinporten check --profile {name}"));
        }
    }
}

/// Makes paths absolute: the user means them relative to this folder, a config file relative to itself.
fn absolute(typed: Vec<(&'static str, Vec<String>)>) -> Vec<(&'static str, Vec<String>)> {
    let absolute = |text: String| match std::path::absolute(&text) {
        Ok(path) if text != "-" && !text.starts_with("~/") => path.display().to_string(),
        _ => text,
    };
    let values = typed.into_iter().map(|(name, values)| {
        let values = if settings::is_path(name) { values.into_iter().map(absolute).collect() } else { values };
        (name, values)
    });
    values.collect()
}
