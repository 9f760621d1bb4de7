//! Keys and passwords that are not in a file: where they may be, in which encodings, and what is said where they are not.

use std::fs;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use crate::{
    registered::{BY_KEY, is_token_of, public_set, simulator, token},
    support::{Maskinporten, Outcome, maskinporten, testdata},
};

/// A secret of the test keys in base64, of which no output may contain a part: the beginning of `d`.
fn secret_part() -> String {
    let jwk: serde_json::Value = serde_json::from_slice(&fs::read(testdata("jwk/rsa.json")).unwrap()).unwrap();
    jwk["d"].as_str().unwrap()[..24].to_owned()
}

pub fn grant() -> Maskinporten {
    maskinporten(["grant", "--env", "test", "-c", "client", "-s", "difitest:test1"])
}

/// Checks that a grant was made, and that no part of the key was printed beside it.
#[track_caller]
pub fn signs(outcome: &Outcome, what: &str) {
    assert!(!outcome.stderr.contains(&secret_part()), "{what}");
    assert_eq!((outcome.code, outcome.stdout.split('.').count()), (0, 3), "{what}: {}", outcome.stderr);
}

/// A key, the option and the variable of its kind, and what else a grant with it needs.
pub struct Kind {
    pub name: &'static str,
    pub content: Vec<u8>,
    option: &'static str,
    variable: &'static str,
    pub more: &'static [&'static str],
}

/// A name, and how an encoding is made.
type Encoding = (&'static str, fn(&[u8]) -> String);

/// The encodings in which keys are kept, besides the one of their format.
pub const ENCODINGS: [Encoding; 9] = [
    ("base64", |bytes| STANDARD.encode(bytes)),
    ("base64url", |bytes| URL_SAFE_NO_PAD.encode(bytes)),
    ("twice", |bytes| STANDARD.encode(STANDARD.encode(bytes))),
    ("base64url in base64", |bytes| STANDARD.encode(URL_SAFE_NO_PAD.encode(bytes))),
    ("wrapped", |bytes| wrapped(bytes, "\n")),
    ("wrapped with CRLF", |bytes| wrapped(bytes, "\r\n")),
    ("quoted", |bytes| format!("\"{}\"\n", STANDARD.encode(bytes))),
    ("with a byte order mark", |bytes| format!("\u{feff}{}", STANDARD.encode(bytes))),
    ("quoted, with a byte order mark, twice", |bytes| STANDARD.encode(format!("\u{feff}'{}'", STANDARD.encode(bytes)))),
];

fn wrapped(bytes: &[u8], end: &str) -> String {
    let base64 = STANDARD.encode(bytes).into_bytes();
    base64.chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + end).collect()
}

/// The formats of keys.
pub fn kinds() -> [Kind; 4] {
    let read = |name: &str| fs::read(testdata(name)).unwrap();
    let pem = read("keys/enterprise-key.pem");
    let pkcs8 = openssl::pkey::PKey::private_key_from_pem(&pem).unwrap().private_key_to_pkcs8().unwrap();
    let kind = |name, content, option, variable, more| Kind { name, content, option, variable, more };
    [
        kind("PKCS#12", read("modern.p12"), "--keystore", "MASKINPORTEN_KEYSTORE_BASE64", &[][..]),
        kind("JWK", read("jwk/rsa.json"), "--jwk", "MASKINPORTEN_CLIENT_JWK", &[]),
        kind("PEM", pem, "--key", "MASKINPORTEN_KEY_PEM", &["--kid", "a"]),
        kind("PKCS#8", pkcs8, "--key", "MASKINPORTEN_KEY_PEM", &["--kid", "a"]),
    ]
}

#[test]
fn each_key_is_read_in_each_encoding_from_each_place() {
    std::thread::scope(|threads| {
        for kind in kinds() {
            threads.spawn(move || {
                for (encoding, encode) in ENCODINGS {
                    is_read_from_each_place(&kind, encode(&kind.content).as_bytes(), encoding);
                }
                is_read_from_each_place(&kind, &kind.content, "as it is");
            });
        }
    });
}

