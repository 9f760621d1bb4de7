//! `maskinporten scope search`: the public scopes of all organisations, which anyone may see.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use maskinporten::{
    admin::{AdminClient, AdminError, AdminOperation, AdminRequest},
    check::token::{ScopeCheck, is_about_scopes},
    client::{ClientError, TokenClient},
    clock::SystemClock,
    environment::Environment,
    organisation::OrganisationNumber,
    printer::Column,
};
use serde_json::{Map, Value};

use super::{
    names::OrganisationNames,
    output::print_list,
    scope::{name, objects},
};
use crate::cli::{
    args::{AdminArguments, ListFormat, ScopeListArguments, ScopeSearchArguments},
    located_key::LocatedKey,
    progress::Progress,
    prompt::Answers,
    report::{Failure, Report, report_retry, with_cause},
    settings::{self, GivenAddresses, NetworkSettings, SettingSources, Settings, self_service},
    signals,
};

/// With more scopes it is not asked which of them the client has: each takes a request.
const MAXIMUM_ASKED: usize = 10;

const COLUMNS: [Column; 6] = [
    ("scope", "name"),
    ("owner", "owner_orgno"),
    ("owner's name", "owner_name"),
    ("access", "access"),
    ("this client", "client"),
    ("description", "description"),
];

/// How a scope is obtained, and what is printed about it.
const OPEN: &str = "open";
const ON_REQUEST: &str = "on request";
const HAS: &str = "has it";
const HAS_NOT: &str = "does not have it";
const UNKNOWN: &str = "unknown";
const APPLY: &str =
    "open: add the scope to your client; on request: ask the owner to grant your organisation access first";

/// `scope list --all`
pub(super) async fn list(
    arguments: ScopeListArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let prefix = arguments.prefix.unwrap_or_default();
    show(arguments.admin, false, config, report, |scope| name(scope).starts_with(&prefix)).await
}

