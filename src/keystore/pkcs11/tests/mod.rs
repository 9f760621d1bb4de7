//! Keys in a real token: `SoftHSM2` with keys of `testdata`.
//!
//! `SoftHSM` reads its settings from the environment, and a module is initialised once per process. So each test runs
//! itself again in a separate process, with its own token.

mod refusals;
mod signing;

use std::{
    error::Error as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use cryptoki::{
    mechanism::{Mechanism, MechanismType},
    object::{Attribute, CertificateType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
};
use openssl::x509::X509;
use secrecy::SecretString;

use super::{HardwareToken, key::TokenKey, module};
use crate::{
    explain::Explain as _,
    keystore::{
        CertificateFile, DEFAULT_ITERATIONS, HardwareErrorKind, KeystoreError, PemFile, PinTries, SignatureAlgorithm,
        SigningError, SigningKey, private_key::PrivateKey,
    },
};

const MESSAGE: &[u8] = b"eyJhbGciOiJSUzI1NiJ9.e30";
const LABEL: &str = "test token";
const PIN: &str = "567890";
const CHILD: &str = "MASKINPORTEN_TEST_CHILD";

/// Runs `body` in a separate process, which sees one token with these keys (file and label). The process is this test
/// binary, which runs only the test of this name.
fn with_token(module: &str, test: &str, keys: &[(&str, &str)], body: fn()) {
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let home = tempfile::tempdir().unwrap();
    let settings = home.path().join("softhsm2.conf");
    fs::create_dir(home.path().join("tokens")).unwrap();
    fs::write(
        &settings,
        format!("directories.tokendir = {}\nlog.level = ERROR\n", home.path().join("tokens").display()),
    )
    .unwrap();
    let run = |command: &mut Command| {
        let output = command.env("SOFTHSM2_CONF", &settings).output();
        let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}; run scripts/setup test"));
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{command:?}: {shown}");
        shown
    };
    run(Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", LABEL, "--so-pin", "12345678"])
        .args(["--pin", PIN]));
    for (id, (file, label)) in (1..).zip(keys) {
        let file = testdata(&format!("keys/{file}-key.pem"));
        run(Command::new("softhsm2-util")
            .args(["--import", file.to_str().unwrap(), "--token", LABEL, "--pin", PIN])
            .args(["--label", label, "--id", &format!("{id:02}")]));
    }
    let (_, module) = module.split_once("::").unwrap();
    let name = format!("{module}::{test}");
    let shown = run(Command::new(std::env::current_exe().unwrap()).args(["--exact", &name]).env(CHILD, "1"));
    assert!(shown.contains("1 passed"), "{name} is not its name: {shown}");
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// Returns the module's path on Debian and derivatives, Fedora, Homebrew or `MacPorts`.
fn softhsm() -> PathBuf {
    let places = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        "/opt/homebrew/lib/softhsm/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
        "/opt/local/lib/softhsm/libsofthsm2.so",
    ];
    let found = places.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("SoftHSM2 is not installed: run scripts/setup test")
}

fn token() -> HardwareToken {
    HardwareToken::connect(&softhsm(), LABEL).unwrap()
}

fn pin() -> SecretString {
    SecretString::from(PIN)
}

fn open(key: &str) -> Result<SigningKey, KeystoreError> {
    token().open(key, Some(&pin()))
}

fn token_key(key: &str) -> TokenKey {
    token().token_key(key, Some(&pin())).unwrap().0
}

fn signing_key(key: Arc<TokenKey>) -> SigningKey {
    SigningKey::new(PrivateKey::new(key.public.clone(), key), Vec::new()).unwrap()
}

/// Opens a session that may change the token.
fn writable() -> Session {
    let module = module::load(&softhsm()).unwrap();
    let slots = module.get_slots_with_initialized_token().unwrap();
    let session = module.open_rw_session(slots[0]).unwrap();
    // Another session may have logged the process in already.
    drop(session.login(UserType::User, Some(&pin())));
    session
}

fn objects(session: &Session, class: ObjectClass, label: &str) -> Vec<ObjectHandle> {
    session.find_objects(&[Attribute::Class(class), Attribute::Label(label.into())]).unwrap()
}

fn store_certificate(session: &Session, file: &str, id: u8) {
    let certificate = X509::from_pem(&fs::read(testdata(&format!("keys/{file}.pem"))).unwrap()).unwrap();
    session
        .create_object(&[
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
            Attribute::Token(true),
            Attribute::Label(file.into()),
            Attribute::Id(vec![id]),
            Attribute::Subject(certificate.subject_name().to_der().unwrap()),
            Attribute::Value(certificate.to_der().unwrap()),
        ])
        .unwrap();
}

/// Signs, and checks that the certificate of the same key in `testdata` belongs to it.
#[track_caller]
fn signs_as(key: &SigningKey, file: &str, algorithm: SignatureAlgorithm) {
    let path = testdata(&format!("keys/{file}-key.pem"));
    let software = PemFile::read(&path, DEFAULT_ITERATIONS).unwrap().open(&SecretString::from("")).unwrap();
    let signature = key.sign(algorithm, MESSAGE).unwrap();

    assert_eq!(key.thumbprint(), software.thumbprint());
    assert_eq!(signature.len(), key.signature_length());
    let certificates = CertificateFile::read(&testdata(&format!("keys/{file}.pem"))).unwrap();
    assert_eq!(key.clone().with_certificates(&certificates).unwrap().certificates().len(), 1);
}

#[track_caller]
fn refuses<T: std::fmt::Debug>(result: Result<T, KeystoreError>, code: &str, cause: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.source().unwrap().to_string().as_str()), (code, cause));
    assert!(!error.hint().unwrap().is_empty());
}

fn reason(error: SigningError) -> HardwareErrorKind {
    match error {
        SigningError::Hardware(reason) => reason,
        other => panic!("{other:?}"),
    }
}
