//! The query of a request: known parameters, each at most once.

use std::sync::Arc;

use url::form_urlencoded;

use super::{
    api_error::ApiError,
    profile::{RequestedToken, ServedProfile},
};
use crate::{grant::Scopes, tokens::GrantOverrides};

/// The query of a request.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) cache: Option<bool>,
    pub(super) fresh: Option<bool>,
    profile: Option<String>,
    scope: Option<String>,
}

impl Query {
    /// Parses a query that may contain the allowed parameters.
    pub(super) fn parse(query: Option<&str>, allowed: &[&str]) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                name if !allowed.contains(&name) => return Err(unknown(name, allowed)),
                "cache" if parsed.cache.is_none() => parsed.cache = Some(is_true(&value)),
                "fresh" if parsed.fresh.is_none() => parsed.fresh = Some(is_true(&value)),
                "profile" if parsed.profile.is_none() => parsed.profile = Some(value.into_owned()),
                "scope" if parsed.scope.is_none() => parsed.scope = Some(value.into_owned()),
                name => return Err(ApiError::bad_request(format!("the query contains `{name}` more than once"))),
            }
        }
        Ok(parsed)
    }

    /// Reads the profile that a query names; anything else in it is ignored.
    pub(super) fn profile_of(query: Option<&str>) -> Self {
        let mut parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let profile = parameters.find(|(name, _)| name == "profile").map(|(_, value)| value.into_owned());
        Self { profile, ..Self::default() }
    }

    /// Returns the named profile, else the default one.
    pub(super) fn profile(&self, profiles: &[Arc<ServedProfile>]) -> Result<Arc<ServedProfile>, ApiError> {
        let found = match &self.profile {
            None => profiles.first(),
            Some(name) => profiles.iter().find(|profile| profile.name == *name),
        };
        found.cloned().ok_or_else(|| {
            let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
            ApiError::new(404, "unknown_profile", "this server has no profile with that name")
                .hint(&format!("use one of {}", names.join(", ")))
        })
    }

    /// Whether the query names a profile.
    pub(super) fn names_profile(&self) -> bool {
        self.profile.is_some()
    }

    /// Returns the token that the query asks for.
    pub(super) fn wanted(&self, profiles: &[Arc<ServedProfile>]) -> Result<RequestedToken, ApiError> {
        let profile = self.profile(profiles)?;
        let Some(text) = &self.scope else { return Ok(RequestedToken::own(profile)) };
        let scopes = parse_scopes(text)?;
        if !profile.allows(&scopes) {
            return Err(not_allowed(&profile, &scopes));
        }
        Ok(RequestedToken::new(profile, GrantOverrides { scopes: Some(scopes), ..GrantOverrides::default() }))
    }
}

pub(super) fn parse_scopes(text: &str) -> Result<Scopes, ApiError> {
    let scopes = Scopes::parse(text).map_err(|error| ApiError::from_error(400, &error));
    scopes.map_err(|error| error.hint("use scopes such as prefix:name, separated by spaces"))
}

pub(super) fn not_allowed(profile: &ServedProfile, scopes: &Scopes) -> ApiError {
    let first = scopes.iter().find(|scope| !profile.allows_one(scope)).unwrap_or_default();
    let description = format!("the profile `{}` does not allow the scope `{first}`", profile.name);
    let error = ApiError::new(403, "scope_not_allowed", description);
    if profile.login.is_some() {
        return error.hint(&format!("log in again with it: maskinporten login --keep --scope {first}"));
    }
    error.hint(
        "start the server with --allow-scopes and the scope; `prefix*` allows every scope that starts with prefix",
    )
}

/// Returns a name from a request as an error may show it: short and on one line.
pub(super) fn shown(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(40).collect()
}

/// Reads a switch as the original did: any other value is false.
fn is_true(value: &str) -> bool {
    value == "1" || value.eq_ignore_ascii_case("true")
}

fn unknown(name: &str, allowed: &[&str]) -> ApiError {
    let error = ApiError::bad_request(format!("unknown query parameter `{}`", shown(name)));
    if allowed.is_empty() {
        return error.hint("remove the query");
    }
    error.hint(&format!("use only {}", allowed.join(", ")))
}
