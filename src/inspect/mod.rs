//! Says what a signed token says, and whether it holds: who issued it, for whom, until when, and what is odd about it.
//!
//! [`Jwt::parse`] takes it apart, a [`Inspection`] puts it in words, [`verify()`] looks at signature, issuer, times and what
//! is expected. JWT is RFC 7519, its dangers RFC 8725; the claims are those of
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token> and
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>. This room is pure: text, keys and a moment
//! in, words out. It fetches nothing, least of all what a token tells it to.

mod audience;
mod certificates;
mod envelope;
mod error;
mod finding;
mod grant;
mod inspection;
mod json;
mod jwt;
mod kind;
mod organisations;
mod personal;
mod time_claim;
mod verify;
mod warnings;

pub use self::{
    envelope::InputFormat,
    error::{InspectError, Part},
    finding::{Check, Finding, Verdict},
    inspection::Inspection,
    json::JsonFault,
    jwt::{Jwt, MAXIMUM_TOKEN_BYTES},
    kind::Kind,
    organisations::{Organisation, Role},
    time_claim::{TimeClaim, relative},
    verify::{Expectations, Keys, Verification, verify},
    warnings::Warning,
};

use crate::text::excerpt;

/// A token's own words, short and harmless for a terminal.
fn shown(text: &str) -> String {
    excerpt(text, 100)
}
