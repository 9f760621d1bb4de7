//! `maskinporten client`: the organisation's clients and the scopes that they may request.

use std::{path::PathBuf, sync::Arc};

use maskinporten::{
    admin::{AdminOperation, AdminRequest, changes, merged},
    printer::Column,
};
use serde_json::{Map, Value};

use super::{
    change::Plan,
    client_document::with_defaults,
    output::{print_list, print_object},
    session::AdminSession,
};
use crate::cli::{
    args::{
        ChangeArguments, ClientArguments, ClientChangeArguments, ClientCreateArguments, ClientListArguments,
        ClientScopesArguments, ClientScopesCommand, ClientUpdateArguments, ListFormat,
    },
    report::{Exit, Failure, Report},
    settings::{AdminSettingArguments, client_of_profile},
};

const LISTED: [Column; 4] =
    [("client id", "client_id"), ("name", "client_name"), ("type", "integration_type"), ("active", "active")];

const SHOWN: [Column; 14] = [
    ("client id", "client_id"),
    ("secret", "client_secret"),
    ("name", "client_name"),
    ("description", "description"),
    ("organisation", "client_orgno"),
    ("supplier", "supplier_orgno"),
    ("type", "integration_type"),
    ("authentication", "token_endpoint_auth_method"),
    ("grant types", "grant_types"),
    ("scopes", "scopes"),
    ("token lifetime", "access_token_lifetime"),
    ("active", "active"),
    ("created", "created"),
    ("last updated", "last_updated"),
];

/// Returns the id of a client that is named by it or by a profile.
pub(super) fn client_id(named: &str, config: Option<&PathBuf>, report: &Report) -> Result<String, Failure> {
    let found = client_of_profile(named, config.cloned(), report)?;
    Ok(found.unwrap_or_else(|| named.to_owned()))
}

pub(super) async fn list(
    arguments: ClientListArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let ClientListArguments { inactive, admin } = arguments;
    let session = AdminSession::open(admin.settings, &[AdminOperation::ListClients], config, report)?;
    let clients = session.send(&AdminRequest::clients(inactive)).await?;
    print_list(admin.format, &clients, &LISTED, report)
}

pub(super) async fn show(
    arguments: ClientArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let id = client_id(&arguments.named.client, config.as_ref(), report)?;
    let session = AdminSession::open(arguments.admin.settings, &[AdminOperation::ShowClient], config, report)?;
    let client = session.send(&AdminRequest::client(&id)).await?;
    print_object(arguments.admin.format, &client, &SHOWN, report)
}

pub(super) async fn create(
    arguments: ClientCreateArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let client = with_defaults(arguments.members.document()?);
    if !client.contains_key("client_name") {
        let message = "a client needs a name".to_owned();
        return Err(Failure::plain(Exit::Usage, "missing", message, Some("pass --name TEXT".to_owned())));
    }
    let format = arguments.admin.format;
    let session = AdminSession::open(arguments.admin.settings, &[AdminOperation::CreateClient], config, report)?;
    let plan = Plan {
        difference: difference(&Map::new(), &client),
        requests: vec![AdminRequest::create_client(client.into())],
    };
    let Some(plan) = plan.confirmed(arguments.change, format, report).await? else { return Ok(()) };
    let created = session.send(&plan.requests[0]).await?;
    report.note(&format!("the client {} is created", created["client_id"].as_str().unwrap_or_default()));
    print_object(format, &created, &SHOWN, report)
}

pub(super) async fn update(
    arguments: ClientUpdateArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let wanted = arguments.new.members.document()?;
    let id = client_id(&arguments.named.client, config.as_ref(), report)?;
    let session = session_for_change(arguments.new.admin.settings, config, report)?;
    let current = session.send_for_object(&AdminRequest::client(&id)).await?;
    let new = merged(&current, &wanted);
    replace(&session, &id, &current, new, (arguments.new.change, arguments.new.admin.format), report).await
}

pub(super) async fn change_scopes(
    command: ClientScopesCommand,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let (ClientScopesCommand::Add(arguments) | ClientScopesCommand::Remove(arguments)) = &command;
    let ClientScopesArguments { client, scopes: changed } = arguments;
    let ClientChangeArguments { named, change, admin } = client;
    let id = client_id(&named.client, config.as_ref(), report)?;
    let session = session_for_change(admin.settings.clone(), config, report)?;
    let current = session.send_for_object(&AdminRequest::client(&id)).await?;
    let scopes = current.get("scopes").and_then(Value::as_array).into_iter().flatten();
    let mut scopes: Vec<&str> = scopes.filter_map(Value::as_str).collect();
    if matches!(command, ClientScopesCommand::Add(_)) {
        let missing: Vec<_> = changed.iter().map(String::as_str).filter(|scope| !scopes.contains(scope)).collect();
        scopes.extend(missing);
    } else {
        scopes.retain(|scope| !changed.iter().any(|removed| removed == scope));
    }
    let wanted = Map::from_iter([("scopes".to_owned(), scopes.into())]);
    let new = merged(&current, &wanted);
    replace(&session, &id, &current, new, (*change, admin.format), report).await
}

pub(super) async fn delete(
    arguments: ClientChangeArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let id = client_id(&arguments.named.client, config.as_ref(), report)?;
    let needed = [AdminOperation::ShowClient, AdminOperation::DeleteClient];
    let session = AdminSession::open(arguments.admin.settings, &needed, config, report)?;
    let current = session.send_for_object(&AdminRequest::client(&id)).await?;
    let mut new = current.clone();
    new.insert("active".to_owned(), false.into());
    let requests = vec![AdminRequest::delete_client(&id)];
    let plan = Plan { difference: difference(&current, &new), requests };
    let Some(plan) = plan.confirmed(arguments.change, arguments.admin.format, report).await? else { return Ok(()) };
    session.send(&plan.requests[0]).await?;
    report.note(&format!("the client {id} is deactivated"));
    Ok(())
}

fn session_for_change(
    settings: AdminSettingArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<AdminSession, Failure> {
    AdminSession::open(settings, &[AdminOperation::ShowClient, AdminOperation::UpdateClient], config, report)
}

/// Replaces a client by what it was, changed; reads it again, and prints it.
async fn replace(
    session: &AdminSession,
    id: &str,
    current: &Map<String, Value>,
    new: Map<String, Value>,
    (change, format): (ChangeArguments, ListFormat),
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let requests = vec![AdminRequest::update_client(id, new.clone().into())];
    let plan = Plan { difference: difference(current, &new), requests };
    let Some(plan) = plan.confirmed(change, format, report).await? else { return Ok(()) };
    session.send(&plan.requests[0]).await?;
    let after = session.send_for_object(&AdminRequest::client(id)).await?;
    let ignored: Vec<_> = changes(&after, &new).into_iter().map(|change| change.member).collect();
    let wanted = changes(current, &new);
    for change in wanted.iter().filter(|change| ignored.contains(&change.member)) {
        report.warning(&format!("the API has not changed `{}` as it was asked to", change.member));
    }
    report.note(&format!("the client {id} is updated"));
    print_object(format, &after.into(), &SHOWN, report)
}

fn difference(current: &Map<String, Value>, new: &Map<String, Value>) -> Vec<String> {
    changes(current, new).iter().map(ToString::to_string).collect()
}
