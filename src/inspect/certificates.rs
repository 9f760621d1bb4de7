//! The certificates that came along in `x5c` (RFC 7515 §4.1.6).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::Jwt;
use crate::keystore::Certificate;

/// Longer chains than any certificate authority makes.
const MAXIMUM_CERTIFICATES: usize = 16;

/// Why `x5c` is no chain of certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChainFault {
    #[error("`x5c` is not an array of strings")]
    NoList,
    #[error("`x5c` is empty")]
    Empty,
    #[error("`x5c` has more than {MAXIMUM_CERTIFICATES} certificates")]
    TooMany,
    #[error("element {0} of `x5c` is not base64 with padding")]
    Base64(usize),
    #[error("element {0} of `x5c` is not a certificate in DER")]
    NoCertificate(usize),
}

/// The certificates, leaf first; `None` when there is no `x5c`.
///
/// # Errors
/// [`ChainFault`] when there is one and it cannot be read.
pub(super) fn of(jwt: &Jwt) -> Option<Result<Vec<Certificate>, ChainFault>> {
    let value = jwt.header().get("x5c")?;
    Some(read(value))
}

fn read(value: &Value) -> Result<Vec<Certificate>, ChainFault> {
    let list = value.as_array().ok_or(ChainFault::NoList)?;
    if list.is_empty() {
        return Err(ChainFault::Empty);
    }
    if list.len() > MAXIMUM_CERTIFICATES {
        return Err(ChainFault::TooMany);
    }
    let certificate = |(place, element): (usize, &Value)| {
        let text = element.as_str().ok_or(ChainFault::NoList)?;
        let der = STANDARD.decode(text).map_err(|_| ChainFault::Base64(place))?;
        Certificate::from_der(&der).ok_or(ChainFault::NoCertificate(place))
    };
    (1..).zip(list).map(certificate).collect()
}
