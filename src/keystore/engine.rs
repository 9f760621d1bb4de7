//! Decides which library signs with a key and verifies its signatures: ring whatever it supports, OpenSSL the rest.
//!
//! ring starts at once and signs faster. OpenSSL has curves, sizes and forms of keys that ring does not have, and decides
//! what is wrong with a key that ring does not accept. The table of both is in the tests below.

#![allow(clippy::redundant_closure_for_method_calls)] // methods of yasna cannot be passed by name

use openssl::asn1::Asn1Object;
use yasna::{Tag, models::ObjectIdentifier};
use zeroize::Zeroizing;

use super::{
    KeystoreErrorKind, SignatureAlgorithm, openssl_key,
    private_key::{PrivateKey, SigningError},
    public_key::{KeyKind, PublicKey},
    ring_key,
    rsa_numbers::RsaNumbers,
    structure,
};

// Key algorithms: RFC 8017 appendix A, RFC 5480, RFC 8410.
const RSA: &[u64] = &[1, 2, 840, 113_549, 1, 1, 1];
const RSA_PSS: &[u64] = &[1, 2, 840, 113_549, 1, 1, 10];
const EC: &[u64] = &[1, 2, 840, 10_045, 2, 1];
const ED25519: &[u64] = &[1, 3, 101, 112];
const ED448: &[u64] = &[1, 3, 101, 113];

/// Parses a key in PKCS#8 (RFC 5958) if it is of a kind that signs, though it may not sign a JWT.
///
/// OpenSSL must not see other kinds: of a DSA key it computes the public key, for days if the numbers are long.
///
/// # Errors
/// [`KeystoreErrorKind::KeyKind`] for another kind, [`KeystoreErrorKind::Damaged`] if it cannot be parsed.
pub(super) fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, KeystoreErrorKind> {
    let algorithm = key_algorithm(der).ok_or(openssl_key::DAMAGED)?;
    let key = match algorithm.components().as_slice() {
        RSA => ring_key::rsa_from_pkcs8(der),
        EC => ring_key::ec_from_pkcs8(der),
        ED25519 => ring_key::ed25519_from_pkcs8(der),
        RSA_PSS | ED448 => None,
        _ => return Err(KeystoreErrorKind::KeyKind(algorithm_name(&algorithm))),
    };
    key.map_or_else(|| openssl_key::from_pkcs8(der), Ok)
}

/// Parses an RSA key in PKCS#1 (RFC 8017 appendix A.1.2).
pub(super) fn from_pkcs1(der: &[u8]) -> Option<PrivateKey> {
    ring_key::from_pkcs1(der).or_else(|| openssl_key::from_pkcs1(der))
}

/// Parses an EC key in SEC1 (RFC 5915).
pub(super) fn from_sec1(der: &[u8]) -> Option<PrivateKey> {
    sec1_numbers(der)
        .and_then(|(kind, scalar, point)| ring_key::from_ec_numbers(kind, &scalar, &point))
        .or_else(|| openssl_key::from_sec1(der))
}

/// Builds an RSA key whose numbers belong together.
pub(super) fn from_rsa_numbers(numbers: &RsaNumbers) -> Option<PrivateKey> {
    ring_key::from_rsa_numbers(numbers).or_else(|| openssl_key::from_rsa_numbers(numbers))
}

/// Builds an RSA key without the numbers that make signing fast.
pub(super) fn from_rsa_exponents(n: &[u8], e: &[u8], d: &[u8]) -> Option<PrivateKey> {
    openssl_key::from_rsa_exponents(n, e, d)
}

/// Builds an EC key if the point is that of the scalar.
pub(super) fn from_ec_numbers(kind: KeyKind, scalar: &[u8], point: &[u8]) -> Option<PrivateKey> {
    ring_key::from_ec_numbers(kind, scalar, point).or_else(|| openssl_key::from_ec_numbers(kind, scalar, point))
}

/// Builds an Ed25519 or Ed448 key if the point is that of the seed.
pub(super) fn from_okp_numbers(kind: KeyKind, seed: &[u8], point: &[u8]) -> Option<PrivateKey> {
    match kind {
        KeyKind::Ed25519 => ring_key::from_ed25519_numbers(seed, point),
        _ => openssl_key::from_okp_numbers(kind, seed, point),
    }
}

