//! `maskinporten keys`: generates a key to register, prints the public JWK of any key, and lists the keys in a file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use maskinporten::{
    json,
    keystore::{
        CertificateFile, JwkFile, KeyFileKind, KeyForm, KeyMaterial, KeySummary, KeystoreFile, NewKeyKind, PemFile,
        Protection, SigningKey, read_key_file,
    },
    text::{printable, printable_lines},
};
use serde_json::{Value, json};

use super::{
    admin,
    args::{KeysCommand, ListArguments, NewArguments, PublicArguments, ReportFormat},
    blocking,
    located_key::LocatedKey,
    new_key,
    places::describe,
    prompt::Answers,
    report::{self, Failure, Report},
    settings::{self, KeySettings, SecretKind, SettingSources, Unlock},
    unlock::{unlock_keystore, unlock_pem},
};

pub(crate) async fn run(command: KeysCommand, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        KeysCommand::New(arguments) => blocking(report, move |report| new(&arguments, report)).await,
        KeysCommand::Public(arguments) => blocking(report, move |report| public(arguments, config, report)).await,
        KeysCommand::List(arguments) => blocking(report, move |report| list(arguments, config, report)).await,
        KeysCommand::Status(arguments) => Box::pin(admin::run_keys_status(*arguments, config, report)).await,
    }
}

/// Generates a key, writes the private JWK to a file that only its owner can read, and prints the public JWK.
fn new(arguments: &NewArguments, report: &Report) -> Result<(), Failure> {
    let kind = if arguments.rsa == "4096" { NewKeyKind::Rsa4096 } else { NewKeyKind::Rsa3072 };
    let key = new_key::generate(kind, arguments.kid.as_deref(), report)?;
    new_key::write_private(&arguments.out, key.private_jwk())?;
    report.note(&format!("the private key is in {}, which only you can read", arguments.out.display()));
    report.note("register the printed key on the client; it is active within two minutes, for at most a year");
    print_set(key.signing_key(), key.key_id())
}

/// Prints the public JWK of the key in the settings.
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
    report::print_json(&set)
}

/// Lists the keys in a keystore, a JWK set or a PEM file.
fn list(arguments: ListArguments, config: Option<PathBuf>, report: &Report) -> Result<(), Failure> {
    let sources = SettingSources::load(arguments.settings, config, report)?;
    let name = arguments.file.display().to_string();
    let answers = Answers::default();
    let unlock = |kind| Unlock::for_file(&sources, kind, &name);
    let bytes = read_key_file(KeyFileKind::Any, &arguments.file)?;
    let material = KeyMaterial::recognise(&bytes);
    if let Some(material) = &material {
        describe(material, &name, report);
    }
    let (keys, protections) = match material.map(|material| (material.form, material.content)) {
        Some((KeyForm::Jwk, jwk)) => (JwkFile::parse(&name, &*jwk)?.summaries(), Vec::new()),
        Some((KeyForm::Pem, pem)) => {
            let unlock = unlock(SecretKind::KeyPassword)?;
            let file = PemFile::parse(&name, &pem, unlock.maximum_iterations)?;
            let certificate = settings::certificate_file(&sources);
            let certificate = certificate.map(|file| CertificateFile::read(Path::new(&file))).transpose()?;
            let key = unlock_pem(&file, certificate.as_ref(), &unlock, &name, &answers, report, &|| ())?;
            (vec![key.summary("1")], Vec::new())
        }
        _ => {
            let unlock = unlock(SecretKind::KeystorePassword)?;
            let file = KeystoreFile::parse(&name, &bytes, unlock.maximum_iterations)?;
            let opened = unlock_keystore(&file, None, &unlock, &name, &answers, report, &|| ())?;
            (opened.summaries(), opened.protections().to_vec())
        }
    };
    let text = if arguments.format == ReportFormat::Json {
        let protections: Vec<Value> =
            protections.iter().map(|part| json!({ "part": part.part, "method": part.method })).collect();
        json::indented(&json!({ "keys": keys, "encryption": protections })) + "\n"
    } else {
        printable_lines(&as_text(&keys, &protections))
    };
    report::print(text.as_bytes())
}

fn as_text(keys: &[KeySummary], protections: &[Protection]) -> String {
    let mut lines = Vec::new();
    for key in keys {
        // A line break in it would look like a line of this report.
        lines.push(printable(&key.alias));
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
