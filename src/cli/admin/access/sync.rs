//! `access sync`: the access that a file declares, against the real one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use maskinporten::{
    admin::{
        Access, AccessChange, AccessDifference, AdminOperation, DeclaredAccess, DeclaredAccessError, DeclaredFilter,
        ScopePattern,
    },
    environment::Environment,
    printer::Column,
    text::shown_path,
};
use serde_json::{Value, json};

use super::{CONSUMER, NAME, confirmed, granted, organisations, script_reports};
use crate::cli::{
    admin::{output::print_list, session::AdminSession},
    args::{AccessSyncArguments, ListFormat},
    input,
    report::{self, Exit, Failure, Report},
    signals,
};

const COLUMNS: [Column; 4] = [("difference", "difference"), ("scope", "scope"), CONSUMER, NAME];

pub(super) async fn run(
    arguments: AccessSyncArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    use AdminOperation::{GrantAccess, ListAccess, ListScopes, RevokeAccess};
    let AccessSyncArguments { file, apply, prune, only, org, file_env, report: script, change, admin } = arguments;
    let organisation = org.as_deref().map(organisations::parse).transpose()?;
    let path = shown_path(&file);
    let unusable = |error: DeclaredAccessError| {
        Failure::new(Exit::Configuration, &error).about(&format!("`{path}` does not declare access"))
    };
    let bytes = signals::blocking(move || input::read(&file, organisations::MAXIMUM_BYTES)).await?;
    let declared = DeclaredAccess::read(&bytes).map_err(unusable)?;
    let operations = [ListScopes, ListAccess, GrantAccess, RevokeAccess];
    let session = AdminSession::open(admin.settings, &operations, config, report)?;
    let environments = file_env.map_or_else(|| names_of(session.environment), |name| vec![name]);
    let only = only.iter().map(|scope| ScopePattern::new(scope)).collect();
    let filter = DeclaredFilter { only, organisation, environments };
    let wanted = declared.wanted(&filter).map_err(unusable)?;
    let (scopes, wanted) = expanded(&session, &wanted, &filter).await?;
    let mut granted = Access::approved(&granted::of_scopes(&session, &scopes, report).await?);
    let is_only = |access: &Access| filter.organisation.as_ref().is_none_or(|only| only.digits() == access.consumer);
    granted.retain(is_only);
    let difference = AccessDifference::between(&wanted, &granted);
    if let Some(script) = script {
        script_reports::print(script, &scopes, &granted, &difference, &declared, admin.format, report)?;
        return left(difference.missing.len(), difference.extra.len());
    }
    if !apply && !prune {
        print(&difference, &declared, admin.format, report)?;
        return left(difference.missing.len(), difference.extra.len());
    }
    let AccessDifference { missing, extra, .. } = difference;
    let (missing, grants) = if apply { (0, missing) } else { (missing.len(), BTreeSet::new()) };
    let (extra, revocations) = if prune { (0, extra) } else { (extra.len(), BTreeSet::new()) };
    let changes = grants.into_iter().map(AccessChange::Grant);
    let changes = changes.chain(revocations.into_iter().map(AccessChange::Revoke)).collect();
    let Some(batch) = confirmed(&session, changes, change, admin.format, report).await? else { return Ok(()) };
    batch.print(Vec::new(), admin.format, report)?;
    batch.result(report)?;
    left(missing, extra)
}

/// Returns the names that an environment may have in a list of service owners. Such lists are older than `test`, and Altinn's
/// own has names of Altinn.
fn names_of(environment: Option<Environment>) -> Vec<String> {
    let names: &[&str] = match environment {
        Some(Environment::Test | Environment::Local) => &["test", "ver2", "tt02"],
        Some(Environment::Prod) => &["prod", "production"],
        Some(other) => &[other.name()],
        None => &[],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Returns the scopes that the patterns stand for, and who is to have them.
async fn expanded(
    session: &AdminSession,
    wanted: &BTreeMap<ScopePattern, BTreeSet<String>>,
    filter: &DeclaredFilter,
) -> Result<(BTreeSet<String>, BTreeSet<Access>), Failure> {
    let has_patterns = wanted.keys().any(|pattern| pattern.name().is_none());
    let own = if has_patterns { granted::own_scopes(session).await? } else { Vec::new() };
    let (mut scopes, mut accesses) = (BTreeSet::new(), BTreeSet::new());
    for (pattern, consumers) in wanted {
        let named = pattern.name().map(str::to_owned).into_iter();
        let matching = named.chain(own.iter().filter(|scope| pattern.matches(scope)).cloned());
        let is_only = |scope: &String| filter.only.is_empty() || filter.only.iter().any(|only| only.matches(scope));
        for scope in matching.filter(is_only) {
            accesses.extend(granted::of_consumers(&scope, consumers));
            scopes.insert(scope);
        }
    }
    if scopes.is_empty() {
        let patterns =
            if filter.only.is_empty() { wanted.keys().collect() } else { filter.only.iter().collect::<Vec<_>>() };
        let patterns: Vec<String> = patterns.into_iter().map(ToString::to_string).collect();
        return Err(granted::no_scope(&patterns.join(", ")));
    }
    Ok((scopes, accesses))
}

/// Prints what is missing and extra; as JSON, what is unchanged too.
fn print(
    difference: &AccessDifference,
    declared: &DeclaredAccess,
    format: ListFormat,
    report: &Report,
) -> Result<(), Failure> {
    let rows = |accesses: &BTreeSet<Access>, difference: &str| -> Vec<Value> {
        let row = |access: &Access| {
            json!({
                "difference": difference,
                "scope": access.scope,
                "consumer_orgno": access.consumer,
                "name": declared.name(&access.consumer),
            })
        };
        accesses.iter().map(row).collect()
    };
    let (missing, extra) = (rows(&difference.missing, "missing"), rows(&difference.extra, "extra"));
    if format == ListFormat::Json {
        let unchanged = rows(&difference.unchanged, "unchanged");
        let all = json!({ "missing": missing, "extra": extra, "unchanged": unchanged });
        return report::print_json(&all);
    }
    report.note(&format!("{} unchanged", difference.unchanged.len()));
    print_list(format, &[missing, extra].concat().into(), &COLUMNS, report)
}

/// Returns the failure of a difference that is left.
fn left(missing: usize, extra: usize) -> Result<(), Failure> {
    if missing + extra == 0 {
        return Ok(());
    }
    let message = format!("the access is not as the file declares it: {missing} missing, {extra} extra");
    let hint = "--apply grants what is missing, and --prune revokes what the file does not declare";
    Err(Failure::plain(Exit::Fault, "access_differs", message, Some(hint.to_owned())))
}
