//! JWKs and JWK sets, private and public.

use maskinporten::keystore::{JwkFile, KeySet, SignatureAlgorithm};

use super::properties::{Secrets, check_error, check_key, check_line, members};

const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let private = members(&text, &PRIVATE);
    let secrets = Secrets::new(&text, private.iter().map(String::as_str));
    for key_id in [None, Some("ec")] {
        let opened = JwkFile::parse("key.jwk.json", bytes).and_then(|file| {
            secrets.are_not_in(&format!("{file:?}"));
            file.choose(key_id)
        });
        match opened {
            Ok(key) => {
                secrets.are_not_in(&format!("{key:?}"));
                check_key(&key);
            }
            Err(error) => check_error(&error, &secrets),
        }
    }
    match KeySet::parse(bytes) {
        Ok(set) => {
            for id in set.key_ids() {
                check_line(id, &secrets);
                for algorithm in [SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256] {
                    let _ = set.find(Some(id), algorithm).count();
                    check_line(&set.fault(id, algorithm).unwrap_or_default(), &secrets);
                }
            }
        }
        Err(error) => check_error(&error, &secrets),
    }
}
