//! The authentication of a client with the method that it is registered with (RFC 6749 §2.3, RFC 7523 §2.2).

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{LoginContext, authentication_request::client, parameters::ReceivedParameters, refusal::LoginRefusal};
use crate::simulator::{
    registry::{RegisteredClient, login_client::ClientAuthenticationMethod},
    validator::{self, GrantRefusal, claims, jwt::ReceivedJwt},
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client and how it authenticated.
pub(super) struct AuthenticatedClient<'a> {
    pub(super) client: Cow<'a, RegisteredClient>,
    /// The claim `client_amr`.
    pub(super) amr: &'static str,
}

impl AuthenticatedClient<'_> {
    /// Whether it is a public client.
    pub(super) fn is_public(&self) -> bool {
        self.client.token_endpoint_auth_method == ClientAuthenticationMethod::None
    }
}

/// Authenticates a client.
pub(super) fn authenticate<'a>(
    context: &'a LoginContext,
    headers: &HeaderMap,
    parameters: &ReceivedParameters,
) -> Result<AuthenticatedClient<'a>, LoginRefusal> {
    let basic = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let presented = [
        (ClientAuthenticationMethod::ClientSecretBasic, basic.is_some()),
        (ClientAuthenticationMethod::ClientSecretPost, parameters.get("client_secret").is_some()),
        (
            ClientAuthenticationMethod::PrivateKeyJwt,
            parameters.get("client_assertion").or(parameters.get("client_assertion_type")).is_some(),
        ),
    ];
    let mut presented = presented.into_iter().filter(|(_, is_presented)| *is_presented).map(|(method, _)| method);
    let method = presented.next().unwrap_or(ClientAuthenticationMethod::None);
    // RFC 6749 §2.3: a client must not use more than one method in a request.
    if presented.next().is_some() {
        return Err(LoginRefusal::request("More than one method of client authentication."));
    }
    let credentials = basic.map(|text| basic_credentials(text).ok_or_else(|| LoginRefusal::client("Invalid header.")));
    let credentials = credentials.transpose()?;
    let named = credentials.as_ref().map(|(id, _)| id.as_str());
    let id = match (named, parameters.get("client_id")) {
        (Some(named), Some(parameter)) if named != parameter => {
            return Err(LoginRefusal::request("client_id differs from that of the client authentication."));
        }
        (Some(id), _) | (None, Some(id)) => id,
        // ID-porten requires it beside a client assertion, too.
        (None, None) => return Err(LoginRefusal::request("Missing parameter client_id.")),
    };
    let client = client(context, id)?;
    let registered = client.token_endpoint_auth_method;
    if method != registered {
        return Err(LoginRefusal::client(match method {
            ClientAuthenticationMethod::None => "No client authentication included.",
            _ => "The method is not the one that the client is registered with.",
        }));
    }
    let is_secret = |secret: &str| client.client_secret.as_ref().is_some_and(|own| own.is(secret));
    let amr = match method {
        ClientAuthenticationMethod::None => method.name(),
        ClientAuthenticationMethod::PrivateKeyJwt => assertion(context, &client, parameters)?,
        ClientAuthenticationMethod::ClientSecretBasic if credentials.is_some_and(|(_, secret)| is_secret(&secret)) => {
            method.name()
        }
        ClientAuthenticationMethod::ClientSecretPost if parameters.get("client_secret").is_some_and(is_secret) => {
            method.name()
        }
        ClientAuthenticationMethod::ClientSecretBasic | ClientAuthenticationMethod::ClientSecretPost => {
            return Err(LoginRefusal::client("Invalid client secret."));
        }
    };
    Ok(AuthenticatedClient { client, amr })
}

/// Returns client id and secret, which are percent-encoded in the header (RFC 6749 §2.3.1).
fn basic_credentials(text: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = text.split_once(' ')?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    // Encoded, neither contains what separates the parameters of a form.
    let decode = |text: &str| {
        let (decoded, _) = url::form_urlencoded::parse(text.as_bytes()).next()?;
        Some(decoded.into_owned())
    };
    Some((decode(id)?, Zeroizing::new(decode(secret)?))).filter(|_| scheme.eq_ignore_ascii_case("Basic"))
}

/// Verifies a client assertion, and returns `client_amr`.
fn assertion(
    context: &LoginContext,
    client: &RegisteredClient,
    parameters: &ReceivedParameters,
) -> Result<&'static str, LoginRefusal> {
    if parameters.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(LoginRefusal::request("Invalid parameter value, client_assertion_type."));
    }
    verified(context, client, parameters.require("client_assertion")?)
        .map_err(|refusal| LoginRefusal::assertion(&refusal))
}

fn verified(context: &LoginContext, client: &RegisteredClient, text: &str) -> Result<&'static str, GrantRefusal> {
    let strictness = context.state.strictness(&context.clients);
    let jwt = ReceivedJwt::parse(text)?;
    let algorithm = jwt.algorithm(&strictness.allow_algorithms)?;
    let claim = |name: &str| jwt.claims.get(name).and_then(Value::as_str);
    // RFC 7523 §3: both are the client id.
    if claim("iss") != Some(&client.id) {
        return Err(GrantRefusal::Client("iss is not the client_id"));
    }
    if claim("sub") != Some(&client.id) {
        return Err(GrantRefusal::Client("sub is not the client_id"));
    }
    let (key, amr) = validator::client_key(client, &jwt, &context.state.anchors, strictness, context.now)?;
    jwt.verify(algorithm, &key)?;
    claims::audience(&jwt.claims, &context.service.issuer.identifier, strictness)?;
    let expires_at = claims::times(&jwt.claims, context.now, strictness)?;
    let jti = claims::identifier(&jwt.claims, strictness)?.ok_or(GrantRefusal::JtiMissing)?;
    let until = expires_at.saturating_add(strictness.expiry_leeway_seconds.into());
    let id = validator::replay_id(&client.id, jti);
    context.service.store().used.record(id, until, context.now.timestamp())?;
    Ok(amr)
}
