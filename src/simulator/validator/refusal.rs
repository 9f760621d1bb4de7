//! Every refusal, with Maskinporten's exact texts.
//!
//! Texts and codes: <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>. The form of the body, with
//! `trace_id` in the text and the code inside `error_uri`, and the use of full stops, are those of real responses.
//! Where no page gives a text, it is the simulator's own, which is noted on the variant.

use std::fmt::Write as _;

use serde::Serialize;

/// Why a grant was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GrantRefusal {
    /// The form is not valid (own text).
    Form(&'static str),
    /// Another `grant_type` (own text).
    GrantType,
    /// MP-011; only the log has the reason.
    Parameter(&'static str),
    /// An algorithm that is not accepted, sanitized (own text).
    Algorithm(String),
    /// MP-100; only the log has the reason.
    Client(&'static str),
    /// A client that may not use this grant (own text).
    IntegrationType,
    /// The client has registered keys and the assertion has no `kid`.
    KidMissing,
    /// The client has no key with this `kid`.
    KidUnknown,
    /// MP-121.
    KeyExpired,
    /// MP-123; only the log has the reason.
    X5c(&'static str),
    /// MP-120; only the log has the reason, and the switch that would allow it.
    Certificate(String, Option<(&'static str, &'static str)>),
    /// MP-122.
    Orgno,
    /// MP-124.
    Signature,
    /// MP-110.
    Audience {
        /// Whether it is the right one, in an array.
        in_an_array: bool,
    },
    /// MP-130.
    Expired {
        /// `exp`.
        expires: i64,
        /// The simulator's time.
        now: i64,
    },
    /// `iat` is too far ahead.
    IssuedAhead {
        /// `iat`.
        issued: i64,
        /// The simulator's time.
        now: i64,
    },
    /// A claim is missing or out of bounds (own text, modelled on MP-110).
    Claim {
        /// The claim.
        name: &'static str,
        /// What is wrong with it, as a sentence without its full stop.
        why: String,
        /// The switch that would allow it, with its lowest value.
        switch: Option<(&'static str, i64)>,
    },
    /// `jti` is missing, and the strictness requires it.
    JtiMissing,
    /// MP-012.
    Replayed {
        /// Whether the assertion has no `jti`.
        without_jti: bool,
    },
    /// An undocumented claim (only the beginning of the text is documented).
    ClaimUnknown {
        /// The sanitized name of the claim.
        name: String,
        /// Whether the error is `invalid_request`.
        request: bool,
    },
    /// `consumer_org` is the client's own organisation, or the scope cannot be delegated.
    Consumer,
    /// No scope (own text).
    ScopeMissing,
    /// MP-200.
    ScopeInvalid(String),
    /// MP-201.
    ScopeNotAllowed,
    /// MP-250.
    NotGranted(String),
    /// MP-251.
    NotDelegated {
        /// The organisation that has to delegate.
        consumer: String,
        /// The scope.
        scope: String,
        /// The organisation to delegate to.
        supplier: String,
    },
    /// A `resource` that is not an absolute URI without a fragment (own text; RFC 8707 §2).
    Resource {
        /// Whether it is valid but not in an array, which the strictness requires.
        single: bool,
    },
    /// MP-301, MP-302 and MP-303, with the `error` that the strictness chooses.
    Details(DetailsFault, String),
    /// MP-303 when Altinn has no matching system user (own text; the documentation leaves the text open).
    SystemUser,
    /// The replay cache is full.
    Busy,
}

/// What is wrong with `authorization_details`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DetailsFault {
    Type,
    Fields,
    Values,
}

/// Status, `error`, MP code, and a text that includes its full stop, if any.
pub(super) type RefusalRow = (u16, String, Option<&'static str>, String);

/// The body of a refusal (RFC 6749 §5.2), in the order of real responses.
#[derive(Serialize)]
pub(crate) struct RefusalBody {
    error: String,
    error_description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_uri: Option<String>,
}

/// The common beginning of many texts.
const FAILED: &str = "Invalid assertion. Client authentication failed.";
const KID_MISSING: &str = "Invalid JWT. The client requires pre-registered jwk and no key identifier (kid) provided.";
const ORGNO: &str = "Invalid JWT. Invalid organization number for client. Does not match certificate orgno.";
const CONSUMER: &str = "Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on \
                        client is invalid.";
const SYSTEM_USER: &str =
    "Invalid authorization details values. Altinn has no system user for this customer, system and externalRef.";

impl GrantRefusal {
    /// Returns the status and the body of the response.
    pub(crate) fn response(&self, issuer: &str, trace_id: &str) -> (u16, RefusalBody) {
        let (status, error, code, text) = self.row();
        let body = RefusalBody {
            error,
            error_description: format!("{text} (trace_id: {trace_id})"),
            error_uri: code.map(|code| format!("{issuer}errors/{code}")),
        };
        (status, body)
    }

    /// Returns the text of the response.
    pub(crate) fn text(&self) -> String {
        self.row().3
    }

    pub(super) fn row(&self) -> RefusalRow {
        match self {
            Self::Form(text) => row("invalid_request", None, format!("{text}.")),
            Self::GrantType => row("unsupported_grant_type", None, "Unsupported grant_type."),
            Self::Parameter(_) => row("invalid_request", Some("MP-011"), "Invalid assertion. Invalid parameter value."),
            Self::Algorithm(_) => unauthenticated(None, "Invalid JWT header alg."),
            Self::Client(_) => row("invalid_grant", Some("MP-100"), FAILED),
            Self::IntegrationType => row("unauthorized_client", None, "The client may not use this grant_type."),
            Self::KidMissing => unauthenticated(None, KID_MISSING),
            Self::KidUnknown => unauthenticated(None, "Unknown key identifier (kid) for client."),
            Self::KeyExpired => unauthenticated(Some("MP-121"), "Expired key."),
            Self::X5c(_) => row("invalid_grant", Some("MP-123"), "Invalid JWT header x5c."),
            Self::Certificate(..) => unauthenticated(Some("MP-120"), "The JWT is signed with an invalid certificate."),
            Self::Orgno => row("invalid_grant", Some("MP-122"), ORGNO),
            Self::Signature => unauthenticated(Some("MP-124"), "Invalid JWT signature."),
            Self::Audience { .. } => unauthenticated(Some("MP-110"), "Invalid JWT claim aud."),
            Self::Expired { .. } => row("invalid_grant", Some("MP-130"), "JWT is expired."),
            Self::IssuedAhead { .. } => row("invalid_grant", None, "Issue time is after now."),
            Self::Claim { name, why, .. } => unauthenticated(None, &format!("Invalid JWT claim {name}. {why}.")),
            Self::JtiMissing => unauthenticated(None, "Invalid JWT claim jti. It is missing."),
            Self::Replayed { .. } => row("invalid_grant", Some("MP-012"), "Grant is used before."),
            Self::ClaimUnknown { name, request } => {
                let error = if *request { "invalid_request" } else { "invalid_grant" };
                row(error, None, format!("Invalid assertion. Unknown JWT claim {name}."))
            }
            Self::Consumer => row("invalid_request", None, CONSUMER),
            Self::ScopeMissing => row("invalid_scope", None, "Token request contains no scope."),
            // Only this text has no full stop before the trace id in real responses.
            Self::ScopeInvalid(names) => {
                let text = format!("Token request contains invalid scopes for client, {names}");
                row("invalid_scope", Some("MP-200"), text)
            }
            Self::ScopeNotAllowed => {
                row("invalid_scope", Some("MP-201"), "Token request contains scopes not allowed for maskinporten.")
            }
            Self::NotGranted(scope) => {
                forbidden("MP-250", format!("Consumer has not been granted access to the scope {scope}."))
            }
            Self::NotDelegated { consumer, scope, supplier } => forbidden(
                "MP-251",
                format!("Consumer {consumer} has not delegated access to the scope {scope} to supplier {supplier}."),
            ),
            Self::Resource { .. } => {
                row("invalid_target", None, "The resource is not an absolute URI without fragment.")
            }
            Self::Details(fault, error) => {
                let (code, text) = match fault {
                    DetailsFault::Type => ("MP-301", "Unknown authorization details type."),
                    DetailsFault::Fields => ("MP-302", "Unknown fields in the authorization details."),
                    DetailsFault::Values => ("MP-303", "Invalid authorization details values."),
                };
                row(error, Some(code), text)
            }
            Self::SystemUser => row("invalid_altinn_customer_configuration", Some("MP-303"), SYSTEM_USER),
            Self::Busy => {
                let text = "The simulator cannot record more grants for now.".to_owned();
                (503, "temporarily_unavailable".to_owned(), None, text)
            }
        }
    }
}

fn row(error: &str, code: Option<&'static str>, text: impl Into<String>) -> RefusalRow {
    (400, error.to_owned(), code, text.into())
}

fn unauthenticated(code: Option<&'static str>, text: &str) -> RefusalRow {
    row("invalid_grant", code, format!("{FAILED} {text}"))
}

fn forbidden(code: &'static str, text: String) -> RefusalRow {
    (403, "forbidden".to_owned(), Some(code), text)
}

/// Makes text from the client safe for a response: at most 100 characters, printable ASCII only.
pub(crate) fn sanitize(text: &str) -> String {
    text.chars().take(100).map(|character| if character.is_ascii_graphic() { character } else { '?' }).collect()
}

/// Returns 32 lower-case hexadecimal digits. A trace id is not a secret, so a failing generator does no harm.
pub(crate) fn trace_id() -> String {
    let mut bytes = [0_u8; 16];
    let _ = openssl::rand::rand_bytes(&mut bytes);
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
