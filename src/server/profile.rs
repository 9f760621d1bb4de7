//! The served profiles.
//!
//! Their source has the files, keys and passwords. The server has only the name of a profile, its tokens, the scopes
//! that may be requested, and an identity that changes when the tokens would differ.

use std::{sync::Arc, time::Duration};

use crate::{
    environment::KnownIssuer,
    grant::{Resource, Scopes},
    http::HttpOptions,
    printer::Header,
    tokens::TokenSource,
};

/// A served profile.
#[derive(Debug, Clone)]
pub struct ServedProfile {
    /// Its name, as in `?profile=NAME`.
    pub name: String,
    /// The name of the environment: `prod`, `test`, `local`.
    pub environment: String,
    /// The issuer of its tokens.
    pub issuer: KnownIssuer,
    /// The scopes of its own token, for requests that name none.
    pub scopes: Scopes,
    /// The other scopes that a request may name.
    pub allowed: AllowedScopes,
    /// The source of its tokens.
    pub tokens: TokenSource,
    /// Additional headers for requests to an API.
    pub headers: Vec<Header>,
    /// How the issuer's keys are fetched.
    pub http: HttpOptions,
    /// How long that may take.
    pub timeout: Duration,
    /// Identifies the profile's tokens: a reloaded profile keeps its tokens if its identity is the same.
    pub identity: String,
}

/// Scopes that may be requested besides a profile's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedScopes(Vec<String>);

/// A request for a token.
#[derive(Debug, Clone)]
pub struct RequestedToken {
    /// The profile.
    pub profile: Arc<ServedProfile>,
    /// The scopes, if they are not the profile's own.
    pub scopes: Option<Scopes>,
    /// The resource, if it is not the profile's own.
    pub resource: Option<Resource>,
}

/// Provides the profiles that are served.
pub trait ProfileSource: Send + Sync + 'static {
    /// Returns the current profiles, the default one first.
    fn profiles(&self) -> Arc<Vec<Arc<ServedProfile>>>;
}

impl ServedProfile {
    /// Keeps the tokens that this profile had before it was reloaded: the former source gets the new settings. A profile
    /// with another identity is left as it is.
    pub fn keep_tokens_of(&mut self, before: &Self) {
        if self.identity == before.identity {
            before.tokens.reconfigure(&self.tokens);
            self.tokens = before.tokens.clone();
        }
    }

    /// Whether a request may name these scopes: each is the profile's own or among the allowed ones.
    #[must_use]
    pub fn allows(&self, scopes: &Scopes) -> bool {
        scopes.iter().all(|scope| self.allows_one(scope))
    }

    pub(super) fn allows_one(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope) || self.allowed.contains(scope)
    }
}

impl AllowedScopes {
    /// Creates the set from patterns: whole scopes, or prefixes that end with `*`.
    #[must_use]
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        Self(patterns.into_iter().collect())
    }

    fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => scope.starts_with(prefix),
            None => scope == pattern,
        })
    }
}

impl RequestedToken {
    /// Requests the profile's own token.
    #[must_use]
    pub fn own(profile: Arc<ServedProfile>) -> Self {
        Self { profile, scopes: None, resource: None }
    }

    /// Requests a token with these scopes. The profile's own scopes, in any order, mean its own token.
    pub(super) fn new(profile: Arc<ServedProfile>, scopes: Scopes, resource: Option<Resource>) -> Self {
        let scopes = (!scopes.has_same_scopes(&profile.scopes)).then_some(scopes);
        Self { profile, scopes, resource }
    }

    /// Returns the scopes.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        self.scopes.as_ref().unwrap_or(&self.profile.scopes)
    }

    /// Returns the key of the token in memory, which does not depend on the order of the scopes. Neither a scope nor a
    /// resource contains a line break.
    pub(super) fn key(&self) -> String {
        let mut scopes: Vec<_> = self.scopes.iter().flat_map(Scopes::iter).collect();
        scopes.sort_unstable();
        let scopes = scopes.join(" ");
        let resource = self.resource.as_ref().map(Resource::as_str).unwrap_or_default();
        format!("{}\n{scopes}\n{resource}", self.profile.identity)
    }

    /// Whether it is the profile's own token.
    pub(super) fn is_own(&self) -> bool {
        self.scopes.is_none() && self.resource.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_scope_or_a_prefix_and_a_star() {
        let allowed = AllowedScopes::new(["a:b".to_owned(), "c:*".to_owned()]);
        for (scope, wanted) in [("a:b", true), ("a:bc", false), ("c:", true), ("c:d.e", true), ("c", false)] {
            assert_eq!(allowed.contains(scope), wanted, "{scope}");
        }
        assert!(!AllowedScopes::default().contains(""));
        assert!(AllowedScopes::new(["*".to_owned()]).contains("a:b"));
    }
}
