//! The members of one JWK, taken out by name.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::bn::BigNum;
use zeroize::Zeroizing;

use super::{
    JwkReason,
    json::{Json, Object},
};
use crate::keystore::certificate::printable;

/// Longer than the longest number here, an RSA modulus of 16384 bits with a sign octet.
const MAXIMUM_OCTETS: usize = 2049;

impl Object {
    /// A text; `null` counts as absent, as some generators write it.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, JwkReason> {
        match self.members.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(JwkReason::NotText(printable(name))),
        }
    }

    /// A text that is there and not empty.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, JwkReason> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or(JwkReason::Missing(name))
    }

    /// A list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, JwkReason> {
        let list = match self.members.get(name) {
            None | Some(Json::Null) => return Ok(None),
            Some(Json::List(list)) => list,
            Some(_) => return Err(JwkReason::NotTexts(printable(name))),
        };
        let texts = list.iter().map(|element| match element {
            Json::Text(text) => Ok(text.as_str()),
            _ => Err(JwkReason::NotTexts(printable(name))),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        !matches!(self.members.get(name), None | Some(Json::Null))
    }

    /// Octets in base64url without padding (RFC 7515 §2).
    pub(super) fn octets(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, JwkReason> {
        let text = self.required(name)?;
        let octets = URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new);
        let octets = octets.map_err(|_| JwkReason::Base64Url { member: name, fault: fault(text) })?;
        if octets.len() > MAXIMUM_OCTETS {
            return Err(JwkReason::Base64Url { member: name, fault: "it is longer than any key" });
        }
        Ok(octets)
    }

    /// A number, most significant octet first (RFC 7518 §2).
    pub(super) fn number(&self, name: &'static str) -> Result<BigNum, JwkReason> {
        BigNum::from_slice(&self.octets(name)?).map_err(|_| JwkReason::Inconsistent("a number cannot be read"))
    }

    /// A number that must not show in how long computing with it takes.
    pub(super) fn secret_number(&self, name: &'static str) -> Result<BigNum, JwkReason> {
        let mut number = self.number(name)?;
        number.set_const_time();
        Ok(number)
    }
}

/// What is wrong with a text that does not decode.
fn fault(text: &str) -> &'static str {
    if text.contains(['+', '/']) {
        "it uses `+` or `/`, which belong to plain base64"
    } else if text.ends_with('=') {
        "it is padded with `=`"
    } else if text.contains(char::is_whitespace) {
        "there are blanks or line breaks in it"
    } else {
        "it is cut short or holds other signs"
    }
}
