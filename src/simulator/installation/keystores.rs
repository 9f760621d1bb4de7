//! The three keystores with valid enterprise certificates.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{error::ErrorStack, x509::X509};
use zeroize::Zeroizing;

use super::{
    certificates::{self, CertifiedKey, KeyPurpose, OrgnoAttribute, ValidityPeriod},
    files, pkcs12,
};
use crate::simulator::error::SimulatorError;

/// The size of the keys in enterprise certificates.
pub(super) const ENTERPRISE_KEY_BITS: u32 = 2048;

/// A keystore in the data folder, and the client that uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatorKeystore {
    /// The PKCS#12 file.
    pub file: PathBuf,
    /// The file with its password, without a line break.
    pub password_file: PathBuf,
    /// The entry that may sign assertions.
    pub alias: &'static str,
    /// Every entry in the file.
    pub aliases: &'static [&'static str],
    /// The subject of the entry's certificate, in OpenSSL's one-line format.
    pub subject: String,
    /// The organisation number in the subject.
    pub orgno: &'static str,
    /// The client of this organisation in the default `clients.json`.
    pub client_id: &'static str,
    /// How the file is encrypted.
    pub encryption: &'static str,
}

/// How a keystore is created.
pub(super) struct KeystorePlan {
    name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) organization: &'static str,
    pub(super) orgno: &'static str,
    pub(super) orgno_attribute: OrgnoAttribute,
    pub(super) client_id: &'static str,
    encryption: &'static str,
}

/// The first entry of a keystore that was written, and the password.
pub(super) struct WrittenKeystore {
    pub(super) first: CertifiedKey,
    pub(super) password: Zeroizing<String>,
}

/// The keystores. Organisation numbers that begin with 3 are synthetic.
pub(super) const KEYSTORES: [KeystorePlan; 3] = [
    KeystorePlan {
        name: "modern",
        aliases: &["virksomhet"],
        organization: "SIMULERT KOMMUNE",
        orgno: "310700010",
        orgno_attribute: OrgnoAttribute::SerialNumber,
        client_id: "8d001e58-c758-4beb-a9ec-ae1d770fa35e",
        encryption: "PBES2 with AES-256, HMAC-SHA-256",
    },
    KeystorePlan {
        name: "legacy",
        aliases: &["virksomhet"],
        organization: "GAMMEL ETAT",
        orgno: "310700029",
        orgno_attribute: OrgnoAttribute::Organization,
        client_id: "b894c5f4-3d09-4edc-94b2-2c1b5192be95",
        encryption: "RC2-40 and triple DES, HMAC-SHA-1",
    },
    KeystorePlan {
        name: "three-entries",
        aliases: &["authentication", "signature", "encryption"],
        organization: "TRE NØKLER AS",
        orgno: "310700037",
        orgno_attribute: OrgnoAttribute::OrganizationIdentifier,
        client_id: "9d70b74d-a404-4e73-9254-78891f03398f",
        encryption: "three entries, triple DES, HMAC-SHA-1",
    },
];

impl KeystorePlan {
    fn file(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.p12", self.name))
    }

    pub(super) fn password_file(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.password", self.name))
    }

    /// Describes the keystore in a data folder.
    pub(super) fn describe(&self, dir: &Path) -> SimulatorKeystore {
        SimulatorKeystore {
            file: self.file(dir),
            password_file: self.password_file(dir),
            alias: self.aliases[0],
            aliases: self.aliases,
            subject: self.subject(),
            orgno: self.orgno,
            client_id: self.client_id,
            encryption: self.encryption,
        }
    }

    fn subject(&self) -> String {
        let Self { organization: name, orgno, .. } = self;
        match self.orgno_attribute {
            OrgnoAttribute::SerialNumber => format!("C = NO, O = {name}, serialNumber = {orgno}, CN = {name}"),
            OrgnoAttribute::Organization => format!("C = NO, O = {name} - {orgno}, CN = {name}"),
            OrgnoAttribute::OrganizationIdentifier => {
                format!("C = NO, O = {name}, organizationIdentifier = NTRNO-{orgno}, CN = {name}")
            }
            OrgnoAttribute::Missing => format!("C = NO, O = {name}, CN = {name}"),
        }
    }

    /// Writes the keystore and its password.
    pub(super) fn write(
        &self,
        dir: &Path,
        issuer: &CertifiedKey,
        chain: &[X509],
        validity: ValidityPeriod,
    ) -> Result<WrittenKeystore, SimulatorError> {
        let password = random_password()?;
        let subject = certificates::enterprise_subject(self.organization, self.orgno, self.orgno_attribute)?;
        let purposes = [KeyPurpose::Authentication, KeyPurpose::Signature, KeyPurpose::Encryption];
        let mut entries = Vec::new();
        for (alias, purpose) in self.aliases.iter().zip(purposes) {
            let key = certificates::rsa_key(ENTERPRISE_KEY_BITS)?;
            entries.push((*alias, certificates::enterprise(&subject, purpose, issuer, key, validity)?));
        }
        let content = match (self.name, entries.as_slice()) {
            ("modern", [(alias, leaf)]) => pkcs12::modern(alias, leaf, chain, &password)?,
            (_, [(alias, leaf)]) => pkcs12::legacy(alias, leaf, chain, &password)?,
            (_, entries) => pkcs12::several(entries, chain, &password)?,
        };
        files::write_private(&self.file(dir), &content)?;
        files::write_private(&self.password_file(dir), password.as_bytes())?;
        let (_, first) = entries.into_iter().next().ok_or(SimulatorError::Keystore)?;
        Ok(WrittenKeystore { first, password })
    }
}

/// Returns 144 random bits as letters, digits, `-` and `_`.
pub(super) fn random_password() -> Result<Zeroizing<String>, ErrorStack> {
    let mut bytes = Zeroizing::new([0_u8; 18]);
    openssl::rand::rand_bytes(&mut *bytes)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}