/// Returns whether `signature`, in the form of JWS, verifies; the caller checks that the key supports the algorithm.
///
/// # Errors
/// [`SigningError::OpenSsl`] if OpenSSL fails.
pub(super) fn verify(
    public: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, SigningError> {
    let verified = ring_key::verify(public, algorithm, message, signature);
    let verified = verified.map_or_else(|| openssl_key::verify(public, algorithm, message, signature), Ok);
    verified.map_err(SigningError::OpenSsl)
}

/// Returns whether the numbers form a public key: ring checks whether a point is on its curve only when it verifies.
pub(super) fn is_valid(public: &PublicKey) -> bool {
    openssl_key::is_valid(public)
}

/// Returns the algorithm of a key in PKCS#8 (RFC 5958 §2) without parsing or copying the key.
fn key_algorithm(pkcs8: &[u8]) -> Option<ObjectIdentifier> {
    let content = structure::content(pkcs8)?;
    let version = structure::first_element(content)?;
    let identifier = structure::first_element(&content[version.len()..])?;
    let parsed = yasna::parse_ber(identifier, |reader| {
        reader.read_sequence(|reader| {
            let algorithm = reader.next().read_oid()?;
            let _parameters = reader.read_optional(|reader| reader.read_der())?;
            Ok(algorithm)
        })
    });
    parsed.ok()
}

/// Returns OpenSSL's name of an algorithm, or its object identifier.
pub(super) fn algorithm_name(identifier: &ObjectIdentifier) -> String {
    let dotted = identifier.to_string();
    let known = Asn1Object::from_str(&dotted).ok().and_then(|object| object.nid().long_name().ok());
    known.map_or_else(|| format!("the algorithm {dotted}"), str::to_owned)
}

/// Returns the curve, scalar and point of a key in SEC1 that has all of them.
fn sec1_numbers(der: &[u8]) -> Option<(KeyKind, Zeroizing<Vec<u8>>, Vec<u8>)> {
    let element = structure::first_element(der)?;
    let (curve, scalar, point) = yasna::parse_der(element, |reader| {
        reader.read_sequence(|reader| {
            let _version = reader.next().read_u8()?;
            let scalar = reader.next().read_bytes().map(Zeroizing::new)?;
            let curve = reader.next().read_tagged(Tag::context(0), |reader| reader.read_oid())?;
            let (point, _) = reader.next().read_tagged(Tag::context(1), |reader| reader.read_bitvec_bytes())?;
            Ok((curve, scalar, point))
        })
    })
    .ok()?;
    let kind = match curve.components().as_slice() {
        [1, 2, 840, 10_045, 3, 1, 7] => KeyKind::P256,
        [1, 3, 132, 0, 34] => KeyKind::P384,
        _ => return None,
    };
    Some((kind, scalar, point))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use openssl::{
        bn::BigNum,
        pkey::{PKey, Private},
        rsa::{Rsa, RsaPrivateKeyBuilder},
    };

    use super::*;
    use crate::keystore::SigningKey;

    const TABLE: &str = "\
key                                  algorithms                           signs with  verifies with
RSA with 2048 bits                   RS256 RS384 RS512 PS256 PS384 PS512  ring        ring
RSA with 3072 bits                   RS256 RS384 RS512 PS256 PS384 PS512  ring        ring
RSA with 4096 bits                   RS256 RS384 RS512 PS256 PS384 PS512  ring        ring
EC on P-256                          ES256                                ring        ring
EC on P-384                          ES384                                ring        ring
EC on P-521                          ES512                                openssl     openssl
Ed25519                              EdDSA                                ring        ring
Ed448                                EdDSA                                openssl     openssl
RSA with 2048 bits, no primes        RS256 RS384 RS512 PS256 PS384 PS512  openssl     ring
RSA with 2048 bits, exponent 3       RS256 RS384 RS512 PS256 PS384 PS512  openssl     ring
RSA with 2048 bits, exponent 2^33+1  RS256 RS384 RS512 PS256 PS384 PS512  openssl     openssl
RSA with 2112 bits                   RS256 RS384 RS512 PS256 PS384 PS512  openssl     ring
RSA with 8192 bits                   RS256 RS384 RS512 PS256 PS384 PS512  -           ring
RSA with 16384 bits                  RS256 RS384 RS512 PS256 PS384 PS512  -           openssl
";

    #[test]
    fn the_table_of_keys_algorithms_and_libraries_is_complete() {
        let files = ["enterprise", "rsa3072", "rsa4096", "ec", "ec384", "ec521", "ed25519"];
        let mut keys: Vec<(&str, PrivateKey)> = files.map(|name| ("", from_pkcs8(&sample(name)).unwrap())).into();
        keys.push(("", pkcs8(&PKey::generate_ed448().unwrap())));
        let rsa = Rsa::generate(2048).unwrap();
        let [n, e, d] = [rsa.n(), rsa.e(), rsa.d()].map(|number| number.to_vec());
        keys.push((", no primes", from_rsa_exponents(&n, &e, &d).unwrap()));
        keys.push((", exponent 3", pkcs8(&rsa_key(2048, "3"))));
        keys.push((", exponent 2^33+1", pkcs8(&rsa_key(2048, "200000001"))));
        keys.push(("", pkcs8(&rsa_key(2112, "10001"))));

        let signing = keys.iter().map(|(remark, key)| {
            let engine = key.signer.as_ref().unwrap().engine();
            row(&key.public, remark, engine.split("::").next().unwrap())
        });
        let verifying = [1024, 2048].map(|length| row(&PublicKey::Rsa { n: vec![0xff; length], e: vec![3] }, "", "-"));
        let header = line(["key", "algorithms", "signs with", "verifies with"]);
        let table: String = std::iter::once(header).chain(signing).chain(verifying).collect();

        assert_eq!(table, TABLE);
    }

    /// Reads a key in PKCS#8 from `testdata/keys`.
    fn sample(name: &str) -> Vec<u8> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/keys/{name}-key.pem"));
        let key = PKey::private_key_from_pem(&std::fs::read(path).unwrap()).unwrap();
        key.private_key_to_pkcs8().unwrap()
    }

    fn rsa_key(bits: u32, exponent: &str) -> PKey<Private> {
        let exponent = BigNum::from_hex_str(exponent).unwrap();
        PKey::from_rsa(Rsa::generate_with_e(bits, &exponent).unwrap()).unwrap()
    }

    fn pkcs8(key: &PKey<Private>) -> PrivateKey {
        from_pkcs8(&key.private_key_to_pkcs8().unwrap()).unwrap()
    }

    /// Returns the row of a key, of which every algorithm is verified by the same library.
    fn row(public: &PublicKey, remark: &str, signs: &str) -> String {
        let kind = public.kind().unwrap();
        let algorithms: Vec<SignatureAlgorithm> =
            SignatureAlgorithm::ALL.into_iter().filter(|algorithm| kind.can_sign_with(*algorithm)).collect();
        let by_ring = |algorithm: &SignatureAlgorithm| ring_key::verify(public, *algorithm, b"", b"").is_some();
        let verifies = if algorithms.iter().all(by_ring) { "ring" } else { "openssl" };
        assert_eq!(algorithms.iter().any(by_ring), verifies == "ring", "{kind}");
        let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
        line([&format!("{kind}{remark}"), &names.join(" "), signs, verifies])
    }

    fn line([key, algorithms, signs, verifies]: [&str; 4]) -> String {
        format!("{key:<36} {algorithms:<36} {signs:<11} {verifies}\n")
    }

    /// Builds PKCS#8 of an RSA key with these numbers: n, e, d, p, q, dp, dq, qi.
    fn pkcs8_of(numbers: &[Vec<u8>; 8]) -> Vec<u8> {
        let [n, e, d, p, q, dp, dq, qi] = numbers.each_ref().map(|number| BigNum::from_slice(number).unwrap());
        let builder = RsaPrivateKeyBuilder::new(n, e, d).unwrap().set_factors(p, q).unwrap();
        let key = PKey::from_rsa(builder.set_crt_params(dp, dq, qi).unwrap().build()).unwrap();
        key.private_key_to_pkcs8().unwrap()
    }

    fn numbers(rsa: &Rsa<Private>) -> [Vec<u8>; 8] {
        let crt = [rsa.p(), rsa.q(), rsa.dmp1(), rsa.dmq1(), rsa.iqmp()].map(|number| number.unwrap().to_vec());
        let [p, q, dp, dq, qi] = crt;
        [rsa.n().to_vec(), rsa.e().to_vec(), rsa.d().to_vec(), p, q, dp, dq, qi]
    }

    #[test]
    fn an_rsa_key_whose_numbers_contradict_each_other_makes_no_signature() {
        const LOADING: &str = "it is damaged or truncated: the numbers of its RSA key do not belong together";
        const SIGNING: &str = "the signature does not verify with the public key, so the private key is damaged";
        // 2048 bits are for ring, 2112 for OpenSSL. ring never uses `d`, and notices wrong exponents when it signs.
        for (bits, expected) in [
            (2048, [LOADING, SIGNING, "", LOADING, LOADING, SIGNING, SIGNING, LOADING]),
            (2112, [LOADING, LOADING, LOADING, LOADING, LOADING, LOADING, LOADING, LOADING]),
        ] {
            let own = numbers(&Rsa::generate(bits).unwrap());
            let outcome = |numbers: &[Vec<u8>; 8]| {
                let key = from_pkcs8(&pkcs8_of(numbers)).and_then(|key| SigningKey::new(key, Vec::new()));
                let signature = match key {
                    Ok(key) => key.sign(SignatureAlgorithm::Rs256, b"message").map_err(|error| error.to_string()),
                    Err(kind) => Err(kind.to_string()),
                };
                signature.map_or_else(|error| error, |_| String::new())
            };
            assert_eq!(outcome(&own), "");
            for place in 0..8 {
                let mut changed = own.clone();
                *changed[place].last_mut().unwrap() ^= 2;

                assert_eq!(outcome(&changed), expected[place], "{bits} {place}");
            }
        }
    }
}
