//! `maskinporten access`: which organisations may request tokens with which scopes.

mod batch;
mod granted;
mod organisations;
mod script_reports;
mod sync;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use maskinporten::{
    admin::{Access, AccessChange, AccessDifference, AdminOperation, AdminRequest, ScopePattern},
    organisation::OrganisationNumber,
    printer::Column,
};
use serde_json::Value;

use self::batch::Batch;
use super::{change::Plan, output::print_list, session::AdminSession};
use crate::cli::{
    args::{AccessChangeArguments, AccessCommand, AccessListArguments, ChangeArguments, ListFormat},
    report::{Failure, Report},
    signals,
};

/// The columns of a list of accesses.
const COLUMNS: [Column; 4] = [("scope", "scope"), CONSUMER, ("state", "state"), ("last updated", "last_updated")];
/// The column of the organisation that has access.
const CONSUMER: Column = ("organisation", "consumer_orgno");
/// The column of the organisation that has granted what was received.
const OWNER: Column = ("owner", "owner_orgno");
/// The column of an organisation's name.
const NAME: Column = ("name", "name");

pub(crate) async fn run(command: AccessCommand, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        AccessCommand::List(arguments) => list(arguments, config, report).await,
        AccessCommand::Grant(arguments) => change(arguments, AccessChange::Grant, config, report).await,
        AccessCommand::Revoke(arguments) => change(arguments, AccessChange::Revoke, config, report).await,
        AccessCommand::Sync(arguments) => sync::run(arguments, config, report).await,
    }
}

async fn list(arguments: AccessListArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    use AdminOperation::{ListAccess, ListReceived, ListScopes};
    let AccessListArguments { scope, org, received, names, admin } = arguments;
    let org = org.as_deref().map(organisations::parse).transpose()?;
    let pattern = ScopePattern::new(scope.as_deref().unwrap_or("*"));
    let operations: &[AdminOperation] = if received { &[ListReceived] } else { &[ListScopes, ListAccess] };
    let session = AdminSession::open(admin.settings, operations, config, report)?;
    let mut documents = match (&org, pattern.name()) {
        (_, _) if received => granted::documents(session.send(&AdminRequest::received_access()).await?),
        (Some(org), None) => granted::documents(session.send(&AdminRequest::access_of(org)).await?),
        _ => granted::of_scopes(&session, &granted::scopes(&session, &pattern).await?, report).await?,
    };
    let text = |document: &Value, member: &str| document[member].as_str().unwrap_or_default().to_owned();
    documents.retain(|document| {
        let is_of = |org| text(document, "consumer_orgno") == org;
        pattern.matches(&text(document, "scope")) && org.as_ref().is_none_or(|org| is_of(org.digits()))
    });
    let mut columns = COLUMNS.to_vec();
    columns.extend(received.then_some(OWNER));
    if names {
        columns.push(NAME);
        add_names(&session, &mut documents, if received { OWNER.1 } else { CONSUMER.1 }).await;
    }
    print_list(admin.format, &documents.into(), &columns, report)
}

/// Adds the names of the organisations whose numbers this member has.
async fn add_names(session: &AdminSession, documents: &mut [Value], member: &str) {
    let number = |document: &Value| OrganisationNumber::parse(document[member].as_str()?).ok();
    let names = session.names(&documents.iter().filter_map(number).collect::<Vec<_>>()).await;
    for document in documents {
        document[NAME.1] = document[member].as_str().and_then(|number| names.get(number)).cloned().into();
    }
}

/// Grants or revokes, for each organisation what is not so already.
async fn change(
    arguments: AccessChangeArguments,
    make: fn(Access) -> AccessChange,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    use AdminOperation::{GrantAccess, ListAccess, ListScopes, RevokeAccess};
    let AccessChangeArguments { scope, organisations, file, change, admin } = arguments;
    // All numbers are checked before anything is sent.
    let consumers = signals::blocking(move || organisations::read(&organisations, file.as_deref())).await?;
    let operations = [ListScopes, ListAccess, GrantAccess, RevokeAccess];
    let session = AdminSession::open(admin.settings, &operations, config, report)?;
    let scopes = granted::scopes(&session, &ScopePattern::new(&scope)).await?;
    let granted = Access::approved(&granted::of_scopes(&session, &scopes, report).await?);
    let named: BTreeSet<Access> = scopes.iter().flat_map(|scope| granted::of_consumers(scope, &consumers)).collect();
    let AccessDifference { missing, unchanged: has, .. } = AccessDifference::between(&named, &granted);
    let grants = matches!(make(Access::default()), AccessChange::Grant(_));
    let (left, unchanged) = if grants { (missing, has) } else { (has, missing) };
    let changes: Vec<AccessChange> = left.into_iter().map(make).collect();
    let Some(batch) = confirmed(&session, changes, change, admin.format, report).await? else { return Ok(()) };
    let unchanged = unchanged.iter().map(|access| batch::row(access, "unchanged", None));
    batch.print(unchanged.collect(), admin.format, report)?;
    batch.result(report)
}

/// Shows the changes, and makes them if that is wanted.
async fn confirmed(
    session: &AdminSession,
    changes: Vec<AccessChange>,
    arguments: ChangeArguments,
    format: ListFormat,
    report: &Arc<Report>,
) -> Result<Option<Batch>, Failure> {
    let plan = Plan {
        difference: changes.iter().map(ToString::to_string).collect(),
        requests: changes.iter().map(AdminRequest::change_access).collect(),
    };
    let is_wanted = plan.confirmed(arguments, format, report).await?.is_some();
    if arguments.dry_run {
        return Ok(None);
    }
    let changes = if is_wanted { changes } else { Vec::new() };
    Ok(Some(Batch::make(session, changes, report).await))
}
