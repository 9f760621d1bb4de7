//! Builds a JWT bearer grant (RFC 7523 §2.1) and signs it: values, key and clock in, assertion out.
//!
//! The claims and their limits are those of
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>. Maskinporten rejects claims that this
//! page does not list, so only requested claims are sent. This module reads no file and sends nothing.

mod assertion;
mod authorization_details;
mod claims;
mod error;
mod jose;
mod request;
mod sign;
mod values;

use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::{
    assertion::{Assertion, Decoded},
    authorization_details::{AuthorizationDetails, ConsentGiver, ConsentId},
    claims::ExtraClaims,
    error::GrantError,
    request::{ClientAuthentication, RequestParameters, RequestParts},
    sign::Sign,
    values::{ClientId, Lifetime, PersonIdentifier, Resource, Scopes},
};
use crate::{clock::Clock, environment::Environment, keystore::SignatureAlgorithm, organisation::OrganisationNumber};

/// A grant that can be signed any number of times; each assertion has its own times and `jti`.
///
/// # Examples
/// ```
/// use maskinporten::grant::{ClientId, Grant, Lifetime, Scopes};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client_id = ClientId::parse("806e1e80-e3a7-4a73-980e-f92ba1c2bf86")?;
/// let grant = Grant::builder("https://test.maskinporten.no/", client_id, Scopes::parse("altinn:serviceowner")?)
///     .lifetime(Lifetime::parse("60s")?)
///     .build();
/// # assert_eq!(grant.lifetime.seconds(), 60);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Grant {
    /// The audience: the issuer identifier of the authorization server, with its trailing slash.
    pub audience: String,
    /// The client id, which is the issuer of the assertion.
    pub client_id: ClientId,
    /// The requested scopes.
    pub scopes: Scopes,
    /// The resources where the token will be used (RFC 8707 §2); may be empty.
    pub resources: Vec<Resource>,
    /// The lifetime of the assertion; the access token's lifetime does not depend on it.
    pub lifetime: Lifetime,
    /// The organisation that has delegated the scope to the client's organisation.
    pub consumer_org: Option<OrganisationNumber>,
    /// The person that the token is restricted to.
    pub person: Option<PersonIdentifier>,
    /// Rich authorization requests (RFC 9396), such as Altinn's system user.
    pub authorization_details: Option<AuthorizationDetails>,
    /// Claims beyond those above.
    pub extra: ExtraClaims,
    /// How the server finds the public key; `None` for the key's id if it has one, else its certificate chain.
    pub key_reference: Option<KeyReference>,
    /// The signature algorithm; `None` for the one that the key prefers.
    pub algorithm: Option<SignatureAlgorithm>,
    /// How the token request authenticates the client; `None` for the assertion alone, which Maskinporten wants.
    pub client_authentication: Option<ClientAuthentication>,
    /// Further parameters of the token request.
    pub request_parameters: RequestParameters,
}

/// Builds a [`Grant`].
#[derive(Debug, Clone)]
#[must_use]
pub struct GrantBuilder(Grant);