/// Makes a grant with a key that is in a variable, in a file and in the output of a command; bytes that are not text are
/// in no variable.
fn is_read_from_each_place(kind: &Kind, key: &[u8], encoding: &str) {
    let command = || grant().args(kind.more).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret");
    let what = |place: &str| format!("{}, {encoding}, {place}", kind.name);
    if let Ok(text) = str::from_utf8(key) {
        signs(&command().env(kind.variable, text).run(), &what(kind.variable));
        signs(&command().env("PLACE", text).args(["--key-from", "env:PLACE"]).run(), &what("env:"));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, key).unwrap();
    let shown = path.display().to_string();
    signs(&command().args([kind.option, &shown]).run(), &what(kind.option));
    signs(&command().args([kind.option, "-"]).stdin(key).run(), &what("stdin"));
    signs(&command().args(["--key-from", &format!("file:{shown}")]).run(), &what("file:"));
    signs(&command().args(["--key-from", &format!("command:cat '{shown}'")]).run(), &what("command:"));
    let listed = maskinporten(["keys", "list", &shown]).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run();
    assert!(listed.code == 0 && listed.stdout.contains("RSA with 2048 bits"), "{}: {}", what("list"), listed.stderr);
}

#[test]
fn what_was_decoded_is_reported_and_not_shown() {
    let encoded = STANDARD.encode(STANDARD.encode(fs::read(testdata("jwk/rsa.json")).unwrap()));

    let outcome = grant().args(["-v"]).args(["--key-from", "env:PLACE"]).env("PLACE", &encoded).run();

    assert!(outcome.stderr.contains("found a JWK in base64, base64"), "{}", outcome.stderr);
    signs(&outcome, "verbose");
}

#[test]
fn a_keystore_without_a_password_opens_where_none_is_given() {
    for file in ["empty-password.p12", "empty-password-legacy.p12"] {
        let encoded = STANDARD.encode(fs::read(testdata(file)).unwrap());
        signs(&grant().env("MASKINPORTEN_KEYSTORE_BASE64", encoded).run(), file);
        signs(&grant().args(["--keystore", &testdata(file)]).run(), file);
    }
}

#[test]
fn a_password_may_be_at_a_place_too() {
    let keystore = testdata("modern.p12");
    let command = || grant().args(["--keystore", &keystore]);
    signs(&command().args(["--keystore-password-from", "env:PLACE"]).env("PLACE", "secret").run(), "env:");
    signs(&command().args(["--keystore-password-from", "command:echo secret"]).run(), "command:");

    let outcome = command().args(["--keystore-password-from", "aws-kms://alias/a"]).run();
    assert!(outcome.failure(2).contains("names a key that signs, not a secret"), "{}", outcome.stderr);
}

#[test]
fn a_cached_token_needs_no_key_from_its_place() {
    let file = testdata("jwk/rsa.json");
    let local = simulator(&[public_set(&["--jwk", &file])]);
    let folder = tempfile::tempdir().unwrap();
    let (calls, cache) = (folder.path().join("calls"), folder.path().join("cache"));
    let place = format!("command:echo called >> '{}'; base64 < '{file}'", calls.display());
    for _ in 0..3 {
        let command = token(&local, BY_KEY).args(["--key-from", &place]).env("XDG_CACHE_HOME", &cache);
        is_token_of(BY_KEY, &command.run().artefact());
    }

    assert_eq!(fs::read_to_string(calls).unwrap(), "called\n");
}

#[test]
fn each_fault_of_a_place_has_its_sentence_and_exit_code() {
    for (place, code, expected) in [
        ("nonsense", 2, "it does not begin with a known kind of place"),
        ("vault://secret/a", 2, "the field of `vault://MOUNT/PATH#FIELD` is missing"),
        ("pkcs11:token=a?pin-value=1234", 2, "the pin-value of"),
        ("env:NOT_SET", 4, "--key-from names a variable that is not set"),
        ("file:/does/not/exist", 4, "--key-from could not be read from `/does/not/exist`"),
        ("command:exit 3", 4, "--key-from runs a command that failed: exit status: 3"),
        ("command:echo hello", 4, "--key-from does not hold a key in a known format"),
    ] {
        let outcome = grant().args(["--key-from", place]).run();

        let shown = outcome.failure(code);
        assert!(shown.contains(expected) && shown.contains("hint: "), "{place}: {shown}");
    }
}

