//! Builds a JWT bearer grant (RFC 7523 §2.1) for one environment and signs it: values, key and clock in, assertion out.
//!
//! Which claims there are and what they may say is
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>. Maskinporten refuses claims that this
//! page does not list, so nothing is sent that nobody asked for. This room reads no file and sends nothing.

mod assertion;
mod authorization_details;
mod claims;
mod error;
mod jose;
mod values;

use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::{
    assertion::{Assertion, Decoded},
    authorization_details::AuthorizationDetails,
    claims::ExtraClaims,
    error::GrantError,
    values::{ClientId, Lifetime, PersonIdentifier, Resource, Scopes},
};
use crate::{
    clock::Clock,
    environment::Environment,
    keystore::{SignatureAlgorithm, SigningKey},
    organisation::OrganisationNumber,
};

/// What is asked for, ready to be signed any number of times: each assertion gets times and a `jti` of its own.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The audience: the issuer identifier of the authorization server, with its trailing slash.
    pub audience: String,
    /// The issuer of the grant: our client id.
    pub client_id: ClientId,
    /// The scopes asked for.
    pub scopes: Scopes,
    /// The resources the token is for (RFC 8707 §2); empty for none.
    pub resources: Vec<Resource>,
    /// How long the grant itself is good; the access token's lifetime does not depend on it.
    pub lifetime: Lifetime,
    /// The organisation that has delegated the scope to us.
    pub consumer_org: Option<OrganisationNumber>,
    /// The person that the token is restricted to.
    pub person: Option<PersonIdentifier>,
    /// Rich authorization requests (RFC 9396), such as Altinn's system user.
    pub authorization_details: Option<AuthorizationDetails>,
    /// Claims beyond these, asked for one by one.
    pub extra: ExtraClaims,
    /// How the server finds our public key.
    pub key_reference: KeyReference,
    /// How the grant is signed.
    pub algorithm: SignatureAlgorithm,
}

/// How the server finds our public key: by an id under which it was registered, or by certificates sent along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyReference {
    /// `kid` with this value (RFC 7515 §4.1.4).
    KeyId(String),
    /// `kid` with the certificate's SHA-1 thumbprint in upper-case hexadecimal, as the original tool offers it.
    Thumbprint,
    /// `x5c` with every certificate from leaf to root (RFC 7515 §4.1.6).
    Chain,
    /// `x5c` with the leaf alone.
    Leaf,
}

impl Grant {
    /// Signs an assertion that holds from now on; each call makes another `jti`, since none may be used twice.
    ///
    /// # Errors
    /// [`GrantError`] when the key has no certificate to send along, cannot sign so, or a claim is not well formed.
    pub fn sign(&self, key: &SigningKey, clock: &dyn Clock) -> Result<Assertion, GrantError> {
        let header = jose::header(self.algorithm, &self.key_reference, key)?;
        let claims = claims::Claims::of(self, clock.now(), Uuid::new_v4());
        jose::encode(&header, &claims, self.algorithm, key)
    }
}

/// The resource that belongs to a grant when nobody names one: Altinn's address, when every scope is Altinn's.
///
/// The seed of this project, <https://docs.altinn.studio/api/rest/kom-i-gang/>, shows a grant with it per environment.
#[must_use]
pub fn default_resource(environment: Environment, scopes: &Scopes) -> Option<Resource> {
    let altinn = scopes.iter().all(|scope| scope.starts_with("altinn:"));
    environment.altinn_resource().filter(|_| altinn).and_then(|address| Resource::parse(address).ok())
}

/// A JSON object whose members stay in the order in which they were put there.
type Object = Map<String, Value>;
