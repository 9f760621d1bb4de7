//! .NET's certificate store of the current user on Linux, as a folder with the files that .NET writes.
#![cfg(unix)] // on Windows the store is refused, whatever is in it

use std::{fs, path::Path};

use maskinporten::keystore::{CertificateThumbprint, DotnetStore, KeystoreError, SigningKey};
use openssl::hash::MessageDigest;

use super::{bytes, certificate, hexadecimal, refused, signs_as};
use crate::support::testdata;

fn thumbprint(name: &str, digest: MessageDigest) -> String {
    hexadecimal(&certificate(name).digest(digest).unwrap())
}

fn find(folder: &Path, wanted: &str) -> Result<SigningKey, KeystoreError> {
    DotnetStore::new(folder).find(&CertificateThumbprint::parse(wanted).unwrap())
}

fn store() -> std::path::PathBuf {
    testdata("x509stores/my").into()
}

#[test]
fn finds_a_key_by_sha_1_and_sha_256_thumbprint_whatever_the_files_ordinal() {
    for name in ["enterprise", "other"] {
        for digest in [MessageDigest::sha1(), MessageDigest::sha256()] {
            let key = find(&store(), &thumbprint(name, digest)).unwrap();

            signs_as(&key, name, key.default_algorithm());
            assert_eq!(key.certificates().len(), 1);
        }
    }
}

#[test]
fn a_key_is_found_in_a_file_with_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let named = format!("x509stores/my/{}.pfx", thumbprint("enterprise", MessageDigest::sha1()).to_uppercase());
    fs::write(folder.path().join("renamed.PFX"), bytes(&named)).unwrap();
    fs::write(folder.path().join("notes.txt"), "not looked at").unwrap();

    let key = find(folder.path(), &thumbprint("enterprise", MessageDigest::sha1())).unwrap();

    signs_as(&key, "enterprise", key.default_algorithm());
}

#[test]
fn an_unknown_thumbprint_is_rejected_with_a_list_of_the_certificates() {
    let (code, cause, hint) = refused(find(&store(), &"ab".repeat(20)));

    assert_eq!(code, "certificate_store_not_found");
    assert!(
        cause.starts_with(&format!(
            "no certificate in it has the thumbprint {}; its certificates are:\n",
            "AB".repeat(20)
        ))
    );
    for name in ["enterprise", "other", "second"] {
        let line = format!("\n  {}: C=NO, O=", thumbprint(name, MessageDigest::sha1()).to_uppercase());
        assert!(cause.contains(&line), "{cause}");
    }
    assert_eq!(cause.lines().count(), 4);
    assert_eq!(hint, "pass the thumbprint of one of them with --certificate-thumbprint");
}

#[test]
fn a_certificate_without_its_key_has_an_error_of_its_own() {
    let (code, cause, _) = refused(find(&store(), &thumbprint("second", MessageDigest::sha1())));

    assert_eq!(code, "certificate_store_no_private_key");
    assert!(cause.starts_with("its certificate C=NO, O=TESTETATEN") && cause.ends_with("has no private key"));
}

#[test]
fn a_missing_store_and_an_empty_store_have_different_errors() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = "ab".repeat(20);
    let missing = find(&folder.path().join("my"), &wanted).unwrap_err();
    assert_eq!(
        missing.to_string(),
        format!("could not load a key from the certificate store `{}`", folder.path().join("my").display())
    );
    let (code, cause, _) = refused::<()>(Err(missing));
    assert_eq!(code, "certificate_store_missing");
    assert_eq!(cause, "the folder does not exist, so .NET has not stored a certificate for this user");
    let (code, cause, _) = refused(find(folder.path(), &wanted));
    assert_eq!(code, "certificate_store_not_found");
    assert!(cause.ends_with("; its certificates are: none"), "{cause}");
}
