//! Norwegian organisation numbers: nine digits, the last a check digit.
//!
//! The rule (modulus 11 with the weights 3 2 7 6 5 4 3 2) is the Brønnøysund registers':
//! <https://www.brreg.no/om-oss/registrene-vare/om-enhetsregisteret/organisasjonsnummeret/>. It shows that a
//! number is well formed, not that it belongs to an organisation.

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

#[cfg(test)]
mod tests {
    use super::*;

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
