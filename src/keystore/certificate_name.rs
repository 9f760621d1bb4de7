//! The names in certificates (RFC 5280 §4.1.2.4), written and compared as OpenSSL does.

use openssl::asn1::Asn1Object;
use x509_cert::{
    attr::AttributeTypeAndValue,
    der::{Tag, Tagged as _, asn1::ObjectIdentifier},
    name::Name,
};

use super::error::shown;

pub(super) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
pub(super) const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
pub(super) const ORGANIZATION_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
pub(super) const ORGANIZATION_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.97");

/// The attributes of enterprise certificates; OpenSSL knows the names of others.
const LABELS: [(ObjectIdentifier, &str); 8] = [
    (COMMON_NAME, "CN"),
    (SERIAL_NUMBER, "serialNumber"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ORGANIZATION_NAME, "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ORGANIZATION_IDENTIFIER, "organizationIdentifier"),
];

/// Returns a name as `C=NO, O=…, CN=…`.
pub(super) fn text(name: &Name) -> String {
    let attributes = name.iter().map(|attribute| {
        let label = label(&attribute.oid);
        value(attribute).map_or_else(|| format!("{label}=?"), |value| format!("{label}={value}"))
    });
    shown(&attributes.collect::<Vec<_>>().join(", "))
}

/// Returns the values of an attribute in the order of the name.
pub(super) fn values(name: &Name, attribute: ObjectIdentifier) -> Vec<String> {
    name.iter().filter(|entry| entry.oid == attribute).filter_map(value).collect()
}

/// Returns whether two names are equal apart from case, white space and the types of strings (RFC 5280 §7.1).
pub(super) fn are_equal(name: &Name, other: &Name) -> bool {
    let canonical = |name: &Name| name.iter().map(canonical).collect::<Vec<_>>();
    name == other || canonical(name) == canonical(other)
}

fn canonical(attribute: &AttributeTypeAndValue) -> (ObjectIdentifier, Vec<u8>) {
    let words = value(attribute).map(|text| text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
    let text = words.map(|text| text.to_ascii_lowercase().into_bytes());
    (attribute.oid, text.unwrap_or_else(|| attribute.value.value().to_vec()))
}

fn label(attribute: &ObjectIdentifier) -> &'static str {
    if let Some((_, label)) = LABELS.iter().find(|(known, _)| known == attribute) {
        return label;
    }
    let object = Asn1Object::from_str(&attribute.to_string());
    object.ok().and_then(|object| object.nid().short_name().ok()).unwrap_or("?")
}

/// Returns the text of an attribute; `None` if it is not a string.
fn value(attribute: &AttributeTypeAndValue) -> Option<String> {
    let bytes = attribute.value.value();
    match attribute.value.tag() {
        Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
        // Windows and old authorities write Latin-1, whatever the type allows.
        Tag::NumericString | Tag::PrintableString | Tag::TeletexString | Tag::Ia5String | Tag::VisibleString => {
            Some(bytes.iter().copied().map(char::from).collect())
        }
        Tag::BmpString => {
            let (units, rest) = bytes.as_chunks::<2>();
            let text = char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)));
            text.collect::<Result<String, _>>().ok().filter(|_| rest.is_empty())
        }
        _ => None,
    }
}
