//! PKCS#12 (RFC 7292): reads the container, checks its integrity and takes out keys and certificates.
//!
//! p12 parses the container and does the legacy encryption, openssl everything newer. Reading happens in two
//! steps, so that nobody is asked for the password of a file that is no keystore: [`Pkcs12::parse`] looks at the
//! form and at what opening will cost, [`Pkcs12::unlock`] spends it. Which key is used is not decided here.

mod algorithm;
mod budget;
mod decryption;
mod encrypted_key;
mod mac;
mod password;
mod protection;
mod structure;

use openssl::{
    pkey::{PKey, Private},
    x509::X509,
};
use p12::{CertBag, ContentInfo, DigestInfo, MacData, SafeBag, SafeBagKind};
use secrecy::SecretString;
use yasna::BERReader;
use zeroize::Zeroizing;

pub use budget::DEFAULT_ITERATIONS;
pub(super) use encrypted_key::EncryptedKey;
pub use protection::Protection;

use self::{algorithm::Encryption, budget::Budget, mac::Integrity};
use super::{Reason, certificate::printable};

const KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 1];
const SAFE_CONTENTS_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 6];

/// Safe contents may hold safe contents (RFC 7292 §4.2.6); nobody needs more levels than this.
const MAXIMUM_NESTING: usize = 4;

/// More than any keystore holds; every key is compared with every certificate.
const MAXIMUM_KEYS: usize = 100;
pub(super) const MAXIMUM_CERTIFICATES: usize = 1000;

/// A container that has been parsed and not yet opened.
#[derive(Debug)]
pub(super) struct Pkcs12 {
    sealed: Vec<u8>,
    mac: Option<MacData>,
    safes: Vec<ContentInfo>,
    iterations: u64,
}

/// What was in a container, in the order it stood there.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) keys: Vec<(PKey<Private>, Option<String>)>,
    pub(super) certificates: Vec<(X509, Option<String>)>,
    pub(super) protections: Vec<Protection>,
    /// The kinds of keys that were left alone because they sign no JWT.
    pub(super) other_kinds: Vec<String>,
}

impl Pkcs12 {
    /// Parses the container and adds up what opening it will cost; no key is derived.
    ///
    /// `iterations` is the most that all its derivations together may take.
    ///
    /// # Errors
    /// [`Reason::NotPkcs12`], [`Reason::Damaged`], [`Reason::Unsupported`] or [`Reason::TooManyIterations`].
    pub(super) fn parse(bytes: &[u8], iterations: u64) -> Result<Self, Reason> {
        let Some(file) = structure::first_element(bytes) else {
            return Err(Reason::of_unreadable(bytes));
        };
        let (outer, mac) = yasna::parse_ber(file, |reader| {
            reader.read_sequence(|reader| {
                let _version = reader.next().read_u8()?;
                Ok((ContentInfo::parse(reader.next())?, reader.read_optional(read_mac)?))
            })
        })
        .map_err(|_| Reason::of_unreadable(bytes))?;
        let sealed = match outer {
            ContentInfo::Data(sealed) => sealed,
            ContentInfo::OtherContext(other) => return Err(algorithm::unsupported(&other.content_type)),
            ContentInfo::EncryptedData(_) => return Err(Reason::of_unreadable(bytes)),
        };
        let safes = parse_sequence(&sealed, ContentInfo::parse).ok_or(Reason::Damaged("its content cannot be read"))?;
        let parsed = Self { sealed, mac, safes, iterations };
        parsed.check_cost()?;
        Ok(parsed)
    }

    /// Whether the file has a MAC: without one, nobody can tell that it was not changed.
    #[must_use]
    pub(super) fn has_mac(&self) -> bool {
        self.mac.is_some()
    }

    /// Whether anything in the file depends on a password.
    #[must_use]
    pub(super) fn needs_password(&self) -> bool {
        self.has_mac()
            || self.safes.iter().any(|safe| match safe {
                ContentInfo::Data(data) => {
                    parse_sequence(data, SafeBag::parse).unwrap_or_default().iter().any(|bag| shrouded(bag).is_some())
                }
                _ => true,
            })
    }