pub(super) async fn search(
    arguments: ScopeSearchArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let words: Vec<String> =
        arguments.text.iter().flat_map(|text| text.split_whitespace()).map(str::to_lowercase).collect();
    let is_found = |scope: &Map<String, Value>| {
        let members = ["name", "description", "long_description", "owner_orgno"];
        let texts: Vec<&str> = members.iter().filter_map(|member| scope.get(*member)?.as_str()).collect();
        let text = texts.join("\n").to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    show(arguments.admin, arguments.names, config, report, is_found).await
}

async fn show(
    arguments: AdminArguments,
    with_names: bool,
    config: Option<PathBuf>,
    report: &Arc<Report>,
    is_wanted: impl Fn(&Map<String, Value>) -> bool,
) -> Result<(), Failure> {
    let mut sources = SettingSources::load(arguments.settings.0, config, report)?;
    sources.refuse_empty_options()?;
    settings::add_environment(&mut sources, report)?;
    let environment = GivenAddresses::new(&sources).environment;
    let network = NetworkSettings::parse(&sources)?;
    let base = self_service(&sources, environment.or(Some(Environment::Prod)), true)?;
    let names = OrganisationNames::new(&sources, network.clone(), report)?;
    let client = AdminClient::new(base, &network.http, network.retry_policy)?;
    report.detail(&format!("asking {} to {}", client.base(), AdminOperation::SearchScopes));
    let progress = Progress::start(&format!("waiting for {}", client.base()), report);
    let retrying = |error: &AdminError, delay: Duration| report_retry(report, error, delay);
    let mut scopes = objects(client.send(&AdminRequest::public_scopes(), None, retrying).await?);
    drop(progress);
    scopes.retain(is_wanted);
    scopes.sort_by(|one, other| name(one).cmp(name(other)));
    let may_ask = environment.is_some() && (1..=MAXIMUM_ASKED).contains(&scopes.len());
    let has = if may_ask { ask_client(sources, &scopes, report).await } else { Vec::new() };
    let owners: Vec<_> = scopes.iter().filter_map(owner).collect();
    let names = if with_names { names.of(&owners).await } else { BTreeMap::new() };
    for (index, scope) in scopes.iter_mut().enumerate() {
        let owner_name = owner(scope).and_then(|owner| names.get(owner.digits()).cloned());
        scope.extend(owner_name.map(|name| ("owner_name".to_owned(), name.into())));
        let is_open = scope.get("accessible_for_all") == Some(&Value::Bool(true));
        describe(scope, is_open, has.get(index).copied().flatten(), arguments.format, report);
    }
    let columns: Vec<Column> =
        COLUMNS.into_iter().filter(|(_, member)| with_names || *member != "owner_name").collect();
    if scopes.is_empty() {
        report.note("nothing was found");
    } else if arguments.format == ListFormat::Table {
        report.note(APPLY);
    }
    print_list(arguments.format, &scopes.into_iter().collect(), &columns, report)
}

/// Requests a token for each of these scopes, if the settings have a client and a key that opens without a question.
/// Returns whether the client has each; `None` where that is unknown.
async fn ask_client(sources: SettingSources, scopes: &[Map<String, Value>], report: &Arc<Report>) -> Vec<Option<bool>> {
    match try_client(sources, scopes, report).await {
        Ok(has) => has,
        Err(failure) => {
            report.detail(&format!("whether the client has the scopes is unknown: {}", with_cause(&failure)));
            Vec::new()
        }
    }
}

async fn try_client(
    mut sources: SettingSources,
    scopes: &[Map<String, Value>],
    report: &Arc<Report>,
) -> Result<Vec<Option<bool>>, Failure> {
    let names = scopes.iter().map(name).collect::<Vec<_>>().join(" ");
    sources.decide("scope", &names, "the scopes that were found");
    let (settings, key) = Settings::from_sources(&mut sources, report)?;
    let (audience, endpoint) = settings.addresses(report).await?;
    let client = TokenClient::new(endpoint, &settings.network.http, settings.network.retry_policy)?;
    let quiet = Arc::clone(report);
    let key = signals::blocking(move || {
        let answers = Arc::new(Answers::default());
        answers.end_questions();
        LocatedKey::read(key, answers, &quiet)?.open_key()
    })
    .await?;
    let mut grant = settings.grant;
    grant.audience = audience;
    let _progress = Progress::start("asking for tokens", report);
    let asking = ScopeCheck { client: &client, grant: &grant, key: &key, clock: &SystemClock };
    let results = asking.results_by_scope().await;
    let has = |scope: &Map<String, Value>| {
        let (_, result) = results.iter().find(|(asked, _)| *asked == name(scope))?;
        match result.as_ref()? {
            Ok(_) => Some(true),
            Err(ClientError::Refused(refusal)) if is_about_scopes(refusal) => Some(false),
            Err(_) => None,
        }
    };
    Ok(scopes.iter().map(has).collect())
}

/// Adds how the scope is obtained and whether the client has it: as words for people, else as values.
fn describe(scope: &mut Map<String, Value>, is_open: bool, has: Option<bool>, format: ListFormat, report: &Report) {
    if format != ListFormat::Table {
        scope.insert("access".to_owned(), if is_open { "open" } else { "on_request" }.into());
        scope.insert("client".to_owned(), has.into());
        return;
    }
    let translated = |text: &str| Value::from(&*report.language().translate(text));
    scope.insert("access".to_owned(), translated(if is_open { OPEN } else { ON_REQUEST }));
    let has = match has {
        Some(true) => HAS,
        Some(false) => HAS_NOT,
        None => UNKNOWN,
    };
    scope.insert("client".to_owned(), translated(has));
}

fn owner(scope: &Map<String, Value>) -> Option<OrganisationNumber> {
    OrganisationNumber::parse(scope.get("owner_orgno")?.as_str()?).ok()
}