#[test]
fn a_project_file_may_name_only_a_variable_or_a_file() {
    for (place, allowed) in [
        ("env:PLACE", true),
        ("file:key.json", true),
        ("command:cat key.json", false),
        ("vault://secret/a#b", false),
        ("ssh-agent:", false),
        ("keyring:a", false),
        ("pkcs11:token=a;object=b?module-path=/tmp/evil.so", false),
    ] {
        let jwk = fs::read_to_string(testdata("jwk/rsa.json")).unwrap();
        let command = grant().env("PLACE", &jwk).args(["--profile", "a"]);
        let project = command.home().join("project");
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("key.json"), &jwk).unwrap();
        fs::write(project.join("maskinporten.toml"), format!("[profiles.a]\nkey_from = \"{place}\"\n")).unwrap();
        let outcome = command.in_folder(&project).run();

        if allowed {
            signs(&outcome, place);
        } else {
            let expected = "a project file may name only a variable or a file in `key_from`";
            assert!(outcome.failure(3).contains(expected), "{place}: {}", outcome.stderr);
        }
    }
}

#[test]
fn variables_of_other_programs_are_read_where_ours_are_absent() {
    let encoded = STANDARD.encode(fs::read(testdata("jwk/rsa.json")).unwrap());
    let keystore = STANDARD.encode(fs::read(testdata("empty-password.p12")).unwrap());
    for (variables, client) in [
        (&[("MP_ENCODEDJWK", encoded.as_str()), ("MP_CLIENT_ID", "of-mp")][..], "of-mp"),
        (
            &[
                ("MaskinportenSettings__JwkBase64", encoded.as_str()),
                ("MaskinportenSettings__ClientId", "of-dotnet"),
                ("MaskinportenSettings__Environment", "test"),
            ],
            "of-dotnet",
        ),
        (
            &[
                ("MaskinportenSettings__EncodedX509", keystore.as_str()),
                ("MaskinportenSettings__ClientId", "of-dotnet"),
                ("MASKINPORTEN_CLIENT_ID", "ours"),
            ],
            "ours",
        ),
    ] {
        let set = |command: Maskinporten| {
            variables
                .iter()
                .fold(command.env("MASKINPORTEN_ENV", "test"), |command, (name, value)| command.env(name, value))
        };
        let grant = set(maskinporten(["grant", "-s", "a:b", "--decode"])).run().artefact();
        assert!(grant.contains(&format!("\"iss\": \"{client}\"")), "{grant}");
        let shown = set(maskinporten(["config", "show"])).run().artefact();
        assert!(shown.contains(client) && shown.contains(variables[0].0), "{shown}");
        assert!(!shown.contains(&encoded[..20]) && !shown.contains(&keystore[..20]), "{shown}");
    }
}

#[cfg(feature = "system-tests")]
mod agent {
    use std::{
        os::unix::fs::PermissionsExt as _,
        path::PathBuf,
        process::{Command, Stdio},
    };

    use super::*;
    use crate::{
        registered::{BY_CERTIFICATE, SoftHsm},
        support::{Running, wait_until},
    };

    /// An SSH agent of OpenSSH with the enterprise key.
    struct Agent {
        _process: Running,
        folder: tempfile::TempDir,
    }

