//! Makes the test certificates: root, intermediate, enterprise certificates, and those for TLS.
//!
//! The subjects follow the three places where Maskinporten looks for an organisation number
//! (<https://github.com/felleslosninger/idporten-certificate-validator-lib>); `keyUsage` is critical as it demands
//! (<https://github.com/felleslosninger/idporten-seid2-certificate-validator-lib>).

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509Name,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
            SubjectKeyIdentifier,
        },
    },
};

/// organizationIdentifier, which openssl's table of short names knows only in newer versions.
const ORGANIZATION_IDENTIFIER: &str = "2.5.4.97";

/// A certificate and the private key that belongs to it.
pub(crate) struct Identity {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

/// From when until when a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) struct Validity {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl Validity {
    /// Three years, as long as an enterprise certificate lives at most; begun an hour ago for clocks that are late.
    pub(crate) fn three_years(now: DateTime<Utc>) -> Self {
        let moved = |delta| now.checked_add_signed(delta).unwrap_or(now);
        Self { from: moved(TimeDelta::hours(-1)), until: moved(TimeDelta::days(3 * 365)) }
    }
}

/// What the holder of an enterprise certificate may use the key for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usage {
    Authentication,
    Signature,
    Encryption,
}

/// Where an enterprise certificate's subject carries the organisation number.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// `SERIALNUMBER=991825827`.
    SerialNumber,
    /// `O=NAME - 991825827`.
    Organization,
    /// `2.5.4.97=NTRNO-991825827`, as in SEID 2.
    OrganizationIdentifier,
    /// In none of them.
    Nowhere,
}

/// Makes an RSA key of the size that enterprise certificates have.
pub(crate) fn rsa_key(bits: u32) -> Result<PKey<Private>, ErrorStack> {
    PKey::from_rsa(Rsa::generate(bits)?)
}

/// Makes a key on the curve P-256, in far less time.
pub(crate) fn ec_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    EcKey::generate(&group).and_then(PKey::from_ec_key)
}

/// Makes a self-signed root.
pub(crate) fn root(name: &str, key: PKey<Private>, validity: Validity) -> Result<Identity, ErrorStack> {
    self_signed(&simple_name(name)?, key, validity)
}

/// The same with a whole name.
pub(crate) fn self_signed(name: &X509Name, key: PKey<Private>, validity: Validity) -> Result<Identity, ErrorStack> {
    let mut builder = begin(name, name, &key, validity)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    finish(builder, None, key)
}

/// Makes an intermediate that may sign enterprise certificates and no further authorities.
pub(crate) fn intermediate(
    name: &str,
    issuer: &Identity,
    key: PKey<Private>,
    validity: Validity,
) -> Result<Identity, ErrorStack> {
    subordinate(&simple_name(name)?, issuer, key, validity)
}

/// The same with a whole name.
pub(crate) fn subordinate(
    name: &X509Name,
    issuer: &Identity,
    key: PKey<Private>,
    validity: Validity,
) -> Result<Identity, ErrorStack> {
    let mut builder = begin(name, &owned(issuer)?, &key, validity)?;
    builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    finish(builder, Some(issuer), key)
}

/// Makes an enterprise certificate.
pub(crate) fn enterprise(
    subject: &X509Name,
    usage: Usage,
    issuer: &Identity,
    key: PKey<Private>,
    validity: Validity,
) -> Result<Identity, ErrorStack> {
    let mut builder = begin(subject, &owned(issuer)?, &key, validity)?;
    builder.append_extension(BasicConstraints::new().build()?)?;
    let mut bits = KeyUsage::new();
    bits.critical();
    match usage {
        Usage::Authentication => bits.digital_signature(),
        Usage::Signature => bits.non_repudiation(),
        Usage::Encryption => bits.key_encipherment(),
    };
    builder.append_extension(bits.build()?)?;
    finish(builder, Some(issuer), key)
}

