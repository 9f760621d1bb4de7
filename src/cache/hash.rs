//! SHA-256 in hexadecimal, of octets and of JSON in one form that says what it is.

use std::fmt::Write as _;

use openssl::sha::Sha256;
use serde_json::{Value, json};

/// The SHA-256 of these octets, one after the other, in 64 hexadecimal digits.
pub(super) fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finish().iter().fold(String::with_capacity(64), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The SHA-256 of a value under a title.
///
/// JSON marks where each text begins and ends, so that no two values are written alike; the members of its objects
/// are sorted, so that their order does not matter.
pub(super) fn of_json(title: &str, value: &Value) -> String {
    let mut value = json!([title, value]);
    value.sort_all_objects();
    sha256([value.to_string().as_bytes()])
}
