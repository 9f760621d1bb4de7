//! Searches the output and the files of every run of the binary for private keys, passwords, assertions and tokens.
//!
//! `support` does it for each program that it runs. `local` and `server` pass on the simulator's log and the assertions
//! that were sent.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, Mutex},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use regex::bytes::Regex;
use serde_json::Value;

/// A signed JWT; its first part is an object in base64url.
static JWT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}").unwrap());

/// A private key in PEM, or one of a JWK's private numbers.
static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/:,\s-]{30}|"(d|p|q|dp|dq|qi)"\s*:\s*"[\w-]{20,}""#)
        .unwrap()
});

/// The signatures of the assertions that test servers received.
static SIGNATURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Commands that print a token, but never the assertion.
const PRINT_TOKENS: [&str; 2] = ["token", "headers"];

/// Commands whose stdout may contain a token or an assertion.
const PRINT_JWTS: [&str; 7] = ["token", "grant", "headers", "exec", "curl", "serve", "altinn"];

/// Options and variables whose value is a password or PIN.
const PASSWORD_OPTIONS: [&str; 3] = ["-p", "--keystore-password", "--pkcs11-pin"];
const PASSWORD_VARIABLES: [&str; 14] = [
    "MASKINPORTEN_KEYSTORE_PASSWORD",
    "MASKINPORTEN_KEY_PASSWORD",
    "MASKINPORTEN_PKCS11_PIN",
    "MASKINPORTEN_ALTINN_PASSWORD",
    "VAULT_TOKEN",
    "VAULT_SECRET_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "IDENTITY_HEADER",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "BAO_TOKEN",
];

/// Passwords of test files that are also common words, so that messages may contain them.
const COMMON_WORDS: [&str; 3] = ["secret", "wrong", "1234"];

/// The secrets of one run, collected before it starts.
pub struct SecretScan {
    command: Option<String>,
    passwords: Vec<Vec<u8>>,
    /// The files that the test put into its home.
    before: BTreeSet<PathBuf>,
}

impl SecretScan {
    /// Collects the passwords that the run is given.
    pub fn new(command: &Command, home: &Path) -> Self {
        let arguments: Vec<&OsStr> = command.get_args().collect();
        let typed = arguments
            .windows(2)
            .filter(|pair| PASSWORD_OPTIONS.iter().any(|name| pair[0] == *name))
            .map(|pair| pair[1]);
        let set = command
            .get_envs()
            .filter(|(name, _)| PASSWORD_VARIABLES.iter().any(|variable| name == variable))
            .filter_map(|(_, value)| value);
        let named = arguments.windows(2).filter(|pair| pair[0] == "--keystore-password-file").map(|pair| pair[1]);
        let held = named.filter_map(|file| fs::read(file).ok()).filter(|text| text.len() < 200);
        let passwords = typed.chain(set).map(|text| text.as_encoded_bytes().to_vec()).chain(held);
        let worth_finding = |password: &Vec<u8>| {
            password.len() >= 4 && !COMMON_WORDS.iter().any(|word| word.as_bytes() == password.as_slice())
        };
        Self {
            command: arguments.first().and_then(|word| word.to_str()).map(str::to_owned),
            before: files(home).into_iter().collect(),
            passwords: passwords.map(|text| text.trim_ascii().to_vec()).filter(worth_finding).collect(),
        }
    }

    /// Searches the output, the home and the temporary folder of the run.
    #[track_caller]
    pub fn search(&self, stdout: &[u8], stderr: &[u8], home: &Path) {
        self.search_text("stderr", stderr, true);
        self.search_text("stdout", stdout, !self.may_print_jwts());
        if self.command.as_deref().is_some_and(|word| PRINT_TOKENS.contains(&word)) {
            no_assertion("stdout", stdout);
        }
        assert_eq!(files(&home.join("tmp")), Vec::<PathBuf>::new(), "temporary files were left behind");
        for file in files(home).into_iter().filter(|file| !self.before.contains(file)) {
            let content = fs::read(&file).unwrap_or_default();
            for password in &self.passwords {
                assert!(!contains(&content, password), "there is a password in {}", file.display());
            }
            search_file(&file, &content);
        }
    }

    fn search_text(&self, name: &str, text: &[u8], jwt: bool) {
        if jwt {
            search_words(name, text);
        }
        assert!(!PRIVATE_KEY.is_match(text), "there is a private key on {name}: {}", String::from_utf8_lossy(text));
        for password in &self.passwords {
            assert!(!contains(text, password), "there is a password on {name}: {}", String::from_utf8_lossy(text));
        }
    }

