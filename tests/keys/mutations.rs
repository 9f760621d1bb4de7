//! Thousands of damaged JWKs and PEM files: none may cause a panic, a hang or a signature of another key.

use std::time::{Duration, Instant};

use maskinporten::keystore::{CertificateFile, DEFAULT_ITERATIONS, JwkFile, PemFile};

use super::{MESSAGE, bytes, secret};

/// A debug build on a busy machine takes some seconds; a hang takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A random number generator with the same numbers on every run (xorshift; Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    /// Changes, removes, doubles or truncates some bytes.
    fn damage(&mut self, content: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(content.len().max(1));
            match self.below(6) {
                _ if content.is_empty() => return,
                0 => content[at] = u8::try_from(self.below(256)).unwrap(),
                1 => content[at] ^= 1 << self.below(8),
                2 => drop(content.drain(at..(at + self.below(40)).min(content.len()))),
                3 => content.truncate(at),
                4 => {
                    let part = content[at..(at + self.below(200)).min(content.len())].to_vec();
                    content.splice(at..at, part);
                }
                _ => content[at] = b"\"{}[]:,=-\n+/\\"[self.below(13)],
            }
        }
    }
}

/// Damages each file many times and passes it to `read`.
fn try_all(files: &[&str], rounds: usize, read: impl Fn(&[u8])) {
    let started = Instant::now();
    let mut random = Random(0x6d61_736b_696e_706f);
    for name in files {
        let whole = bytes(name);
        for round in 0..rounds {
            let mut damaged = whole.clone();
            random.damage(&mut damaged);
            read(&damaged);
            assert!(started.elapsed() < PATIENCE, "{name}, round {round}: it hangs");
        }
    }
}

#[test]
fn no_damaged_jwk_panics_or_hangs_and_what_still_opens_signs() {
    let files = ["rsa", "rsa-short", "ec", "ec521", "ed25519", "set", "x5c", "oct", "public"];
    let files = files.map(|name| format!("jwk/{name}.json"));
    try_all(&files.each_ref().map(String::as_str), 400, |damaged| {
        let Ok(file) = JwkFile::parse("key.json", damaged) else { return };
        drop(file.summaries());
        if let Ok(key) = file.choose(Some("enterprise")) {
            key.sign(key.default_algorithm(), MESSAGE).unwrap();
        }
    });
}

#[test]
fn no_damaged_pem_panics_hangs_or_asks_for_a_password() {
    let files = ["pkcs1", "sec1", "encrypted-pkcs8", "encrypted-3des", "encrypted-traditional", "with-text", "openssh"];
    let files = files.map(|name| format!("pem/{name}.pem"));
    try_all(&files.each_ref().map(String::as_str), 150, |damaged| {
        let Ok(file) = PemFile::parse("key.pem", damaged, DEFAULT_ITERATIONS) else { return };
        if let Ok(key) = file.open(&secret("secret")) {
            // A damaged PEM key may be inconsistent; then signing is an error.
            drop(key.sign(key.default_algorithm(), MESSAGE));
        }
    });
}

#[test]
fn no_damaged_file_of_certificates_panics() {
    try_all(&["pem/shuffled.pem", "certificate.der"], 500, |damaged| {
        drop(CertificateFile::parse("certificate.pem", damaged));
    });
}

#[test]
fn a_file_full_of_blocks_members_or_keys_is_read_in_time() {
    let started = Instant::now();
    let blocks = "-----BEGIN A-----\n".repeat(500_000);
    drop(PemFile::parse("key.pem", blocks.as_bytes(), DEFAULT_ITERATIONS));
    let blocks = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n".repeat(100_000);
    drop(PemFile::parse("key.pem", blocks.as_bytes(), DEFAULT_ITERATIONS));
    let members = (0..90_000).fold(String::new(), |text, number| text + "\"" + &number.to_string() + "\":0,");
    drop(JwkFile::parse("key.json", format!("{{{members}\"kty\":\"RSA\"}}")));
    let keys = format!("{{\"keys\":[{}{{}}]}}", "{\"kty\":\"RSA\"},".repeat(60_000));
    drop(JwkFile::parse("key.json", &keys));
    assert!(started.elapsed() < PATIENCE);
}
