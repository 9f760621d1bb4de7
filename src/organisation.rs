//! Norwegian organisation numbers: nine digits, the last a check digit.
//!
//! The rule (modulus 11 with the weights 3 2 7 6 5 4 3 2) is the Brønnøysund registers':
//! <https://www.brreg.no/om-oss/registrene-vare/om-enhetsregisteret/organisasjonsnummeret/>. It shows that a
//! number is well formed, not that it belongs to an organisation.
//!
//! Organisations of other countries have the identifiers of their certificates (ETSI EN 319 412-1 §5.1.4).

use std::fmt;

use crate::{explain::Explain, text::excerpt};

const WEIGHTS: [u32; 8] = [3, 2, 7, 6, 5, 4, 3, 2];

/// A well-formed organisation number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrganisationNumber(String);

/// Why a text is not an organisation number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrganisationNumberError {
    /// It does not have exactly nine digits.
    #[error("`{0}` is not nine digits")]
    NotNineDigits(String),
    /// The check digit does not match the others.
    #[error("`{0}` has a wrong check digit (modulus 11)")]
    CheckDigit(String),
}

impl Explain for OrganisationNumberError {
    fn code(&self) -> &'static str {
        "organisation_number"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotNineDigits(_) => "give the nine digits alone, without `0192:` or `NO`".to_owned(),
            Self::CheckDigit(_) => "check the number against https://data.brreg.no/enhetsregisteret".to_owned(),
        })
    }
}

impl OrganisationNumber {
    /// Parses nine digits; spaces between them are ignored.
    ///
    /// # Errors
    /// [`OrganisationNumberError`] if there are not nine digits, or the check digit is wrong.
    pub fn parse(text: &str) -> Result<Self, OrganisationNumberError> {
        let digits: String = text.chars().filter(|character| *character != ' ').collect();
        if digits.len() != 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(OrganisationNumberError::NotNineDigits(excerpt(text, 40)));
        }
        let values: Vec<u32> = digits.bytes().map(|byte| u32::from(byte - b'0')).collect();
        let sum: u32 = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
        // A remainder of one would give a check digit of ten; such numbers are never issued.
        if (11 - sum % 11) % 11 == values[8] {
            Ok(Self(digits))
        } else {
            Err(OrganisationNumberError::CheckDigit(digits))
        }
    }

    /// Returns the nine digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Returns the ISO 6523 form in tokens and system users: `0192:` and the digits.
    #[must_use]
    pub fn iso6523(&self) -> String {
        format!("0192:{}", self.0)
    }
}

impl fmt::Display for OrganisationNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The `organizationIdentifier` of a certificate, such as `VATSE-556677889901` or `LEIXG-…`.
///
/// It has the kind of register in three characters, the country in two letters, a hyphen, and the number there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationIdentifier(String);

impl OrganisationIdentifier {
    /// Parses an identifier; `None` if it does not have that form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (register, number) = text.split_once('-')?;
        // A national register has two letters and a colon (`SI:`).
        let kind = register.get(..3)?.as_bytes();
        let is_kind = kind[..2].iter().all(u8::is_ascii_uppercase) && (kind[2].is_ascii_uppercase() || kind[2] == b':');
        let country = register.get(3..)?.as_bytes();
        let is_country = country.len() == 2 && country.iter().all(u8::is_ascii_uppercase);
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_graphic());
        (is_kind && is_country && is_number && text.len() <= 64).then(|| Self(text.to_owned()))
    }

    /// Returns whether the register is in another country, or international.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        &self.0[3..5] != "NO"
    }
}

impl fmt::Display for OrganisationIdentifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_names_its_register_and_country() {
        for (text, is_foreign) in [
            ("NTRNO-991825827", false),
            ("VATNO-991825827MVA", false),
            ("VATSE-556677889901", true),
            ("NTRDE-HRB123456", true),
            ("LEIXG-5493001KJTIIGC8Y1R12", true),
            ("PSDFI-FINFSA-1234567-8", true),
            ("EI:SE-5567082537", true),
        ] {
            assert_eq!(OrganisationIdentifier::parse(text).map(|id| id.is_foreign()), Some(is_foreign), "{text}");
        }
        for text in
            ["", "991825827", "NTRNO991825827", "NTRNO-", "ntrno-1", "NTR-NO-1", "NTRNOR-1", "Ærøy-123", "VATSE-1 2"]
        {
            assert_eq!(OrganisationIdentifier::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_number_of_digdir_is_parsed_with_and_without_spaces() {
        assert_eq!(OrganisationNumber::parse("991825827").unwrap().digits(), "991825827");
        assert_eq!(OrganisationNumber::parse("991 825 827").unwrap().iso6523(), "0192:991825827");
    }

    #[test]
    fn a_wrong_check_digit_and_anything_but_nine_digits_are_rejected() {
        for (text, wanted) in [
            ("991825828", "`991825828` has a wrong check digit (modulus 11)"),
            ("0192:991825827", "`0192:991825827` is not nine digits"),
            ("99182582", "`99182582` is not nine digits"),
            ("٩٩١٨٢٥٨٢٧", "`٩٩١٨٢٥٨٢٧` is not nine digits"),
            ("", "`` is not nine digits"),
        ] {
            assert_eq!(OrganisationNumber::parse(text).unwrap_err().to_string(), wanted);
        }
    }
}
