//! The commands `keys new`, `keys public` and `keys list`, run as a user runs them.

use std::{fs, path::Path};

use serde_json::{Value, json};
use snapbox::str;
use tempfile::TempDir;

use crate::{
    key_sources::with_store,
    openssl::openssl,
    registered::{BY_KEY, SoftHsm, is_token_of, keys_of, simulator, token},
    support::{Maskinporten, Outcome, maskinporten, program, testdata},
};

/// Runs `keys new` in a new folder.
fn new_key(more: &[&str]) -> (TempDir, String, Outcome) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.jwk.json").display().to_string();
    let outcome = maskinporten(["keys", "new", "--out", &file]).args(more).run();
    (folder, file, outcome)
}

fn json_of(path: &str) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_new_key_is_readable_only_by_its_owner_and_gets_a_token_once_it_is_registered() {
    for (more, octets) in [(&[][..], 512), (&["--rsa", "4096", "--kid", "my-key_2027.1"], 683)] {
        let (_folder, file, outcome) = new_key(more);

        let said = format!(
            "the private key is in {file}, which only you can read\n\
             register the printed key on the client; it is active within two minutes, for at most a year\n"
        );
        assert_eq!((outcome.code, outcome.stderr), (0, said));
        assert_eq!(mode(Path::new(&file)), 0o600);
        let keys = keys_of(&outcome.stdout);
        let names: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
        assert_eq!(names, ["kty", "use", "alg", "kid", "e", "n"]);
        assert_eq!(keys.len(), 1);
        assert_eq!(
            (&keys[0]["kty"], &keys[0]["use"], &keys[0]["alg"]),
            (&json!("RSA"), &json!("sig"), &json!("RS256"))
        );
        assert_eq!(keys[0]["n"].as_str().unwrap().len(), octets);
        assert_eq!(keys[0]["kid"], json_of(&file)["kid"]);
        assert!(more.is_empty() || keys[0]["kid"] == "my-key_2027.1");
        let local = simulator(&[outcome.stdout]);
        is_token_of(BY_KEY, &token(&local, BY_KEY).args(["--jwk", &file]).run().artefact());
    }
}

#[test]
fn quiet_leaves_only_the_public_key_set_of_a_new_key() {
    let (_folder, file, outcome) = new_key(&["--quiet"]);

    let printed = outcome.artefact();

    assert_eq!(printed, maskinporten(["keys", "public", "--jwk", &file]).run().artefact());
}

