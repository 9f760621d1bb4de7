//! Opens a key of each kind, with its password or PIN from wherever that is kept.

use std::path::{Path, PathBuf};

use maskinporten_token_generator::keystore::{
    CertificateFile, CertificateThumbprint, DEFAULT_ITERATIONS, DotnetStore, HardwareToken, JwkFile, Keystore,
    KeystoreFile, MAXIMUM_ITERATIONS, PemFile, PinTries, SigningKey,
};
use secrecy::SecretString;

use super::Unopened;
use crate::cli::{
    layers::{Found, Layers},
    progress::Progress,
    report::{Exit, Failure, Report},
    resolve::{number, read, required},
    secret,
};

/// Where .NET keeps this user's certificates, in the home folder.
const DOTNET_STORE: &str = ".dotnet/corefx/cryptography/x509stores/my";

/// Opens a PKCS#12 keystore; nobody is asked for the password of a file that is none.
pub(crate) fn open_keystore(layers: &Layers, unopened: &Unopened, report: &Report) -> Result<Keystore, Failure> {
    let file = KeystoreFile::parse(unopened.name(), &unopened.content, iterations(layers)?)?;
    unlock_keystore(file, layers, &unopened.source, report)
}

/// Opens a keystore that has been parsed, with its password from wherever that is kept.
pub(crate) fn unlock_keystore(
    file: KeystoreFile,
    layers: &Layers,
    source: &Found,
    report: &Report,
) -> Result<Keystore, Failure> {
    if !file.has_integrity() {
        report.warning("the keystore has no MAC, so nobody can tell whether it was changed");
    }
    let password = if file.needs_password() {
        secret::KEYSTORE_PASSWORD.find(layers, source, source.value(), report)?
    } else {
        SecretString::default()
    };
    let _progress = Progress::start("opening the keystore", report);
    Ok(file.open(&password)?)
}

/// The key of a JWK, or of a set; the JSON itself may stand in a variable.
pub(super) fn jwk(layers: &Layers, unopened: &Unopened) -> Result<SigningKey, Failure> {
    let key_id = layers.find("kid");
    let file = JwkFile::parse(unopened.name(), &*unopened.content)?;
    Ok(file.choose(key_id.as_ref().map(Found::value).filter(|id| *id != "thumbprint"))?)
}

/// A private key in PEM, with certificates from beside it or from a file of their own.
pub(super) fn pem(layers: &Layers, unopened: &Unopened, report: &Report) -> Result<SigningKey, Failure> {
    let file = PemFile::parse(unopened.name(), &unopened.content, iterations(layers)?)?;
    unlock_pem(file, layers, &unopened.source, report)
}

/// Opens a PEM key that has been parsed, with its password from wherever that is kept.
pub(crate) fn unlock_pem(
    file: PemFile,
    layers: &Layers,
    source: &Found,
    report: &Report,
) -> Result<SigningKey, Failure> {
    let certificates = certificates(layers)?;
    let password = if file.needs_password() {
        secret::KEY_PASSWORD.find(layers, source, source.value(), report)?
    } else {
        SecretString::default()
    };
    let _progress = Progress::start("opening the key", report);
    Ok(match certificates {
        Some(certificates) => file.open_with(&password, &certificates)?,
        None => file.open(&password)?,
    })
}

/// A key of .NET's certificate store.
pub(super) fn dotnet_store(source: &Found) -> Result<SigningKey, Failure> {
    let thumbprint = read(source, CertificateThumbprint::parse(source.value()))?;
    let home = etcetera::home_dir().map_err(|_| {
        let hint = Some("set HOME".to_owned());
        Failure::plain(Exit::Configuration, "home", "this user has no home folder".to_owned(), hint)
    })?;
    Ok(DotnetStore::new(&home.join(PathBuf::from(DOTNET_STORE))).find(&thumbprint)?)
}

/// A key that never leaves its hardware token.
pub(super) fn hardware(layers: &Layers, source: &Found, report: &Report) -> Result<SigningKey, Failure> {
    let token = required(layers, "pkcs11-token", "pass --pkcs11-token LABEL")?;
    let key = required(layers, "pkcs11-key", "pass --pkcs11-key LABEL")?;
    let certificates = certificates(layers)?;
    let hardware = HardwareToken::connect(Path::new(source.value()), token.value())?;
    match hardware.tries() {
        PinTries::Few => report.warning("a wrong PIN was given before: the token does not take many more"),
        PinTries::One => report.warning("the next wrong PIN locks the token"),
        _ => {}
    }
    let pin = if hardware.needs_pin() { Some(secret::PIN.find(layers, source, token.value(), report)?) } else { None };
    let _progress = Progress::start("opening the hardware token", report);
    let key = hardware.open(key.value(), pin.as_ref())?;
    Ok(match certificates {
        Some(certificates) => key.with_certificates(&certificates)?,
        None => key,
    })
}

fn certificates(layers: &Layers) -> Result<Option<CertificateFile>, Failure> {
    let found = layers.find("certificate");
    Ok(found.map(|found| CertificateFile::read(Path::new(found.value()))).transpose()?)
}

/// How much work opening a key may take.
pub(crate) fn iterations(layers: &Layers) -> Result<u64, Failure> {
    number(layers, "max-iterations", 1..=MAXIMUM_ITERATIONS, DEFAULT_ITERATIONS)
}
