//! Writes PKCS#12 keystores as different tools write them (RFC 7292).
//!
//! The modern form is openssl's own; the two older ones are put together from the `p12` crate's structures,
//! since OpenSSL 3 makes them only with its legacy module.

use openssl::{
    error::ErrorStack, hash::MessageDigest, nid::Nid, pkcs12::Pkcs12, rand::rand_bytes, stack::Stack, x509::X509,
};
use p12::{
    AlgorithmIdentifier, CertBag, ContentInfo, EncryptedContentInfo, EncryptedData, EncryptedPrivateKeyInfo, MacData,
    PFX, PKCS12Attribute, Pkcs12PbeParams, SafeBag, SafeBagKind,
};
use zeroize::Zeroizing;

use super::authority::Identity;
use crate::simulator::Error;

/// As many rounds as OpenSSL and the `p12` crate write; these keystores protect nothing of value.
const ROUNDS: u32 = 2048;

/// PBES2 with AES-256-CBC for key and certificates, HMAC-SHA-256: what OpenSSL 3 writes by default.
pub(crate) fn modern(
    alias: &str,
    leaf: &Identity,
    chain: &[X509],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let mut authorities = Stack::new()?;
    for certificate in chain {
        authorities.push(certificate.clone())?;
    }
    let keystore = Pkcs12::builder()
        .name(alias)
        .pkey(&leaf.key)
        .cert(&leaf.certificate)
        .ca(authorities)
        .key_algorithm(Nid::AES_256_CBC)
        .cert_algorithm(Nid::AES_256_CBC)
        .key_iter(ROUNDS)
        .mac_iter(ROUNDS)
        .mac_md(MessageDigest::sha256())
        .build2(password)?;
    Ok(Zeroizing::new(keystore.to_der()?))
}

/// RC2-40 for certificates, triple DES for the key, HMAC-SHA-1: what older OpenSSL and Windows wrote.
pub(crate) fn legacy(
    alias: &str,
    leaf: &Identity,
    chain: &[X509],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let certificate = leaf.certificate.to_der()?;
    let key = Zeroizing::new(leaf.key.private_key_to_pkcs8()?);
    let chain = chain.iter().map(|authority| authority.to_der()).collect::<Result<Vec<_>, _>>()?;
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let keystore = PFX::new_with_cas(&certificate, &key, &chain, password, alias).ok_or(Error::Keystore)?;
    Ok(Zeroizing::new(keystore.to_der()))
}

/// Several keys with their certificates and one shared chain, triple DES: the shape that Buypass ships.
pub(crate) fn several(
    entries: &[(&str, Identity)],
    chain: &[X509],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let password = bmp_string(password);
    let (mut keys, mut certificates) = (Vec::new(), Vec::new());
    for (alias, identity) in entries {
        let der = identity.certificate.to_der()?;
        let key_id = openssl::hash::hash(MessageDigest::sha1(), &der)?.to_vec();
        let attributes = vec![PKCS12Attribute::FriendlyName((*alias).to_owned()), PKCS12Attribute::LocalKeyId(key_id)];
        let key = Zeroizing::new(identity.key.private_key_to_pkcs8()?);
        let (encryption_algorithm, encrypted_data) = triple_des(&key, &password)?;
        keys.push(SafeBag {
            bag: SafeBagKind::Pkcs8ShroudedKeyBag(EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data }),
            attributes: attributes.clone(),
        });
        certificates.push(SafeBag { bag: SafeBagKind::CertBag(CertBag::X509(der)), attributes });
    }
    for authority in chain {
        let bag = SafeBagKind::CertBag(CertBag::X509(authority.to_der()?));
        certificates.push(SafeBag { bag, attributes: Vec::new() });
    }
    let (content_encryption_algorithm, encrypted_content) = triple_des(&safe_contents(&certificates), &password)?;
    let certificates = EncryptedData {
        encrypted_content_info: EncryptedContentInfo { content_encryption_algorithm, encrypted_content },
    };
    let parts = [ContentInfo::Data(safe_contents(&keys)), ContentInfo::EncryptedData(certificates)];
    let contents = yasna::construct_der(|writer| {
        writer.write_sequence_of(|writer| parts.iter().for_each(|part| part.write(writer.next())));
    });
    let mac_data = Some(MacData::new(&contents, &password));
    Ok(Zeroizing::new(PFX { version: 3, auth_safe: ContentInfo::Data(contents), mac_data }.to_der()))
}

fn safe_contents(bags: &[SafeBag]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence_of(|writer| bags.iter().for_each(|bag| bag.write(writer.next())));
    })
}

/// The password as RFC 7292 appendix B.1 wants it: UTF-16, big end first, with a closing zero.
fn bmp_string(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect())
}

fn triple_des(plain: &[u8], password: &[u8]) -> Result<(AlgorithmIdentifier, Vec<u8>), ErrorStack> {
    let mut salt = vec![0; 8];
    rand_bytes(&mut salt)?;
    let key = derive(1, 24, &salt, password)?;
    let vector = derive(2, 8, &salt, password)?;
    let cipher = openssl::symm::Cipher::des_ede3_cbc();
    let encrypted = openssl::symm::encrypt(cipher, &key, Some(&vector), plain)?;
    let parameters = Pkcs12PbeParams { salt, iterations: u64::from(ROUNDS) };
    Ok((AlgorithmIdentifier::PbeWithSHAAnd3KeyTripleDESCBC(parameters), encrypted))
}

/// Key derivation of RFC 7292 appendix B.2 with SHA-1, for as many bytes as triple DES needs.
fn derive(purpose: u8, length: usize, salt: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    const BLOCK: usize = 64;
    let filled =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().cycle().take(bytes.len().div_ceil(BLOCK) * BLOCK).collect() };
    let mut input = Zeroizing::new([filled(salt), filled(password)].concat());
    let mut output = Zeroizing::new(Vec::new());
    while output.len() < length {
        let first = Zeroizing::new([&[purpose; BLOCK][..], &input].concat());
        let mut digest = openssl::hash::hash(MessageDigest::sha1(), &first)?;
        for _ in 1..ROUNDS {
            digest = openssl::hash::hash(MessageDigest::sha1(), &digest)?;
        }
        output.extend_from_slice(&digest);
        // Each block of the input becomes itself plus the digest plus one, modulo 2^512.
        for block in input.chunks_mut(BLOCK) {
            let mut carry = 1_u16;
            for index in (0..block.len()).rev() {
                carry += u16::from(block[index]) + u16::from(digest[index % digest.len()]);
                block[index] = carry.to_le_bytes()[0];
                carry >>= 8;
            }
        }
    }
    output.truncate(length);
    Ok(output)
}