#[test]
fn a_new_key_never_overwrites_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("there").display().to_string();
    fs::write(&file, "mine").unwrap();

    let outcome = maskinporten(["keys", "new", "--out", &file]).run();

    let hint = "hint: pass another file with --out FILE\n";
    outcome.fails(4, &format!("error: could not write the private key to `{file}`: the file exists already\n{hint}"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_new_key_that_cannot_be_written_leaves_nothing_on_stdout() {
    let outcome = maskinporten(["keys", "new", "--out", "/nonexistent/key"]).run();

    outcome.fails(
        4,
        str![[r#"
error: could not write the private key to `/nonexistent/key`: the folder does not exist
hint: pass another file with --out FILE

"#]],
    );
}

#[test]
fn a_key_id_that_digdir_rejects_is_an_error_and_nothing_is_written() {
    let long = "a".repeat(256);
    for kid in ["", "a b", "æ", "a/b", &long] {
        let (folder, _, outcome) = new_key(&["--kid", kid]);

        outcome.replacing(format!("`{kid}`"), "`[KID]`").fails(
            2,
            str![[r#"
error: `[KID]` is not a valid key id: Digdir accepts letters, digits and `._-`, 255 at most
hint: leave --kid out to use the key's thumbprint (RFC 7638)

"#]],
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    let (_folder, _, size) = new_key(&["--rsa", "2048"]);
    size.fails(
        2,
        str![[r#"
error: invalid value '2048' for '--rsa <BITS>'
  [possible values: 3072, 4096]

For more information, try '--help'.

"#]],
    );
}

/// Returns `keys public` for the enterprise key, from each source of keys.
fn enterprise_key() -> Vec<Maskinporten> {
    let public = || maskinporten(["keys", "public"]).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret");
    let file = |option: &str, name: &str| public().args([option, &testdata(name)]);
    let text = |name: &str| fs::read(testdata(name)).unwrap();
    vec![
        file("--keystore", "modern.p12"),
        public().args(["--keystore", "-"]).stdin(text("legacy.p12")),
        file("--jwk", "jwk/rsa.json"),
        file("--jwk", "jwk/rsa-short.json"),
        file("--jwk", "jwk/no-kid.json"),
        public().args(["--jwk", "-"]).stdin(text("jwk/x5c.json")),
        public().env("MASKINPORTEN_CLIENT_JWK", String::from_utf8(text("jwk/rsa.json")).unwrap()),
        file("--key", "keys/enterprise-key.pem"),
        file("--key", "pem/pkcs1.pem"),
        file("--key", "pem/encrypted-pkcs8.pem"),
        public().args(["--key", "-"]).stdin(text("pem/encrypted-traditional.pem")),
        with_store(public().args(["-t", "E239ADFFBF998F790DA8E386387CE372129F67AD"])),
    ]
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs SoftHSM")]
#[test]
fn the_public_key_is_the_same_from_every_source() {
    let wanted = json_of(&testdata("jwk/public.json"));
    let hsm = SoftHsm::with(&[("enterprise", "signing")]);
    let of_token = hsm.key(maskinporten(["keys", "public"]), "signing").env("MASKINPORTEN_PKCS11_PIN", SoftHsm::PIN);
    for command in enterprise_key().into_iter().chain([of_token]) {
        let set = command.args(["--kid", "enterprise"]).run().artefact();

        assert_eq!(serde_json::from_str::<Value>(&set).unwrap(), json!({ "keys": [wanted] }));
    }
}

#[test]
fn the_key_id_of_a_public_key_is_its_own_or_its_thumbprint() {
    let thumbprint = "ms3rc5nJ2oxFyhEa0jQzCyeRk6P8NB48kUTmWt8VQY8";
    for (option, file, kid) in [
        ("--jwk", "jwk/rsa.json", "enterprise"),
        ("--jwk", "jwk/no-kid.json", thumbprint),
        ("--key", "keys/enterprise-key.pem", thumbprint),
    ] {
        let set = maskinporten(["keys", "public", option, &testdata(file)]).run().artefact();

        assert_eq!(keys_of(&set)[0]["kid"], kid);
    }
}

#[test]
fn a_key_that_cannot_be_loaded_has_no_public_key_to_print() {
    let public = testdata("jwk/public.json");

    maskinporten(["keys", "public", "--jwk", &public]).run().replacing(&public, "[PUBLIC]").fails(
        4,
        str![[r#"
error: could not load a key from the JWK `[PUBLIC]`
caused by: it is a public key: the private member `d` is missing
hint: pass the private JWK that belongs to this public one

"#]],
    );
    maskinporten(["keys", "public"]).run().fails(
        3, str![[r#"
error: no keystore was given
hint: pass --keystore FILE, or set MASKINPORTEN_KEYSTORE; --jwk, --key, --certificate-thumbprint and --pkcs11-module name other kinds of keys

"#]],
    );
}

fn list(file: &str, more: &[&str]) -> Outcome {
    let command = maskinporten(["keys", "list", &testdata(file)]).args(more);
    command.env("MASKINPORTEN_KEYSTORE_PASSWORD", if file.starts_with("keytool") { "secret12" } else { "secret" }).run()
}

#[test]
fn the_three_entries_of_a_keystore_are_listed_with_their_use_and_the_files_encryption() {
    let text = list("keytool-three.p12", &[]).artefact();
    let json: Value = serde_json::from_str(&list("keytool-three.p12", &["--format", "json"]).artefact()).unwrap();

    let entry = |alias: &str, thumbprint: &str, usage: &str, sha1: &str, sha256: &str| {
        format!(
            "{alias}\n  key           RSA with 2048 bits\n  RFC 7638      {thumbprint}\n  \
             subject       C=NO, O=TESTETATEN, CN=TESTETATEN, serialNumber=991825827\n  \
             organisation  991825827\n  issuer        C=NO, O=Testdata, CN=Testdata Issuing CA\n  \
             usage         {usage}\n  valid         2024-01-01 to 2124-01-01\n  \
             SHA-1         {sha1}\n  SHA-256       {sha256}\n  chain         3 certificates\n"
        )
    };
    let keys = json["keys"].as_array().unwrap();
    let aliases: Vec<&Value> = keys.iter().map(|key| &key["alias"]).collect();
    assert_eq!(aliases, ["signature", "authentication", "encryption"]);
    let usages = ["nonRepudiation", "digitalSignature", "keyEncipherment dataEncipherment"];
    let listed: String = keys
        .iter()
        .zip(usages)
        .map(|(key, usage)| {
            let (text, certificate) = (|value: &Value| value.as_str().unwrap().to_owned(), &key["certificate"]);
            let (sha1, sha256) = (text(&certificate["sha1"]), text(&certificate["sha256"]));
            assert_eq!(certificate["usage"].as_array().unwrap().len(), usage.split(' ').count());
            entry(&text(&key["alias"]), &text(&key["key_thumbprint"]), usage, &sha1, &sha256)
        })
        .collect();
    let (entries, encryption) = text.split_once("encryption\n  integrity").unwrap();
    assert_eq!(entries, listed);
    assert!(encryption.contains("HMAC-SHA-256, PKCS#12 derivation, 10000 iterations\n"), "{encryption}");
    assert_eq!(json["encryption"].as_array().unwrap().len(), encryption.lines().count());
}

#[test]
fn an_alias_cannot_add_a_line_to_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.p12").display().to_string();
    let [key, certificate] = ["keys/ec-key.pem", "keys/ec.pem"].map(testdata);
    let name = "a\n  key           RSA with 4096 bits";
    let mut export = openssl(&["pkcs12", "-export", "-inkey", &key, "-in", &certificate, "-name", name]);
    program(export.args(["-out", &file, "-passout", "pass:secret"]), b"");

    let listed = list(&file, &[]).artefact();

    assert!(
        listed.starts_with("a\u{fffd}  key           RSA with 4096 bits\n  key           EC on P-256\n"),
        "{listed}"
    );
}

#[test]
fn a_jwk_set_and_a_pem_file_are_listed() {
    let set = list("jwk/set.json", &[]).artefact();
    let pem = list("pem/pkcs1.pem", &[]).artefact();
    let encrypted = list("pem/encrypted-pkcs8.pem", &[]).artefact();
    let with_chain: Value = serde_json::from_str(&list("pem/with-text.pem", &["--format", "json"]).artefact()).unwrap();
    let single: Value = serde_json::from_str(&list("jwk/ed25519.json", &["--format", "json"]).artefact()).unwrap();

    let rsa = "  key           RSA with 2048 bits\n  RFC 7638      ms3rc5nJ2oxFyhEa0jQzCyeRk6P8NB48kUTmWt8VQY8\n";
    let others = "second\n  key           RSA with 2048 bits\n  RFC 7638      \
                  Buye1YYfIFF-2Uf4dF6gXlsw-ZxeNHlovggRWrQVhXM\nec\n  key           EC on P-256\n  RFC 7638      \
                  -lnjRdEnuYEjotcBi5Hw_4bP7d0nh7uiuuukqdIBNFA\n";
    assert_eq!(set, format!("enterprise\n{rsa}{others}"));
    assert_eq!(pem, format!("1\n{rsa}"));
    assert_eq!(encrypted, pem);
    assert_eq!(with_chain["keys"][0]["certificate"]["sha1"], "E239ADFFBF998F790DA8E386387CE372129F67AD");
    assert_eq!(with_chain["keys"][0]["chain_length"], 3);
    let thumbprint = "LRaMD79fG6bnhPfcWoxQ2vBBXzK_Me-YvvQItS1NLKI";
    let key = json!({ "alias": "ed25519", "key": "Ed25519", "key_thumbprint": thumbprint, "certificate": null,
                      "chain_length": 0, "fault": null });
    assert_eq!(single, json!({ "keys": [key], "encryption": [] }));
}

#[test]
fn a_key_that_cannot_sign_is_listed_with_its_fault() {
    for (file, listed) in [
        ("jwk/oct.json", "shared\n  fault         it is a symmetric key (`kty` is `oct`), which cannot sign a grant\n"),
        ("jwk/public.json", "enterprise\n  fault         it is a public key: the private member `d` is missing\n"),
        ("jwk/use-enc.json", "enterprise\n  fault         its `use` is `enc`, not `sig`\n"),
    ] {
        assert_eq!(list(file, &[]).artefact(), listed);
    }
}

#[test]
fn a_file_over_the_size_limit_is_not_listed_and_the_limit_is_named() {
    let limit = 10 * 1024 * 1024;
    let mut bytes = fs::read(testdata("modern.p12")).unwrap();
    bytes.resize(limit + 1, 0);

    for (file, command) in [
        ("stdin", maskinporten(["keys", "list", "-"]).stdin(bytes)),
        ("/dev/zero", maskinporten(["keys", "list", "/dev/zero"])),
    ] {
        command.run().replacing(file, "[FILE]").replacing(limit, "[LIMIT]").fails(
            4,
            str![[r#"
error: could not open the keystore `[FILE]`
caused by: it is larger than the limit of [LIMIT] bytes
hint: check the path: a keystore takes a few kilobytes

"#]],
        );
    }
}

#[test]
fn a_file_that_cannot_be_listed_is_an_error() {
    let random = testdata("random.bin");
    let three = testdata("keytool-three.p12");

    maskinporten(["keys", "list", "/nonexistent"]).run().fails(
        4,
        str![[r#"
error: could not read the file `/nonexistent`
caused by: No such file or directory (os error 2)
hint: check the path, and that you may read it

"#]],
    );
    maskinporten(["keys", "list", &random]).run().replacing(&random, "[RANDOM]").fails(
        4,
        str![[r#"
error: could not open the keystore `[RANDOM]`
caused by: it is not a PKCS#12 keystore: unrecognised file format
hint: pass the .p12 or .pfx file with --keystore

"#]],
    );
    maskinporten(["keys", "list", &three]).run().replacing(&three, "[THREE]").fails(
        4,
        str![[r#"
error: no password was given for the keystore `[THREE]`, and there is no terminal to ask on
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE

"#]],
    );
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn keys_list_opens_files_like_every_other_command() {
    let list = |arguments: &[&str], file: &str| {
        let all = ["keys", "list"].iter().chain(arguments).copied().collect::<Vec<_>>();
        maskinporten(all).args([testdata(file)]).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run()
    };

    let unsealed = list(&[], "no-mac.p12");
    assert_eq!(unsealed.stderr, "warning: the keystore has no MAC, so changes to it cannot be detected\n");
    assert_eq!(unsealed.code, 0);

    let costly = list(&["--max-iterations", "1"], "pem/encrypted-pkcs8.pem");
    assert_eq!((costly.code, costly.stdout.as_str()), (4, ""));
    assert!(costly.stderr.contains("1 are allowed"), "{}", costly.stderr);
}
