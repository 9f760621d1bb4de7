//! What no run may leave behind: every stream, every file and every error of the whole test run is searched for private
//! keys, passwords, assertions and tokens, by the two places where tests start the binary.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use regex::bytes::Regex;

/// A signed JWT, whose first part begins an object in base64url.
static JWT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{20,}").unwrap());

/// A private key in PEM, or one of a JWK's private numbers.
static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/:,\s-]{30}|"(d|p|q|dp|dq|qi)"\s*:\s*"[\w-]{20,}""#)
        .unwrap()
});

/// Commands whose artefact is a token or a grant, or what another program says.
const HANDING_OVER: [&str; 6] = ["token", "grant", "headers", "exec", "curl", "serve"];

/// Options and variables that hold a password or PIN themselves.
const PASSWORD_OPTIONS: [&str; 3] = ["-p", "--keystore-password", "--pkcs11-pin"];
const PASSWORD_VARIABLES: [&str; 3] =
    ["MASKINPORTEN_KEYSTORE_PASSWORD", "MASKINPORTEN_KEY_PASSWORD", "MASKINPORTEN_PKCS11_PIN"];

/// Words so common that a message may hold them: they are passwords of test files.
const COMMON: [&str; 3] = ["secret", "wrong", "1234"];

/// What is known of a run before it starts.
pub struct Watch {
    command: Option<String>,
    passwords: Vec<Vec<u8>>,
    /// What was in its home already: the test put it there.
    before: BTreeSet<PathBuf>,
}

impl Watch {
    /// Takes down what the run is given that it must not give away.
    pub fn of(command: &Command, home: &Path) -> Self {
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
            password.len() >= 4 && !COMMON.iter().any(|word| word.as_bytes() == password.as_slice())
        };
        Self {
            command: arguments.first().and_then(|word| word.to_str()).map(str::to_owned),
            before: files(home).into_iter().collect(),
            passwords: passwords.map(|text| text.trim_ascii().to_vec()).filter(worth_finding).collect(),
        }
    }

    /// Searches what the run left: its streams, its home, and its folder for temporary files.
    #[track_caller]
    pub fn search(&self, stdout: &[u8], stderr: &[u8], home: &Path) {
        self.search_text("stderr", stderr, true);
        self.search_text("stdout", stdout, !self.hands_over());
        assert_eq!(files(&home.join("tmp")), Vec::<PathBuf>::new(), "temporary files were left behind");
        for file in files(home).into_iter().filter(|file| !self.before.contains(file)) {
            let content = fs::read(&file).unwrap_or_default();
            for password in &self.passwords {
                assert!(!holds(&content, password), "a password stands in {}", file.display());
            }
            if JWT.is_match(&content) || PRIVATE_KEY.is_match(&content) {
                is_private(&file);
            }
        }
    }

    fn search_text(&self, name: &str, text: &[u8], jwt: bool) {
        assert!(!(jwt && JWT.is_match(text)), "a JWT stands on {name}: {}", String::from_utf8_lossy(text));
        assert!(!PRIVATE_KEY.is_match(text), "a private key stands on {name}: {}", String::from_utf8_lossy(text));
        for password in &self.passwords {
            assert!(!holds(text, password), "a password stands on {name}: {}", String::from_utf8_lossy(text));
        }
    }

    /// Whether the artefact may be a token: also that of the original's command line, which begins with an option.
    fn hands_over(&self) -> bool {
        self.command.as_deref().is_none_or(|word| word.starts_with(['-', '/']) || HANDING_OVER.contains(&word))
    }
}

fn holds(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|part| part == wanted)
}

/// Every file in a folder and those in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let (folders, mut found): (Vec<_>, Vec<_>) =
        entries.filter(|path| !path.is_symlink()).partition(|path| path.is_dir());
    found.retain(|path| path.is_file());
    found.extend(folders.iter().flat_map(|folder| files(folder)));
    found
}

#[cfg(unix)]
fn is_private(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map(|data| data.permissions().mode() & 0o077).unwrap_or_default();
    assert_eq!(mode, 0, "{} holds a secret, and others can read it", file.display());
}

#[cfg(not(unix))]
fn is_private(_: &Path) {}

#[test]
fn the_watch_finds_what_it_looks_for() {
    let caught = |arguments: &[&str], stdout: &str, stderr: &str| {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new("x");
        command.args(arguments);
        let watch = Watch::of(&command, home.path());
        std::panic::catch_unwind(|| watch.search(stdout.as_bytes(), stderr.as_bytes(), home.path())).is_err()
    };
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0xx.c2lnbmF0dXJlc2lnbmF0dXJl";
    assert!(caught(&["token"], "", jwt));
    assert!(!caught(&["token"], jwt, ""));
    assert!(caught(&["check"], jwt, ""));
    assert!(caught(&["token", "-p", "hemmelig"], "", "it is hemmelig"));
    assert!(caught(&["keys"], r#"{"d": "abcdefghijklmnopqrstuvwxyz"}"#, ""));
    assert!(caught(&["keys"], "", "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo"));
    assert!(!caught(&["keys"], "", "give a file with -----BEGIN PRIVATE KEY----- in it to --key"));
    assert!(!caught(&["token", "-p", "hemmelig"], "", "error: a wrong password"));
}
