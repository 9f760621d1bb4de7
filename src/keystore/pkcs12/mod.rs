//! PKCS#12 (RFC 7292): parses the container, checks its MAC and decrypts keys and certificates.
//!
//! The p12 crate parses the container and decrypts legacy encryption; everything newer is here. [`Pkcs12::parse`]
//! checks the format and the cost of opening, [`Pkcs12::unlock`] takes the password.

mod algorithm;
mod bag;
mod cipher;
mod decryption;
mod digest;
mod mac;
mod password;
mod protection;

use p12::{CertBag, ContentInfo, DigestInfo, MacData, SafeBagKind};
use secrecy::SecretString;
use yasna::BERReader;
use zeroize::Zeroizing;

pub(super) use self::decryption::EncryptedKey;
pub use self::protection::Protection;
use self::{algorithm::Encryption, bag::Bag, decryption::IterationBudget, mac::MacAlgorithm};
use super::{
    Certificate, KeystoreErrorKind, MAXIMUM_CERTIFICATES, engine, error::shown, private_key::PrivateKey, structure,
};

const KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 1];
const SAFE_CONTENTS_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 6];

/// The nesting limit of safe contents in safe contents (RFC 7292 §4.2.6).
const MAXIMUM_NESTING: usize = 4;

/// The limit for keys: each is compared with every certificate.
const MAXIMUM_KEYS: usize = 100;

/// A parsed container, not opened yet.
#[derive(Debug)]
pub(super) struct Pkcs12 {
    /// The content that the MAC covers.
    content: Vec<u8>,
    mac: Option<MacData>,
    safes: Vec<ContentInfo>,
    needs_password: bool,
    iterations: u64,
}

/// The content of a container in its order.
#[derive(Default)]
pub(super) struct Pkcs12Contents {
    pub(super) keys: Vec<(PrivateKey, Option<String>)>,
    pub(super) certificates: Vec<(Certificate, Option<String>)>,
    pub(super) protections: Vec<Protection>,
    /// The kinds of keys that were skipped because they cannot sign a JWT.
    pub(super) other_kinds: Vec<String>,
}

impl Pkcs12 {
    /// Parses the container and checks the cost of opening it, without deriving a key.
    ///
    /// `iterations` limits the key derivation iterations of the whole container.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::NotPkcs12`], [`KeystoreErrorKind::Damaged`], [`KeystoreErrorKind::Unsupported`] or [`KeystoreErrorKind::TooManyIterations`].
    pub(super) fn parse(bytes: &[u8], iterations: u64) -> Result<Self, KeystoreErrorKind> {
        let Some(file) = structure::first_element(bytes) else {
            return Err(KeystoreErrorKind::for_unreadable(bytes));
        };
        let (outer, mac) = yasna::parse_ber(file, |reader| {
            reader.read_sequence(|reader| {
                let _version = reader.next().read_u8()?;
                Ok((ContentInfo::parse(reader.next())?, reader.read_optional(read_mac)?))
            })
        })
        .map_err(|_| KeystoreErrorKind::for_unreadable(bytes))?;
        let content = match outer {
            ContentInfo::Data(content) => content,
            ContentInfo::OtherContext(other) => return Err(algorithm::unsupported(&other.content_type)),
            ContentInfo::EncryptedData(_) => return Err(KeystoreErrorKind::for_unreadable(bytes)),
        };
        let safes = parse_sequence(&content, ContentInfo::parse)
            .ok_or(KeystoreErrorKind::Damaged("its content cannot be parsed"))?;
        let costs = costs(mac.as_ref(), &safes)?;
        IterationBudget::new(iterations).spend_all(&costs)?;
        Ok(Self { content, mac, safes, needs_password: !costs.is_empty(), iterations })
    }

    /// Returns whether the file has a MAC; without one, changes to the file go unnoticed.
    #[must_use]
    pub(super) fn has_mac(&self) -> bool {
        self.mac.is_some()
    }

    /// Returns whether a part of the file depends on a password.
    #[must_use]
    pub(super) fn needs_password(&self) -> bool {
        self.needs_password
    }

    /// Checks the MAC and decrypts the content.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::WrongPassword`] if the MAC is wrong, [`KeystoreErrorKind::Undecipherable`] if there is no MAC
    /// and decryption fails, and others for damaged or unsupported content.
    pub(super) fn unlock(&self, password: &SecretString) -> Result<Pkcs12Contents, KeystoreErrorKind> {
        let mut budget = IterationBudget::new(self.iterations);
        let integrity = match &self.mac {
            Some(data) => {
                let algorithm = MacAlgorithm::read(data)?;
                algorithm.check(&self.content, password, &mut budget)?;
                Protection::integrity(&algorithm)
            }
            None => Protection::none("integrity".to_owned()),
        };
        self.decrypt(password, &mut budget, integrity).map_err(|kind| match kind {
            // The MAC was right, so the password is not simply wrong.
            KeystoreErrorKind::Undecipherable if self.has_mac() => KeystoreErrorKind::OtherKeyPassword,
            kind => kind,
        })
    }

    fn decrypt(
        &self,
        password: &SecretString,
        budget: &mut IterationBudget,
        integrity: Protection,
    ) -> Result<Pkcs12Contents, KeystoreErrorKind> {
        let mut contents = Pkcs12Contents { protections: vec![integrity], ..Pkcs12Contents::default() };
        for (number, safe) in (1..).zip(&self.safes) {
            let part = format!("safe {number}");
            let bags = match safe {
                ContentInfo::Data(data) => {
                    contents.protections.push(Protection::none(part));
                    parse_sequence(data, Bag::parse).ok_or(KeystoreErrorKind::Damaged("its bags cannot be parsed"))?
                }
                ContentInfo::EncryptedData(data) => {
                    let info = &data.encrypted_content_info;
                    let encryption = Encryption::read(&info.content_encryption_algorithm)?;
                    contents.protections.push(Protection::encrypted(part, &encryption));
                    encryption
                        .decrypt(&info.encrypted_content, password, budget, |plain| parse_sequence(plain, Bag::parse))?
                }
                ContentInfo::OtherContext(other) => return Err(algorithm::unsupported(&other.content_type)),
            };
            contents.add(bags, password, budget, MAXIMUM_NESTING)?;
        }
        Ok(contents)
    }
}

