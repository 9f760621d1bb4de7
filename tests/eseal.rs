//! European eSeals: certificates of organisations in other countries, whose clients are not registered.

use std::fs;

use openssl::{
    asn1::{Asn1Object, Asn1Time},
    bn::BigNum,
    hash::MessageDigest,
    nid::Nid,
    pkcs12::Pkcs12,
    pkey::PKey,
    rsa::Rsa,
    x509::{X509, X509NameBuilder, extension::KeyUsage},
};
use serde_json::Value;

use crate::support::{Maskinporten, maskinporten};

/// Makes a command of a client with a keystore whose certificate has this identifier.
fn with_identifier(command: &str, identifier: &str) -> Maskinporten {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    let identifier_type = Asn1Object::from_str("2.5.4.97").unwrap().nid();
    for (attribute, value) in [
        (Nid::COUNTRYNAME, &identifier[3..5]),
        (Nid::ORGANIZATIONNAME, "Nordisk Handel AB"),
        (identifier_type, identifier),
        (Nid::COMMONNAME, "Nordisk Handel AB"),
    ] {
        name.append_entry_by_nid(attribute, value).unwrap();
    }
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_serial_number(&BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap()).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(300).unwrap()).unwrap();
    let usage = KeyUsage::new().critical().digital_signature().non_repudiation().build().unwrap();
    certificate.append_extension(usage).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let keystore = Pkcs12::builder().name("seal").pkey(&key).cert(&certificate.build()).build2("secret").unwrap();
    let command = maskinporten([command]);
    let file = command.home().join("seal.p12");
    fs::write(&file, keystore.to_der().unwrap()).unwrap();
    command
        .args(["--env", "test", "--client-id", "Nordisk Handel AB", "--scope", "toll:eu/tolltariff"])
        .args(["--keystore".as_ref(), file.as_os_str()])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
}

#[test]
fn the_client_id_of_an_eseal_may_have_blanks() {
    let grant = with_identifier("grant", "VATSE-556677889901").args(["--decode"]).run().artefact();

    let grant: Value = serde_json::from_str(&grant).unwrap();
    assert_eq!(grant["claims"]["iss"], "Nordisk Handel AB");
}

#[test]
fn check_finds_no_fault_in_the_identifier_of_another_country() {
    for identifier in ["VATSE-556677889901", "VATDE-991825827", "LEIXG-5493001KJTIIGC8Y1R12", "NTRFI-0112038-9"] {
        let outcome = with_identifier("check", identifier).args(["--offline", "--format", "json"]).run();

        assert_eq!(outcome.code, 0, "{identifier}: {}{}", outcome.stdout, outcome.stderr);
        let found = format!("{identifier}, in organizationIdentifier: a European eSeal");
        assert!(outcome.stdout.contains(&found), "{}", outcome.stdout);
    }
}

#[test]
fn inspect_finds_the_identifier_of_another_country() {
    let grant = with_identifier("grant", "VATDE-991825827").run().artefact();

    let report = maskinporten(["inspect", "--format", "json"]).stdin(grant).run();

    assert!(report.stdout.contains("VATDE-991825827"), "{}", report.stdout);
    assert!(!report.stdout.contains("\"991825827\""), "a German number is not a Norwegian one: {}", report.stdout);
}
