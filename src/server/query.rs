//! What a query asks for: `cache`, `profile` and `scope`, each once, and nothing else.

use std::sync::Arc;

use url::form_urlencoded;

use super::{ApiError, Profile, Wanted, guard::bad_request};
use crate::grant::Scopes;

/// What a query asks for.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) cache: Option<bool>,
    pub(super) fresh: Option<bool>,
    profile: Option<String>,
    scope: Option<String>,
}

impl Query {
    /// Reads a query of which these members may be there.
    pub(super) fn read(query: Option<&str>, allowed: &[&str]) -> Result<Self, ApiError> {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let twice = || bad_request(&format!("the query has `{name}` more than once"));
            match name.as_ref() {
                own if !allowed.contains(&own) => return Err(unknown(own, allowed)),
                "cache" if read.cache.is_none() => read.cache = Some(switch(&name, &value)?),
                "fresh" if read.fresh.is_none() => read.fresh = Some(switch(&name, &value)?),
                "profile" if read.profile.is_none() => read.profile = Some(value.into_owned()),
                "scope" if read.scope.is_none() => read.scope = Some(value.into_owned()),
                _ => return Err(twice()),
            }
        }
        Ok(read)
    }

    /// The profile that is named, else the default one.
    pub(super) fn profile(&self, profiles: &[Arc<Profile>]) -> Result<Arc<Profile>, ApiError> {
        let found = match &self.profile {
            None => profiles.first(),
            Some(name) => profiles.iter().find(|profile| profile.name == *name),
        };
        found.cloned().ok_or_else(|| {
            let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
            ApiError::new(404, "unknown_profile", "no profile of this name is served here")
                .hint(&format!("ask for one of {}", names.join(", ")))
        })
    }

    /// Whether it names a profile.
    pub(super) fn names_profile(&self) -> bool {
        self.profile.is_some()
    }

    /// The token that it asks for.
    pub(super) fn wanted(&self, profiles: &[Arc<Profile>]) -> Result<Wanted, ApiError> {
        let profile = self.profile(profiles)?;
        let Some(text) = &self.scope else { return Ok(Wanted::own(profile)) };
        let scopes = scopes(text)?;
        if !profile.allows(&scopes) {
            return Err(not_allowed(&profile, &scopes));
        }
        Ok(Wanted::of(profile, scopes, None))
    }
}

pub(super) fn scopes(text: &str) -> Result<Scopes, ApiError> {
    let read = Scopes::parse(text).map_err(|error| ApiError::of(400, &error));
    read.map_err(|failed| failed.hint("name scopes such as prefix:name, parted by blanks"))
}

pub(super) fn not_allowed(profile: &Profile, scopes: &Scopes) -> ApiError {
    let first = scopes.iter().find(|scope| !profile.allows_one(scope)).unwrap_or_default();
    let told = format!("the profile `{}` does not allow the scope `{first}`", profile.name);
    ApiError::new(403, "scope_not_allowed", told)
        .hint("name it with --allow-scopes when the server is started; `prefix*` allows all that begin so")
}

/// A name of somebody else's, fit to be told: short and on one line.
pub(super) fn shown(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(40).collect()
}

fn switch(name: &str, value: &str) -> Result<bool, ApiError> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(bad_request(&format!("`{name}` is neither true nor false")).hint(&format!("write {name}=true"))),
    }
}

fn unknown(name: &str, allowed: &[&str]) -> ApiError {
    let told = bad_request(&format!("`{}` in the query means nothing here", shown(name)));
    if allowed.is_empty() {
        return told.hint("leave the query out");
    }
    told.hint(&format!("it may have {}", allowed.join(", ")))
}
