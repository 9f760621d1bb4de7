//! Parses a `SafeBag` (RFC 7292 §4.2) whose attributes may be of any type.
#![allow(clippy::redundant_closure_for_method_calls)] // methods of yasna cannot be passed by name

use p12::SafeBagKind;
use yasna::{ASN1Result, BERReader, Tag, models::ObjectIdentifier, tags};

use super::algorithm;

/// The attribute that is an alias (RFC 2985 §5.5.1).
const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113_549, 1, 9, 20];

/// A key, certificate or other object with its alias.
pub(super) struct Bag {
    pub(super) kind: SafeBagKind,
    pub(super) alias: Option<String>,
}

impl Bag {
    /// Parses a bag. No attribute can make it unreadable: only the alias is used, and a key opens without one.
    pub(super) fn parse(reader: BERReader) -> ASN1Result<Self> {
        reader.read_sequence(|reader| {
            let id = reader.next().read_oid()?;
            let kind = reader.next().read_tagged(Tag::context(0), |reader| SafeBagKind::parse(reader, id))?;
            let attributes = reader.read_optional(|reader| reader.read_der())?.unwrap_or_default();
            Ok(Self { kind, alias: alias(&attributes).filter(|alias| !alias.is_empty()) })
        })
    }
}

/// Returns the first friendly name in a SET of attributes.
fn alias(attributes: &[u8]) -> Option<String> {
    let attributes = yasna::parse_ber(attributes, |reader| reader.collect_set_of(|reader| reader.read_der())).ok()?;
    attributes.iter().find_map(|attribute| {
        let (id, values) = yasna::parse_ber(attribute, read_attribute).ok()?;
        let name = values.into_iter().next().filter(|_| algorithm::is(&id, FRIENDLY_NAME))?;
        yasna::parse_ber(&name, read_text).ok()
    })
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
