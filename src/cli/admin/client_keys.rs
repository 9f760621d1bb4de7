//! `maskinporten client keys`: the public keys of a client.
//!
//! The API replaces the whole set, so every change reads it, merges, shows the difference, writes, and reads it back.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use maskinporten::{
    admin::{AdminOperation, AdminRequest, Change, ClientKey, ClientKeys},
    clock::{Clock as _, SystemClock},
    explain::Explain,
    printer::Column,
    text::shown_path,
};
use serde_json::{Value, json};

use super::{
    change::Plan, client::client_id, client_document::MAXIMUM_BYTES, output::print_list, session::AdminSession,
};
use crate::cli::{
    args::{
        ClientArguments, ClientChangeArguments, ClientKeysAddArguments, ClientKeysExpiryArguments,
        ClientKeysRemoveArguments, ListFormat,
    },
    input,
    report::{Exit, Failure, Report},
};

const LISTED: [Column; 4] =
    [("key id", "kid"), ("algorithm", "alg"), ("expires", "expires_at"), ("days left", "days_left")];
const EXPIRING: [Column; 5] = [
    ("client id", "client_id"),
    ("name", "client_name"),
    ("key id", "kid"),
    ("expires", "expires_at"),
    ("days left", "days_left"),
];

/// What a change of keys needs.
pub(super) const CHANGE: [AdminOperation; 2] = [AdminOperation::ListKeys, AdminOperation::ReplaceKeys];

pub(super) async fn list(
    arguments: ClientArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let id = client_id(&arguments.named.client, config.as_ref(), report)?;
    let session = AdminSession::open(arguments.admin.settings, &[AdminOperation::ListKeys], config, report)?;
    let keys = read_keys(&session, &id).await?;
    print_keys(&keys, arguments.admin.format, report)
}

pub(super) async fn add(
    arguments: ClientKeysAddArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let ClientKeysAddArguments { client, file } = arguments;
    let added = read_public_keys(&file)?;
    change_keys(client, config, report, |keys| added.into_iter().try_fold(keys, ClientKeys::with)).await
}

pub(super) async fn remove(
    arguments: ClientKeysRemoveArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let ClientKeysRemoveArguments { client, kids } = arguments;
    change_keys(client, config, report, |keys| kids.iter().try_fold(keys, |keys, kid| keys.without(kid))).await
}

/// Reads the keys of a client, changes them, shows the difference, and writes them.
async fn change_keys<E: Explain>(
    arguments: ClientChangeArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
    changed: impl FnOnce(ClientKeys) -> Result<ClientKeys, E>,
) -> Result<(), Failure> {
    let ClientChangeArguments { named, change, admin } = arguments;
    let id = client_id(&named.client, config.as_ref(), report)?;
    let session = AdminSession::open(admin.settings, &CHANGE, config, report)?;
    let before = read_keys(&session, &id).await?;
    let after = changed(before.clone()).map_err(|error| not_changed(&error))?;
    let plan = Plan {
        difference: vec![difference(&before, &after)],
        requests: vec![AdminRequest::replace_keys(&id, after.to_json())],
    };
    if plan.confirmed(change, admin.format, report).await?.is_none() {
        return Ok(());
    }
    let after = write_keys(&session, &id, &after).await?;
    report.note(&format!("the keys of the client {id} are changed; Maskinporten knows within two minutes"));
    print_keys(&after, admin.format, report)
}

/// Returns the failure of a change that the keys of a client do not allow.
pub(super) fn not_changed(error: &dyn Explain) -> Failure {
    Failure::new(Exit::Other, error).about("the keys of the client cannot be changed")
}

/// Returns the ids that are added and removed, as a line.
pub(super) fn difference(before: &ClientKeys, after: &ClientKeys) -> String {
    let ids = |keys: &ClientKeys| Some(keys.keys().iter().map(ClientKey::id).collect());
    Change { member: "keys".to_owned(), from: ids(before), to: ids(after) }.to_string()
}

/// Reads the public keys in a file.
pub(super) fn read_public_keys(file: &Path) -> Result<Vec<ClientKey>, Failure> {
    public_keys(&input::read(file, MAXIMUM_BYTES)?, &format!("`{}`", shown_path(file)))
}

