//! `maskinporten scope`: lists, shows and changes the scopes of an organisation.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use maskinporten::{
    admin::{AdminOperation, AdminRequest, ScopeFileError, changes, merged, scope_from_json, with_name},
    printer::Column,
    text::{printable, shown_path},
};
use serde_json::{Map, Value, json};

use super::{
    change::Plan,
    output::{print_list, print_object},
    session::AdminSession,
};
use crate::cli::{
    args::{ScopeChangeArguments, ScopeDeleteArguments, ScopeListArguments, ScopeMemberArguments, ScopeShowArguments},
    input,
    report::{Exit, Failure, Report},
};

/// Maximum size of a file with scopes.
const MAXIMUM_BYTES: u64 = 16 * 1024 * 1024;

const LIST: [Column; 5] = [
    ("scope", "name"),
    ("active", "active"),
    ("for all", "accessible_for_all"),
    ("client types", "allowed_integration_types"),
    ("description", "description"),
];

const RECORD: [Column; 15] = [
    ("scope", "name"),
    ("description", "description"),
    ("long description", "long_description"),
    ("active", "active"),
    ("owner", "owner_orgno"),
    ("visibility", "visibility"),
    ("for all", "accessible_for_all"),
    ("client types", "allowed_integration_types"),
    ("delegation in", "delegation_source"),
    ("longest token lifetime", "at_max_age"),
    ("longest authorisation", "authorization_max_lifetime"),
    ("token type", "token_type"),
    ("person must log in", "requires_user_authentication"),
    ("created", "created"),
    ("changed", "last_updated"),
];

pub(super) async fn list(
    arguments: ScopeListArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let session = AdminSession::open(arguments.admin.settings, &[AdminOperation::ListScopes], config, report)?;
    let mut scopes = own_scopes(&session, arguments.inactive, arguments.prefix.as_deref()).await?;
    scopes.sort_by(|one, other| name(one).cmp(name(other)));
    print_list(arguments.admin.format, &scopes.into_iter().collect(), &LIST, report)
}

/// Returns the organisation's scopes whose names begin with `prefix`, in the order of the API.
pub(super) async fn own_scopes(
    session: &AdminSession,
    inactive: bool,
    prefix: Option<&str>,
) -> Result<Vec<Map<String, Value>>, Failure> {
    let mut scopes = objects(session.send(&AdminRequest::scopes(inactive)).await?);
    scopes.retain(|scope| prefix.is_none_or(|prefix| name(scope).starts_with(prefix)));
    Ok(scopes)
}

/// Returns the objects in a list; the API sends nothing else.
pub(super) fn objects(list: Value) -> Vec<Map<String, Value>> {
    let object = |value| if let Value::Object(object) = value { Some(object) } else { None };
    if let Value::Array(list) = list { list.into_iter().filter_map(object).collect() } else { Vec::new() }
}

/// Returns the name of a scope.
pub(super) fn name(scope: &Map<String, Value>) -> &str {
    scope.get("name").and_then(Value::as_str).unwrap_or_default()
}

pub(super) async fn show(
    arguments: ScopeShowArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let session = AdminSession::open(arguments.admin.settings, &[AdminOperation::ShowScope], config, report)?;
    let scope = session.send(&AdminRequest::scope(&arguments.name)).await?;
    print_object(arguments.admin.format, &scope, &RECORD, report)
}

pub(super) async fn create(
    arguments: ScopeChangeArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let (name, scope) = wanted(&arguments)?;
    let session = AdminSession::open(arguments.admin.settings, &[AdminOperation::CreateScope], config, report)?;
    let scope = merged(&Map::new(), &scope);
    let plan = Plan {
        difference: difference('+', &name, &Map::new(), &scope),
        requests: vec![AdminRequest::create_scope(scope.into())],
    };
    let Some(plan) = plan.confirmed(arguments.change, arguments.admin.format, report).await? else { return Ok(()) };
    let created = session.send(&plan.requests[0]).await?;
    print_object(arguments.admin.format, &created, &RECORD, report)
}