    /// Checks the integrity and takes everything out.
    ///
    /// # Errors
    /// [`Reason::WrongPassword`] when the integrity check fails, [`Reason::Undecipherable`] when there is none and
    /// the decryption fails; the others as their names say.
    pub(super) fn unlock(&self, password: &SecretString) -> Result<Contents, Reason> {
        let mut budget = Budget::new(self.iterations);
        let integrity = match &self.mac {
            Some(data) => {
                let integrity = Integrity::read(data)?;
                integrity.check(&self.sealed, password, &mut budget)?;
                Protection::integrity(&integrity)
            }
            None => Protection::none("integrity".to_owned()),
        };
        self.take_out(password, &mut budget, integrity).map_err(|reason| match reason {
            // The password is the one that sealed the file, so it is not simply wrong.
            Reason::Undecipherable if self.has_mac() => Reason::OtherKeyPassword,
            reason => reason,
        })
    }

    fn take_out(
        &self,
        password: &SecretString,
        budget: &mut Budget,
        integrity: Protection,
    ) -> Result<Contents, Reason> {
        let mut contents = Contents { protections: vec![integrity], ..Contents::default() };
        for (number, safe) in (1..).zip(&self.safes) {
            let part = format!("safe {number}");
            let bags = match safe {
                ContentInfo::Data(data) => {
                    contents.protections.push(Protection::none(part));
                    parse_sequence(data, SafeBag::parse).ok_or(Reason::Damaged("its bags cannot be read"))?
                }
                ContentInfo::EncryptedData(data) => {
                    let info = &data.encrypted_content_info;
                    let encryption = Encryption::read(&info.content_encryption_algorithm)?;
                    contents.protections.push(Protection::encrypted(part, &encryption));
                    encryption.decrypt(&info.encrypted_content, password, budget, |plain| {
                        parse_sequence(plain, SafeBag::parse)
                    })?
                }
                ContentInfo::OtherContext(other) => return Err(algorithm::unsupported(&other.content_type)),
            };
            contents.add(bags, password, budget, MAXIMUM_NESTING)?;
        }
        Ok(contents)
    }

    /// Adds up the iterations of every derivation that can be seen from outside, before the first is made.
    fn check_cost(&self) -> Result<(), Reason> {
        let mut counts = Vec::new();
        if let Some(data) = &self.mac {
            counts.push(Integrity::read(data)?.iterations());
        }
        for safe in &self.safes {
            match safe {
                ContentInfo::EncryptedData(data) => {
                    let algorithm = &data.encrypted_content_info.content_encryption_algorithm;
                    counts.push(Encryption::read(algorithm)?.iterations());
                }
                ContentInfo::Data(data) => {
                    for bag in parse_sequence(data, SafeBag::parse).unwrap_or_default() {
                        if let Some(info) = shrouded(&bag) {
                            counts.push(Encryption::read(&info.encryption_algorithm)?.iterations());
                        }
                    }
                }
                ContentInfo::OtherContext(_) => {}
            }
        }
        Budget::new(self.iterations).charge_all(&counts)
    }
}

