//! The people in `clients.json` who can log in, and the organisations that they represent.

use serde::Deserialize;

use super::Orgno;

/// A person who can be chosen on the login page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisteredPerson {
    pub(crate) pid: Pid,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) organisations: Vec<RepresentedOrganisation>,
}

/// An organisation that a person represents in Ansattporten.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepresentedOrganisation {
    pub(crate) orgno: Orgno,
    pub(crate) name: String,
    #[serde(default = "limited_company")]
    pub(crate) unit_type: String,
}

fn limited_company() -> String {
    "AS".to_owned()
}

/// A national identity number with valid check digits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pid(String);

impl Pid {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses eleven digits, the last two of which are check digits.
    ///
    /// <https://www.skatteetaten.no/en/person/national-registry/identitetsnummer/>
    pub(crate) fn parse(text: &str) -> Option<Self> {
        const FIRST: [u32; 10] = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1];
        const SECOND: [u32; 11] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];
        if text.len() != 11 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let sum = |weights: &[u32]| -> u32 {
            text.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum()
        };
        (sum(&FIRST).is_multiple_of(11) && sum(&SECOND).is_multiple_of(11)).then(|| Self(text.to_owned()))
    }
}

impl TryFrom<String> for Pid {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("a national identity number has eleven digits, the last two of which are check digits")
    }
}
