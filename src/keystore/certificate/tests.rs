//! Certificates are read as OpenSSL reads them.

use std::{collections::BTreeMap, fs, path::Path};

use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509Builder, X509KeyUsage, X509Name, X509NameRef, X509VerifyResult,
        extension::{BasicConstraints, KeyUsage as KeyUsageExtension},
    },
};

use super::*;
use crate::{
    keystore::openssl_key,
    pem::{self, PemBlock},
};

/// What is read from a certificate.
#[derive(Debug, PartialEq)]
struct Facts {
    subject: String,
    issuer: String,
    not_before: Option<DateTime<Utc>>,
    not_after: Option<DateTime<Utc>>,
    key_usage: Option<Vec<&'static str>>,
    organisations: Vec<String>,
    identifiers: Vec<String>,
    public_key: Option<PublicKey>,
    der: Vec<u8>,
}

impl Facts {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            key_usage: certificate.key_usage(),
            organisations: values(certificate.subject_name(), ORGANIZATION_NAME),
            identifiers: values(certificate.subject_name(), ORGANIZATION_IDENTIFIER),
            public_key: certificate.public_key().cloned(),
            der: certificate.der().to_vec(),
        }
    }

    fn by_openssl(x509: &X509) -> Self {
        let time = |time| {
            let since = Asn1Time::from_unix(0).unwrap().diff(time).unwrap();
            DateTime::from_timestamp(i64::from(since.days) * 86_400 + i64::from(since.secs), 0)
        };
        let usage = x509.key_usage().map(|usage| {
            let bits = [
                X509KeyUsage::DIGITAL_SIGNATURE,
                X509KeyUsage::NON_REPUDIATION,
                X509KeyUsage::KEY_ENCIPHERMENT,
                X509KeyUsage::DATA_ENCIPHERMENT,
                X509KeyUsage::KEY_AGREEMENT,
                X509KeyUsage::KEY_CERT_SIGN,
                X509KeyUsage::CRL_SIGN,
                X509KeyUsage::ENCIPHER_ONLY,
                X509KeyUsage::DECIPHER_ONLY,
            ];
            let names = bits.into_iter().zip(KEY_USAGES);
            names.filter(|(bit, _)| usage.contains(*bit)).map(|(_, (_, name))| name).collect()
        });
        Self {
            subject: name(x509.subject_name()),
            issuer: name(x509.issuer_name()),
            not_before: time(x509.not_before()),
            not_after: time(x509.not_after()),
            key_usage: usage,
            organisations: entries(x509.subject_name(), "organizationName"),
            identifiers: entries(x509.subject_name(), "organizationIdentifier"),
            public_key: x509.public_key().ok().map(|key| openssl_key::public_key(&key).unwrap()),
            der: x509.to_der().unwrap(),
        }
    }
}

fn name(name: &X509NameRef) -> String {
    let attributes = name.entries().map(|entry| {
        let label = entry.object().nid().short_name().unwrap_or("?");
        entry.data().to_string().map_or_else(|_| format!("{label}=?"), |value| format!("{label}={value}"))
    });
    shown(&attributes.collect::<Vec<_>>().join(", "))
}

fn entries(name: &X509NameRef, long_name: &str) -> Vec<String> {
    let entries = name.entries().filter(|entry| entry.object().nid().long_name().is_ok_and(|own| own == long_name));
    entries.map(|entry| entry.data().to_string().unwrap()).collect()
}

/// Returns every certificate that OpenSSL finds in the samples and the seeds for fuzzing, outside what is encrypted.
fn samples() -> BTreeMap<Vec<u8>, X509> {
    let mut found = BTreeMap::new();
    for folder in ["testdata", "fuzz/seeds"] {
        search(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    assert!(found.len() > 20, "{}", found.len());
    found
}

fn search(folder: &Path, found: &mut BTreeMap<Vec<u8>, X509>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, found);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let text = pem::decode(&bytes);
        let blocks = PemBlock::find_all(&text).unwrap_or_default();
        let decoded = blocks.iter().filter_map(|block| block.der().ok()).map(|der| der.to_vec());
        for bytes in decoded.chain([bytes]) {
            let starts = (0..bytes.len()).filter(|start| bytes[*start..].starts_with(&[0x30, 0x82]));
            let parsed = starts.filter_map(|start| X509::from_der(&bytes[start..]).ok());
            found.extend(parsed.map(|x509| (x509.to_der().unwrap(), x509)));
        }
    }
}

#[test]
fn every_sample_is_read_as_openssl_reads_it() {
    for (der, x509) in samples() {
        let own = Certificate::from_der(&der).unwrap_or_else(|| panic!("{}", name(x509.subject_name())));

        assert_eq!(Facts::of(&own), Facts::by_openssl(&x509));
    }
}

#[test]
fn the_issuers_of_every_sample_are_those_that_openssl_finds() {
    let samples: Vec<(Certificate, X509)> =
        samples().into_iter().map(|(der, x509)| (Certificate::from_der(&der).unwrap(), x509)).collect();
    let mut issued = 0;
    for (own, x509) in &samples {
        for (issuer, issuer_x509) in &samples {
            let expected = issuer_x509.issued(x509) == X509VerifyResult::OK
                && issuer_x509.public_key().is_ok_and(|key| x509.verify(&key).unwrap_or(false));
            assert_eq!(own.is_issued_by(issuer), expected, "{own:?} {issuer:?}");
            issued += usize::from(expected);
        }
    }
    assert!(issued > 10, "{issued}");
}