/// Returns the iterations of every derivation that is visible without decrypting.
fn costs(mac: Option<&MacData>, safes: &[ContentInfo]) -> Result<Vec<u64>, KeystoreErrorKind> {
    let mut costs = Vec::new();
    if let Some(data) = mac {
        costs.push(MacAlgorithm::read(data)?.iterations());
    }
    for safe in safes {
        match safe {
            ContentInfo::EncryptedData(data) => {
                let algorithm = &data.encrypted_content_info.content_encryption_algorithm;
                costs.push(Encryption::read(algorithm)?.iterations());
            }
            ContentInfo::Data(data) => {
                // Bags that cannot be parsed are an error once the file is opened.
                for bag in parse_sequence(data, Bag::parse).into_iter().flatten() {
                    if let SafeBagKind::Pkcs8ShroudedKeyBag(info) = &bag.kind {
                        costs.push(Encryption::read(&info.encryption_algorithm)?.iterations());
                    }
                }
            }
            ContentInfo::OtherContext(_) => {}
        }
    }
    Ok(costs)
}

impl Pkcs12Contents {
    fn add(
        &mut self,
        bags: Vec<Bag>,
        password: &SecretString,
        budget: &mut IterationBudget,
        nesting: usize,
    ) -> Result<(), KeystoreErrorKind> {
        for bag in bags {
            if self.keys.len() + self.other_kinds.len() >= MAXIMUM_KEYS
                || self.certificates.len() >= MAXIMUM_CERTIFICATES
            {
                return Err(KeystoreErrorKind::TooManyEntries {
                    keys: MAXIMUM_KEYS,
                    certificates: MAXIMUM_CERTIFICATES,
                });
            }
            let alias = bag.alias;
            match bag.kind {
                SafeBagKind::CertBag(CertBag::X509(der)) => {
                    let certificate = Certificate::from_der(&der);
                    let certificate =
                        certificate.ok_or(KeystoreErrorKind::Damaged("a certificate cannot be parsed"))?;
                    self.certificates.push((certificate, alias));
                }
                SafeBagKind::Pkcs8ShroudedKeyBag(info) => {
                    let encryption = Encryption::read(&info.encryption_algorithm)?;
                    let plain = encryption.decrypt(&info.encrypted_data, password, budget, |plain| {
                        structure::first_element(plain).map(|element| Zeroizing::new(element.to_vec()))
                    })?;
                    self.protections.push(Protection::encrypted(self.next_key_name(alias.as_deref()), &encryption));
                    self.add_key(&plain, alias)?;
                }
                SafeBagKind::OtherBagKind(other) if algorithm::is(&other.bag_id, KEY_BAG) => {
                    self.protections.push(Protection::none(self.next_key_name(alias.as_deref())));
                    self.add_key(&Zeroizing::new(other.bag_value), alias)?;
                }
                SafeBagKind::OtherBagKind(other) if algorithm::is(&other.bag_id, SAFE_CONTENTS_BAG) => {
                    let inner = parse_sequence(&other.bag_value, Bag::parse).filter(|_| nesting > 0);
                    let inner = inner.ok_or(KeystoreErrorKind::Damaged("its bags cannot be parsed"))?;
                    self.add(inner, password, budget, nesting - 1)?;
                }
                // CRLs, secret keys and SDSI certificates do not sign.
                SafeBagKind::OtherBagKind(_) | SafeBagKind::CertBag(CertBag::SDSI(_)) => {}
            }
        }
        Ok(())
    }

    /// Names the next key in the list of protections.
    fn next_key_name(&self, alias: Option<&str>) -> String {
        alias.map_or_else(|| format!("key {}", self.keys.len() + 1), |alias| format!("key {}", shown(alias)))
    }

    fn add_key(&mut self, pkcs8: &[u8], alias: Option<String>) -> Result<(), KeystoreErrorKind> {
        match engine::from_pkcs8(pkcs8) {
            Ok(key) => self.keys.push((key, alias)),
            Err(KeystoreErrorKind::KeyKind(kind)) => self.other_kinds.push(kind),
            Err(kind) => return Err(kind),
        }
        Ok(())
    }
}

/// Parses `MacData` (RFC 7292 §4), in which a missing iteration count is 1; the p12 crate requires it.
#[allow(clippy::redundant_closure_for_method_calls)] // methods of yasna cannot be passed by name
fn read_mac(reader: BERReader) -> yasna::ASN1Result<MacData> {
    reader.read_sequence(|reader| {
        let mac = DigestInfo::parse(reader.next())?;
        let salt = reader.next().read_bytes()?;
        let iterations = reader.read_default(1, |reader| reader.read_u32())?;
        Ok(MacData { mac, salt, iterations })
    })
}

/// Parses a SEQUENCE OF after validating its lengths.
fn parse_sequence<T>(bytes: &[u8], element: fn(BERReader) -> yasna::ASN1Result<T>) -> Option<Vec<T>> {
    let checked = structure::first_element(bytes)?;
    yasna::parse_ber(checked, |reader| reader.collect_sequence_of(element)).ok()
}
