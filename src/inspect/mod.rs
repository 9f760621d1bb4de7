//! Inspects a signed token: its issuer, audience, times and organisations, what is unusual about it, and its validity.
//!
//! [`Jwt::parse`] parses it, [`Inspection`] describes it, [`verify()`] checks signature, issuer, times and expectations.
//! JWT is RFC 7519, its pitfalls RFC 8725. The claims are those of
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token> and
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>. This module is pure: it takes text, keys and
//! a time, and fetches nothing.

mod altinn_identity;
mod certificates;
mod error;
mod finding;
mod grant;
mod input_format;
mod inspection;
mod jwt;
mod kind;
mod organisations;
mod personal;
mod time_claim;
mod token_search;
mod verify;
mod warnings;

pub(crate) use self::kind::audiences;
pub use self::{
    altinn_identity::AltinnIdentity,
    error::{InspectError, JwtPart},
    finding::{Finding, FindingKind, FindingVerdict, TokenWarning},
    input_format::InputFormat,
    inspection::Inspection,
    jwt::{Jwt, MAXIMUM_TOKEN_BYTES},
    kind::TokenKind,
    organisations::{Organisation, OrganisationRole},
    time_claim::{LEEWAY, TimeClaim, relative},
    verify::{Expectations, Verification, VerificationKeys, verify},
};
/// The rules and readers that `check` shares.
#[cfg(any(feature = "cli", feature = "server"))]
pub(crate) use self::{
    certificates::first_invalid,
    grant::{DETAIL_TYPES, maximum_lifetime, undocumented_claims},
    organisations::{details, identifier},
};
use crate::text::excerpt;

/// Makes a value of a token safe to show: short and printable.
fn shown(text: &str) -> String {
    excerpt(text, 100)
}
