//! JWK and JWK sets (RFC 7517), from files with the same keys as the keystores, and from the RFCs.

use std::{fs, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use maskinporten::keystore::{Certificate, JwkFile, KeystoreError, SignatureAlgorithm, SigningKey};
use serde_json::{Value, json};

use super::{MESSAGE, hexadecimal, refused, signs_as, text};
use crate::support::{program, testdata};

fn open(name: &str) -> SigningKey {
    JwkFile::parse(name, text(name)).unwrap().choose(None).unwrap()
}

fn parse(content: &str, key_id: Option<&str>) -> Result<SigningKey, KeystoreError> {
    JwkFile::parse("key.json", content).and_then(|file| file.choose(key_id))
}

/// Returns the complete RSA key with some members replaced; `null` removes a member.
fn rsa_with(changes: &[(&str, Value)]) -> String {
    with("jwk/rsa.json", changes)
}

fn with(name: &str, changes: &[(&str, Value)]) -> String {
    let mut key: Value = serde_json::from_str(&text(name)).unwrap();
    for (member, value) in changes {
        match value {
            Value::Null => drop(key.as_object_mut().unwrap().remove(*member)),
            value => key[*member] = value.clone(),
        }
    }
    key.to_string()
}

#[track_caller]
fn refuses(content: &str, code: &str, cause: &str) {
    let (found, message, hint) = refused(parse(content, None));
    assert_eq!((found, message.as_str()), (code, cause));
    assert!(!hint.is_empty());
}

#[test]
fn every_algorithm_of_each_kind_of_key_signs_as_the_certificate_of_the_same_key() {
    use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    for (file, certificate, algorithms) in [
        ("jwk/rsa.json", "enterprise", &[Rs256, Rs384, Rs512, Ps256, Ps384, Ps512][..]),
        ("jwk/rsa-short.json", "enterprise", &[Rs256, Ps256]),
        ("jwk/ec.json", "ec", &[Es256]),
        ("jwk/ec384.json", "ec384", &[Es384]),
        ("jwk/ec521.json", "ec521", &[Es512]),
        ("jwk/ed25519.json", "ed25519", &[EdDsa]),
    ] {
        let key = open(file);
        for algorithm in algorithms {
            signs_as(&key, certificate, *algorithm);
        }
        assert_eq!(key.algorithm(), Some(key.default_algorithm()), "{file}");
        assert!(key.certificates().is_empty());
    }
}

#[test]
fn the_key_id_and_algorithm_are_those_of_the_jwk_or_absent() {
    let named = open("jwk/rsa.json");
    let nameless = parse(&rsa_with(&[("kid", Value::Null), ("alg", Value::Null)]), None).unwrap();

    assert_eq!((named.key_id(), named.algorithm()), (Some("enterprise"), Some(SignatureAlgorithm::Rs256)));
    assert_eq!((nameless.key_id(), nameless.algorithm()), (None, None));
    assert_eq!(open("jwk/no-kid.json").key_id(), None);
}

#[test]
fn the_keys_of_rfc_7515_and_rfc_8037_are_read_and_ed25519_signs_as_printed_there() {
    let ec = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
    let okp = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    parse(ec, None).unwrap().sign(SignatureAlgorithm::Es256, MESSAGE).unwrap();
    let okp = parse(okp, None).unwrap();
    let signature =
        okp.sign(SignatureAlgorithm::EdDsa, b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc").unwrap();

    assert_eq!(okp.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(
        hexadecimal(&signature),
        "860c98d2297f3060a33f42739672d61b53cf3adefed3d3c672f320dc021b411e9d59b8628dc351e248b88b29468e0e41855b0fb7d83bb1\
         5be902bfccb8cd0a02"
    );
}

#[test]
fn the_public_jwk_has_the_members_that_digdir_requires_and_no_private_one() {
    let members = |file: &str| {
        let jwk = open(file).public_jwk("my-key", SignatureAlgorithm::Rs256);
        jwk.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };

    assert_eq!(members("jwk/rsa.json"), "kty use alg kid e n");
    assert_eq!(members("jwk/ec521.json"), "kty use alg kid crv x y");
    assert_eq!(members("jwk/ed25519.json"), "kty use alg kid crv x");
    let own: Value = serde_json::from_str(&text("jwk/ec521.json")).unwrap();
    let public = open("jwk/ec521.json").public_jwk("ec521", SignatureAlgorithm::Es512);
    for member in ["kty", "use", "alg", "kid", "crv", "x", "y"] {
        assert_eq!(public[member], own[member], "{member}");
    }
}

#[test]
fn a_key_id_chooses_from_a_set_and_is_ignored_for_a_single_jwk() {
    let set = || JwkFile::parse("set.json", text("jwk/set.json")).unwrap();

    assert!(set().is_set());
    signs_as(&set().choose(Some("second")).unwrap(), "second", SignatureAlgorithm::Rs256);
    signs_as(&set().choose(Some("ec")).unwrap(), "ec", SignatureAlgorithm::Es256);
    let one = JwkFile::parse("key.json", text("jwk/rsa.json")).unwrap();
    assert!(!one.is_set());
    assert_eq!(one.choose(Some("registered-as")).unwrap().key_id(), Some("enterprise"));
}

#[test]
fn an_unknown_key_id_is_rejected_with_a_list_of_the_keys() {
    let (code, cause, hint) = refused(parse(&text("jwk/set.json"), Some("third")));

    assert_eq!(code, "jwk_key_id");
    assert_eq!(cause, "it has no key with the id `third`; its keys are:\n  enterprise: RSA\n  second: RSA\n  ec: EC");
    assert_eq!(hint, "choose one of them with --kid KID");
}

#[test]
fn several_keys_without_a_key_id_are_rejected_unless_only_one_may_sign() {
    let set = |keys: &[&str]| {
        let keys: Vec<Value> = keys.iter().map(|name| serde_json::from_str(&text(name)).unwrap()).collect();
        json!({ "keys": keys }).to_string()
    };
    refuses(
        &text("jwk/set.json"),
        "jwk_key_id",
        "it has several keys to choose from:\n  enterprise: RSA\n  second: RSA\n  ec: EC",
    );
    refuses(
        &set(&["jwk/oct.json", "jwk/public.json"]),
        "jwk_key_id",
        "it has several keys to choose from:\n  shared: oct; it is a symmetric key (`kty` is `oct`), which cannot sign a grant\n  enterprise: RSA; it is a public key: the private member `d` is missing",
    );
    let key = parse(&set(&["jwk/use-enc.json", "jwk/public.json", "jwk/ec.json"]), None).unwrap();
    assert_eq!(key.key_id(), Some("ec"));
}

#[test]
fn x5c_is_the_chain_of_its_own_key_and_an_error_for_another() {
    let key = open("jwk/x5c.json");
    let subjects: Vec<String> = key.certificates().iter().map(Certificate::subject).collect();

    assert_eq!(subjects.len(), 3);
    assert!(subjects[0].contains("TESTETATEN") && subjects[2].contains("Root CA"), "{subjects:?}");
    let foreign = "no certificate in its `x5c` belongs to the key";
    refuses(&text("jwk/x5c-foreign.json"), "jwk_certificates", foreign);
    for damaged in [json!(["MIIB"]), json!("text"), json!(["%"]), json!([1])] {
        let cause = "its `x5c` is not an array of certificates in base64";
        refuses(&rsa_with(&[("x5c", damaged)]), "jwk_certificates", cause);
    }
}

#[test]
fn of_several_certificates_in_x5c_the_keys_own_that_may_sign_is_taken_in_any_order() {
    let own: Value = serde_json::from_str(&text("jwk/x5c.json")).unwrap();
    let own = own["x5c"].as_array().unwrap().clone();
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other").display().to_string();
    let key = testdata("keys/enterprise-key.pem");
    let made = ["req", "-x509", "-key", &key, "-subj", "/CN=x", "-days", "99999", "-outform", "DER", "-out", &other];
    let usage = ["-addext", "keyUsage=critical,keyEncipherment"];
    program(Command::new("openssl").args(made).args(usage), b"");
    let other = json!(BASE64.encode(fs::read(other).unwrap()));
    let reversed: Vec<Value> = own.iter().rev().cloned().collect();
    for x5c in [[vec![other.clone()], own.clone()].concat(), [own.clone(), vec![other]].concat(), reversed] {
        let key = parse(&with("jwk/x5c.json", &[("x5c", json!(x5c))]), None).unwrap();

        let sent: Vec<Value> = key.certificates().iter().map(|own| json!(BASE64.encode(own.der()))).collect();
        assert_eq!(sent, own);
    }
}

#[test]
fn of_several_keys_under_one_id_the_only_one_that_can_sign_is_taken() {
    let member = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let [no_use, kid] = [("use", Value::Null), ("kid", json!("k"))];
    let own = member(rsa_with(&[no_use.clone(), kid.clone()]));
    let public = member(with("jwk/public.json", std::slice::from_ref(&kid)));
    let encryption = member(rsa_with(&[kid.clone(), ("use", json!("enc"))]));
    let decryption = member(rsa_with(&[no_use.clone(), kid.clone(), ("alg", json!("RSA-OAEP-256"))]));
    let agreement = json!({ "kty": "OKP", "crv": "X25519", "kid": "k", "x": "AA", "d": "AA" });
    for others in [vec![public.clone()], vec![public, encryption], vec![decryption], vec![agreement], vec![own.clone()]]
    {
        for keys in [[vec![own.clone()], others.clone()].concat(), [others, vec![own.clone()]].concat()] {
            let set = json!({ "keys": keys }).to_string();

            for key_id in [None, Some("k")] {
                signs_as(&parse(&set, key_id).unwrap(), "enterprise", SignatureAlgorithm::Rs256);
            }
        }
    }
    let two = json!({ "keys": [own, member(with("jwk/ec.json", &[kid]))] }).to_string();
    assert_eq!(refused(parse(&two, Some("k"))).0, "jwk_key_id");
}

#[test]
fn a_byte_order_mark_and_members_without_content_are_accepted() {
    let key = text("jwk/rsa.json").replacen('{', r#"{"key_ops": null, "exp": null, "extra": {"a": [1.5, true]},"#, 1);

    assert!(parse(&format!("\u{feff}{key}"), None).is_ok());
    for empty in [json!([]), json!("")] {
        let key = rsa_with(&["key_ops", "oth", "x5c", "use", "alg", "kid"].map(|name| (name, empty.clone())));
        assert!(parse(&key, None).is_ok(), "{empty}");
    }
    let public = rsa_with(&[("d", json!(""))]);
    refuses(&public, "jwk_public_only", "it is a public key: the private member `d` is missing");
}

#[test]
fn keys_are_read_in_every_form_whose_meaning_is_clear() {
    let (key, set) = (text("jwk/rsa.json"), text("jwk/set.json"));
    let base64 = BASE64.encode(&key);
    let folded: Vec<&str> = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for content in [
        format!("[{key}]"),
        format!(r#"{{"keys": {key}}}"#),
        format!(r#"{{"jwk": {key}}}"#),
        format!(r#"{{"jwks": {{"keys": [{key}]}}}}"#),
        format!(r#"{{"private_key": {}}}"#, json!(key)),
        json!(key).to_string(),
        base64.clone(),
        base64.trim_end_matches('=').to_owned(),
        base64.replace('+', "-").replace('/', "_"),
        folded.join("\r\n"),
        json!({ "jwk": base64 }).to_string(),
    ] {
        assert!(parse(&content, None).is_ok(), "{content}");
    }
    for bytes in [utf16(&key), utf16(&format!("\u{feff}{key}"))] {
        assert!(JwkFile::parse("key.json", bytes).and_then(|file| file.choose(None)).is_ok());
    }
    let bare = serde_json::from_str::<Value>(&set).unwrap()["keys"].to_string();
    assert_eq!(parse(&bare, Some("second")).unwrap().key_id(), Some("second"));
}

#[test]
fn files_that_are_not_jwks_have_different_errors() {
    refuses("", "jwk_not_json", "it is not a JWK: it is empty");
    refuses(" \r\n", "jwk_not_json", "it is not a JWK: it is empty");
    refuses("{\"kty\":\n \"RSA\"", "jwk_not_json", "it is not JSON: line 2, column 6");
    // Base64 that is not of a key.
    refuses("blabaer+", "jwk_not_json", "it is not JSON: line 1, column 1");
    refuses("eyJrdHkiOiJSU0EifQ==", "jwk_public_only", "it is a public key: the private member `d` is missing");
    let neither = "it is JSON, but neither a JWK (with `kty`) nor a set of them (with `keys`)";
    for content in ["{}", "[1]", "1", "\"text\"", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"a":{},"b":{}}"#] {
        refuses(content, "jwk_no_key", neither);
    }
    for content in [r#"{"keys":[]}"#, "[]"] {
        refuses(content, "jwk_no_key", "it is an empty JWK set");
    }
    let many = format!(r#"{{"keys":[{}{{}}]}}"#, "{},".repeat(100));
    refuses(&many, "jwk_no_key", "it is a JWK set with more than 100 keys");
    refuses(&"[".repeat(100_000), "jwk_not_json", "it is nested more than 128 levels deep");
    let (code, cause, _) = refused(parse(&" ".repeat(1024 * 1024 + 1), None));
    assert_eq!((code, cause.as_str()), ("jwk_not_json", "it is larger than the limit of 1048576 bytes"));
    let (code, cause, _) = refused(JwkFile::parse("stdin", &b"\xff{"[..]));
    assert_eq!((code, cause.as_str()), ("jwk_not_json", "it is not UTF-8 text"));
}

#[test]
fn a_key_that_may_not_sign_has_an_error_of_its_own() {
    let public = "it is a public key: the private member `d` is missing";
    refuses(&text("jwk/public.json"), "jwk_public_only", public);
    let symmetric = "it is a symmetric key (`kty` is `oct`), which cannot sign a grant";
    refuses(&text("jwk/oct.json"), "jwk_symmetric", symmetric);
    refuses(&text("jwk/use-enc.json"), "jwk_use", "its `use` is `enc`, not `sig`");
    let verify = rsa_with(&[("use", Value::Null), ("key_ops", json!(["verify"]))]);
    refuses(&verify, "jwk_use", "its `key_ops` do not include `sign`");
    assert!(parse(&rsa_with(&[("key_ops", json!(["sign", "verify"]))]), None).is_ok());
}

#[test]
fn an_unsupported_algorithm_is_rejected_with_one_that_works() {
    for (name, named, possible) in [
        ("jwk/rsa.json", "ES256", "RS256"),
        ("jwk/rsa.json", "RSA-OAEP", "RS256"),
        ("jwk/ec384.json", "ES256", "ES384"),
    ] {
        let cause = format!("its `alg` is `{named}`, which this key does not support; it signs with {possible}");
        refuses(&with(name, &[("alg", json!(named))]), "jwk_algorithm", &cause);
    }
}

#[test]
fn a_missing_member_is_named() {
    let missing = |name: &str, member: &str| {
        let content = with(name, &[(member, Value::Null)]);
        refuses(&content, "jwk_member_missing", &format!("the member `{member}` is missing"));
    };
    for member in ["kty", "n", "e", "p", "q", "dp", "dq", "qi"] {
        missing("jwk/rsa.json", member);
    }
    for member in ["crv", "x", "y"] {
        missing("jwk/ec.json", member);
    }
    for member in ["crv", "x"] {
        missing("jwk/ed25519.json", member);
    }
}

#[test]
fn a_malformed_member_is_named_with_its_fault() {
    let n = serde_json::from_str::<Value>(&text("jwk/rsa.json")).unwrap()["n"].as_str().unwrap().to_owned();
    let plain = format!("+{}", &n[1..]);
    let blank = format!("{} {}", &n[..9], &n[9..]);
    for (value, fault) in [
        (format!("{n}=="), "it is padded with `=`"),
        (plain, "it has `+` or `/`, which belong to standard base64"),
        (blank, "it has spaces or line breaks"),
        ("æ".to_owned(), "it is truncated or has other invalid characters"),
        ("A".to_owned(), "it is truncated or has other invalid characters"),
        ("A".repeat(4000), "it is longer than any key"),
    ] {
        let cause = format!("the member `n` is not base64url without padding: {fault}");
        refuses(&rsa_with(&[("n", json!(value))]), "jwk_member", &cause);
    }
    refuses(&rsa_with(&[("kid", json!(1))]), "jwk_member", "the member `kid` is not a string");
    refuses(&rsa_with(&[("d", json!({"a": "b"}))]), "jwk_member", "the member `d` is not a string");
    refuses(&rsa_with(&[("key_ops", json!("sign"))]), "jwk_member", "the member `key_ops` is not an array of strings");
    let twice = text("jwk/rsa.json").replacen('{', r#"{"kid":"first","#, 1);
    refuses(&twice, "jwk_member", "the member `kid` occurs twice");
}

#[test]
fn members_of_different_keys_are_rejected() {
    let together = "its members do not form one key: `n`, `e`, `d`, `p`, `q`, `dp`, `dq` and `qi` do not match";
    refuses(&text("jwk/inconsistent.json"), "jwk_inconsistent", together);
    let second: Value = serde_json::from_str::<Value>(&text("jwk/set.json")).unwrap()["keys"][1].clone();
    for member in ["n", "d", "p", "q", "dp", "dq", "qi"] {
        refuses(&rsa_with(&[(member, second[member].clone())]), "jwk_inconsistent", together);
    }
    refuses(&rsa_with(&[("e", json!("Aw"))]), "jwk_inconsistent", together);
    for e in ["AQ", "Ag", "AA"] {
        let cause = "its members do not form one key: `e` or `d` is out of range";
        refuses(&rsa_with(&[("e", json!(e))]), "jwk_inconsistent", cause);
    }
    for one in ["p", "q", "dp", "dq", "qi"] {
        refuses(&rsa_with(&[(one, json!("AQ"))]), "jwk_inconsistent", together);
        refuses(&rsa_with(&[(one, json!("AA"))]), "jwk_inconsistent", together);
    }
    let large = with("jwk/rsa-short.json", &[("n", json!("_".repeat(684)))]);
    refuses(&large, "jwk_member_missing", "the member `p` is missing");
    let short = with("jwk/rsa-short.json", &[("d", second["d"].clone())]);
    refuses(&short, "jwk_inconsistent", "its members do not form one key: `n`, `e` and `d` do not match");
}

#[test]
fn a_public_key_that_does_not_match_the_private_key_is_rejected() {
    let ec: Value = serde_json::from_str(&text("jwk/ec.json")).unwrap();
    let cause = "its members do not form one key: `x` and `y` are not the public key of `d`";
    refuses(&with("jwk/ec.json", &[("x", ec["y"].clone())]), "jwk_inconsistent", cause);
    // Another point on the curve: that of RFC 7515 appendix A.3.
    let x = json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    let y = json!("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    refuses(&with("jwk/ec.json", &[("x", x.clone()), ("y", y)]), "jwk_inconsistent", cause);
    refuses(&with("jwk/ec.json", &[("d", json!("AA"))]), "jwk_inconsistent", cause);
    let cause = "its members do not form one key: `x` is not the public key of `d`";
    refuses(&with("jwk/ed25519.json", &[("x", x)]), "jwk_inconsistent", cause);
    let cause = "the member `d` is not base64url without padding: it has the wrong length for its curve";
    refuses(&with("jwk/ed25519.json", &[("d", json!("AAAA"))]), "jwk_member", cause);
}

#[test]
fn kinds_and_sizes_that_cannot_sign_are_rejected_before_anything_is_computed() {
    refuses(
        &rsa_with(&[("n", json!("_".repeat(172)))]),
        "keystore_key",
        "its RSA key has 1032 bits; 2048 to 16384 are accepted (RFC 7518 §3.3)",
    );
    let kind = |name: &str| format!("its private key is of the kind {name}, which cannot sign a JWT");
    let curve = with("jwk/ec.json", &[("crv", json!("secp256k1"))]);
    refuses(&curve, "keystore_key", &kind("EC on the curve secp256k1"));
    let exchange = with("jwk/ed25519.json", &[("crv", json!("X25519"))]);
    refuses(&exchange, "keystore_key", &kind("OKP on the curve X25519"));
    let primes = rsa_with(&[("oth", json!([{ "r": "AQ" }]))]);
    refuses(&primes, "keystore_key", &kind("RSA with more than two primes"));
    let unknown = rsa_with(&[("kty", json!("AKP"))]);
    refuses(&unknown, "keystore_key", "its `kty` is `AKP`, but only RSA, EC and OKP are supported");
}

#[test]
fn a_missing_file_is_named_with_its_option() {
    let error = JwkFile::read(std::path::Path::new("/no/such.json")).unwrap_err();

    assert_eq!(error.to_string(), "could not read the JWK `/no/such.json`");
    assert_eq!(refused::<()>(Err(error)).2, "check the path given with --jwk, and that you may read it");
}

#[test]
fn neither_file_nor_key_shows_the_key_in_debug_output() {
    let file = JwkFile::parse("key.json", text("jwk/ed25519.json")).unwrap();

    assert_eq!(format!("{file:?}"), r#"JwkFile { name: "key.json", keys: 1, .. }"#);
    assert_eq!(
        format!("{:?}", file.choose(None).unwrap()),
        r#"SigningKey { key: "[REDACTED]", kind: Ed25519, key_id: Some("ed25519"), certificates: [], .. }"#
    );
}
