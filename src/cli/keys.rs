//! `maskinporten keys`: makes a key to register, shows the public half of any key, and lists what a file holds.

use std::{
    fs::File,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use maskinporten_token_generator::{
    keystore::{
        CertificateFile, FileFormat, JwkFile, KeystoreFile, Listed, NewKey, NewKeyError, NewKeyKind, PemFile,
        Protection, SigningKey,
    },
    text::printable_lines,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    args::{KeysCommand, ListArguments, NewArguments, PublicArguments, ReportFormat},
    located_key::{LocatedKey, unlock_keystore, unlock_pem},
    progress::Progress,
    prompt::Answers,
    report::{self, Exit, Failure, Report},
    settings::{self, KeySettings, SecretKind, SettingSources, Unlock},
};

/// Larger files than any that holds keys.
const MAXIMUM_BYTES: u64 = 10 * 1024 * 1024;

pub(crate) fn run(command: KeysCommand, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        KeysCommand::New(arguments) => new(&arguments, report),
        KeysCommand::Public(arguments) => public(arguments, config, report),
        KeysCommand::List(arguments) => list(arguments, config, report),
    }
}

/// Makes a key, writes its private half where only its owner can read it, and prints the public half.
fn new(arguments: &NewArguments, report: &Report) -> Result<(), Failure> {
    let kind = if arguments.rsa == "4096" { NewKeyKind::Rsa4096 } else { NewKeyKind::Rsa3072 };
    let progress = Progress::start("making a key", report);
    let key = NewKey::generate(kind, arguments.kid.as_deref()).map_err(|error| {
        let exit = if matches!(error, NewKeyError::KeyId(_)) { Exit::Usage } else { Exit::Key };
        Failure::new(exit, &error)
    })?;
    drop(progress);
    write_private(&arguments.out, key.private_jwk())?;
    report.note(&format!("the private key is in {}, for you alone to read", arguments.out.display()));
    report.note("register what is printed on the client; it counts within two minutes, for a year at most");
    print_set(key.signing_key(), key.key_id())
}

/// Writes a new file with mode 0600, whole or not at all; never over one that is there.
fn write_private(path: &Path, jwk: &SecretString) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = (|| {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(file, "{}", jwk.expose_secret())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)
    })();
    written.map(|_| ()).map_err(|error: io::Error| {
        let why = match error.kind() {
            io::ErrorKind::AlreadyExists => "there is a file already".to_owned(),
            io::ErrorKind::NotFound => "there is no such folder".to_owned(),
            kind => io::Error::from(kind).to_string(),
        };
        let message = format!("could not write the private key to `{}`: {why}", path.display());
        Failure::plain(Exit::Key, "key_file", message, Some("name another file with --out FILE".to_owned()))
    })
}

/// Prints the public half of whatever key the settings name.
fn public(arguments: PublicArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    let mut sources = SettingSources::load(arguments.settings, config, report)?;
    settings::add_environment(&mut sources, report)?;
    let settings = KeySettings::parse(&sources)?;
    let given = settings.key_id.clone();
    let key = LocatedKey::read(settings, Arc::default(), report)?.open_key()?;
    let key_id = given.or_else(|| key.key_id().map(str::to_owned)).unwrap_or_else(|| key.thumbprint());
    print_set(&key, &key_id)
}

fn print_set(key: &SigningKey, key_id: &str) -> Result<(), Failure> {
    let algorithm = key.algorithm().unwrap_or_else(|| key.default_algorithm());
    let set = json!({ "keys": [key.public_jwk(key_id, algorithm)] });
    report::print(format!("{set:#}\n").as_bytes())
}

/// Lists what a keystore, a JWK set or a PEM file holds.
fn list(arguments: ListArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let sources = SettingSources::load(arguments.settings, config, report)?;
    let name = arguments.file.display().to_string();
    let answers = Answers::default();
    let unlock = |kind| Unlock::for_file(&sources, kind, &name);
    let bytes = read(&arguments.file)?;
    let (keys, protections) = match FileFormat::sniff(&bytes) {
        FileFormat::Jwk => (JwkFile::parse(&name, &String::from_utf8_lossy(&bytes))?.listed(), Vec::new()),
        FileFormat::Pem => {
            let unlock = unlock(SecretKind::KeyPassword)?;
            let file = PemFile::parse(&name, &bytes, unlock.maximum_iterations)?;
            let certificate = settings::certificate_file(&sources);
            let certificate = certificate.map(|file| CertificateFile::read(Path::new(&file))).transpose()?;
            (vec![unlock_pem(file, certificate, &unlock, &name, &answers, report)?.listed("1")], Vec::new())
        }
        _ => {
            let unlock = unlock(SecretKind::KeystorePassword)?;
            let file = KeystoreFile::parse(&name, &bytes, unlock.maximum_iterations)?;
            let opened = unlock_keystore(file, &unlock, &name, &answers, report)?;
            (opened.listed(), opened.protections().to_vec())
        }
    };
    let text = if arguments.format == ReportFormat::Json {
        let protections: Vec<Value> =
            protections.iter().map(|part| json!({ "part": part.part, "method": part.method })).collect();
        format!("{:#}\n", json!({ "keys": keys, "encryption": protections }))
    } else {
        printable_lines(&as_text(&keys, &protections))
    };
    report::print(text.as_bytes())
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MAXIMUM_BYTES).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAXIMUM_BYTES).read_to_end(&mut bytes))
    };
    read.map(|_| bytes).map_err(|error| {
        let message = format!("could not read `{}`: {error}", path.display());
        Failure::plain(
            Exit::Key,
            "keystore_unreadable",
            message,
            Some("check the path, and that you may read it".to_owned()),
        )
    })
}

fn as_text(keys: &[Listed], protections: &[Protection]) -> String {
    let mut lines = Vec::new();
    for key in keys {
        lines.push(key.alias.clone());
        let mut add = |label: &str, value: Option<String>| {
            lines.extend(value.map(|value| format!("  {label:13} {value}")));
        };
        add("key", key.key.clone());
        add("RFC 7638", key.key_thumbprint.clone());
        if let Some(certificate) = &key.certificate {
            let date = |at: Option<chrono::DateTime<chrono::Utc>>| {
                at.map_or_else(|| "?".to_owned(), |at| at.format("%Y-%m-%d").to_string())
            };
            add("subject", Some(certificate.subject.clone()));
            add("organisation", certificate.organisation_number.clone());
            add("issuer", Some(certificate.issuer.clone()));
            add("usage", Some(certificate.usage.as_ref().map_or("any".to_owned(), |usage| usage.join(" "))));
            add("valid", Some(format!("{} to {}", date(certificate.not_before), date(certificate.not_after))));
            add("SHA-1", Some(certificate.sha1.clone()));
            add("SHA-256", Some(certificate.sha256.clone()));
            add("chain", Some(format!("{} certificates", key.chain_length)));
        }
        add("fault", key.fault.clone());
    }
    if !protections.is_empty() {
        lines.push("encryption".to_owned());
        lines.extend(protections.iter().map(|part| format!("  {:13} {}", part.part, part.method)));
    }
    lines.push(String::new());
    lines.join("\n")
}
