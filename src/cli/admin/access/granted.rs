//! Reads which access there is.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use maskinporten::admin::{Access, AdminRequest, ScopePattern};
use serde_json::Value;

use super::batch::AT_A_TIME;
use crate::cli::{
    admin::session::AdminSession,
    progress::Counter,
    report::{Exit, Failure, Report},
};

/// Returns the scopes that a pattern stands for, at least one.
pub(super) async fn scopes(session: &AdminSession, pattern: &ScopePattern) -> Result<BTreeSet<String>, Failure> {
    if let Some(name) = pattern.name() {
        return Ok(BTreeSet::from([name.to_owned()]));
    }
    let scopes: BTreeSet<_> = own_scopes(session).await?.into_iter().filter(|scope| pattern.matches(scope)).collect();
    if scopes.is_empty() {
        return Err(no_scope(&pattern.to_string()));
    }
    Ok(scopes)
}

/// The failure of a name or pattern that matches nothing.
pub(super) fn no_scope(pattern: &str) -> Failure {
    let message = format!("no scope of the organisation matches {pattern}");
    let hint = "`access list` without a name shows those that an organisation has";
    Failure::plain(Exit::Usage, "no_scope", message, Some(hint.to_owned()))
}

/// Returns the names of the organisation's own scopes.
pub(super) async fn own_scopes(session: &AdminSession) -> Result<Vec<String>, Failure> {
    let scopes = documents(session.send(&AdminRequest::scopes(false)).await?);
    Ok(scopes.iter().filter_map(|scope| scope["name"].as_str().map(str::to_owned)).collect())
}

/// Returns the documents of a response; an API may send `null` for an empty list.
pub(super) fn documents(response: Value) -> Vec<Value> {
    if let Value::Array(documents) = response { documents } else { Vec::new() }
}

/// Returns who has access to these scopes, as the API has it.
pub(super) async fn of_scopes(
    session: &AdminSession,
    scopes: &BTreeSet<String>,
    report: &Arc<Report>,
) -> Result<Vec<Value>, Failure> {
    let counter = Counter::start(scopes.len(), report);
    let requests = stream::iter(scopes).map(async |scope| {
        let response = session.send(&AdminRequest::access_to(scope)).await?;
        counter.count();
        Ok::<_, Failure>(documents(response))
    });
    let documents: Vec<Vec<Value>> = requests.buffered(AT_A_TIME).try_collect().await?;
    Ok(documents.concat())
}

/// Returns the access of organisations to a scope.
pub(super) fn of_consumers<'a>(
    scope: &'a str,
    consumers: &'a BTreeSet<String>,
) -> impl Iterator<Item = Access> + use<'a> {
    consumers.iter().map(move |consumer| Access { scope: scope.to_owned(), consumer: consumer.clone() })
}