    impl Agent {
        fn start() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let socket = folder.path().join("agent");
            let process = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
            let agent = Self { _process: Running(process.expect("ssh-agent could not be run")), folder };
            wait_until("the agent's socket", || socket.exists().then_some(()));
            let own = agent.folder.path().join("my-key");
            fs::copy(testdata("keys/enterprise-key.pem"), &own).unwrap();
            fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).unwrap();
            let added = agent.ssh_add(&["my-key"]);
            assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
            agent
        }

        fn socket(&self) -> PathBuf {
            self.folder.path().join("agent")
        }

        fn ssh_add(&self, arguments: &[&str]) -> std::process::Output {
            let mut command = Command::new("ssh-add");
            command.args(arguments).current_dir(self.folder.path()).env("SSH_AUTH_SOCK", self.socket());
            command.output().unwrap()
        }
    }

    #[test]
    fn a_key_in_the_ssh_agent_gets_a_token_by_comment_and_by_fingerprint() {
        let agent = Agent::start();
        let listed = String::from_utf8(agent.ssh_add(&["-l"]).stdout).unwrap();
        let fingerprint = listed.split_whitespace().nth(1).unwrap().to_owned();
        let set = public_set(&["--key", &testdata("keys/enterprise-key.pem"), "--kid", "mine"]);
        let local = simulator(&[set]);
        for name in ["", "my-key", &fingerprint] {
            for algorithm in ["RS256", "RS512"] {
                let place = format!("ssh-agent:{name}");
                let command = token(&local, BY_KEY).env("SSH_AUTH_SOCK", agent.socket());
                let command = command.args(["--key-from", &place, "--kid", "mine", "--alg", algorithm]);

                is_token_of(BY_KEY, &command.run().artefact());
            }
        }
    }

    #[test]
    fn a_key_whose_certificate_has_expired_is_refused() {
        let agent = Agent::start();
        let local = simulator(&[]);
        let run = token(&local, BY_CERTIFICATE).env("SSH_AUTH_SOCK", agent.socket());
        let run = run.args(["--key-from", "ssh-agent:", "--certificate", &testdata("keys/expired.pem")]);

        crate::clouds::is_refused_as_expired(run);
    }

    #[test]
    fn a_key_in_a_hardware_token_gets_a_token_by_its_uri() {
        let hsm = SoftHsm::with(&[("enterprise", "signing")]);
        let set = public_set(&["--key", &testdata("keys/enterprise-key.pem"), "--kid", "mine"]);
        let local = simulator(&[set]);
        let pin = hsm.file("pin", SoftHsm::PIN);
        let (token_label, module) = (SoftHsm::LABEL.replace(' ', "%20"), SoftHsm::module());
        let uri =
            format!("pkcs11:token={token_label};object=signing;type=private?module-path={module}&pin-source={pin}");
        let command = token(&local, BY_KEY).env("SOFTHSM2_CONF", hsm.settings());

        is_token_of(BY_KEY, &command.args(["--key-from", &uri, "--kid", "mine"]).run().artefact());
    }

    #[test]
    fn each_fault_of_an_agent_has_its_sentence_and_exit_code() {
        let agent = Agent::start();
        let with = |place: &str, socket: PathBuf| {
            grant().args(["--key-from", place, "--kid", "a"]).env("SSH_AUTH_SOCK", socket).run()
        };
        let outcome = with("ssh-agent:other", agent.socket());
        let shown = outcome.failure(4);
        assert!(shown.contains("has no key with this comment") && shown.contains("my-key: SHA256:"), "{shown}");
        let outcome = with("ssh-agent:", "/does/not/exist".into());
        assert!(outcome.failure(6).contains("could not reach the SSH agent"), "{}", outcome.stderr);
        let folder = tempfile::tempdir().unwrap();
        let silent = folder.path().join("agent");
        let _listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
        let run = grant().args(["--key-from", "ssh-agent:", "--kid", "a", "--timeout", "1"]);
        let outcome = run.env("SSH_AUTH_SOCK", &silent).run();
        let expected =
            "error: the SSH agent did not answer in time\nhint: confirm in its dialogue; --timeout waits longer\n";
        assert!(outcome.failure(6) == expected, "{}", outcome.stderr);
        let outcome = grant().args(["--key-from", "ssh-agent:", "--kid", "a"]).run();
        assert!(outcome.failure(3).contains("SSH_AUTH_SOCK is not set"), "{}", outcome.stderr);
        let command = grant().args(["--key-from", "ssh-agent:", "--kid", "a", "--alg", "PS256", "--quiet"]);
        let outcome = command.env("SSH_AUTH_SOCK", agent.socket()).run();
        assert!(outcome.failure(4).contains("an SSH agent cannot sign with PS256"), "{}", outcome.stderr);
    }
}
