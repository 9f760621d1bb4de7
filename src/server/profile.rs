//! The served profiles.
//!
//! Their source has the files, keys and passwords. The server has only the name of a profile, its tokens, the scopes
//! that may be requested, and an identity that changes when the tokens would differ.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use crate::{
    environment::KnownIssuer,
    grant::{Grant, Resource, Scopes},
    http::HttpOptions,
    printer::Header,
    sessions::PersonTokens,
    tokens::{GrantOverrides, TokenSource},
};

/// The identity provider of tokens of organisations.
pub(super) const MASKINPORTEN: &str = "maskinporten";

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
    /// The login of the person whose tokens they are; `None` if they are an organisation's.
    pub login: Option<Arc<PersonTokens>>,
    /// Additional headers for requests to an API.
    pub headers: Vec<Header>,
    /// How the issuer's keys are fetched.
    pub http: HttpOptions,
    /// How long that may take.
    pub timeout: Duration,
    /// When the certificate of its key expires, if the grants carry one.
    pub key_expires_at: Option<DateTime<Utc>>,
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
    /// What differs from the profile's own token.
    pub overrides: GrantOverrides,
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

    /// Returns the identity provider of its tokens, by the name that NAIS has for it.
    pub(super) fn identity_provider(&self) -> &'static str {
        self.login.as_ref().map_or(MASKINPORTEN, |login| login.identity_provider().name())
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
        Self { profile, overrides: GrantOverrides::default() }
    }

    /// Requests a token that differs from the profile's own. The profile's own scopes, in any order, and its other values
    /// mean its own token. A login has one token: what it is for was decided when the person logged in.
    pub(super) fn new(profile: Arc<ServedProfile>, overrides: GrantOverrides) -> Self {
        let own = Self::own(profile);
        let wanted = Self { profile: Arc::clone(&own.profile), overrides };
        if own.profile.login.is_some() || wanted.key() == own.key() { own } else { wanted }
    }

    /// Returns the scopes.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        self.overrides.scopes.as_ref().unwrap_or(&self.profile.scopes)
    }

    /// Returns the resource, if it is not the profile's own.
    pub(super) fn resource(&self) -> Option<&str> {
        self.overrides.resource.as_ref().map(Resource::as_str)
    }

    /// Returns the key of the token in memory: what a request may choose, whatever the order of the scopes. No part of it
    /// contains a line break.
    pub(super) fn key(&self) -> String {
        let Grant { scopes, resources, authorization_details, consumer_org, .. } =
            self.profile.tokens.grant(&self.overrides);
        let mut scopes: Vec<_> = scopes.iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        let resources: Vec<_> = resources.iter().map(Resource::as_str).collect();
        let details = authorization_details.map(|details| details.to_value().to_string()).unwrap_or_default();
        let organisation = consumer_org.map(|organisation| organisation.to_string()).unwrap_or_default();
        let (scopes, resources) = (scopes.join(" "), resources.join(" "));
        format!("{}\n{scopes}\n{resources}\n{details}\n{organisation}", self.profile.identity)
    }

    /// Whether it is the profile's own token.
    pub(super) fn is_own(&self) -> bool {
        self.overrides == GrantOverrides::default()
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
