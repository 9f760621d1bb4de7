//! Requests tokens, and checks which scopes are granted.
//!
//! First all scopes in one request, as `maskinporten token` does. When the refusal is about scopes, each scope is
//! requested separately to find the faulty ones. A scope may be missing on the client (MP-200), of another type (MP-201),
//! not granted (MP-250) or not delegated (MP-251): <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, stream};

use super::{
    Check, CheckId,
    check_ids::{REQUEST, SCOPE},
};
use crate::{
    client::{AccessToken, ClientError, Refusal, TokenClient},
    clock::Clock,
    grant::{Grant, Scopes},
    keystore::SigningKey,
};

/// The number of concurrent requests.
const CONCURRENCY: usize = 4;

/// Why a scope was not requested.
const UNREACHABLE: &str = "the server became unreachable";

/// Requests tokens for the scopes of a grant.
pub struct ScopeCheck<'request> {
    /// The token endpoint's client.
    pub client: &'request TokenClient,
    /// The grant.
    pub grant: &'request Grant,
    /// The key that signs the grant.
    pub key: &'request SigningKey,
    /// The clock.
    pub clock: &'request dyn Clock,
}

/// The result of requesting tokens.
#[derive(Debug)]
pub struct ScopeResult {
    /// The checks, with the one of all scopes first.
    pub checks: Vec<Check>,
    /// The first token that was granted, and the scopes that it was requested for.
    pub token: Option<(AccessToken, Vec<String>)>,
}

impl ScopeCheck<'_> {
    /// Requests all scopes at once, then each one if `each` is set or the refusal is about scopes.
    pub async fn run(&self, each: bool) -> ScopeResult {
        let all = self.fetch(self.grant).await;
        let mut result = ScopeResult { checks: vec![check(&REQUEST, &all)], token: None };
        let by_scope = match &all {
            Ok(_) => each,
            Err(ClientError::Refused(refusal)) => each || is_about_scopes(refusal),
            Err(_) => false,
        };
        let scopes = || self.grant.scopes.iter().map(str::to_owned).collect();
        result.token = all.ok().map(|token| (token, scopes()));
        if self.grant.scopes.iter().count() == 1 {
            return result;
        }
        if !by_scope {
            let why = if result.token.is_some() {
                "all of them were granted together; --each-scope requests each one".to_owned()
            } else {
                "not checked because the refusal is not about scopes".to_owned()
            };
            result.checks.push(SCOPE.skipped(why));
            return result;
        }
        for (scope, granted) in self.results_by_scope().await {
            let check = granted.as_ref().map_or_else(|| SCOPE.skipped(UNREACHABLE), |granted| check(&SCOPE, granted));
            result.checks.push(check.about(scope));
            let token = granted.and_then(Result::ok).map(|token| (token, vec![scope.to_owned()]));
            result.token = result.token.or(token);
        }
        result
    }

    /// Requests each scope, and returns the results in order.
    ///
    /// Once the server is unreachable the rest are not requested: many scopes would each wait for a time-out.
    pub async fn results_by_scope(&self) -> Vec<(&str, Option<Result<AccessToken, ClientError>>)> {
        let is_unreachable = &AtomicBool::new(false);
        // Each request needs a grant of its own (MP-012).
        let grant = |scope| Some(Grant { scopes: Scopes::parse(scope).ok()?, ..self.grant.clone() });
        let grants = self.grant.scopes.iter().filter_map(|scope| Some((scope, grant(scope)?)));
        let requests = grants.enumerate().map(|(index, (scope, grant))| async move {
            if is_unreachable.load(Ordering::Relaxed) {
                return (index, (scope, None));
            }
            let result = self.fetch(&grant).await;
            is_unreachable.fetch_or(matches!(result, Err(ClientError::Http(..))), Ordering::Relaxed);
            (index, (scope, Some(result)))
        });
        // Unordered, so that one slow response does not hold up the others.
        let mut results: Vec<_> = stream::iter(requests).buffer_unordered(CONCURRENCY).collect().await;
        results.sort_unstable_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }

    async fn fetch(&self, grant: &Grant) -> Result<AccessToken, ClientError> {
        self.client.fetch(async || grant.sign(self.key, self.clock), self.clock, |_, _| ()).await
    }
}

fn check(topic: &'static CheckId, result: &Result<AccessToken, ClientError>) -> Check {
    match result {
        Ok(token) => topic.pass(match token.expires_in_seconds {
            Some(seconds) => format!("granted, for {seconds} s"),
            None => "granted".to_owned(),
        }),
        Err(ClientError::Refused(refusal)) => {
            let code = refusal.mp_code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
            let found = format!("refused: HTTP {}, {}{code}", refusal.status, refusal.error);
            let message = refusal.description.as_ref().map(|words| format!("the server says: {words}"));
            let mut check = topic.fail(found, "").with_details(message);
            check.refusal = Some(refusal.clone());
            check
        }
        Err(error) => topic.failed(error),
    }
}

/// Returns whether a refusal may concern only some of the scopes.
#[must_use]
pub fn is_about_scopes(refusal: &Refusal) -> bool {
    let codes = ["MP-200", "MP-201", "MP-250", "MP-251"];
    let known = refusal.explanation.and_then(|known| known.code);
    known.is_some_and(|code| codes.contains(&code)) || ["invalid_scope", "forbidden"].contains(&refusal.error.as_str())
}
