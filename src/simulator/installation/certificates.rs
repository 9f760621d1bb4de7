//! Creates the certificates: root, intermediate, enterprise certificates, and those for TLS.
//!
//! The subjects have the organisation number in one of the three attributes where Maskinporten looks for it
//! (<https://github.com/felleslosninger/idporten-certificate-validator-lib>); `keyUsage` is critical, as required
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

/// organizationIdentifier, whose short name only newer versions of openssl have.
const ORGANIZATION_IDENTIFIER: &str = "2.5.4.97";

/// A certificate and its private key.
pub(crate) struct CertifiedKey {
    pub(crate) certificate: X509,
    pub(crate) key: PKey<Private>,
}

/// The validity period of a certificate.
#[derive(Clone, Copy)]
pub(crate) struct ValidityPeriod {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl ValidityPeriod {
    /// Three years, the maximum for enterprise certificates, from an hour ago to allow for slow clocks.
    pub(crate) fn three_years(now: DateTime<Utc>) -> Self {
        let shifted = |delta| now.checked_add_signed(delta).unwrap_or(now);
        Self { from: shifted(TimeDelta::hours(-1)), until: shifted(TimeDelta::days(3 * 365)) }
    }
}

/// The operations that `keyUsage` in an enterprise certificate allows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyPurpose {
    Authentication,
    Signature,
    Encryption,
}

/// The attribute of the subject that has the organisation number.
#[derive(Clone, Copy)]
pub(crate) enum OrgnoAttribute {
    /// `SERIALNUMBER=991825827`.
    SerialNumber,
    /// `O=NAME - 991825827`.
    Organization,
    /// `2.5.4.97=NTRNO-991825827`, as in SEID 2.
    OrganizationIdentifier,
    /// No attribute.
    Missing,
}

/// Generates an RSA key.
pub(crate) fn rsa_key(bits: u32) -> Result<PKey<Private>, ErrorStack> {
    PKey::from_rsa(Rsa::generate(bits)?)
}

/// Generates a key on the curve P-256, which takes far less time.
pub(crate) fn ec_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    EcKey::generate(&group).and_then(PKey::from_ec_key)
}

/// Creates a self-signed root.
pub(crate) fn root(name: &X509Name, key: PKey<Private>, validity: ValidityPeriod) -> Result<CertifiedKey, ErrorStack> {
    let mut builder = begin(name, name, &key, validity)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    finish(builder, None, key)
}

/// Creates an intermediate that may sign enterprise certificates but no further authorities.
pub(crate) fn intermediate(
    name: &X509Name,
    issuer: &CertifiedKey,
    key: PKey<Private>,
    validity: ValidityPeriod,
) -> Result<CertifiedKey, ErrorStack> {
    let mut builder = begin(name, &owned(issuer)?, &key, validity)?;
    builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    finish(builder, Some(issuer), key)
}

/// Creates an enterprise certificate.
pub(crate) fn enterprise(
    subject: &X509Name,
    usage: KeyPurpose,
    issuer: &CertifiedKey,
    key: PKey<Private>,
    validity: ValidityPeriod,
) -> Result<CertifiedKey, ErrorStack> {
    let mut builder = begin(subject, &owned(issuer)?, &key, validity)?;
    builder.append_extension(BasicConstraints::new().build()?)?;
    let mut bits = KeyUsage::new();
    bits.critical();
    match usage {
        KeyPurpose::Authentication => bits.digital_signature(),
        KeyPurpose::Signature => bits.non_repudiation(),
        KeyPurpose::Encryption => bits.key_encipherment(),
    };
    builder.append_extension(bits.build()?)?;
    finish(builder, Some(issuer), key)
}

/// Creates a certificate that is its own issuer and only signs data.
pub(crate) fn self_signed(common_name: &str, key: PKey<Private>, now: DateTime<Utc>) -> Result<X509, ErrorStack> {
    let name = simulator_name(common_name)?;
    let mut builder = begin(&name, &name, &key, ValidityPeriod::three_years(now))?;
    builder.append_extension(BasicConstraints::new().critical().build()?)?;
    builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    Ok(finish(builder, None, key)?.certificate)
}

/// Creates an authority and a server certificate for https on this machine.
pub(crate) fn tls(now: DateTime<Utc>) -> Result<(CertifiedKey, CertifiedKey), ErrorStack> {
    let validity = ValidityPeriod::three_years(now);
    let authority = root(&simulator_name("Maskinporten Simulator TLS CA")?, ec_key()?, validity)?;
    let key = ec_key()?;
    let mut builder = begin(&simulator_name("Maskinporten Simulator")?, &owned(&authority)?, &key, validity)?;
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

/// Returns the subject of an enterprise certificate, with the organisation number in one attribute.
pub(crate) fn enterprise_subject(
    organization: &str,
    orgno: &str,
    attribute: OrgnoAttribute,
) -> Result<X509Name, ErrorStack> {
    match attribute {
        OrgnoAttribute::SerialNumber => {
            name(&[("C", "NO"), ("O", organization), ("serialNumber", orgno), ("CN", organization)])
        }
        OrgnoAttribute::Organization => {
            name(&[("C", "NO"), ("O", &format!("{organization} - {orgno}")), ("CN", organization)])
        }
        OrgnoAttribute::OrganizationIdentifier => {
            let identifier = format!("NTRNO-{orgno}");
            name(&[("C", "NO"), ("O", organization), (ORGANIZATION_IDENTIFIER, &identifier), ("CN", organization)])
        }
        OrgnoAttribute::Missing => name(&[("C", "NO"), ("O", organization), ("CN", organization)]),
    }
}

/// Returns the name of an authority in the form of Buypass' SEID 2 authorities.
pub(crate) fn buypass_name(common_name: &str) -> Result<X509Name, ErrorStack> {
    name(&[("C", "NO"), (ORGANIZATION_IDENTIFIER, "NTRNO-983163327"), ("O", "Buypass AS"), ("CN", common_name)])
}

/// Returns a name of the simulator's own.
pub(crate) fn simulator_name(common_name: &str) -> Result<X509Name, ErrorStack> {
    name(&[("C", "NO"), ("O", "Maskinporten Simulator"), ("CN", common_name)])
}

fn name(attributes: &[(&str, &str)]) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    for (attribute, value) in attributes {
        name.append_entry_by_text(attribute, value)?;
    }
    Ok(name.build())
}

fn owned(issuer: &CertifiedKey) -> Result<X509Name, ErrorStack> {
    issuer.certificate.subject_name().to_owned()
}

fn begin(
    subject: &X509Name,
    issuer: &X509Name,
    key: &PKey<Private>,
    validity: ValidityPeriod,
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

fn finish(
    mut builder: X509Builder,
    issuer: Option<&CertifiedKey>,
    key: PKey<Private>,
) -> Result<CertifiedKey, ErrorStack> {
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
    Ok(CertifiedKey { certificate: builder.build(), key })
}
