//! The values of a grant, each validated once when it is parsed.

use std::fmt;

use chrono::TimeDelta;
use url::Url;

use super::GrantError;
use crate::{clock, text::excerpt};

/// Maskinporten's limit on `exp` − `iat`
/// (<https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>: "Maximum 120 seconds allowed").
const MAXIMUM_LIFETIME_SECONDS: u64 = 120;

/// The id under which a client is registered: a UUID, or `oidc_…` for older ones. With a European eSeal nothing is registered,
/// and it is the name of the business or system, which may have blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientId(String);

impl ClientId {
    /// Parses a client id; surrounding whitespace is ignored.
    ///
    /// # Errors
    /// [`GrantError::ClientId`] when it is empty, or has other characters than those of printable ASCII (`VSCHAR`, RFC 6749
    /// appendix A.1).
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(GrantError::ClientId(shown(text)));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the id as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One or more scopes, in the order in which they were given, without repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Parses scopes that are separated by spaces or commas.
    ///
    /// # Errors
    /// [`GrantError::NoScope`] when there is none, [`GrantError::Scope`] when one has a character that RFC 6749
    /// §3.3 does not allow.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let mut scopes: Vec<String> = Vec::new();
        for scope in text.split([' ', ',', '\t', '\r', '\n']).filter(|scope| !scope.is_empty()) {
            let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if !scope.bytes().all(allowed) {
                return Err(GrantError::Scope(shown(scope)));
            }
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        if scopes.is_empty() { Err(GrantError::NoScope) } else { Ok(Self(scopes)) }
    }

    /// Returns the scopes one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join(" "))
    }
}

/// The resource where a token is used: an absolute URI without a fragment (RFC 8707 §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource(String);

impl Resource {
    /// Parses a resource; it is sent exactly as it was given.
    ///
    /// # Errors
    /// [`GrantError::Resource`] when it is not an absolute URI, or has a fragment.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let clean = !text.contains(|character: char| character.is_whitespace() || character.is_control());
        match Url::parse(text) {
            Ok(url) if url.fragment().is_none() && clean => Ok(Self(text.to_owned())),
            _ => Err(GrantError::Resource(shown(text))),
        }
    }

    /// Returns the resource as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The limit for other servers, which have limits of their own: a grant that can be used for long can be stolen for long.
const MAXIMUM_ELSEWHERE_SECONDS: u64 = 60 * 60;

/// The lifetime of an assertion: one to 120 seconds, or up to an hour for a server that is not Maskinporten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(TimeDelta);

impl Lifetime {
    /// The longest lifetime that Maskinporten allows.
    pub const MAXIMUM: Self = Self(TimeDelta::seconds(MAXIMUM_LIFETIME_SECONDS.cast_signed()));

    /// The longest lifetime for a server that is not Maskinporten.
    pub const MAXIMUM_ELSEWHERE: Self = Self(TimeDelta::seconds(MAXIMUM_ELSEWHERE_SECONDS.cast_signed()));

    /// Parses seconds (`90`, `90s`) or minutes (`2m`).
    ///
    /// # Errors
    /// [`GrantError::Lifetime`] when it is not such a number, [`GrantError::LifetimeLimit`] when Maskinporten does
    /// not allow it.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        Self::within(text, MAXIMUM_LIFETIME_SECONDS)?
            .map_err(|seconds| GrantError::LifetimeLimit { seconds, limit: MAXIMUM_LIFETIME_SECONDS })
    }

    /// Parses the lifetime of an assertion for a server that is not Maskinporten.
    ///
    /// # Errors
    /// [`GrantError::Lifetime`] when it is not such a number, [`GrantError::LifetimeElsewhere`] when it is longer than
    /// an hour.
    pub fn parse_elsewhere(text: &str) -> Result<Self, GrantError> {
        Self::within(text, MAXIMUM_ELSEWHERE_SECONDS)?.map_err(GrantError::LifetimeElsewhere)
    }

    /// Parses a lifetime; the inner error is a number of seconds outside the limit.
    fn within(text: &str, limit: u64) -> Result<Result<Self, u64>, GrantError> {
        let seconds = clock::parse_seconds(text).ok_or_else(|| GrantError::Lifetime(shown(text)))?;
        let lifetime = Self(TimeDelta::seconds(i64::try_from(seconds).unwrap_or_default()));
        Ok(if (1..=limit).contains(&seconds) { Ok(lifetime) } else { Err(seconds) })
    }

    /// Returns the lifetime in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.num_seconds()
    }
}

/// The eleven digits of a person (fødselsnummer or D-number). Check digits are not verified, because test persons and
/// future series follow other rules.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonIdentifier(String);

impl PersonIdentifier {
    /// Parses eleven digits.
    ///
    /// # Errors
    /// [`GrantError::Person`] when it is anything else; the error does not contain the text.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let digits: String = text.chars().filter(|character| *character != ' ').collect();
        if digits.len() == 11 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(digits))
        } else {
            Err(GrantError::Person)
        }
    }

    /// Returns the eleven digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PersonIdentifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PersonIdentifier([REDACTED])")
    }
}

/// Returns a user's text for an error message: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    excerpt(text, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_scopes_separated_by_commas_or_spaces_and_keeps_each_once() {
        let scopes = Scopes::parse("altinn:serviceowner, altinn:events.publish  altinn:serviceowner").unwrap();
        assert_eq!(scopes.to_string(), "altinn:serviceowner altinn:events.publish");
    }

    #[test]
    fn parses_lifetimes_in_seconds_and_minutes_up_to_the_limit() {
        for (text, expected) in [("120", Some(120)), ("90s", Some(90)), ("2m", Some(120)), (" 1 ", Some(1))] {
            assert_eq!(Lifetime::parse(text).ok().map(Lifetime::seconds), expected, "{text}");
        }
        for text in ["0", "121", "3m", "-1", "+1", "1.5", "", "m", "99999999999999999999", "two"] {
            assert!(Lifetime::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_lifetime_for_another_server_is_at_most_an_hour() {
        for (text, expected) in [("121", Some(121)), ("3600", Some(3600)), ("60m", Some(3600)), ("1", Some(1))] {
            assert_eq!(Lifetime::parse_elsewhere(text).ok().map(Lifetime::seconds), expected, "{text}");
        }
        for text in ["0", "3601", "61m", "18446744073709551615", "two"] {
            assert!(Lifetime::parse_elsewhere(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_resource_is_an_absolute_uri_without_a_fragment() {
        for text in ["https://www.altinn.no/", "urn:example:api", "https://www.altinn.no"] {
            assert_eq!(Resource::parse(text).unwrap().as_str(), text);
        }
        for text in
            ["www.altinn.no", "/api", "https://www.altinn.no/#x", "https://www.altinn.no/#", " https://a.no", ""]
        {
            assert!(Resource::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_person_does_not_show_in_debug_output_or_errors() {
        let person = PersonIdentifier::parse("010170 12345").unwrap();
        assert_eq!(person.digits(), "01017012345");
        assert_eq!(format!("{person:?}"), "PersonIdentifier([REDACTED])");
        assert!(!PersonIdentifier::parse("0101701234").unwrap_err().to_string().contains("0101"));
    }
}