/// How the server finds the public key: by the id under which it is registered, or by certificates in the header.
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
    /// Starts a grant for these scopes, with the longest lifetime and no resource.
    pub fn builder(audience: impl Into<String>, client_id: ClientId, scopes: Scopes) -> GrantBuilder {
        GrantBuilder(Self {
            audience: audience.into(),
            client_id,
            scopes,
            resources: Vec::new(),
            lifetime: Lifetime::MAXIMUM,
            consumer_org: None,
            person: None,
            authorization_details: None,
            extra: ExtraClaims::default(),
            key_reference: None,
            algorithm: None,
            client_authentication: None,
            request_parameters: RequestParameters::default(),
        })
    }

    /// Signs an assertion that is valid from now on. Each call makes a new `jti`, because none may be used twice.
    ///
    /// # Errors
    /// [`GrantError`] when the key has no certificate to send, does not sign, or prefers an algorithm that
    /// Maskinporten does not accept, and when a claim is not well formed.
    pub fn sign(&self, key: &dyn Sign, clock: &dyn Clock) -> Result<Assertion, GrantError> {
        let algorithm = self.algorithm_for(key)?;
        let header = jose::header(algorithm, &self.key_reference_for(key), key)?;
        let now = clock.now();
        let sign = |claims| jose::encode(&header, claims, algorithm, key);
        let compact = sign(claims::claims(self, now, Uuid::new_v4()))?;
        Ok(Assertion::new(compact, RequestParts::new(self, now, sign)?))
    }

    /// Makes what authenticates the client in a request without an assertion: one for the tokens of a person (RFC 6749
    /// §4.1.3). The client signs for the audience unless the grant names another method.
    ///
    /// # Errors
    /// [`GrantError::NoKey`] when the client must sign and there is no key; else as [`Grant::sign`].
    pub fn authenticate(&self, key: Option<&dyn Sign>, clock: &dyn Clock) -> Result<RequestParts, GrantError> {
        let sign = |claims| {
            let key = key.ok_or(GrantError::NoKey)?;
            let algorithm = self.algorithm_for(key)?;
            let header = jose::header(algorithm, &self.key_reference_for(key), key)?;
            jose::encode(&header, claims, algorithm, key)
        };
        RequestParts::of_client(self, clock.now(), sign)
    }

    /// Returns the algorithm that this grant is signed with by this key.
    ///
    /// # Errors
    /// [`GrantError::Algorithm`] when the grant names none and Maskinporten does not accept the one that the key
    /// prefers. An algorithm that the grant names is used as it is: another server may accept it.
    pub fn algorithm_for(&self, key: &dyn Sign) -> Result<SignatureAlgorithm, GrantError> {
        let preferred = key.preferred_algorithm();
        match self.algorithm {
            Some(algorithm) => Ok(algorithm),
            None if preferred.is_accepted_by_maskinporten() => Ok(preferred),
            None => Err(GrantError::Algorithm(preferred)),
        }
    }

    /// Returns how the server finds this key: as set in the grant, else by the key's id, else by its certificates.
    #[must_use]
    pub fn key_reference_for(&self, key: &dyn Sign) -> KeyReference {
        let own = || key.key_id().map_or(KeyReference::Chain, |id| KeyReference::KeyId(id.to_owned()));
        self.key_reference.clone().unwrap_or_else(own)
    }
}

impl GrantBuilder {
    /// Sets the resources where the token will be used.
    pub fn resources(mut self, resources: Vec<Resource>) -> Self {
        self.0.resources = resources;
        self
    }

    /// Sets the lifetime of the assertion.
    pub fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.0.lifetime = lifetime;
        self
    }

    /// Sets the organisation that has delegated the scope.
    pub fn consumer_org(mut self, organisation: impl Into<Option<OrganisationNumber>>) -> Self {
        self.0.consumer_org = organisation.into();
        self
    }

    /// Sets the person that the token is restricted to.
    pub fn person(mut self, person: impl Into<Option<PersonIdentifier>>) -> Self {
        self.0.person = person.into();
        self
    }

    /// Sets `authorization_details`.
    pub fn authorization_details(mut self, details: impl Into<Option<AuthorizationDetails>>) -> Self {
        self.0.authorization_details = details.into();
        self
    }

    /// Sets further claims.
    pub fn extra(mut self, claims: ExtraClaims) -> Self {
        self.0.extra = claims;
        self
    }

    /// Sets how the server finds the public key.
    pub fn key_reference(mut self, reference: impl Into<Option<KeyReference>>) -> Self {
        self.0.key_reference = reference.into();
        self
    }

    /// Sets the signature algorithm.
    pub fn algorithm(mut self, algorithm: impl Into<Option<SignatureAlgorithm>>) -> Self {
        self.0.algorithm = algorithm.into();
        self
    }

    /// Sets how the token request authenticates the client.
    pub fn client_authentication(mut self, authentication: impl Into<Option<ClientAuthentication>>) -> Self {
        self.0.client_authentication = authentication.into();
        self
    }

    /// Sets further parameters of the token request.
    pub fn request_parameters(mut self, parameters: RequestParameters) -> Self {
        self.0.request_parameters = parameters;
        self
    }

    /// Returns the grant.
    #[must_use]
    pub fn build(self) -> Grant {
        self.0
    }
}

/// Returns the resource of a grant that names none: Altinn's address, when every scope is Altinn's.
///
/// <https://docs.altinn.studio/api/rest/kom-i-gang/> shows a grant with it for each environment.
#[must_use]
pub fn default_resource(environment: Environment, scopes: &Scopes) -> Option<Resource> {
    let altinn = scopes.iter().all(|scope| scope.starts_with("altinn:"));
    environment.altinn_resource().filter(|_| altinn).and_then(|address| Resource::parse(address).ok())
}

/// A JSON object whose members keep their order.
type Object = Map<String, Value>;
