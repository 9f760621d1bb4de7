//! Why there is no assertion.

use josekit::JoseError;

use crate::{
    explain::Explain,
    keystore::{SignatureAlgorithm, SigningError},
};

/// A value that a grant cannot have, or a key that cannot sign it.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The client id is empty or has characters that a client id cannot have.
    #[error("`{0}` is not a client id")]
    ClientId(String),
    /// No scope was given.
    #[error("no scope was given")]
    NoScope,
    /// A scope has a character that a scope cannot have.
    #[error("`{0}` is not a scope (RFC 6749 §3.3)")]
    Scope(String),
    /// A resource is not an absolute URI, or has a fragment.
    #[error("`{0}` is not a resource: an absolute URI without a fragment (RFC 8707 §2)")]
    Resource(String),
    /// The lifetime is not a number of seconds or minutes.
    #[error("`{0}` is not a lifetime in seconds (`90`) or minutes (`2m`)")]
    Lifetime(String),
    /// The lifetime is outside what Maskinporten allows.
    #[error("a grant of {seconds} s is outside what Maskinporten allows: 1 to {limit} s between `iat` and `exp`")]
    LifetimeLimit {
        /// The requested lifetime.
        seconds: u64,
        /// The longest lifetime.
        limit: u64,
    },
    /// The lifetime is longer than any server needs.
    #[error("a grant of {0} s is outside the limit of 1 to 3600 s between `iat` and `exp`")]
    LifetimeElsewhere(u64),
    /// The person's identifier is not eleven digits; it is left out of the message.
    #[error("the person's identifier is not eleven digits")]
    Person,
    /// `authorization_details` is not what RFC 9396 describes.
    #[error("authorization_details is {0}")]
    AuthorizationDetails(String),
    /// Altinn does not accept the external reference of a system user.
    #[error("`{0}` is not an external reference: at most 255 letters, digits, `_` and `-`")]
    ExternalReference(String),
    /// The id of a consent is not a UUID.
    #[error("`{0}` is not the id of a consent: a UUID")]
    ConsentId(String),
    /// The giver of a consent is neither a person nor an organisation; it is left out of the message.
    #[error("the giver of the consent is neither an organisation number nor a person's identifier")]
    ConsentGiver,
    /// A claim has no valid name.
    #[error("`{0}` is not the name of a claim")]
    ClaimName(String),
    /// A claim has its own option.
    #[error("the claim `{claim}` is not set with --claim")]
    OwnOption {
        /// The claim.
        claim: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// A claim was given twice.
    #[error("the claim `{0}` was given twice")]
    ClaimTwice(String),
    /// A parameter of the token request has no valid name.
    #[error("`{0}` is not the name of a parameter")]
    ParameterName(String),
    /// A parameter of the token request is set in another way.
    #[error("the parameter `{parameter}` is not set with --token-request-param")]
    OwnParameter {
        /// The parameter.
        parameter: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// A parameter of the token request was given twice.
    #[error("the parameter `{0}` was given twice (RFC 6749 §3.2)")]
    ParameterTwice(String),
    /// The client must sign, and there is no key.
    #[error("no key was given with which the client authenticates itself")]
    NoKey,
    /// There is no certificate for `x5c`.
    #[error("the key has no certificate to send as x5c")]
    NoCertificate,
    /// The grant names no algorithm, and Maskinporten does not accept the one that the key prefers.
    #[error("the key signs with {0}, which Maskinporten does not accept")]
    Algorithm(SignatureAlgorithm),
    /// The key did not sign.
    #[error("could not sign the grant")]
    Signing(#[source] SigningError),
    /// A header or claim has a form that JOSE does not allow.
    #[error("could not write the grant as a JWT")]
    Jose(#[source] JoseError),
}

impl Explain for GrantError {
    fn code(&self) -> &'static str {
        match self {
            Self::ClientId(_) => "client_id",
            Self::NoScope | Self::Scope(_) => "scope",
            Self::Resource(_) => "resource",
            Self::Lifetime(_) | Self::LifetimeLimit { .. } | Self::LifetimeElsewhere(_) => "ttl",
            Self::Person => "pid",
            Self::AuthorizationDetails(_) | Self::ExternalReference(_) | Self::ConsentId(_) | Self::ConsentGiver => {
                "authorization_details"
            }
            Self::ClaimName(_) | Self::OwnOption { .. } | Self::ClaimTwice(_) | Self::Jose(_) => "claim",
            Self::ParameterName(_) | Self::OwnParameter { .. } | Self::ParameterTwice(_) => "token_request_param",
            Self::NoKey => "missing",
            Self::NoCertificate => "no_certificate",
            Self::Algorithm(_) => "algorithm",
            Self::Signing(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::ClientId(_) => "copy the client id from https://sjolvbetjening.samarbeid.digdir.no",
            Self::NoScope => "pass --scope SCOPE, such as --scope altinn:serviceowner",
            Self::Scope(_) => "separate several scopes with spaces or commas",
            Self::Resource(_) => "write it out, such as https://www.altinn.no/, or pass --no-resource",
            Self::Lifetime(_) | Self::LifetimeLimit { .. } => {
                "pass --ttl 120 or less; the access token's lifetime does not depend on it"
            }
            Self::LifetimeElsewhere(_) => "pass --ttl 300, or what the server's documentation allows",
            Self::Person => "pass the eleven digits of a fødselsnummer or D-number",
            Self::AuthorizationDetails(_) => {
                r#"pass a JSON array such as '[{"type":"urn:altinn:consent", …}]', or use --system-user ORGNO"#
            }
            Self::ExternalReference(_) => "use the reference with which the system user was created in Altinn",
            Self::ConsentId(_) => "copy the id from the consent request in Altinn",
            Self::ConsentGiver => "pass nine digits for an organisation, or eleven for a person",
            Self::ClaimName(_) => "pass --claim NAME=VALUE",
            Self::ParameterName(_) => "pass --token-request-param NAME=VALUE",
            Self::OwnOption { instead, .. } | Self::OwnParameter { instead, .. } => instead,
            Self::ParameterTwice(_) => "give each parameter once",
            Self::ClaimTwice(_) => "give each claim once",
            Self::NoKey => "pass --keystore FILE or another key, or --public for a client without one",
            Self::NoCertificate => "pass --kid with the id under which the key is registered on the client",
            Self::Algorithm(algorithm) => {
                return Some(format!("use an RSA key, or pass --alg {algorithm} for a server that accepts it"));
            }
            Self::Signing(error) => return error.hint(),
            Self::Jose(_) => "check the values given with --claim, --claim-json and --kid",
        };
        Some(hint.to_owned())
    }
}
