//! Parses a `SafeBag` (RFC 7292 §4.2) whose attributes may be of any type.
#![allow(clippy::redundant_closure_for_method_calls)] // methods of yasna cannot be passed by name

use p12::{AlgorithmIdentifier, CertBag, EncryptedPrivateKeyInfo, SafeBagKind};
use yasna::{ASN1Result, BERReader, Tag, models::ObjectIdentifier, tags};
use zeroize::Zeroizing;

use super::algorithm;

const KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 1];
const SAFE_CONTENTS_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 6];

/// The attribute that is an alias (RFC 2985 §5.5.1).
const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113_549, 1, 9, 20];

/// The attribute that a key and its certificate share (RFC 2985 §5.5.2).
const LOCAL_KEY_ID: &[u64] = &[1, 2, 840, 113_549, 1, 9, 21];

/// A key, certificate or other object with its alias.
#[derive(Clone)]
pub(super) struct Bag {
    pub(super) kind: BagKind,
    pub(super) alias: Option<String>,
    /// The value of its local key id in DER.
    pub(super) local_key_id: Option<Vec<u8>>,
}

/// What a bag holds.
#[derive(Clone)]
pub(super) enum BagKind {
    /// A certificate in DER.
    Certificate(Vec<u8>),
    Key(KeyContent),
    /// A SEQUENCE OF bags.
    SafeContents(Zeroizing<Vec<u8>>),
    /// A CRL, secret key or SDSI certificate, none of which signs.
    Other,
}

/// A private key.
#[derive(Clone)]
pub(super) enum KeyContent {
    Encrypted(EncryptedPrivateKeyInfo),
    /// In PKCS#8.
    Plain(Zeroizing<Vec<u8>>),
}

impl Bag {
    /// Parses a bag. No attribute can make it unreadable: a key opens without any.
    pub(super) fn parse(reader: BERReader) -> ASN1Result<Self> {
        reader.read_sequence(|reader| {
            let id = reader.next().read_oid()?;
            let kind = reader.next().read_tagged(Tag::context(0), |reader| SafeBagKind::parse(reader, id))?;
            let attributes = reader.read_optional(|reader| reader.read_der())?.unwrap_or_default();
            let attributes = read_attributes(&attributes);
            let values = |wanted| attributes.iter().filter(move |(id, _)| algorithm::is(id, wanted));
            let alias = values(FRIENDLY_NAME).find_map(|(_, name)| yasna::parse_ber(name, read_text).ok());
            let local_key_id = values(LOCAL_KEY_ID).map(|(_, id)| id.clone()).next();
            Ok(Self { kind: kind.into(), alias: alias.filter(|alias| !alias.is_empty()), local_key_id })
        })
    }

    /// Returns how the key in the bag is encrypted, if it has one that is.
    pub(super) fn encryption(&self) -> Option<&AlgorithmIdentifier> {
        if let BagKind::Key(key) = &self.kind { key.encryption() } else { None }
    }
}

impl KeyContent {
    pub(super) fn encryption(&self) -> Option<&AlgorithmIdentifier> {
        match self {
            Self::Encrypted(info) => Some(&info.encryption_algorithm),
            Self::Plain(_) => None,
        }
    }
}

impl From<SafeBagKind> for BagKind {
    fn from(kind: SafeBagKind) -> Self {
        match kind {
            SafeBagKind::CertBag(CertBag::X509(der)) => Self::Certificate(der),
            SafeBagKind::Pkcs8ShroudedKeyBag(info) => Self::Key(KeyContent::Encrypted(info)),
            SafeBagKind::OtherBagKind(other) => {
                let value = Zeroizing::new(other.bag_value);
                match other.bag_id {
                    id if algorithm::is(&id, KEY_BAG) => Self::Key(KeyContent::Plain(value)),
                    id if algorithm::is(&id, SAFE_CONTENTS_BAG) => Self::SafeContents(value),
                    _ => Self::Other,
                }
            }
            SafeBagKind::CertBag(CertBag::SDSI(_)) => Self::Other,
        }
    }
}

/// Returns the first value of each attribute in a SET that can be parsed.
fn read_attributes(attributes: &[u8]) -> Vec<(ObjectIdentifier, Vec<u8>)> {
    let attributes = yasna::parse_ber(attributes, |reader| reader.collect_set_of(|reader| reader.read_der()));
    let attributes = attributes.unwrap_or_default();
    let first = attributes.iter().filter_map(|attribute| {
        let (id, values) = yasna::parse_ber(attribute, read_attribute).ok()?;
        Some((id, values.into_iter().next()?))
    });
    first.collect()
}

fn read_attribute(reader: BERReader) -> ASN1Result<(ObjectIdentifier, Vec<Vec<u8>>)> {
    reader.read_sequence(|reader| {
        let id = reader.next().read_oid()?;
        Ok((id, reader.next().collect_set_of(|reader| reader.read_der())?))
    })
}

/// Reads a `BMPString`, which the standard requires, or a string type that some programs write instead.
fn read_text(reader: BERReader) -> ASN1Result<String> {
    match reader.lookahead_tag()? {
        tags::TAG_UTF8STRING => reader.read_utf8string(),
        tags::TAG_PRINTABLESTRING => reader.read_printable_string(),
        tags::TAG_IA5STRING => reader.read_ia5_string(),
        _ => reader.read_bmp_string(),
    }
}
