//! The token API that NAIS gives to applications (<https://docs.nais.io/auth/reference/#texas>), for Maskinporten, so
//! that they also run on a developer's machine.
//!
//! Requests are JSON or forms; `target` contains the scopes. Responses are those of NAIS' own server, Texas
//! (<https://github.com/nais/texas>): a refusal has the token endpoint's status, error and description. An identity provider
//! is enabled if a profile has its tokens. Additions: `consumer_org`, and the tokens of a kept login, for `idporten` and
//! `ansattporten`.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{RawQuery, Request, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    api_error::{ApiError, NoToken},
    app::App,
    nais_request::Members,
    profile::{ProfileSource, RequestedToken, ServedProfile},
    query::{Query, not_allowed, parse_scopes},
    response::{self, HandledRequest},
};
use crate::{
    explain::Explain,
    grant::{AuthorizationDetails, Resource},
    organisation::OrganisationNumber,
    tokens::GrantOverrides,
};

/// An error in the form of RFC 6749 §5.2.
pub(super) struct NaisError(ApiError);

impl From<ApiError> for NaisError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl NaisError {
    /// Returns the status: that of a refusal, else our own.
    fn status(&self) -> u16 {
        self.0.refusal.as_ref().map_or(self.0.status, |refusal| refusal.status)
    }

    fn to_json(&self) -> Value {
        let own = &self.0;
        if own.refusal.is_some() {
            return json!({ "error": own.error, "error_description": own.description });
        }
        let error = match own.status {
            400 => "invalid_request",
            500.. => "server_error",
            _ => &*own.error,
        };
        let remedy = own.remedy.as_deref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
        json!({ "error": error, "error_description": format!("{}{remedy}", own.description) })
    }
}

impl IntoResponse for NaisError {
    fn into_response(self) -> Response {
        let handled = HandledRequest::new(self.0.code().to_owned());
        handled.attach_to(response::json(self.status(), &self.to_json()))
    }
}

/// `POST /api/v1/token`
pub(super) async fn token<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, NaisError> {
    let names = ["identity_provider", "target", "resource", "authorization_details", "consumer_org", "skip_cache"];
    let members = Members::read(request, &names).await?;
    let target = members.required("target")?;
    let profiles = enabled(members.identity_provider()?, &app).map_err(ApiError::bad_request)?;
    let skip_cache = members.flag("skip_cache")?;
    let query = Query::profile_of(query.as_deref());
    let wanted = wanted(target, &members, &query, &profiles)?;
    let taken = app.take(&wanted, !skip_cache).await;
    let response = match &taken {
        Ok(obtained) => {
            let body = Zeroizing::new(format!(
                r#"{{"access_token":"{}","expires_in":{},"token_type":"Bearer"}}"#,
                obtained.token.expose(),
                response::seconds_left(&obtained.token, app.clock.now()),
            ));
            response::with_body(200, response::JSON, Bytes::from_owner(ErasedText(body)))
        }
        Err(missing) => no_token(missing),
    };
    Ok(HandledRequest::for_token(wanted, &taken).attach_to(response))
}

/// `POST /api/v1/token/exchange`: the providers that exchange tokens of users are not enabled.
pub(super) async fn exchange<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    request: Request,
) -> Result<Response, NaisError> {
    let members = Members::read(request, &["identity_provider", "target", "user_token"]).await?;
    members.required("target")?;
    let provider = members.identity_provider()?;
    let why = enabled(provider, &app).err();
    let unsupported = || format!("identity provider '{provider}' does not support token exchange");
    Err(ApiError::bad_request(why.unwrap_or_else(unsupported)).into())
}

/// Returns the profiles with tokens of an identity provider; without any, why it is not enabled.
fn enabled<S: ProfileSource>(provider: &str, app: &App<S>) -> Result<Vec<Arc<ServedProfile>>, String> {
    let all = app.source.profiles();
    let own: Vec<_> = all.iter().filter(|profile| profile.identity_provider() == provider).cloned().collect();
    if own.is_empty() { Err(format!("identity provider '{provider}' is not enabled")) } else { Ok(own) }
}

/// `POST /api/v1/introspect`
pub(super) async fn introspect<S: ProfileSource>(
    State(app): State<Arc<App<S>>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, NaisError> {
    let members = Members::read(request, &["identity_provider", "token"]).await?;
    let token = members.required("token")?;
    let inactive = |why: &str| json!({ "active": false, "error": why });
    let profiles = match enabled(members.identity_provider()?, &app) {
        Ok(profiles) => profiles,
        Err(why) => {
            let response = response::json(200, &inactive(&why));
            return Ok(HandledRequest::new("not active: another provider").attach_to(response));
        }
    };
    let profile = Query::profile_of(query.as_deref()).profile(&profiles)?;
    let (body, what) = match app.issuers.introspect(&profile, token, app.clock.now()).await {
        Ok(mut claims) => {
            claims.insert("active".to_owned(), Value::Bool(true));
            (Value::Object(claims), "active")
        }
        Err(reason) => (inactive(&reason.why), reason.what),
    };
    Ok(HandledRequest::new(what).attach_to(response::json(200, &body)))
}

/// Returns the token that a request asks for, of the named profile, else of the first that allows the scopes.
///
/// As at NAIS, the request alone decides on `resource` and `authorization_details`. The profile's `consumer_org` applies
/// unless the request names one, since NAIS has no such member.
fn wanted(
    target: &str,
    members: &Members,
    query: &Query,
    profiles: &[Arc<ServedProfile>],
) -> Result<RequestedToken, ApiError> {
    let scopes = parse_scopes(target)?;
    let first = query.profile(profiles)?;
    let mut others = profiles.iter().filter(|_| !query.names_profile());
    let profile = if first.allows(&scopes) { Some(&first) } else { others.find(|other| other.allows(&scopes)) };
    let profile = Arc::clone(profile.ok_or_else(|| not_allowed(&first, &scopes))?);
    let overrides = GrantOverrides {
        scopes: Some(scopes),
        resource: parsed(members.get("resource"), Resource::parse)?,
        // An empty array asks for nothing.
        authorization_details: parsed(
            members.get("authorization_details").filter(|text| text.trim() != "[]"),
            AuthorizationDetails::parse,
        )?,
        consumer_org: parsed(members.get("consumer_org"), OrganisationNumber::parse)?,
        leaves_out_others: true,
    };
    Ok(RequestedToken::new(profile, overrides))
}

fn parsed<T, E: Explain>(text: Option<&str>, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, ApiError> {
    text.map(parse).transpose().map_err(|error| ApiError::from_error(400, &error))
}

/// Makes the response when there is no token. A refusal is repeated during its backoff, as the endpoint would repeat it.
fn no_token(missing: &NoToken) -> Response {
    let error = NaisError(missing.error.clone());
    let status = if missing.is_paused && missing.error.refusal.is_none() { 503 } else { error.status() };
    response::with_retry_after(response::json(status, &error.to_json()), missing.retry_after)
}

/// Text that is erased when the response has been sent.
struct ErasedText(Zeroizing<String>);

impl AsRef<[u8]> for ErasedText {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
