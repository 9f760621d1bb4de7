//! Gets the tokens of a person who logs in with a browser: authorization code (RFC 6749 §4.1), PKCE (RFC 7636) and
//! `OpenID` Connect Core §3.1, as ID-porten and Ansattporten have them
//! (<https://docs.digdir.no/docs/idporten/oidc/oidc_protocol_authorize>).
//!
//! [`LoginClient::start`] makes the URL for the browser, [`PendingLogin::read_answer`] checks the address that the browser
//! comes back to, and [`LoginClient::finish`] exchanges its code for [`LoginTokens`]. Nothing of a login that fails a check
//! is returned.

mod answer;
mod error;
mod id_token;
#[cfg(feature = "_connections")]
mod listener;
#[cfg(feature = "_connections")]
mod page;
mod redirect;
mod refresh;
mod request;
mod server;
mod session_tokens;
mod token_response;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret as _, SecretString};

pub use self::{
    answer::{AuthorizationCode, PendingLogin},
    error::{IdTokenFault, LoginError, LoginStep},
    id_token::{ExpectedIdToken, IdToken},
    redirect::{RedirectUri, RedirectUriError},
    request::{AuthenticationLevel, LoginRequest, Prompt},
    server::LoginServer,
    session_tokens::{LoginTokens, RefreshToken},
};
#[cfg(feature = "_connections")]
pub use self::{
    listener::{AnswerListener, ReceivedAnswer},
    page::LoginPage,
};
use crate::{
    client::{OpenIdProvider, RetryPolicy},
    clock::Clock,
    dpop::{DPOP, DpopKey, ProvenRequest},
    grant::{Grant, RequestParts, Sign},
    http::{Endpoint, HttpClient, HttpOptions, Response, encode_form},
    tokens::blocking,
};

/// The grant type of RFC 6749 §4.1.3.
const AUTHORIZATION_CODE: &str = "authorization_code";

/// A client of one server where people log in.
#[derive(Clone)]
pub struct LoginClient {
    /// The server.
    pub provider: OpenIdProvider,
    /// The client, its scopes and resources, and how it authenticates itself; the audience is the issuer of the provider.
    pub grant: Grant,
    /// The key with which the client signs; `None` when it authenticates itself in another way.
    pub key: Option<Arc<dyn Sign>>,
    /// The key that tokens are bound to (`DPoP`, RFC 9449).
    pub dpop: Option<DpopKey>,
    /// How requests are sent.
    pub http: HttpOptions,
    /// The time limit of each request.
    pub timeout: Duration,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl LoginClient {
    /// Makes the URL for the browser; posts the parameters before that, if the request says so (RFC 9126).
    ///
    /// # Errors
    /// [`LoginError`] when random numbers are not available, or the server refuses the parameters.
    pub async fn start(&self, request: LoginRequest) -> Result<PendingLogin, LoginError> {
        let is_pushed = request.is_pushed;
        let pending = PendingLogin::new(&self.provider, &self.grant, request)?;
        if !is_pushed {
            return Ok(pending);
        }
        let endpoint = self.provider.pushed_request_endpoint.as_ref().ok_or(LoginError::NoPushedRequests)?;
        let response = self.post(LoginStep::PushedRequest, endpoint, &pending.parameters()).await?;
        Ok(pending.pushed(&token_response::request_uri(&response, endpoint)?))
    }

    /// Exchanges the code for tokens, and verifies them.
    ///
    /// # Errors
    /// [`LoginError`] when the server refuses the code, or a token fails a check.
    pub async fn finish(&self, pending: &PendingLogin, code: AuthorizationCode) -> Result<LoginTokens, LoginError> {
        let parameters = [
            ("grant_type", AUTHORIZATION_CODE),
            ("code", code.expose()),
            ("redirect_uri", pending.redirect_uri()),
            ("code_verifier", pending.expose_verifier()),
        ];
        let response = self.post(LoginStep::Code, &self.provider.token_endpoint, &parameters).await?;
        self.read_tokens(&response, &pending.expected(), true).await
    }

    /// Reads and verifies the tokens of a response; those of a login must have an id token.
    pub(crate) async fn read_tokens(
        &self,
        response: &Response,
        expected: &ExpectedIdToken<'_>,
        is_login: bool,
    ) -> Result<LoginTokens, LoginError> {
        let endpoint = &self.provider.token_endpoint;
        let now = self.clock.now();
        let token_type = if self.dpop.is_some() { "DPoP" } else { "Bearer" };
        let received = token_response::read(response, endpoint, token_type, now)?;
        token_response::check_times(&received.access_token, now)?;
        if let Some(key) = &self.dpop {
            key.check_binding(received.access_token.expose())?;
        }
        let id_token = match received.id_token {
            Some(text) => {
                let retries = RetryPolicy { timeout: self.timeout, ..RetryPolicy::default() };
                let keys = crate::client::fetch_key_set(&self.provider.keys, &self.http, retries).await?;
                Some(IdToken::verify(text, expected, received.access_token.expose(), &keys, now)?)
            }
            None if is_login => return Err(IdTokenFault::Missing.into()),
            None => None,
        };
        Ok(LoginTokens { access_token: received.access_token, id_token, refresh_token: received.refresh_token })
    }

    /// Posts parameters with what authenticates the client. A server that asks for a nonce in the proof is asked once more
    /// (RFC 9449 §8).
    pub(crate) async fn post(
        &self,
        step: LoginStep,
        endpoint: &Endpoint,
        parameters: &[(&str, &str)],
    ) -> Result<Response, LoginError> {
        let http = HttpClient::new(endpoint.clone(), &self.http).map_err(crate::client::ClientError::from)?;
        let mut nonce: Option<String> = None;
        loop {
            let credentials = self.credentials().await?;
            let own = credentials.parameters.iter().map(|(name, value)| (name.as_str(), value.expose_secret()));
            let form = encode_form(parameters.iter().copied().chain(own));
            let proof = self.dpop.as_ref().map(|key| {
                let (method, url) = ("POST", endpoint.url());
                key.proof(ProvenRequest { method, url, access_token: None, nonce: nonce.as_deref() }, &*self.clock)
            });
            let headers: Vec<(&str, SecretString)> =
                proof.transpose()?.into_iter().map(|proof| (DPOP, proof)).collect();
            let deadline = Instant::now() + self.timeout;
            let response = http.post_form(&form, credentials.authorization.as_ref(), &headers, deadline).await;
            let response = response.map_err(crate::client::ClientError::from)?;
            let is_first = self.dpop.is_some() && nonce.is_none();
            match response.dpop_nonce.clone().filter(|_| is_first && token_response::wants_nonce(&response)) {
                Some(wanted) => nonce = Some(wanted),
                None => return token_response::success(step, endpoint, response),
            }
        }
    }

    /// Signs what authenticates the client, on a thread where that may take long.
    async fn credentials(&self) -> Result<RequestParts, LoginError> {
        let grant = Grant { audience: self.provider.issuer.clone(), ..self.grant.clone() };
        let (key, clock) = (self.key.clone(), Arc::clone(&self.clock));
        Ok(blocking(move || grant.authenticate(key.as_deref(), &*clock)).await?)
    }
}
