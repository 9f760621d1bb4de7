//! The keystores in `testdata`: which open, with which options, and what they must contain.

use std::{collections::BTreeSet, fs};

use super::support::{Maskinporten, maskinporten, testdata};

/// The issuing and root certificate in every sample.
const CHAIN: &[&str] = &["issuing", "root"];

/// The warning for a keystore without a MAC.
const NO_MAC: &str = "warning: the keystore has no MAC, so changes to it cannot be detected\n";

/// A keystore that opens.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub file: &'static str,
    pub password: &'static str,
    /// The certificates that are sent along, by their names in `testdata/keys`.
    pub leaf: &'static str,
    pub above: &'static [&'static str],
    pub algorithm: &'static str,
    pub stderr: &'static str,
    /// Whether the certificate is valid today. If not, its issuers' certificates are at no time valid together with it.
    pub holds: bool,
}

const fn sample(file: &'static str, password: &'static str) -> Sample {
    Sample { file, password, leaf: "enterprise", above: CHAIN, algorithm: "RS256", stderr: "", holds: true }
}

const fn of(leaf: &'static str, file: &'static str, password: &'static str) -> Sample {
    Sample { leaf, ..sample(file, password) }
}

impl Sample {
    const fn signs(self, algorithm: &'static str, stderr: &'static str) -> Self {
        Self { algorithm, stderr, ..self }
    }

    const fn warns(self, stderr: &'static str) -> Self {
        Self { stderr, ..self }
    }

    const fn does_not_hold(self) -> Self {
        Self { holds: false, ..self }
    }

    /// The certificates that must be sent, leaf first, in the base64 of their PEM files.
    pub fn x5c(&self) -> Vec<String> {
        [&[self.leaf], self.above].concat().into_iter().map(certificate).collect()
    }
}

/// Every keystore that opens without `--alias` and without `--kid`.
pub const OPENABLE: &[Sample] = &[
    sample("modern.p12", "secret"),
    sample("aes128.p12", "secret"),
    sample("sha512-mac.p12", "secret"),
    sample("certpbe-none.p12", "secret"),
    sample("iterations-600000.p12", "secret"),
    sample("iterations-one.p12", "secret"),
    sample("no-mac.p12", "secret").warns(NO_MAC),
    sample("pbmac1.p12", "secret"),
    sample("ber.p12", "secret"),
    sample("trailing-bytes.p12", "secret"),
    sample("legacy.p12", "secret"),
    sample("ber-legacy.p12", "secret"),
    sample("iterations-one-legacy.p12", "secret"),
    sample("no-mac-legacy.p12", "secret").warns(NO_MAC),
    sample("triple-des.p12", "secret"),
    sample("dotnet8.p12", "secret"),
    sample("mixed.p12", "secret"),
    sample("rc2-aes.p12", "secret"),
    sample("empty-password.p12", ""),
    sample("empty-password-legacy.p12", ""),
    sample("norwegian-password.p12", "blåbær øl Å"),
    sample("norwegian-password-legacy.p12", "blåbær øl Å"),
    sample("emoji-password.p12", "p🔑w 𝄞"),
    sample("emoji-password-legacy.p12", "p🔑w 𝄞"),
    sample("latin1-password.p12", "blåbærøl"),
    sample("openssl1-password-legacy.p12", "blåbærøl"),
    of("ec", "ec.p12", "secret").signs("ES256", "warning: Maskinporten accepts RS256, RS384 and RS512, not ES256\n"),
    of("ec384", "ec384.p12", "secret")
        .signs("ES384", "warning: Maskinporten accepts RS256, RS384 and RS512, not ES384\n"),
    of("ec521", "ec521.p12", "secret")
        .signs("ES512", "warning: Maskinporten accepts RS256, RS384 and RS512, not ES512\n"),
    of("ed25519", "ed25519.p12", "secret")
        .signs("EdDSA", "warning: Maskinporten accepts RS256, RS384 and RS512, not EdDSA\n"),
    of("rsa3072", "rsa3072.p12", "secret"),
    of("rsa4096", "rsa4096.p12", "secret"),
    of("expired", "expired.p12", "secret")
        .warns("warning: the certificate expired on 2022-01-01 00:00 UTC\n")
        .does_not_hold(),
    of("not-yet-valid", "not-yet-valid.p12", "secret")
        .warns("warning: the certificate is not valid before 2110-01-01 00:00 UTC\n")
        .does_not_hold(),
    of("orgno-in-o", "orgno-in-o.p12", "secret"),
    of("orgno-in-2-5-4-97", "orgno-in-2-5-4-97.p12", "secret"),
    Sample { above: &[], ..sample("leaf-only.p12", "secret") },
    sample("foreign-certificates.p12", "secret"),
    sample("reversed-chain.p12", "secret"),
    of("other", "other.p12", "secret"),
    sample("keytool.p12", "secret12"),
    sample("keytool-legacy.p12", "secret12"),
    of("authentication", "keytool-three.p12", "secret12"),
    of("authentication", "buypass-three.p12", "secret"),
];

/// Every other keystore; `keystore_errors` and `iterations` test each of them.
pub const OTHERS: &[&str] = &[
    "certificates-only.p12",
    "damaged.p12",
    "huge-length.p12",
    "iterations-content-2147483647.p12",
    "iterations-content-legacy-2147483647.p12",
    "iterations-huge.p12",
    "iterations-inner.p12",
    "iterations-mac-2147483647.p12",
    "iterations-mac-legacy-2147483647.p12",
    "iterations-sum.p12",
    "iterations-zero-legacy.p12",
    "iterations-zero.p12",
    "nested-definite.p12",
    "nested.p12",
    "no-certificate.p12",
    "other-key.p12",
    "rc2-128.p12",
    "rc4.p12",
    "secret-key-only.p12",
    "truncated.p12",
    "two-key-3des.p12",
    "two-signers.p12",
];

#[test]
fn every_keystore_in_testdata_is_in_one_of_the_two_lists() {
    let files = fs::read_dir(testdata("")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let listed: BTreeSet<String> =
        OPENABLE.iter().map(|sample| sample.file).chain(OTHERS.iter().copied()).map(str::to_owned).collect();

    let keystores: BTreeSet<String> = files.filter(|file| file.contains(".p12")).collect();

    assert_eq!(keystores, listed);
    assert_eq!(listed.len(), OPENABLE.len() + OTHERS.len());
}

/// `grant` with this keystore, without its password.
pub fn grant(keystore: &str) -> Maskinporten {
    maskinporten(["grant", "--env", "test", "-c", "client", "-s", "altinn:serviceowner", "-k", keystore])
}

/// `grant` with a keystore of `testdata` and its password. An empty variable counts as unset, so an empty
/// password is given in a variable that is named.
pub fn grant_from(sample: &Sample) -> Maskinporten {
    let grant = grant(&testdata(sample.file));
    let grant = if sample.algorithm == "RS256" { grant } else { grant.args(["--alg", sample.algorithm]) };
    if sample.password.is_empty() {
        grant.args(["--keystore-password-env", "EMPTY"]).env("EMPTY", "")
    } else {
        grant.env("MASKINPORTEN_KEYSTORE_PASSWORD", sample.password)
    }
}

/// A certificate of `testdata/keys` as `x5c` must carry it: the base64 between the lines of its PEM file.
pub fn certificate(name: &str) -> String {
    let pem = fs::read_to_string(testdata(&format!("keys/{name}.pem"))).unwrap();
    let (_, body) = pem.split_once("-----BEGIN CERTIFICATE-----").unwrap();
    body.split_once("-----END CERTIFICATE-----").unwrap().0.split_whitespace().collect()
}
