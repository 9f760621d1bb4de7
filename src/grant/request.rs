//! What a token request carries beside the assertion, for servers that want more than Maskinporten does.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{ClientId, Grant, GrantError, Object, values::shown};

/// The value of `client_assertion_type` in RFC 7523 §2.2.
const CLIENT_ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The parameter that names the client.
const CLIENT_ID: &str = "client_id";

/// Parameters that cannot be extra ones, with what to do instead.
const RESERVED: [(&str, &str); 5] = [
    ("grant_type", "leave it out: it is always that of RFC 7523"),
    ("assertion", "leave it out: it is the signed grant"),
    ("client_secret", "use --client-auth client_secret_post and --client-secret-file"),
    ("client_assertion", "use --client-auth private_key_jwt"),
    ("client_assertion_type", "use --client-auth private_key_jwt"),
];

/// Parameters that a request may have more than once (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// How a token request authenticates its client, by the names of RFC 7591 §2. Maskinporten wants the assertion alone.
///
/// The client is the grant's, unless [`RequestParameters`] have a `client_id`.
#[derive(Debug, Clone)]
pub enum ClientAuthentication {
    /// `none`: the parameter `client_id` only names the client.
    Unauthenticated,
    /// `client_secret_basic`: id and secret in the header `Authorization` (RFC 6749 §2.3.1).
    SecretInHeader(SecretString),
    /// `client_secret_post`: id and secret among the parameters (RFC 6749 §2.3.1).
    SecretInForm(SecretString),
    /// `private_key_jwt`: a second assertion, signed by the key of the grant (RFC 7523 §2.2).
    PrivateKeyJwt,
}

/// Parameters of a token request beyond those of RFC 7523, in the order in which they are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestParameters(Vec<(String, String)>);

/// The parameters of a request after `assertion`, and the value of its header `Authorization`.
#[derive(Debug, Clone, Default)]
pub struct RequestParts {
    /// Names and values.
    pub parameters: Vec<(String, SecretString)>,
    /// The value of the header.
    pub authorization: Option<SecretString>,
}

impl ClientAuthentication {
    /// The names of the methods.
    pub const METHODS: [&str; 4] = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];

    /// Returns the name of the method.
    #[must_use]
    pub fn method(&self) -> &'static str {
        let [none, basic, post, jwt] = Self::METHODS;
        match self {
            Self::Unauthenticated => none,
            Self::SecretInHeader(_) => basic,
            Self::SecretInForm(_) => post,
            Self::PrivateKeyJwt => jwt,
        }
    }
}