    /// Whether stdout may contain a JWT. The command line of the original, which begins with an option, prints tokens.
    fn may_print_jwts(&self) -> bool {
        self.command.as_deref().is_none_or(|word| word.starts_with(['-', '/']) || PRINT_JWTS.contains(&word))
    }
}

/// Remembers the signature of the assertion in the body of a request.
pub fn sent(body: &str) {
    let assertion = body.split('&').find_map(|member| member.strip_prefix("assertion="));
    let signature = assertion.and_then(|jwt| jwt.rsplit('.').next()).filter(|signature| signature.len() > 40);
    SIGNATURES.lock().unwrap().extend(signature.map(str::to_owned));
}

/// Searches text that must not contain a token, an assertion or a key: errors, logs, terminals.
#[track_caller]
pub fn search_words(name: &str, text: &[u8]) {
    let shown = || String::from_utf8_lossy(text);
    assert!(!JWT.is_match(text), "there is a JWT on {name}: {}", shown());
    assert!(!PRIVATE_KEY.is_match(text), "there is a private key on {name}: {}", shown());
    no_signature(name, text);
}

/// Searches every file in a folder: a file with a token must be private, and no file may contain an assertion.
#[track_caller]
pub fn search_files(folder: &Path) {
    for file in files(folder) {
        search_file(&file, &fs::read(&file).unwrap_or_default());
    }
}

#[track_caller]
fn search_file(file: &Path, content: &[u8]) {
    if JWT.is_match(content) || PRIVATE_KEY.is_match(content) {
        is_private(file);
    }
    no_assertion(&file.display().to_string(), content);
    no_signature(&file.display().to_string(), content);
}

#[track_caller]
fn no_signature(name: &str, text: &[u8]) {
    let signatures = SIGNATURES.lock().unwrap().clone();
    assert!(!signatures.iter().any(|signature| contains(text, signature.as_bytes())), "there is a signature on {name}");
}

#[track_caller]
fn no_assertion(name: &str, text: &[u8]) {
    assert!(!JWT.find_iter(text).any(|jwt| is_assertion(jwt.as_bytes())), "there is an assertion on {name}");
}

/// Whether a JWT is an assertion: its issuer is a client id; that of a token is a URL.
fn is_assertion(jwt: &[u8]) -> bool {
    let claims = jwt.split(|byte| *byte == b'.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Option<Value> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    claims.is_some_and(|claims| claims["iss"].as_str().is_some_and(|issuer| !issuer.contains("://")))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Lists every file in a folder and its subfolders.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let (folders, mut found): (Vec<_>, Vec<_>) =
        entries.filter(|path| !path.is_symlink()).partition(|path| path.is_dir());
    found.retain(|path| path.is_file());
    found.extend(folders.iter().flat_map(|folder| files(folder)));
    found
}

#[cfg(unix)]
#[track_caller]
fn is_private(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map(|data| data.permissions().mode() & 0o077).unwrap_or_default();
    assert_eq!(mode, 0, "{} holds a secret, and others can read it", file.display());
}

#[cfg(not(unix))]
fn is_private(_: &Path) {}

#[test]
fn the_scan_finds_jwts_keys_and_passwords() {
    let caught = |arguments: &[&str], stdout: &str, stderr: &str| {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new("x");
        command.args(arguments);
        let scan = SecretScan::new(&command, home.path());
        std::panic::catch_unwind(|| scan.search(stdout.as_bytes(), stderr.as_bytes(), home.path())).is_err()
    };
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0xx.c2lnbmF0dXJlc2lnbmF0dXJl";
    assert!(caught(&["token"], "", jwt));
    assert!(!caught(&["token"], jwt, ""));
    assert!(caught(&["check"], jwt, ""));
    assert!(caught(&["token", "-p", "hemmelig"], "", "it is hemmelig"));
    assert!(caught(&["keys"], r#"{"d": "abcdefghijklmnopqrstuvwxyz"}"#, ""));
    assert!(caught(&["keys"], "", "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo"));
    assert!(!caught(&["keys"], "", "with --key, pass a file that contains -----BEGIN PRIVATE KEY-----"));
    assert!(!caught(&["token", "-p", "hemmelig"], "", "error: a wrong password"));

    let signed = |issuer: &str| {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"iss":"{issuer}","aud":"https://x/"}}"#));
        format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJlc2lnbmF0dXJl")
    };
    assert!(caught(&["token"], &signed("our-client"), ""));
    assert!(!caught(&["token"], &signed("https://x/"), ""));
    assert!(!caught(&["grant"], &signed("our-client"), ""));
    let signature = "U2lnbmF0dXJl".repeat(30);
    assert!(!caught(&["token"], "", &signature));
    sent(&format!("grant_type=x&assertion=eyJ.eyJ.{signature}"));
    assert!(caught(&["token"], "", &format!("debug: {signature}")));
}