impl Contents {
    fn add(
        &mut self,
        bags: Vec<SafeBag>,
        password: &SecretString,
        budget: &mut Budget,
        nesting: usize,
    ) -> Result<(), Reason> {
        for bag in bags {
            if self.keys.len() + self.other_kinds.len() >= MAXIMUM_KEYS
                || self.certificates.len() >= MAXIMUM_CERTIFICATES
            {
                return Err(Reason::TooManyEntries { keys: MAXIMUM_KEYS, certificates: MAXIMUM_CERTIFICATES });
            }
            let alias = bag.friendly_name().filter(|name| !name.is_empty());
            match bag.bag {
                SafeBagKind::CertBag(CertBag::X509(der)) => {
                    let certificate =
                        X509::from_der(&der).map_err(|_| Reason::Damaged("a certificate cannot be read"))?;
                    self.certificates.push((certificate, alias));
                }
                SafeBagKind::Pkcs8ShroudedKeyBag(info) => {
                    let encryption = Encryption::read(&info.encryption_algorithm)?;
                    let plain = encryption.decrypt(&info.encrypted_data, password, budget, |plain| {
                        structure::first_element(plain).map(|element| Zeroizing::new(element.to_vec()))
                    })?;
                    self.protections.push(Protection::encrypted(self.next_key(alias.as_deref()), &encryption));
                    self.add_key(&plain, alias)?;
                }
                SafeBagKind::OtherBagKind(other) if algorithm::is(&other.bag_id, KEY_BAG) => {
                    self.protections.push(Protection::none(self.next_key(alias.as_deref())));
                    self.add_key(&Zeroizing::new(other.bag_value), alias)?;
                }
                SafeBagKind::OtherBagKind(other) if algorithm::is(&other.bag_id, SAFE_CONTENTS_BAG) => {
                    let inner = parse_sequence(&other.bag_value, SafeBag::parse).filter(|_| nesting > 0);
                    let inner = inner.ok_or(Reason::Damaged("its bags cannot be read"))?;
                    self.add(inner, password, budget, nesting - 1)?;
                }
                // CRLs, secret keys and SDSI certificates sign nothing.
                SafeBagKind::OtherBagKind(_) | SafeBagKind::CertBag(CertBag::SDSI(_)) => {}
            }
        }
        Ok(())
    }

    /// What the next key is called where protections are listed.
    fn next_key(&self, alias: Option<&str>) -> String {
        alias.map_or_else(|| format!("key {}", self.keys.len() + 1), |alias| format!("key {}", printable(alias)))
    }

    fn add_key(&mut self, pkcs8: &[u8], alias: Option<String>) -> Result<(), Reason> {
        match private_key(pkcs8) {
            Ok(key) => self.keys.push((key, alias)),
            Err(Reason::KeyKind(kind)) => self.other_kinds.push(kind),
            Err(reason) => return Err(reason),
        }
        Ok(())
    }
}

/// `MacData` (RFC 7292 §4), whose iteration count is 1 when it is left out; p12 wants it to be there.
#[allow(clippy::redundant_closure_for_method_calls)] // yasna's lifetimes do not let the method be named
fn read_mac(reader: BERReader) -> yasna::ASN1Result<MacData> {
    reader.read_sequence(|reader| {
        let mac = DigestInfo::parse(reader.next())?;
        let salt = reader.next().read_bytes()?;
        let iterations = reader.read_default(1, |reader| reader.read_u32())?;
        Ok(MacData { mac, salt, iterations })
    })
}

/// Reads a key in PKCS#8, if it is of a kind that can sign. OpenSSL is not shown any other: of a DSA key it computes
/// the public half at once, for days when the key's numbers are long.
///
/// # Errors
/// [`Reason::KeyKind`] for another kind, [`Reason::Damaged`] when it cannot be read.
pub(super) fn private_key(pkcs8: &[u8]) -> Result<PKey<Private>, Reason> {
    let unreadable = || Reason::Damaged("a private key cannot be read");
    let kind = algorithm::of_key(pkcs8).ok_or_else(unreadable)?;
    if algorithm::signs(&kind) {
        PKey::private_key_from_pkcs8(pkcs8).map_err(|_| unreadable())
    } else {
        Err(Reason::KeyKind(algorithm::name_of(&kind)))
    }
}

fn shrouded(bag: &SafeBag) -> Option<&p12::EncryptedPrivateKeyInfo> {
    match &bag.bag {
        SafeBagKind::Pkcs8ShroudedKeyBag(info) => Some(info),
        _ => None,
    }
}

/// Parses a SEQUENCE OF whose lengths have been checked first.
fn parse_sequence<T>(bytes: &[u8], element: fn(BERReader) -> yasna::ASN1Result<T>) -> Option<Vec<T>> {
    let checked = structure::first_element(bytes)?;
    yasna::parse_ber(checked, |reader| reader.collect_sequence_of(element)).ok()
}
