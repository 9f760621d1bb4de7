//! Keystores with one fault each, to provoke refusals without real certificates.
//!
//! All have the key and the password of `modern.p12`, and are for the same organisation and client, because generating
//! keys is slow. The folder of an earlier version has none of them, and they cannot be added without the authority's
//! key, which is not kept.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{error::ErrorStack, x509::X509};

use super::{
    certificates::{self, CertifiedKey, KeyPurpose, OrgnoAttribute, ValidityPeriod},
    files,
    keystores::{KeystorePlan, WrittenKeystore},
    pkcs12,
};
use crate::simulator::error::SimulatorError;

/// The validity of `soon-expired.p12`, so short that a renewal is due.
const SOON_DAYS: i64 = 20;

/// A keystore with one fault, for the client and organisation of `modern.p12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultyKeystore {
    /// The PKCS#12 file, encrypted like `modern.p12`.
    pub file: PathBuf,
    /// The file with its password, which is that of `modern.p12`.
    pub password_file: PathBuf,
    /// The client that would be accepted without the fault.
    pub client_id: &'static str,
    /// The fault of the certificate, as a predicate.
    pub fault: &'static str,
}

/// What is wrong with a keystore.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeystoreFault {
    OtherEnvironment,
    Expired,
    SoonExpired,
    NoOrganisationNumber,
    EncryptionOnly,
    LeafOnly,
}

/// Name, fault and description.
const KEYSTORES: [(&str, KeystoreFault, &str); 6] = [
    (
        "other-environment",
        KeystoreFault::OtherEnvironment,
        "issued by an authority with the name of a Buypass authority in production",
    ),
    ("expired", KeystoreFault::Expired, "expired a day before the folder was created"),
    ("soon-expired", KeystoreFault::SoonExpired, "expires twenty days after the folder was created"),
    ("no-organisation-number", KeystoreFault::NoOrganisationNumber, "has no organisation number"),
    ("encryption-only", KeystoreFault::EncryptionOnly, "is for encryption and may not sign"),
    ("leaf-only", KeystoreFault::LeafOnly, "lacks the certificates of its authorities"),
];

/// Finds the faulty keystores in a data folder.
pub(super) fn find(dir: &Path, modern: &KeystorePlan) -> Vec<FaultyKeystore> {
    let all = KEYSTORES.iter().map(|(name, _, fault)| FaultyKeystore {
        file: dir.join(format!("{name}.p12")),
        password_file: modern.password_file(dir),
        client_id: modern.client_id,
        fault,
    });
    all.filter(|keystore| keystore.file.is_file()).collect()
}

/// Writes all faulty keystores.
pub(super) fn write(
    dir: &Path,
    modern: &KeystorePlan,
    written: &WrittenKeystore,
    issuer: &CertifiedKey,
    chain: &[X509],
    now: DateTime<Utc>,
) -> Result<(), SimulatorError> {
    let (foreign, foreign_chain) = other_environment(now)?;
    let days = |days| now.checked_add_signed(TimeDelta::days(days)).unwrap_or(now);
    for (name, fault, _) in KEYSTORES {
        let (mut issuer, mut chain, mut attribute) = (issuer, chain, modern.orgno_attribute);
        let (mut purpose, mut validity) = (KeyPurpose::Authentication, ValidityPeriod::three_years(now));
        match fault {
            KeystoreFault::OtherEnvironment => (issuer, chain) = (&foreign, &foreign_chain),
            KeystoreFault::Expired => validity = ValidityPeriod { from: days(-3 * 365), until: days(-1) },
            KeystoreFault::SoonExpired => validity.until = days(SOON_DAYS),
            KeystoreFault::NoOrganisationNumber => attribute = OrgnoAttribute::Missing,
            KeystoreFault::EncryptionOnly => purpose = KeyPurpose::Encryption,
            KeystoreFault::LeafOnly => chain = &[],
        }
        let subject = certificates::enterprise_subject(modern.organization, modern.orgno, attribute)?;
        let leaf = certificates::enterprise(&subject, purpose, issuer, written.first.key.clone(), validity)?;
        let content = pkcs12::modern(modern.aliases[0], &leaf, chain, &written.password)?;
        files::write_private(&dir.join(format!("{name}.p12")), &content)?;
    }
    Ok(())
}

/// Creates an authority that shares only its names with Buypass.
///
/// The names of root and intermediate determine the environment of a certificate. The list is in
/// <https://github.com/felleslosninger/idporten-seid2-certificate-validator-lib>.
fn other_environment(now: DateTime<Utc>) -> Result<(CertifiedKey, [X509; 2]), ErrorStack> {
    let validity = ValidityPeriod::three_years(now);
    let root_name = certificates::buypass_name("Buypass Class 3 Root CA G2 ST")?;
    let root = certificates::root(&root_name, certificates::ec_key()?, validity)?;
    let name = certificates::buypass_name("Buypass Class 3 CA G2 ST Business")?;
    let intermediate = certificates::intermediate(&name, &root, certificates::ec_key()?, validity)?;
    let chain = [intermediate.certificate.clone(), root.certificate];
    Ok((intermediate, chain))
}