/// Replaces a scope by what it is now, changed by the file and the options.
pub(super) async fn update(
    arguments: ScopeChangeArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let (name, scope) = wanted(&arguments)?;
    let operations = [AdminOperation::ShowScope, AdminOperation::UpdateScope];
    let session = AdminSession::open(arguments.admin.settings, &operations, config, report)?;
    let current = session.send_for_object(&AdminRequest::scope(&name)).await?;
    let Some(plan) = Plan::of_update(&name, &current, &merged(&current, &scope))
        .confirmed(arguments.change, arguments.admin.format, report)
        .await?
    else {
        return Ok(());
    };
    let mut updated = Value::Object(current);
    for request in &plan.requests {
        updated = session.send(request).await?;
    }
    print_object(arguments.admin.format, &updated, &RECORD, report)
}

pub(super) async fn delete(
    arguments: ScopeDeleteArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let operations = [AdminOperation::ShowScope, AdminOperation::DeleteScope];
    let session = AdminSession::open(arguments.admin.settings, &operations, config, report)?;
    let mut plan = Plan { difference: Vec::new(), requests: Vec::new() };
    for name in &arguments.names {
        let scope = session.send_for_object(&AdminRequest::scope(name)).await?;
        if scope.get("active") != Some(&Value::Bool(false)) {
            let description = scope.get("description").and_then(Value::as_str).unwrap_or_default();
            plan.difference.push(printable(&format!("- {name}  {description}")));
            plan.requests.push(AdminRequest::delete_scope(name));
        }
    }
    let Some(plan) = plan.confirmed(arguments.change, arguments.admin.format, report).await? else { return Ok(()) };
    session.send_each(&plan.requests).await?;
    report.note(&format!("scopes deactivated: {}", plan.requests.len()));
    Ok(())
}

impl Plan {
    /// Plans the replacement of a scope, unless nothing in it differs.
    pub(super) fn of_update(name: &str, current: &Map<String, Value>, wanted: &Map<String, Value>) -> Self {
        let difference = difference('~', name, current, wanted);
        let request = || AdminRequest::update_scope(name, Value::Object(wanted.clone()));
        Self { requests: if difference.is_empty() { Vec::new() } else { vec![request()] }, difference }
    }
}

/// Returns a line for a scope and one for each of its members that change; none if nothing does.
pub(super) fn difference(
    sign: char,
    name: &str,
    current: &Map<String, Value>,
    wanted: &Map<String, Value>,
) -> Vec<String> {
    let changes = changes(current, wanted);
    let head = (!changes.is_empty()).then(|| format!("{sign} {}", printable(name)));
    head.into_iter().chain(changes.iter().map(|change| format!("    {change}"))).collect()
}

/// Makes a scope from the file and the options, which replace its members.
fn wanted(arguments: &ScopeChangeArguments) -> Result<(String, Map<String, Value>), Failure> {
    let mut scope = Map::new();
    if let Some(file) = &arguments.members.file {
        scope = read(file, scope_from_json)?;
    }
    scope.extend(given(&arguments.members));
    with_name(scope, arguments.name.as_deref()).map_err(|error| match &arguments.members.file {
        Some(file) => unreadable(file, &error),
        None => Failure::new(Exit::Usage, &error),
    })
}

/// Returns the members that options name.
fn given(members: &ScopeMemberArguments) -> impl Iterator<Item = (String, Value)> {
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    let types = Some(json!(members.integration_type)).filter(|_| !members.integration_type.is_empty());
    let members = [
        ("description", text(&members.description)),
        ("long_description", text(&members.long_description)),
        ("visibility", text(&members.visibility.as_ref().map(|name| name.to_uppercase()))),
        ("allowed_integration_types", types),
        ("accessible_for_all", members.accessible_for_all.map(Value::from)),
        ("at_max_age", members.at_max_age.map(Value::from)),
        ("authorization_max_lifetime", members.authorization_max_lifetime.map(Value::from)),
        ("delegation_source", text(&members.delegation_source)),
        ("token_type", text(&members.token_type.as_ref().map(|name| name.to_uppercase()))),
        ("requires_user_consent", members.requires_user_consent.map(Value::from)),
        ("requires_user_authentication", members.requires_user_authentication.map(Value::from)),
        ("active", members.active.map(Value::from)),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
}

/// Reads a file, or stdin if the path is `-`.
pub(super) fn read<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, ScopeFileError>) -> Result<T, Failure> {
    parse(&input::read(path, MAXIMUM_BYTES)?).map_err(|error| unreadable(path, &error))
}

/// Makes the failure of a file that is not one of scopes.
pub(super) fn unreadable(path: &Path, error: &ScopeFileError) -> Failure {
    Failure::new(Exit::Configuration, error).about(&format!("could not read the scopes in `{}`", shown_path(path)))
}
