//! Asks for tokens, and judges which scopes are to be had.
//!
//! First all scopes in one request, as `maskinporten token` asks; when the refusal is about scopes, each by itself,
//! so that the answer says which of them is to blame. A scope may be missing on the client (MP-200), of another
//! type (MP-201), not granted (MP-250) or not delegated (MP-251):
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>.

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

/// So many requests are under way at a time.
const AT_ONCE: usize = 4;

/// Why a scope was not asked for.
const GONE: &str = "the server stopped answering";

/// Everything that asking takes.
pub struct Asking<'asking> {
    /// Where to ask.
    pub client: &'asking TokenClient,
    /// What to ask for.
    pub grant: &'asking Grant,
    /// What signs.
    pub key: &'asking SigningKey,
    /// The time.
    pub clock: &'asking dyn Clock,
}

/// What came of asking.
#[derive(Debug)]
pub struct Asked {
    /// The checks, that of all scopes first.
    pub checks: Vec<Check>,
    /// A token to look at, when there was any, and the scopes that it was asked for.
    pub token: Option<(AccessToken, Vec<String>)>,
}

impl Asking<'_> {
    /// Asks for all scopes at once; then for each, when the refusal calls for it or `each` does.
    pub async fn ask(&self, each: bool) -> Asked {
        let all = self.fetch(self.grant).await;
        let mut asked = Asked { checks: vec![judged(&REQUEST, &all)], token: None };
        let by_scope = match &all {
            Ok(_) => each,
            Err(ClientError::Refused(refusal)) => each || is_about_scopes(refusal),
            Err(_) => false,
        };
        let scopes = || self.grant.scopes.iter().map(str::to_owned).collect();
        asked.token = all.ok().map(|token| (token, scopes()));
        if self.grant.scopes.iter().count() == 1 {
            return asked;
        }
        if !by_scope {
            let why = if asked.token.is_some() {
                "the request for all of them was granted; --each-scope asks for each".to_owned()
            } else {
                format!("needs {}: the refusal is not about scopes", REQUEST.id)
            };
            asked.checks.push(SCOPE.skipped(why));
            return asked;
        }
        for (scope, answer) in self.answers_by_scope().await {
            let check = answer.as_ref().map_or_else(|| SCOPE.skipped(GONE), |answer| judged(&SCOPE, answer));
            asked.checks.push(check.about(scope));
            let token = answer.and_then(Result::ok).map(|token| (token, vec![scope.to_owned()]));
            asked.token = asked.token.or(token);
        }
        asked
    }

    /// What is answered to each scope, in their order; nothing to those whose turn came after the server was gone, so
    /// that many scopes do not wait for it one after the other.
    async fn answers_by_scope(&self) -> Vec<(&str, Option<Result<AccessToken, ClientError>>)> {
        let is_gone = &AtomicBool::new(false);
        // A new grant for each, since none may be used twice (MP-012).
        let grant = |scope| Some(Grant { scopes: Scopes::parse(scope).ok()?, ..self.grant.clone() });
        let grants = self.grant.scopes.iter().filter_map(|scope| Some((scope, grant(scope)?)));
        let answers = grants.enumerate().map(|(place, (scope, grant))| async move {
            if is_gone.load(Ordering::Relaxed) {
                return (place, (scope, None));
            }
            let answer = self.fetch(&grant).await;
            is_gone.fetch_or(matches!(answer, Err(ClientError::Http(_))), Ordering::Relaxed);
            (place, (scope, Some(answer)))
        });
        let mut answers: Vec<_> = stream::iter(answers).buffer_unordered(AT_ONCE).collect().await;
        answers.sort_unstable_by_key(|(place, _)| *place);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    async fn fetch(&self, grant: &Grant) -> Result<AccessToken, ClientError> {
        self.client.fetch(async || grant.sign(self.key, self.clock), self.clock, |_, _| ()).await
    }
}

fn judged(topic: &'static CheckId, answer: &Result<AccessToken, ClientError>) -> Check {
    match answer {
        Ok(token) => topic.right(match token.expires_in_seconds {
            Some(seconds) => format!("granted, for {seconds} s"),
            None => "granted".to_owned(),
        }),
        Err(ClientError::Refused(refusal)) => {
            let code = refusal.mp_code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
            let found = format!("refused: HTTP {}, {}{code}", refusal.status, refusal.error);
            let said = refusal.description.as_ref().map(|words| format!("the server says: {words}"));
            let mut check = topic.wrong(found, "").with_details(said);
            check.remedy = None;
            check.refusal = Some(refusal.clone());
            check
        }
        Err(error) => topic.failed(error),
    }
}

/// Whether asking for fewer scopes may help.
fn is_about_scopes(refusal: &Refusal) -> bool {
    let by_code = ["MP-200", "MP-201", "MP-250", "MP-251"];
    let known = refusal.explanation.and_then(|known| known.code);
    known.is_some_and(|code| by_code.contains(&code))
        || ["invalid_scope", "forbidden"].contains(&refusal.error.as_str())
}
