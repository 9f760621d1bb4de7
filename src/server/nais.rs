//! The token API that NAIS gives an application (<https://docs.nais.io/auth/reference/#texas>), for Maskinporten: what
//! was written for it runs on a laptop.
//!
//! Its requests are JSON or forms; what it calls `target` are the scopes. Tokens for users (`tokenx`, `idporten`) and
//! the exchange endpoint are not here.

use std::{collections::BTreeMap, fmt, sync::Arc};

use hyper::{Request, header::CONTENT_TYPE};
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::{Value, json};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{
    ApiError, Profile, TokenSource, Wanted, answer,
    app::{App, Told},
    body::{self, Body},
    guard::bad_request,
    query::{self, Query},
};
use crate::grant::Resource;

/// The members of a request, each of them text.
type Members = BTreeMap<String, Zeroizing<String>>;

/// `POST /api/v1/token`
pub(super) async fn token<S: TokenSource>(app: &Arc<App<S>>, request: Request<Body>, query: &Query) -> Told {
    const MEMBERS: [&str; 4] = ["identity_provider", "target", "resource", "skip_cache"];
    let wanted = async {
        let members = members(request, &MEMBERS).await?;
        let profiles = app.source.profiles();
        let skip = match members.get("skip_cache").map(|skip| skip.as_str()) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(bad_request("`skip_cache` is neither true nor false")),
        };
        wanted(&members, query, &profiles).map(|wanted| (wanted, skip))
    };
    let (wanted, skip) = match wanted.await {
        Ok(wanted) => wanted,
        Err(failed) => return Told::failed(&failed),
    };
    let taken = app.take(&wanted, !skip).await;
    let now = app.clock.now();
    Told::of(&taken, |held| {
        let answer = Zeroizing::new(format!(
            r#"{{"access_token":"{}","expires_in":{},"token_type":"Bearer"}}"#,
            held.token.expose(),
            held.seconds_left(now),
        ));
        answer::with(200, answer::JSON, bytes::Bytes::from_owner(Octets(answer)))
    })
    .about(wanted)
}

/// `POST /api/v1/introspect`
pub(super) async fn introspect<S: TokenSource>(app: &Arc<App<S>>, request: Request<Body>, query: &Query) -> Told {
    let asked = async {
        let members = members(request, &["identity_provider", "token"]).await?;
        let token = members.get("token").cloned().ok_or_else(|| bad_request("`token` is missing"))?;
        Ok((query.profile(&app.source.profiles())?, token))
    };
    let (profile, token) = match asked.await {
        Ok(asked) => asked,
        Err(failed) => return Told::failed(&failed),
    };
    match app.issuers.introspect(&profile, &token, app.clock.now()).await {
        Ok(mut claims) => {
            claims.insert("active".to_owned(), Value::Bool(true));
            Told::new(answer::json(200, &Value::Object(claims)), "active")
        }
        Err(inactive) => {
            Told::new(answer::json(200, &json!({ "active": false, "error": inactive.why })), inactive.what)
        }
    }
}

/// The profile that is named, else the first that allows the scopes.
fn wanted(members: &Members, query: &Query, profiles: &[Arc<Profile>]) -> Result<Wanted, ApiError> {
    let target = members.get("target").ok_or_else(|| bad_request("`target` is missing: the scopes"))?;
    let scopes = query::scopes(target)?;
    let resource = members.get("resource").filter(|resource| !resource.is_empty());
    let resource = resource.map(|resource| Resource::parse(resource)).transpose();
    let resource = resource.map_err(|error| ApiError::of(400, &error))?;
    let first = query.profile(profiles)?;
    let mut candidates = profiles.iter().filter(|_| !query.names_profile());
    let profile = if first.allows(&scopes) { Some(&first) } else { candidates.find(|own| own.allows(&scopes)) };
    let profile = Arc::clone(profile.ok_or_else(|| query::not_allowed(&first, &scopes))?);
    Ok(Wanted::of(profile, scopes, resource))
}

/// Reads a body as JSON or a form, as its type says, for Maskinporten alone.
async fn members(request: Request<Body>, known: &[&str]) -> Result<Members, ApiError> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let read = match media_type.as_str() {
        "application/json" => of_json,
        "application/x-www-form-urlencoded" => of_form,
        _ => {
            let told = ApiError::new(415, "unsupported_media_type", "the body is neither JSON nor a form");
            return Err(told.hint("send `Content-Type: application/json`, or application/x-www-form-urlencoded"));
        }
    };
    let members = read(&body::read(request.into_body()).await?)?;
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        let shown = query::shown(name);
        return Err(
            bad_request(&format!("`{shown}` means nothing here")).hint(&format!("there are {}", known.join(", ")))
        );
    }
    match members.get("identity_provider").map(|provider| provider.as_str()) {
        Some("maskinporten") => Ok(members),
        Some(_) => Err(bad_request("`identity_provider` is none that is served here").hint("use maskinporten")),
        None => Err(bad_request("`identity_provider` is missing").hint("use maskinporten")),
    }
}

fn of_json(body: &[u8]) -> Result<Members, ApiError> {
    let Pairs(pairs) = serde_json::from_slice(body).map_err(|_| bad_request("the body is no JSON object"))?;
    let mut members = Members::new();
    for (name, value) in pairs {
        let text = match value {
            Value::String(text) => text,
            Value::Bool(value) => value.to_string(),
            Value::Null => continue,
            _ => return Err(bad_request("the body has a member that is neither text nor true or false")),
        };
        add(&mut members, name, text)?;
    }
    Ok(members)
}

/// The members of a JSON object, each as often as it is there.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = members.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// Adds a member that is not there yet.
fn add(members: &mut Members, name: String, text: String) -> Result<(), ApiError> {
    match members.insert(name, Zeroizing::new(text)) {
        None => Ok(()),
        Some(_) => Err(bad_request("the body has a member more than once")),
    }
}

fn of_form(body: &[u8]) -> Result<Members, ApiError> {
    let mut members = Members::new();
    for (name, value) in form_urlencoded::parse(body) {
        add(&mut members, name.into_owned(), value.into_owned())?;
    }
    Ok(members)
}

/// Text that is erased when it has been sent.
struct Octets(Zeroizing<String>);

impl AsRef<[u8]> for Octets {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
