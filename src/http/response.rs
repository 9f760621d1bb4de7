//! A complete response: the status, the headers that matter here, and the body.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, SET_COOKIE};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::clock::{Clock as _, SystemClock};

/// A complete response.
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The media type in lower case, without parameters; empty when it is missing.
    pub media_type: String,
    /// The target of a redirect, without its query.
    pub location: Option<String>,
    /// How long the server asks the client to wait.
    pub retry_after: Option<Duration>,
    /// When the server created the response, to the second (`Date`, RFC 9110 §6.6.1).
    pub date: Option<DateTime<Utc>>,
    /// The nonce that the server wants in the next proof (`DPoP-Nonce`, RFC 9449 §8.1).
    pub dpop_nonce: Option<String>,
    /// When the request was started, by this machine's clock; a new connection is established after that.
    pub sent_at: DateTime<Utc>,
    /// When status and headers had arrived, by this machine's clock.
    pub received_at: DateTime<Utc>,
    /// The values of `Set-Cookie` (RFC 6265 §4.1), without those that are not text.
    pub cookies: Vec<SecretString>,
    /// The body, which may contain a token.
    pub body: Zeroizing<Vec<u8>>,
}

impl Response {
    pub(super) fn new(
        response: &reqwest::Response,
        body: Zeroizing<Vec<u8>>,
        sent_at: DateTime<Utc>,
        received_at: DateTime<Utc>,
    ) -> Self {
        let headers = response.headers();
        Self {
            status: response.status().as_u16(),
            media_type: media_type(headers),
            location: text(headers, &LOCATION).map(|location| without_query(location).to_owned()),
            retry_after: text(headers, &RETRY_AFTER).and_then(|value| retry_after(value, SystemClock.now())),
            date: text(headers, &DATE).and_then(http_date),
            dpop_nonce: text(headers, &HeaderName::from_static("dpop-nonce"))
                .filter(|nonce| is_nonce(nonce))
                .map(str::to_owned),
            sent_at,
            received_at,
            cookies: headers.get_all(SET_COOKIE).iter().filter_map(|value| Some(value.to_str().ok()?.into())).collect(),
            body,
        }
    }
}

fn text<'headers>(headers: &'headers HeaderMap, name: &reqwest::header::HeaderName) -> Option<&'headers str> {
    headers.get(name)?.to_str().ok()
}

/// Returns whether a nonce has the characters of RFC 9449 §8.1 and a length that fits in a header.
fn is_nonce(nonce: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (1..=1024).contains(&nonce.len()) && nonce.bytes().all(is_allowed)
}

fn media_type(headers: &HeaderMap) -> String {
    let value = text(headers, &CONTENT_TYPE).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn without_query(location: &str) -> &str {
    location.split(['?', '#']).next().unwrap_or_default()
}

/// Parses `Retry-After`: seconds or a date (RFC 9110 §10.2.3).
fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some((http_date(value)? - now).to_std().unwrap_or(Duration::ZERO))
}

/// Parses an IMF-fixdate (RFC 9110 §5.6.7), which is a subset of the dates in mail.
fn http_date(value: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(value.trim()).ok().map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_that_may_be_in_the_past() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z").unwrap().to_utc();
        for (value, expected) in [
            ("7", Some(7)),
            ("Sun, 22 Nov 2026 10:00:05 GMT", Some(5)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after(value, now), expected.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn only_an_imf_fixdate_is_a_date() {
        for (value, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z")), // RFC 9110 §5.6.7's example
            ("Sun, 22 Nov 2026 23:59:59 GMT", Some("2026-11-22T23:59:59Z")),
            ("Mon, 22 Nov 2026 23:59:59 GMT", None),
            ("Sun, 31 Feb 2027 10:00:00 GMT", None),
            ("2026-11-22T10:00:00Z", None),
            ("1795341600", None),
            ("", None),
        ] {
            let expected = expected.map(|expected| DateTime::parse_from_rfc3339(expected).unwrap().to_utc());
            assert_eq!(http_date(value), expected, "{value}");
        }
    }

    #[test]
    fn a_nonce_has_no_spaces_quotes_or_backslashes() {
        assert!(is_nonce("eyJ7S_zG.eyJH0-Z.HX4w-7v"));
        for nonce in ["", "a b", "a\"b", "a\\b", "å", &"n".repeat(1025)] {
            assert!(!is_nonce(nonce), "{nonce}");
        }
    }
}