/// Makes a certificate authority and a certificate for https on this machine.
pub(crate) fn tls(now: DateTime<Utc>) -> Result<(Identity, Identity), ErrorStack> {
    let validity = Validity::three_years(now);
    let authority = root("Maskinporten Simulator TLS CA", ec_key()?, validity)?;
    let key = ec_key()?;
    let mut builder = begin(&simple_name("Maskinporten Simulator")?, &owned(&authority)?, &key, validity)?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    let names = {
        let context = builder.x509v3_context(Some(&authority.certificate), None);
        SubjectAlternativeName::new().ip("127.0.0.1").ip("::1").dns("localhost").build(&context)?
    };
    builder.append_extension(names)?;
    let server = finish(builder, Some(&authority), key)?;
    Ok((authority, server))
}

/// The subject of an enterprise certificate, with its organisation number in one place.
pub(crate) fn enterprise_subject(name: &str, orgno: &str, place: Place) -> Result<X509Name, ErrorStack> {
    let mut subject = X509Name::builder()?;
    subject.append_entry_by_text("C", "NO")?;
    match place {
        Place::SerialNumber => {
            subject.append_entry_by_text("O", name)?;
            subject.append_entry_by_text("serialNumber", orgno)?;
        }
        Place::Organization => subject.append_entry_by_text("O", &format!("{name} - {orgno}"))?,
        Place::OrganizationIdentifier => {
            subject.append_entry_by_text("O", name)?;
            subject.append_entry_by_text(ORGANIZATION_IDENTIFIER, &format!("NTRNO-{orgno}"))?;
        }
        Place::Nowhere => subject.append_entry_by_text("O", name)?,
    }
    subject.append_entry_by_text("CN", name)?;
    Ok(subject.build())
}

/// A name as Buypass' authorities of the SEID 2 kind have it.
pub(crate) fn buypass_name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_text("C", "NO")?;
    name.append_entry_by_text(ORGANIZATION_IDENTIFIER, "NTRNO-983163327")?;
    name.append_entry_by_text("O", "Buypass AS")?;
    name.append_entry_by_text("CN", common_name)?;
    Ok(name.build())
}

fn simple_name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_text("C", "NO")?;
    name.append_entry_by_text("O", "Maskinporten Simulator")?;
    name.append_entry_by_text("CN", common_name)?;
    Ok(name.build())
}

fn owned(issuer: &Identity) -> Result<X509Name, ErrorStack> {
    issuer.certificate.subject_name().to_owned()
}

fn begin(
    subject: &X509Name,
    issuer: &X509Name,
    key: &PKey<Private>,
    validity: Validity,
) -> Result<X509Builder, ErrorStack> {
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    // RFC 5280 §4.1.2.2: positive and at most 20 octets.
    let mut serial = [0_u8; 16];
    openssl::rand::rand_bytes(&mut serial)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    let serial = BigNum::from_slice(&serial)?.to_asn1_integer()?;
    builder.set_serial_number(&serial)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(Asn1Time::from_unix(validity.from.timestamp())?.as_ref())?;
    builder.set_not_after(Asn1Time::from_unix(validity.until.timestamp())?.as_ref())?;
    Ok(builder)
}

fn finish(mut builder: X509Builder, issuer: Option<&Identity>, key: PKey<Private>) -> Result<Identity, ErrorStack> {
    let subject_id = {
        let context = builder.x509v3_context(issuer.map(|issuer| &*issuer.certificate), None);
        SubjectKeyIdentifier::new().build(&context)?
    };
    builder.append_extension(subject_id)?;
    if let Some(issuer) = issuer {
        let authority_id = {
            let context = builder.x509v3_context(Some(&issuer.certificate), None);
            AuthorityKeyIdentifier::new().keyid(true).build(&context)?
        };
        builder.append_extension(authority_id)?;
    }
    builder.sign(issuer.map_or(&key, |issuer| &issuer.key), MessageDigest::sha256())?;
    Ok(Identity { certificate: builder.build(), key })
}
