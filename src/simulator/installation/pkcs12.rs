//! Writes PKCS#12 keystores in the forms of different tools (RFC 7292).
//!
//! openssl writes the modern form. The two older ones are built with the `p12` crate, because OpenSSL 3 needs its legacy
//! module for RC2-40, and cannot write several entries.

use openssl::{error::ErrorStack, hash::MessageDigest, nid::Nid, pkcs12::Pkcs12, stack::Stack, x509::X509};
use p12::{
    CertBag, ContentInfo, EncryptedContentInfo, EncryptedData, EncryptedPrivateKeyInfo, MacData, PFX, PKCS12Attribute,
    SafeBag, SafeBagKind,
};
use zeroize::Zeroizing;

use super::certificates::CertifiedKey;
use crate::simulator::error::SimulatorError;

/// The iteration count of OpenSSL and the `p12` crate; these keystores protect nothing of value.
const ROUNDS: u32 = 2048;

/// Writes PBES2 with AES-256-CBC for key and certificates, HMAC-SHA-256: the default of OpenSSL 3.
pub(crate) fn modern(
    alias: &str,
    leaf: &CertifiedKey,
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

/// Writes RC2-40 for certificates, triple DES for the key, HMAC-SHA-1: the default of older OpenSSL and Windows.
pub(crate) fn legacy(
    alias: &str,
    leaf: &CertifiedKey,
    chain: &[X509],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, SimulatorError> {
    let certificate = leaf.certificate.to_der()?;
    let key = Zeroizing::new(leaf.key.private_key_to_pkcs8()?);
    let chain = chain.iter().map(|authority| authority.to_der()).collect::<Result<Vec<_>, _>>()?;
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let keystore = PFX::new_with_cas(&certificate, &key, &chain, password, alias).ok_or(SimulatorError::Keystore)?;
    Ok(Zeroizing::new(keystore.to_der()))
}

/// Writes several keys with their certificates and one shared chain, triple DES: the structure of Buypass' files.
pub(crate) fn several(
    entries: &[(&str, CertifiedKey)],
    chain: &[X509],
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, SimulatorError> {
    let (mut keys, mut certificates) = (Vec::new(), Vec::new());
    for (alias, identity) in entries {
        let der = identity.certificate.to_der()?;
        let key_id = openssl::hash::hash(MessageDigest::sha1(), &der)?.to_vec();
        let attributes = vec![PKCS12Attribute::FriendlyName((*alias).to_owned()), PKCS12Attribute::LocalKeyId(key_id)];
        let key = Zeroizing::new(identity.key.private_key_to_pkcs8()?);
        let bag = SafeBagKind::Pkcs8ShroudedKeyBag(triple_des(&key, password)?);
        keys.push(SafeBag { bag, attributes: attributes.clone() });
        certificates.push(SafeBag { bag: SafeBagKind::CertBag(CertBag::X509(der)), attributes });
    }
    for authority in chain {
        let bag = SafeBagKind::CertBag(CertBag::X509(authority.to_der()?));
        certificates.push(SafeBag { bag, attributes: Vec::new() });
    }
    let EncryptedPrivateKeyInfo { encryption_algorithm, encrypted_data } =
        triple_des(&safe_contents(&certificates), password)?;
    let certificates = EncryptedData {
        encrypted_content_info: EncryptedContentInfo {
            content_encryption_algorithm: encryption_algorithm,
            encrypted_content: encrypted_data,
        },
    };
    let parts = [ContentInfo::Data(safe_contents(&keys)), ContentInfo::EncryptedData(certificates)];
    let contents = yasna::construct_der(|writer| {
        writer.write_sequence_of(|writer| parts.iter().for_each(|part| part.write(writer.next())));
    });
    let mac_data = Some(MacData::new(&contents, &bmp_string(password)));
    Ok(Zeroizing::new(PFX { version: 3, auth_safe: ContentInfo::Data(contents), mac_data }.to_der()))
}

fn safe_contents(bags: &[SafeBag]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence_of(|writer| bags.iter().for_each(|bag| bag.write(writer.next())));
    })
}

/// Encodes the password by RFC 7292 appendix B.1: big-endian UTF-16 with a terminating zero.
fn bmp_string(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect())
}

/// Encrypts with triple DES.
///
/// The `p12` crate encrypts only the key of a new keystore, and does not parse it. So `plain` is encrypted as such a key,
/// and the result is taken out of that keystore.
fn triple_des(plain: &[u8], password: &str) -> Result<EncryptedPrivateKeyInfo, SimulatorError> {
    let keystore = PFX::new(&[], plain, None, password, "").ok_or(SimulatorError::Keystore)?;
    let contents = keystore.auth_safe.data(&[]).unwrap_or_default();
    let infos = yasna::parse_der(&contents, |reader| reader.collect_sequence_of(ContentInfo::parse));
    let key = infos.ok().and_then(|infos| {
        // The first one has the certificates.
        let bags = yasna::parse_der(&infos.get(1)?.data(&[])?, |reader| reader.collect_sequence_of(SafeBag::parse));
        bags.ok()?.into_iter().find_map(|bag| match bag.bag {
            SafeBagKind::Pkcs8ShroudedKeyBag(key) => Some(key),
            SafeBagKind::CertBag(_) | SafeBagKind::OtherBagKind(_) => None,
        })
    });
    key.ok_or(SimulatorError::Keystore)
}