impl RequestParameters {
    /// Adds a parameter.
    ///
    /// # Errors
    /// [`GrantError::ParameterName`] when the name is empty or has control characters, [`GrantError::OwnParameter`] when
    /// the request has this parameter anyway, [`GrantError::ParameterTwice`] when it was added before and may not be
    /// repeated, [`GrantError::ClientId`] for a `client_id` that is not one.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), GrantError> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(GrantError::ParameterName(shown(name)));
        }
        if let Some((own, instead)) = RESERVED.iter().find(|(own, _)| *own == name) {
            return Err(GrantError::OwnParameter { parameter: own, instead });
        }
        if !REPEATABLE.contains(&name) && self.0.iter().any(|(own, _)| own == name) {
            return Err(GrantError::ParameterTwice(shown(name)));
        }
        if name == CLIENT_ID {
            ClientId::parse(value)?;
        }
        self.0.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Returns names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl RequestParts {
    /// Makes what a request for this grant carries beside the assertion; `sign` signs the claims of a client assertion.
    pub(super) fn new(
        grant: &Grant,
        now: DateTime<Utc>,
        sign: impl FnOnce(Object) -> Result<SecretString, GrantError>,
    ) -> Result<Self, GrantError> {
        let mut parts = Self::default();
        let others = &grant.request_parameters;
        let Some(authentication) = &grant.client_authentication else {
            parts.add_all(others.iter());
            return Ok(parts);
        };
        let given = others.iter().find(|(name, _)| *name == CLIENT_ID).map(|(_, id)| id.trim());
        let client = given.unwrap_or(grant.client_id.as_str());
        parts.authenticate(authentication, client, || sign(client_claims(grant, client, now)))?;
        // RFC 6749 §2.3: a request must not authenticate the client in two ways.
        parts.add_all(others.iter().filter(|(name, _)| *name != CLIENT_ID));
        Ok(parts)
    }

    /// Makes what authenticates the client of a grant in a request without an assertion.
    ///
    /// Parameters that are posted before a login name the client (RFC 9126 §2.1), and ID-porten wants `client_id` beside a client
    /// assertion too
    /// (<https://docs.digdir.no/docs/idporten/oidc/oidc_protocol_token>).
    pub(super) fn of_client(
        grant: &Grant,
        now: DateTime<Utc>,
        sign: impl FnOnce(Object) -> Result<SecretString, GrantError>,
    ) -> Result<Self, GrantError> {
        let mut parts = Self::default();
        let client = grant.client_id.as_str();
        let authentication = grant.client_authentication.as_ref().unwrap_or(&ClientAuthentication::PrivateKeyJwt);
        if let ClientAuthentication::PrivateKeyJwt | ClientAuthentication::SecretInHeader(_) = authentication {
            parts.add(CLIENT_ID, client);
        }
        parts.authenticate(authentication, client, || sign(client_claims(grant, client, now)))?;
        parts.add_all(grant.request_parameters.iter().filter(|(name, _)| *name != CLIENT_ID));
        Ok(parts)
    }

    fn authenticate(
        &mut self,
        authentication: &ClientAuthentication,
        client: &str,
        sign: impl FnOnce() -> Result<SecretString, GrantError>,
    ) -> Result<(), GrantError> {
        match authentication {
            ClientAuthentication::Unauthenticated => self.add(CLIENT_ID, client),
            ClientAuthentication::SecretInHeader(secret) => self.authorization = Some(basic(client, secret)),
            ClientAuthentication::SecretInForm(secret) => {
                self.add(CLIENT_ID, client);
                self.add("client_secret", secret.expose_secret());
            }
            ClientAuthentication::PrivateKeyJwt => {
                self.add("client_assertion_type", CLIENT_ASSERTION_TYPE);
                self.parameters.push(("client_assertion".to_owned(), sign()?));
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, value: &str) {
        self.parameters.push((name.to_owned(), value.into()));
    }

    fn add_all<'text>(&mut self, parameters: impl Iterator<Item = (&'text str, &'text str)>) {
        parameters.for_each(|(name, value)| self.add(name, value));
    }
}

/// Returns the credentials of RFC 6749 §2.3.1: both are encoded as in a form, so neither contains a colon.
fn basic(client: &str, secret: &SecretString) -> SecretString {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let secret = Zeroizing::new(encoded(secret.expose_secret()));
    let pair = Zeroizing::new(format!("{}:{}", encoded(client), *secret));
    format!("Basic {}", STANDARD.encode(pair.as_bytes())).into()
}

/// Returns the claims of RFC 7523 §3 for a client.
fn client_claims(grant: &Grant, client: &str, now: DateTime<Utc>) -> Object {
    let issued_at = now.timestamp();
    let claims = [
        ("iss", client.into()),
        ("sub", client.into()),
        ("aud", grant.audience.as_str().into()),
        ("jti", Uuid::new_v4().to_string().into()),
        ("iat", issued_at.into()),
        ("exp", issued_at.saturating_add(grant.lifetime.seconds()).into()),
    ];
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::Scopes;

    fn grant(authentication: Option<ClientAuthentication>, others: &[(&str, &str)]) -> Grant {
        let client_id = ClientId::parse("our:client").unwrap();
        let mut parameters = RequestParameters::default();
        for (name, value) in others {
            parameters.add(name, value).unwrap();
        }
        Grant::builder("https://issuer.example/", client_id, Scopes::parse("a:b").unwrap())
            .client_authentication(authentication)
            .request_parameters(parameters)
            .build()
    }

    /// Returns the parameters and the header of a request; a client assertion is its claims.
    fn parts(authentication: Option<ClientAuthentication>, others: &[(&str, &str)]) -> (String, Option<String>) {
        let sign = |mut claims: Object| {
            assert!(claims.shift_remove("jti").is_some());
            Ok(serde_json::to_string(&claims).unwrap().into())
        };
        let now = DateTime::from_timestamp(1_000_000_000, 0).unwrap();
        let parts = RequestParts::new(&grant(authentication, others), now, sign).unwrap();
        let shown = |(name, value): &(String, SecretString)| format!("{name}={}", value.expose_secret());
        let parameters: Vec<_> = parts.parameters.iter().map(shown).collect();
        (parameters.join("&"), parts.authorization.map(|value| value.expose_secret().to_owned()))
    }

    #[test]
    fn without_authentication_the_request_has_the_extra_parameters_alone() {
        assert_eq!(parts(None, &[]), (String::new(), None));
        let others = [("client_id", "x"), ("resource", "urn:a"), ("resource", "urn:b"), ("empty", "")];
        assert_eq!(parts(None, &others), ("client_id=x&resource=urn:a&resource=urn:b&empty=".to_owned(), None));
    }

    #[test]
    fn the_client_is_that_of_the_grant_unless_a_parameter_names_it() {
        let none = || Some(ClientAuthentication::Unauthenticated);
        assert_eq!(parts(none(), &[("scope", "a")]), ("client_id=our:client&scope=a".to_owned(), None));
        assert_eq!(parts(none(), &[("scope", "a"), ("client_id", "x")]), ("client_id=x&scope=a".to_owned(), None));
        let post = Some(ClientAuthentication::SecretInForm("s e".into()));
        assert_eq!(parts(post, &[]), ("client_id=our:client&client_secret=s e".to_owned(), None));
    }

    #[test]
    fn basic_credentials_are_encoded_as_in_a_form_before_they_are_joined() {
        let basic = Some(ClientAuthentication::SecretInHeader("p:å+ ".into()));

        let (parameters, header) = parts(basic, &[("client_id", "x")]);

        assert_eq!(parameters, "");
        // x:p%3A%C3%A5%2B+
        assert_eq!(header.as_deref(), Some("Basic eDpwJTNBJUMzJUE1JTJCKw=="));
    }

    #[test]
    fn a_client_assertion_is_about_the_client_and_for_the_same_audience() {
        let (parameters, header) = parts(Some(ClientAuthentication::PrivateKeyJwt), &[("client_id", "x")]);

        let claims = r#"{"iss":"x","sub":"x","aud":"https://issuer.example/","iat":1000000000,"exp":1000000120}"#;
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        assert_eq!(parameters, format!("client_assertion_type={kind}&client_assertion={claims}"));
        assert_eq!(header, None);
    }

    #[test]
    fn parameters_of_the_grant_and_secrets_are_not_extra_parameters() {
        let refused = |name: &str| {
            let mut parameters = RequestParameters::default();
            parameters.add("scope", "a").unwrap();
            parameters.add(name, "hunter2").unwrap_err().to_string()
        };
        for name in ["grant_type", "assertion", "client_secret", "client_assertion", "client_assertion_type"] {
            assert_eq!(refused(name), format!("the parameter `{name}` is not set with --token-request-param"));
        }
        assert_eq!(refused("scope"), "the parameter `scope` was given twice (RFC 6749 §3.2)");
        assert_eq!(refused(""), "`` is not the name of a parameter");
    }
}