/// Makes a certificate; without an issuer it is signed with its own key.
fn make(subject: &X509Name, key: &PKey<Private>, issuer: (&X509Name, &PKey<Private>), digest: MessageDigest) -> X509 {
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&Asn1Integer::from_bn(&BigNum::from_u32(7).unwrap()).unwrap()).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer.0).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_str("20991231235959Z").unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.append_extension(BasicConstraints::new().ca().build().unwrap()).unwrap();
    builder.append_extension(KeyUsageExtension::new().key_cert_sign().decipher_only().build().unwrap()).unwrap();
    builder.sign(issuer.1, digest).unwrap();
    builder.build()
}

#[test]
fn signatures_of_every_kind_of_key_and_digest_are_verified() {
    let curve = |nid| PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(nid).unwrap()).unwrap()).unwrap();
    let rsa = |bits| PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap();
    let (none, sha1) = (MessageDigest::null(), MessageDigest::sha1());
    let (sha256, sha384, sha512) = (MessageDigest::sha256(), MessageDigest::sha384(), MessageDigest::sha512());
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", "issuer").unwrap();
    let subject = subject.build();
    for (key, digest) in [
        (rsa(2048), sha256),
        (rsa(2048), sha384),
        (rsa(2048), sha512),
        (rsa(2048), sha1),
        (rsa(1024), sha256),
        (curve(Nid::X9_62_PRIME256V1), sha256),
        (curve(Nid::X9_62_PRIME256V1), sha384),
        (curve(Nid::SECP384R1), sha384),
        (curve(Nid::SECP384R1), sha512),
        (curve(Nid::SECP521R1), sha512),
        (curve(Nid::SECP256K1), sha256),
        (PKey::generate_ed25519().unwrap(), none),
        (PKey::generate_ed448().unwrap(), none),
    ] {
        let x509 = make(&subject, &key, (&subject, &key), digest);
        let own = Certificate::from_der(&x509.to_der().unwrap()).unwrap();
        let mut damaged = own.der().to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        let damaged = Certificate::from_der(&damaged).unwrap();

        assert_eq!(Facts::of(&own), Facts::by_openssl(&x509));
        assert!(own.is_self_signed(), "{:?}", own.public_key());
        assert!(!damaged.is_issued_by(&own), "{:?}", own.public_key());
    }
}

#[test]
fn names_of_every_type_of_string_are_read_and_compared_as_openssl_does() {
    use openssl::asn1::Asn1Type;
    let key = PKey::generate_ed25519().unwrap();
    let with = |entries: &[(&str, &str, Asn1Type)]| {
        let mut builder = X509Name::builder().unwrap();
        for (field, value, of_type) in entries {
            builder.append_entry_by_text_with_type(field, value, *of_type).unwrap();
        }
        builder.build()
    };
    let utf8 = with(&[
        ("C", "NO", Asn1Type::PRINTABLESTRING),
        ("O", "Blåbær & Sønn", Asn1Type::UTF8STRING),
        ("2.5.4.97", "NTRNO-991825827", Asn1Type::UTF8STRING),
        ("emailAddress", "post@example.no", Asn1Type::IA5STRING),
        ("street", "Storgata 1", Asn1Type::UTF8STRING),
        ("UID", "1", Asn1Type::UTF8STRING),
        ("1.2.3.4.5", "unknown", Asn1Type::UTF8STRING),
    ]);
    let other_types = with(&[
        ("C", "no", Asn1Type::UTF8STRING),
        ("O", "  Blåbær &  SøNN ", Asn1Type::BMPSTRING),
        ("2.5.4.97", "ntrno-991825827", Asn1Type::PRINTABLESTRING),
        ("emailAddress", "post@example.no", Asn1Type::UTF8STRING),
        ("street", "storgata 1", Asn1Type::T61STRING),
        ("UID", "1", Asn1Type::NUMERICSTRING),
        ("1.2.3.4.5", "unknown", Asn1Type::UTF8STRING),
    ]);
    let different = with(&[("C", "NO", Asn1Type::PRINTABLESTRING)]);
    for (subject, issuer) in [(&utf8, &utf8), (&utf8, &other_types), (&other_types, &utf8), (&utf8, &different)] {
        let root = make(subject, &key, (subject, &key), MessageDigest::null());
        let leaf = make(&different, &key, (issuer, &key), MessageDigest::null());
        let [own_root, own_leaf] = [&root, &leaf].map(|x509| Certificate::from_der(&x509.to_der().unwrap()).unwrap());

        assert_eq!(Facts::of(&own_root), Facts::by_openssl(&root));
        assert_eq!(Facts::of(&own_leaf), Facts::by_openssl(&leaf));
        assert_eq!(own_leaf.is_issued_by(&own_root), root.issued(&leaf) == X509VerifyResult::OK);
    }
}

#[test]
fn the_digits_after_the_last_dash_are_found() {
    for (value, wanted) in [
        ("TESTETATEN - 991825827", Some("991825827")),
        ("NTRNO-991825827", Some("991825827")),
        ("PSDNO-FSA-991825827", Some("991825827")),
        ("-991825827", None),
        ("TESTETATEN 991825827", None),
        ("TEST-ETATEN", None),
    ] {
        assert_eq!(after_dash(value).as_deref(), wanted, "{value}");
    }
}

#[test]
fn control_characters_in_a_file_do_not_reach_the_terminal() {
    assert_eq!(shown("a\u{1b}[31mb"), "a\u{fffd}[31mb");
}