/// Returns the public keys in a JWK or JWK set.
pub(super) fn public_keys(jwk: &[u8], name: &str) -> Result<Vec<ClientKey>, Failure> {
    ClientKey::parse_all(jwk)
        .map_err(|error| Failure::new(Exit::Key, &error).about(&format!("{name} cannot be registered")))
}

/// Returns the keys of a client.
pub(super) async fn read_keys(session: &AdminSession, client: &str) -> Result<ClientKeys, Failure> {
    match session.try_send(&AdminRequest::keys(client)).await? {
        Ok(response) => parsed(&response),
        // A client that never had a key may have no set of keys.
        Err(error) if error.is_not_found() => {
            session.send(&AdminRequest::client(client)).await?;
            Ok(ClientKeys::default())
        }
        Err(error) => Err(error.into()),
    }
}

/// Replaces the keys of a client, and returns what the API has then.
pub(super) async fn write_keys(session: &AdminSession, client: &str, keys: &ClientKeys) -> Result<ClientKeys, Failure> {
    session.send(&AdminRequest::replace_keys(client, keys.to_json())).await?;
    let after = read_keys(session, client).await?;
    if after.are(keys) {
        return Ok(after);
    }
    let message = format!("the client {client} has other keys than those that were written");
    let hint = "perhaps they were changed elsewhere meanwhile; look: maskinporten client keys list CLIENT";
    Err(Failure::plain(Exit::Other, "client_keys_changed", message, Some(hint.to_owned())))
}

fn parsed(response: &Value) -> Result<ClientKeys, Failure> {
    ClientKeys::from_response(response).map_err(|error| {
        Failure::new(Exit::Unreachable, &error).about("the response of the self-service API has no list of keys")
    })
}

/// Prints keys.
pub(super) fn print_keys(keys: &ClientKeys, format: ListFormat, report: &Report) -> Result<(), Failure> {
    let now = SystemClock.now();
    let rows: Value = keys.keys().iter().map(|key| row(key, now)).collect();
    print_list(format, &rows, &LISTED, report)
}

/// Describes a key: its members, when it expires, and in how many days.
fn row(key: &ClientKey, now: DateTime<Utc>) -> Value {
    let mut row = key.members().clone();
    if let Some(expires_at) = key.expires_at() {
        row.insert("expires_at".to_owned(), shown_time(expires_at).into());
        row.insert("days_left".to_owned(), (expires_at - now).num_days().into());
    }
    row.into()
}

pub(super) fn shown_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Lists the keys that expire within some days, of one client or of all.
pub(super) async fn expiry(
    arguments: ClientKeysExpiryArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let ClientKeysExpiryArguments { client, days, admin } = arguments;
    let named = client.map(|client| client_id(&client, config.as_ref(), report)).transpose()?;
    let needed = [AdminOperation::ListClients, AdminOperation::ListKeys];
    let session = AdminSession::open(admin.settings, &needed, config, report)?;
    let clients = match &named {
        Some(id) => json!([session.send(&AdminRequest::client(id)).await?]),
        None => session.send(&AdminRequest::clients(false)).await?,
    };
    let now = SystemClock.now();
    let end = now + TimeDelta::days(days.into());
    let mut rows = Vec::new();
    for client in clients.as_array().into_iter().flatten() {
        let Some(id) = client["client_id"].as_str() else { continue };
        let keys = read_keys(&session, id).await?;
        for key in keys.keys().iter().filter(|key| key.expires_at().is_some_and(|at| at <= end)) {
            let mut row = row(key, now);
            row["client_id"] = id.into();
            row["client_name"] = client["client_name"].clone();
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| row["expires_at"].to_string());
    let count = rows.len();
    if count == 0 && admin.format == ListFormat::Table {
        report.note(&format!("no key expires within {days} days"));
        return Ok(());
    }
    print_list(admin.format, &rows.into(), &EXPIRING, report)?;
    if count == 0 { Ok(()) } else { Err(expiring(count, days)) }
}

/// Returns the failure that keys expire soon.
pub(super) fn expiring(count: usize, days: u16) -> Failure {
    let message = if count == 1 {
        format!("a key expires within {days} days")
    } else {
        format!("{count} keys expire within {days} days")
    };
    let hint = "replace it in time: maskinporten client keys rotate PROFILE --profile admin";
    Failure::plain(Exit::Fault, "keys_expire", message, Some(hint.to_owned()))
}
