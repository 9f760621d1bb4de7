//! Keys that a D-Bus session gives: in the store of secrets of a desktop, and in a TPM that several programs share.

use std::{
    fs,
    net::TcpListener,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use snapbox::str;

use crate::{
    key_places::{ENCODINGS, grant, kinds, signs},
    registered::{BY_KEY, is_token_of, public_set, simulator, token},
    support::{
        Maskinporten, Running, maskinporten, program,
        session::{Session, service},
        testdata, wait_until,
    },
};

#[test]
fn a_key_in_the_store_of_secrets_gets_a_token() {
    let session = Session::start();
    let _keyring = session.keyring();
    let jwk = fs::read(testdata("jwk/rsa.json")).unwrap();
    session.store("maskinporten", "our-key", &jwk);
    session.store("another-program", "its-key", STANDARD.encode(&jwk).as_bytes());
    let local = simulator(&[public_set(&["--jwk", &testdata("jwk/rsa.json")])]);
    for place in ["keyring:our-key", "keyring:another-program/its-key"] {
        let run = session.joined_by(token(&local, BY_KEY)).args(["--key-from", place]);

        is_token_of(BY_KEY, &run.run().artefact());
    }
}

#[test]
fn each_key_is_read_in_each_encoding_from_the_store_of_secrets() {
    let session = Session::start();
    let _keyring = session.keyring();
    for kind in kinds() {
        for (encoding, encode) in ENCODINGS {
            session.store("maskinporten", "a-key", encode(&kind.content).as_bytes());
            let run = session.joined_by(grant()).args(["--key-from", "keyring:a-key"]).args(kind.more);

            let outcome = run.env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run();

            signs(&outcome, &format!("{}, {encoding}, keyring:", kind.name));
        }
    }
}

#[test]
fn a_password_may_be_in_the_store_of_secrets() {
    let session = Session::start();
    let _keyring = session.keyring();
    session.store("maskinporten", "password", b"secret");
    let run = session.joined_by(grant()).args(["--keystore", &testdata("modern.p12")]);

    signs(&run.args(["--keystore-password-from", "keyring:password"]).run(), "keyring:");
}

#[test]
fn an_unknown_entry_and_a_session_without_a_store_are_named() {
    let session = Session::start();
    {
        let _keyring = session.keyring();
        session.joined_by(grant()).args(["--key-from", "keyring:unknown"]).run().fails(
            4,
            str![[r#"
error: --key-from names an entry that the store of secrets does not have
hint: store it: secret-tool store --label=key service maskinporten username unknown < FILE

"#]],
        );
    }
    let run = grant().args(["--key-from", "keyring:our-key"]);
    let outcome = run.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").run();
    let stderr = outcome.failure(4);
    assert!(
        stderr.starts_with("error: the operating system's store of secrets is not available\ncaused by: "),
        "{stderr}"
    );
}

/// A TPM 2 in software, which the resource manager shares, with one RSA key in a token of `tpm2-pkcs11`.
struct Tpm {
    session: Session,
    _processes: [Running; 2],
}

impl Tpm {
    const PIN: &str = "567890";

    fn start() -> Self {
        let session = Session::start();
        let port = free_pair();
        let state = session.home().join("state");
        fs::create_dir(&state).unwrap();
        let mut tpm = session.command("swtpm");
        tpm.args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"]);
        tpm.arg("--tpmstate").arg(format!("dir={}", state.display()));
        tpm.args(["--server", &format!("type=tcp,port={port}"), "--ctrl", &format!("type=tcp,port={}", port + 1)]);
        let tpm = service(&mut tpm, b"");
        // It connects once, and ends if the TPM does not listen yet.
        wait_until("the TPM listens", || TcpListener::bind(("127.0.0.1", port)).is_err().then_some(()));
        let mut manager = session.command("tpm2-abrmd");
        let manager = manager.args(["--session", "--allow-root", &format!("--tcti=swtpm:host=127.0.0.1,port={port}")]);
        let manager = service(manager, b"");
        let tpm = Self { session, _processes: [tpm, manager] };
        wait_until("the resource manager answers", || {
            let random = tpm.tool("tpm2_getrandom").args(["--hex", "4"]).stderr(Stdio::null()).output().unwrap();
            random.status.success().then_some(())
        });
        let label = ["--label", "our TPM", "--userpin", Self::PIN];
        tpm.ptool(&["init"]);
        tpm.ptool(&[&["addtoken", "--pid", "1", "--sopin", "12345678"], &label[..]].concat());
        tpm.ptool(&[&["addkey", "--algorithm", "rsa2048", "--key-label", "signing"], &label[..]].concat());
        tpm
    }

    /// Makes a command of a program that uses the TPM.
    fn tool(&self, program: &str) -> Command {
        let mut command = self.session.command(program);
        command.envs(self.variables());
        command
    }

    fn variables(&self) -> [(&'static str, String); 4] {
        let store = self.session.home().join("store");
        fs::create_dir_all(&store).unwrap();
        let (manager, store) = ("tabrmd:bus_type=session", store.display().to_string());
        [
            ("TPM2_PKCS11_STORE", store),
            ("TPM2_PKCS11_TCTI", manager.to_owned()),
            ("TPM2TOOLS_TCTI", manager.to_owned()),
            // Both libraries write what they try to stderr.
            ("TSS2_LOG", "all+NONE".to_owned()),
        ]
    }

    fn ptool(&self, arguments: &[&str]) {
        program(self.tool("tpm2_ptool").args(arguments), b"");
    }

    /// Adds the key and its PIN to a run.
    fn used_by(&self, run: Maskinporten) -> Maskinporten {
        let module = format!("/usr/lib/{}-linux-gnu/libtpm2_pkcs11.so.1", std::env::consts::ARCH);
        let uri = format!("pkcs11:token=our%20TPM;object=signing;type=private?module-path={module}");
        let run = self.variables().into_iter().fold(run, |run, (name, value)| run.env(name, value));
        self.session.joined_by(run).args(["--key-from", &uri]).env("MASKINPORTEN_PKCS11_PIN", Self::PIN)
    }
}

/// Returns a port that is free, and so is the next one: a TPM is controlled there.
fn free_pair() -> u16 {
    wait_until("two ports are free", || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        port.checked_add(1).filter(|next| TcpListener::bind(("127.0.0.1", *next)).is_ok()).map(|_| port)
    })
}

#[test]
fn a_key_in_a_tpm_gets_a_token() {
    let tpm = Tpm::start();
    let public = tpm.used_by(maskinporten(["keys", "public", "--kid", "tpm"])).run().artefact();
    let local = simulator(&[public]);
    for algorithm in ["RS256", "RS384", "RS512"] {
        let run = tpm.used_by(token(&local, BY_KEY)).args(["--kid", "tpm", "--alg", algorithm]);

        is_token_of(BY_KEY, &run.run().artefact());
    }
    let wrong = tpm.used_by(token(&local, BY_KEY)).args(["--kid", "tpm"]).env("MASKINPORTEN_PKCS11_PIN", "000000");
    assert!(wrong.run().failure(4).contains("the PIN is wrong"));
}
