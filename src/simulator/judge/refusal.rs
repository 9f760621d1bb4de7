//! Every refusal, and the exact words in which Maskinporten gives it.
//!
//! Texts and codes: <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>. The form of the body, with
//! `trace_id` in the text and the code inside `error_uri`, and where a full stop stands, is that of answers seen
//! on the wire. What no page gives a text for has one of the simulator's own here; each is marked.

use serde::Serialize;

/// Why a grant was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The form is not one (own text).
    Form(&'static str),
    /// Another `grant_type` (own text).
    GrantType,
    /// MP-011; what was wrong goes to the log only.
    Parameter(&'static str),
    /// An algorithm that is not accepted (own text).
    Algorithm,
    /// MP-100.
    Client(&'static str),
    /// A client that may not use this grant (own text).
    IntegrationType,
    /// The client has keys and the grant has no `kid`.
    KidMissing,
    /// The client does not have this key.
    KidUnknown,
    /// MP-121.
    KeyExpired,
    /// MP-123; what was wrong goes to the log only.
    X5c(&'static str),
    /// MP-120; what was wrong goes to the log only.
    Certificate(String),
    /// MP-122.
    Orgno,
    /// MP-124.
    Signature,
    /// MP-110.
    Audience,
    /// MP-130.
    Expired,
    /// `iat` too far ahead.
    IssuedAhead,
    /// A claim is missing or out of bounds (own text, in the manner of MP-110).
    Claim(&'static str),
    /// MP-012.
    Replayed,
    /// A claim that is not documented (the beginning of the text is documented, not its end).
    ClaimUnknown {
        /// The claim's name, made harmless.
        name: String,
        /// Whether to say `invalid_request`.
        request: bool,
    },
    /// `consumer_org` is the client's own, or the scope cannot be delegated.
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
        /// Who should have delegated.
        consumer: String,
        /// What.
        scope: String,
        /// To whom.
        supplier: String,
    },
    /// A `resource` that is not an absolute URI without a fragment (own text; RFC 8707 §2).
    Resource,
    /// MP-301, MP-302 and MP-303.
    Details(Details, String),
    /// MP-303 when Altinn has no system user that fits (own text; the documentation says it is free).
    SystemUser,
    /// The memory for used grants is full.
    Busy,
}

/// What is wrong with `authorization_details`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Details {
    Type,
    Fields,
    Values,
}

/// What is sent: status, `error`, MP number and text with its own full stop or none.
struct Row(u16, String, Option<&'static str>, String);

/// The body of a refusal (RFC 6749 §5.2), in the order seen on the wire.
#[derive(Serialize)]
pub(crate) struct Body {
    error: String,
    error_description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_uri: Option<String>,
}

/// The common beginning of many texts.
const FAILED: &str = "Invalid assertion. Client authentication failed.";

impl Refusal {
    /// Puts the refusal into the words that are sent, with its status.
    pub(crate) fn answer(&self, issuer: &str, trace_id: &str) -> (u16, Body) {
        let Row(status, error, code, text) = self.row();
        let body = Body {
            error,
            error_description: format!("{text} (trace_id: {trace_id})"),
            error_uri: code.map(|number| format!("{issuer}errors/{number}")),
        };
        (status, body)
    }

    /// What the log says: the code, or the error, and what is not told to the client.
    pub(crate) fn summary(&self) -> String {
        let Row(_, error, code, _) = self.row();
        let name = code.map_or(error, str::to_owned);
        match self {
            Self::Parameter(why) | Self::X5c(why) | Self::Client(why) | Self::Form(why) | Self::Claim(why) => {
                format!("{name} ({why})")
            }
            Self::Certificate(why) => format!("{name} ({why})"),
            Self::ClaimUnknown { name: claim, .. } => format!("{name} (unknown claim {claim})"),
            Self::Algorithm => format!("{name} (alg)"),
            Self::KidMissing | Self::KidUnknown => format!("{name} (kid)"),
            Self::IssuedAhead => format!("{name} (iat)"),
            _ => name,
        }
    }

    fn row(&self) -> Row {
        if let Some((code, text)) = self.of_grant() {
            return Row(400, "invalid_grant".to_owned(), code, text);
        }
        let request = |code, text: &str| Row(400, "invalid_request".to_owned(), code, text.to_owned());
        let scope = |code, text: String| Row(400, "invalid_scope".to_owned(), code, text);
        let forbidden = |code, text: String| Row(403, "forbidden".to_owned(), Some(code), text);
        let other = |status, error: &str, text: &str| Row(status, error.to_owned(), None, text.to_owned());
        match self {
            Self::Form(text) => request(None, &format!("{text}.")),
            Self::Parameter(_) => request(Some("MP-011"), "Invalid assertion. Invalid parameter value."),
            Self::ClaimUnknown { name, .. } => request(None, &unknown_claim(name)),
            Self::Consumer => request(
                None,
                "Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client \
                 is invalid.",
            ),
            Self::GrantType => other(400, "unsupported_grant_type", "Unsupported grant_type."),
            Self::IntegrationType => other(400, "unauthorized_client", "The client may not use this grant_type."),
            Self::Resource => other(400, "invalid_target", "The resource is not an absolute URI without fragment."),
            Self::ScopeMissing => scope(None, "Token request contains no scope.".to_owned()),
            // On the wire this one text has no full stop before the trace id.
            Self::ScopeInvalid(name) => {
                scope(Some("MP-200"), format!("Token request contains invalid scopes for client, {name}"))
            }
            Self::ScopeNotAllowed => {
                scope(Some("MP-201"), "Token request contains scopes not allowed for maskinporten.".to_owned())
            }
            Self::NotGranted(name) => {
                forbidden("MP-250", format!("Consumer has not been granted access to the scope {name}."))
            }
            Self::NotDelegated { consumer, scope, supplier } => forbidden(
                "MP-251",
                format!("Consumer {consumer} has not delegated access to the scope {scope} to supplier {supplier}."),
            ),
            Self::Details(details, error) => {
                let (code, text) = details.words();
                Row(400, error.clone(), Some(code), text.to_owned())
            }
            Self::SystemUser => Row(
                400,
                "invalid_altinn_customer_configuration".to_owned(),
                Some("MP-303"),
                "Invalid authorization details values. Altinn has no system user for this customer, system and \
                 externalRef."
                    .to_owned(),
            ),
            _ => other(503, "temporarily_unavailable", "The simulator remembers no more grants for now."),
        }
    }

    /// The refusals that are an `invalid_grant`: code and text.
    fn of_grant(&self) -> Option<(Option<&'static str>, String)> {
        let failed = |text: &str| format!("{FAILED} {text}");
        Some(match self {
            Self::Algorithm => (None, failed("Invalid JWT header alg.")),
            Self::Client(_) => (Some("MP-100"), FAILED.to_owned()),
            Self::KidMissing => (
                None,
                failed("Invalid JWT. The client requires pre-registered jwk and no key identifier (kid) provided."),
            ),
            Self::KidUnknown => (None, failed("Unknown key identifier (kid) for client.")),
            Self::KeyExpired => (Some("MP-121"), failed("Expired key.")),
            Self::X5c(_) => (Some("MP-123"), "Invalid JWT header x5c.".to_owned()),
            Self::Certificate(_) => (Some("MP-120"), failed("The JWT is signed with an invalid certificate.")),
            Self::Orgno => (
                Some("MP-122"),
                "Invalid JWT. Invalid organization number for client. Does not match certificate orgno.".to_owned(),
            ),
            Self::Signature => (Some("MP-124"), failed("Invalid JWT signature.")),
            Self::Audience => (Some("MP-110"), failed("Invalid JWT claim aud.")),
            Self::Expired => (Some("MP-130"), "JWT is expired.".to_owned()),
            Self::IssuedAhead => (None, "Issue time is after now.".to_owned()),
            Self::Claim(name) => (None, failed(&format!("Invalid JWT claim {name}."))),
            Self::Replayed => (Some("MP-012"), "Grant is used before.".to_owned()),
            Self::ClaimUnknown { name, request: false } => (None, unknown_claim(name)),
            _ => return None,
        })
    }
}

fn unknown_claim(name: &str) -> String {
    format!("Invalid assertion. Unknown JWT claim {name}.")
}

impl Details {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Type => ("MP-301", "Unknown authorization details type."),
            Self::Fields => ("MP-302", "Unknown fields in the authorization details."),
            Self::Values => ("MP-303", "Invalid authorization details values."),
        }
    }
}

/// Makes text of the client's fit for an answer: printable ASCII, not long.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().take(100).map(|sign| if sign.is_ascii_graphic() { sign } else { '?' }).collect()
}
