//! PKCS#12 (RFC 7292): parses the container, checks its MAC and decrypts keys and certificates.
//!
//! The p12 crate parses the container and decrypts legacy encryption; everything newer is here. [`Pkcs12::parse`]
//! checks the format and the cost of opening, [`Pkcs12::unlock`] takes the password, and [`Unlocked`] decrypts what is
//! needed.

mod algorithm;
mod bag;
mod cipher;
mod decryption;
mod digest;
mod mac;
mod password;
mod protection;
mod unlocked;

use p12::{AlgorithmIdentifier, ContentInfo, DigestInfo, EncryptedContentInfo, MacData};
use secrecy::SecretString;
use yasna::{BERReader, models::ObjectIdentifier};
use zeroize::Zeroizing;

pub use self::protection::Protection;
use self::{algorithm::Encryption, bag::Bag, decryption::IterationBudget, mac::MacAlgorithm};
pub(super) use self::{
    decryption::EncryptedKey,
    unlocked::{Pkcs12Contents, Unlocked},
};
use super::{KeystoreErrorKind, structure};

/// A parsed container, not opened yet.
pub(super) struct Pkcs12 {
    /// The content that the MAC covers.
    content: Zeroizing<Vec<u8>>,
    mac: Option<MacData>,
    safes: Vec<Safe>,
    needs_password: bool,
    iterations: u64,
}

/// A part of the container.
enum Safe {
    /// Bags that are not encrypted as a whole; `None` if they cannot be parsed, which is an error once they are needed.
    Plain(Option<Vec<Bag>>),
    Encrypted(EncryptedContentInfo),
    /// Content of an unsupported type.
    Other(ObjectIdentifier),
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
            ContentInfo::Data(content) => Zeroizing::new(content),
            ContentInfo::OtherContext(other) => return Err(algorithm::unsupported(&other.content_type)),
            ContentInfo::EncryptedData(_) => return Err(KeystoreErrorKind::for_unreadable(bytes)),
        };
        let safes = parse_sequence(&content, ContentInfo::parse)
            .ok_or(KeystoreErrorKind::Damaged("its content cannot be parsed"))?;
        let safes: Vec<Safe> = safes.into_iter().map(Safe::from).collect();
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

    /// Checks the MAC.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::WrongPassword`] if the MAC is wrong, and others if it is damaged.
    pub(super) fn unlock<'file>(
        &'file self,
        password: &'file SecretString,
    ) -> Result<Unlocked<'file>, KeystoreErrorKind> {
        let mut budget = IterationBudget::new(self.iterations);
        if let Some(data) = &self.mac {
            MacAlgorithm::read(data)?.check(&self.content, password, &mut budget)?;
        }
        Ok(Unlocked::new(self, password, budget))
    }
}

impl std::fmt::Debug for Pkcs12 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pkcs12").field("content", &"[REDACTED]").finish_non_exhaustive()
    }
}

impl Safe {
    fn encryption(&self) -> Option<&AlgorithmIdentifier> {
        match self {
            Self::Encrypted(info) => Some(&info.content_encryption_algorithm),
            Self::Plain(_) | Self::Other(_) => None,
        }
    }
}

impl From<ContentInfo> for Safe {
    fn from(info: ContentInfo) -> Self {
        match info {
            ContentInfo::Data(data) => Self::Plain(parse_sequence(&Zeroizing::new(data), Bag::parse)),
            ContentInfo::EncryptedData(data) => Self::Encrypted(data.encrypted_content_info),
            ContentInfo::OtherContext(other) => Self::Other(other.content_type),
        }
    }
}

/// Returns the iterations of every derivation that is visible without decrypting.
fn costs(mac: Option<&MacData>, safes: &[Safe]) -> Result<Vec<u64>, KeystoreErrorKind> {
    let mut costs = Vec::new();
    if let Some(data) = mac {
        costs.push(MacAlgorithm::read(data)?.iterations());
    }
    for safe in safes {
        let bags = if let Safe::Plain(Some(bags)) = safe { &bags[..] } else { &[] };
        for algorithm in safe.encryption().into_iter().chain(bags.iter().filter_map(Bag::encryption)) {
            costs.push(Encryption::read(algorithm)?.iterations());
        }
    }
    Ok(costs)
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
