//! Verifies a grant with the `openssl` command, without code of this project or its dependencies.

use std::{fs, process::Command};

use serde_json::Value;

use super::support::{program, testdata};

/// The parts of a grant, with its certificates as files for `openssl`.
pub struct Grant {
    pub header: Value,
    signed: String,
    signature: Vec<u8>,
    folder: tempfile::TempDir,
}

impl Grant {
    /// Parses the output of `maskinporten grant`.
    #[track_caller]
    pub fn of(stdout: &str) -> Self {
        let grant = stdout.strip_suffix('\n').unwrap();
        let (signed, signature) = grant.rsplit_once('.').unwrap();
        let (header, _claims) = signed.split_once('.').unwrap();
        let header = serde_json::from_slice(&base64url(header)).unwrap();
        Self {
            header,
            signed: signed.to_owned(),
            signature: base64url(signature),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn signature_length(&self) -> usize {
        self.signature.len()
    }

    pub fn x5c(&self) -> Vec<&str> {
        let x5c = self.header["x5c"].as_array();
        x5c.map(|x5c| x5c.iter().map(|one| one.as_str().unwrap()).collect()).unwrap_or_default()
    }

    /// Returns the first certificate in the grant.
    pub fn leaf(&self) -> String {
        pem(self.x5c()[0])
    }

    /// Returns whether `openssl` verifies the signature with the public key of this certificate.
    #[track_caller]
    pub fn is_signed_by(&self, certificate: &str) -> bool {
        self.verifies(certificate, self.signed.as_bytes())
    }

    /// Returns whether the same signature verifies with other claims, which it must not.
    #[track_caller]
    pub fn is_signed_by_after_a_change(&self, certificate: &str) -> bool {
        self.verifies(certificate, format!("{}A", self.signed).as_bytes())
    }

    #[track_caller]
    fn verifies(&self, certificate: &str, signed: &[u8]) -> bool {
        let public = program(&mut openssl(&["x509", "-noout", "-pubkey"]), certificate.as_bytes());
        let algorithm = self.header["alg"].as_str().unwrap();
        let signature = match algorithm.split_at(2) {
            ("ES", _) => der_of_two_numbers(&self.signature),
            _ => self.signature.clone(),
        };
        let [public, signature, signed] =
            [("public", public.as_bytes()), ("signature", &signature), ("signed", signed)]
                .map(|(name, content)| self.file(name, content));
        let digest = format!("-sha{}", &algorithm[2..]);
        let mut command = match algorithm {
            "EdDSA" => openssl(&[
                "pkeyutl", "-verify", "-pubin", "-rawin", "-inkey", &public, "-sigfile", &signature, "-in", &signed,
            ]),
            _ => openssl(&["dgst", &digest, "-verify", &public, "-signature", &signature]),
        };
        if algorithm.starts_with("PS") {
            command.args(["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]);
        }
        if algorithm != "EdDSA" {
            command.arg(&signed);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            output.status.success(),
            ["Verified OK\n", "Signature Verified Successfully\n"].contains(&said.as_str()),
            "{said}"
        );
        output.status.success()
    }

    /// Returns whether `openssl` verifies the chain from the leaf to the root of testdata, over the certificates in the
    /// grant and `besides`.
    #[track_caller]
    pub fn is_trusted(&self, besides: &[&str], holds: bool) -> bool {
        let mut above: String = self.x5c().into_iter().skip(1).map(pem).collect();
        above.extend(besides.iter().map(|name| fs::read_to_string(testdata(&format!("keys/{name}.pem"))).unwrap()));
        let (leaf, above) = (self.file("leaf", self.leaf().as_bytes()), self.file("above", above.as_bytes()));
        let root = testdata("keys/root.pem");
        let mut command = openssl(&["verify", "-no-CApath", "-no-CAstore", "-CAfile", &root, "-untrusted", &above]);
        if !holds {
            assert!(!succeeds(&mut openssl(&["verify", "-CAfile", &root, "-untrusted", &above, &leaf])));
            command.arg("-no_check_time");
        }
        succeeds(command.arg(&leaf))
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

/// Returns the `openssl` command with these arguments.
pub fn openssl(arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments);
    command
}

/// Returns whether a command succeeds; its output is ignored.
pub fn succeeds(command: &mut Command) -> bool {
    command.output().unwrap().status.success()
}

/// Converts a certificate in `x5c` to PEM.
fn pem(base64: &str) -> String {
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// Base64url without padding (RFC 7515 §2).
#[track_caller]
fn base64url(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = |octet| u32::try_from(ALPHABET.iter().position(|one| *one == octet).unwrap()).unwrap();
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0, |bits, octet| bits << 6 | value(*octet)) << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    };
    text.as_bytes().chunks(4).flat_map(group).collect()
}

/// Converts an ECDSA signature from two numbers side by side (RFC 7518 §3.4) to DER (RFC 3279).
fn der_of_two_numbers(signature: &[u8]) -> Vec<u8> {
    let element = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap();
        let header = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
        [header.as_slice(), content].concat()
    };
    let number = |half: &[u8]| {
        let zeros = half.iter().take_while(|octet| **octet == 0).count();
        let sign: &[u8] = if half.get(zeros).is_none_or(|octet| octet & 0x80 != 0) { &[0] } else { &[] };
        element(0x02, &[sign, &half[zeros..]].concat())
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    element(0x30, &[number(r), number(s)].concat())
}

#[test]
fn reads_base64url_as_rfc_4648_writes_it() {
    for (text, octets) in
        [("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob"), ("Zm9vYmFy", "foobar")]
    {
        assert_eq!(base64url(text), octets.as_bytes());
    }
    assert_eq!(base64url("-_8"), [0xfb, 0xff]);
}
