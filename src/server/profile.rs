//! What is served: profiles with their scopes, and where their tokens come from.
//!
//! What a profile is made of (files, keys, passwords) is the source's affair; here it has a name, the scopes that may be
//! asked for, and an identity that changes when its tokens would.

use std::{sync::Arc, time::Duration};

use super::ApiError;
use crate::{
    client::AccessToken,
    client::MinimumLifetime,
    environment::KnownIssuer,
    grant::{Resource, Scopes},
    http::HttpOptions,
    printer::Header,
};

/// A profile that is served.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name, as `?profile=` has it.
    pub name: String,
    /// The installation of Maskinporten, as it is called: `prod`, `test`, `local`.
    pub environment: String,
    /// Who issues its tokens.
    pub issuer: KnownIssuer,
    /// The scopes that are asked for when a request names none.
    pub scopes: Scopes,
    /// What else a request may ask for.
    pub allowed: AllowedScopes,
    /// How much of its life a remembered token must have left.
    pub minimum: MinimumLifetime,
    /// Headers that go along with the token in requests to an API.
    pub headers: Vec<Header>,
    /// How the issuer's keys are fetched.
    pub http: HttpOptions,
    /// How long that may take.
    pub timeout: Duration,
    /// Tells tokens of one shape from those of another: a profile that is loaded again keeps its tokens while this is
    /// the same.
    pub identity: String,
}

/// Scopes that may be asked for beside a profile's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedScopes(Vec<String>);

/// One token that somebody wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// From which profile.
    pub profile: Arc<Profile>,
    /// For which scopes, when they are not the profile's own.
    pub scopes: Option<Scopes>,
    /// For which resource, when it is not the profile's own.
    pub resource: Option<Resource>,
}

/// Where tokens come from.
pub trait TokenSource: Send + Sync + 'static {
    /// The profiles as they are now, the default one first.
    fn profiles(&self) -> Arc<Vec<Arc<Profile>>>;

    /// Asks the server for a token. It must not keep the thread that it is polled on for long: signing belongs
    /// elsewhere.
    ///
    /// # Errors
    /// [`ApiError`], in words for the caller.
    fn fetch(&self, wanted: &Wanted) -> impl Future<Output = Result<AccessToken, ApiError>> + Send;
}

impl Profile {
    /// Whether a request may ask for these scopes: each is the profile's own or allowed beside them.
    #[must_use]
    pub fn allows(&self, scopes: &Scopes) -> bool {
        scopes.iter().all(|scope| self.allows_one(scope))
    }

    pub(super) fn allows_one(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope) || self.allowed.contain(scope)
    }
}

impl AllowedScopes {
    /// Takes patterns: a scope letter for letter, or its beginning with `*` at the end.
    #[must_use]
    pub fn of(patterns: impl IntoIterator<Item = String>) -> Self {
        Self(patterns.into_iter().collect())
    }

    fn contain(&self, scope: &str) -> bool {
        self.0.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => scope.starts_with(beginning),
            None => scope == pattern,
        })
    }
}

impl Wanted {
    /// The profile's own token.
    #[must_use]
    pub fn own(profile: Arc<Profile>) -> Self {
        Self { profile, scopes: None, resource: None }
    }

    /// The scopes that are asked for.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        self.scopes.as_ref().unwrap_or(&self.profile.scopes)
    }

    /// A token of this profile for these scopes; in whatever order they come, the profile's own are its own.
    pub(super) fn of(profile: Arc<Profile>, scopes: Scopes, resource: Option<Resource>) -> Self {
        let scopes = (!scopes.are_those_of(&profile.scopes)).then_some(scopes);
        Self { profile, scopes, resource }
    }

    /// What the token is remembered under, whatever the order of its scopes. Neither a scope nor a resource holds a line
    /// break.
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
    fn a_pattern_is_a_scope_or_its_beginning_and_a_star() {
        let allowed = AllowedScopes::of(["a:b".to_owned(), "c:*".to_owned()]);
        for (scope, wanted) in [("a:b", true), ("a:bc", false), ("c:", true), ("c:d.e", true), ("c", false)] {
            assert_eq!(allowed.contain(scope), wanted, "{scope}");
        }
        assert!(!AllowedScopes::default().contain(""));
        assert!(AllowedScopes::of(["*".to_owned()]).contain("a:b"));
    }
}
