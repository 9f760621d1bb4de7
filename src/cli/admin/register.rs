//! `maskinporten init`: from an administrator's client to a new client with a key, a profile and a first token.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use maskinporten::{
    admin::{AdminOperation, AdminRequest, ClientKeys, changes},
    grant::Scopes,
    printer::Column,
    profile::{ProfileDraft, user_file},
};
use serde_json::{Map, Value, json};

use super::{
    change::Plan,
    client_document::{time, with_defaults},
    client_keys::{not_changed, write_keys},
    new_key::{NewClientKey, until_accepted},
    output::print_object,
    session::{AdminSession, needed_scopes},
};
use crate::cli::{
    args::{InitArguments, RegisterArguments},
    config::{self, ADMIN, ConfigTarget},
    dialogue, prompt,
    report::{Exit, Failure, Report},
    settings::{self, ConfigFiles, PROFILE, SettingArguments, SettingSources, Settings, client_of_profile},
    signals,
};

/// What is changed at the API.
const OPERATIONS: [AdminOperation; 3] =
    [AdminOperation::CreateClient, AdminOperation::ListKeys, AdminOperation::ReplaceKeys];

const PRINTED: [Column; 5] = [
    ("profile", "profile"),
    ("config file", "config_file"),
    ("client id", "client_id"),
    ("key id", "kid"),
    ("private key", "key_file"),
];

/// A client that is to be registered.
struct NewClient {
    document: Map<String, Value>,
    profile: String,
    target: ConfigTarget,
    /// The settings that lead to the server.
    server: Vec<(&'static str, Vec<String>)>,
}

pub(crate) async fn run(
    mut arguments: RegisterArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let wait = time("--wait", &arguments.wait)?;
    let (asking, asked_config) = (Arc::clone(report), config.clone());
    let (arguments, client) = signals::blocking(move || {
        choose_admin(&mut arguments.admin.settings.0, asked_config.as_ref(), &asking)?;
        let client = NewClient::choose(&mut arguments, asked_config, &asking)?;
        Ok::<_, Failure>((arguments, client))
    })
    .await?;
    let format = arguments.admin.format;
    let session = AdminSession::open(arguments.admin.settings, &OPERATIONS, config, report)?;
    let folder = client.folder();
    let mut key = NewClientKey::generate(&client.profile, arguments.out, &folder, report).await?;
    let keys = ClientKeys::default().with(key.public.clone()).map_err(|error| not_changed(&error))?;
    let plan = client.plan(&keys, &key.path());
    if plan.confirmed(arguments.change, format, report).await?.is_none() {
        return Ok(());
    }
    key.write()?;
    let created = session.send(&AdminRequest::create_client(client.document.clone().into())).await;
    let created = created.inspect_err(|_| {
        // It is not registered anywhere.
        let _ = std::fs::remove_file(&key.file);
    })?;
    let id = created["client_id"].as_str().unwrap_or_default().to_owned();
    report.note(&format!("the client {id} is created"));
    write_keys(&session, &id, &keys).await.map_err(|failure| client.unfinished(&id, &key, failure))?;
    client.target.add(&[client.draft(&id, &key.path())]).map_err(|failure| client.unfinished(&id, &key, failure))?;
    report.note(&format!("wrote the profile {}", client.profile));
    first_token(&client, wait, report).await?;
    let written = json!({
        "profile": client.profile,
        "config_file": client.target.file.display().to_string(),
        "client_id": id,
        "kid": key.public.id(),
        "key_file": key.path().display().to_string(),
    });
    print_object(format, &written, &PRINTED, report)
}

/// Decides which client administers: the one of the options, or else of the profile `admin`, which is made if it is missing
/// and there is a terminal to ask on.
fn choose_admin(given: &mut SettingArguments, config: Option<&PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    if given.has(PROFILE) || given.has("client-id") {
        return Ok(());
    }
    let is_there = || Ok::<_, Failure>(client_of_profile(ADMIN, config.cloned(), report)?.is_some());
    if is_there()? {
        given.set_profile(ADMIN);
    } else if prompt::has_terminal() {
        report.note("first the client of the administrator, which creates the others");
        let mut admin = given.clone();
        admin.set_profile(ADMIN);
        admin.set("scope", &needed_scopes(&OPERATIONS, &[]), settings::option("scope"));
        config::write_profile(InitArguments { project: false, settings: admin }, config.cloned(), report)?;
        *given = SettingArguments::default();
        given.set_profile(ADMIN);
    }
    Ok(())
}

impl NewClient {
    /// Takes what the options say, and asks for the rest.
    fn choose(
        arguments: &mut RegisterArguments,
        config: Option<PathBuf>,
        report: &Arc<Report>,
    ) -> Result<Self, Failure> {
        let asks = prompt::has_terminal();
        if arguments.members.file.is_none() && asks {
            ask_for_members(arguments, report)?;
        }
        let document = with_defaults(arguments.members.document()?);
        let has = |name: &str| document.get(name).is_some_and(|value| *value != json!([]) && *value != json!(""));
        if let Some((_, option)) =
            [("client_name", "--name"), ("scopes", "--client-scope")].iter().find(|(name, _)| !has(name))
        {
            let message = format!("a client needs {option}, and there is no terminal to ask on");
            return Err(Failure::plain(Exit::Usage, "missing", message, Some(format!("pass {option}"))));
        }
        let admin = arguments.admin.settings.0.clone();
        let sources = SettingSources::load(admin, config.clone(), report)?;
        let environment = sources.environment_and_client().0;
        let target = ConfigTarget::choose(config, arguments.project)?;
        let usual = environment.unwrap_or_else(|| "test".to_owned());
        let profile = match arguments.new_profile.take() {
            Some(name) => name,
            None if asks => dialogue::ask(&format!("Name of the profile [{usual}]"), Some(&usual), report, |name| {
                target.refuse_existing(name).map(|()| name.to_owned())
            })?,
            None => usual,
        };
        target.refuse_existing(&profile)?;
        Ok(Self { document, profile, target, server: sources.of_server() })
    }

    /// Returns the folder of the private key: never that of a project, whose files are shared.
    fn folder(&self) -> PathBuf {
        let user = user_file().filter(|_| self.target.is_of_project());
        user.as_deref().unwrap_or(&self.target.file).parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Returns what is changed. The id of the client is not known yet.
    fn plan(&self, keys: &ClientKeys, key_file: &Path) -> Plan {
        let members = changes(&Map::new(), &self.document);
        let key = format!("key: +{}", key_file.display());
        let profile = format!("profile: +{} {}", self.profile, self.target.file.display());
        let requests = vec![
            AdminRequest::create_client(self.document.clone().into()),
            AdminRequest::replace_keys("CLIENT", keys.to_json()),
        ];
        Plan { difference: members.iter().map(ToString::to_string).chain([key, profile]).collect(), requests }
    }

    fn draft(&self, id: &str, key_file: &Path) -> ProfileDraft {
        let scopes = self.document["scopes"].as_array().into_iter().flatten();
        let scopes = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
        let mut values = self.server.clone();
        values.push(("client-id", vec![id.to_owned()]));
        values.push(("scope", scopes));
        values.push(("jwk", vec![key_file.display().to_string()]));
        ProfileDraft { values, ..ProfileDraft::new(&self.profile) }
    }

    /// Makes the failure of a step after which the client exists, but cannot be used yet.
    fn unfinished(&self, id: &str, key: &NewClientKey, failure: Failure) -> Failure {
        let file = key.path();
        let about =
            format!("the client {id} is created, but it is not ready; its private key is in {}", file.display());
        let hint = format!(
            "go on with: maskinporten client keys add {id} {file}, and: maskinporten config init --profile {} \
             --client-id {id} --jwk {file}",
            self.profile,
            file = file.display()
        );
        failure.about(&about).advising(hint)
    }
}

/// Asks for the name and the scopes of the client.
fn ask_for_members(arguments: &mut RegisterArguments, report: &Report) -> Result<(), Failure> {
    let members = &mut arguments.members;
    if members.name.is_none() {
        members.name = Some(dialogue::ask("Name of the new client", None, report, |name| Ok(name.to_owned()))?);
    }
    if members.client_scope.is_empty() {
        let scopes = dialogue::ask("Scopes", None, report, |answer| match Scopes::parse(answer) {
            Ok(_) => Ok(answer.to_owned()),
            Err(error) => Err(Failure::new(Exit::Usage, &error)),
        })?;
        members.client_scope.push(scopes);
    }
    Ok(())
}

/// Requests a token with the new profile until one is granted. The profile stays if none is.
async fn first_token(client: &NewClient, limit: Duration, report: &Arc<Report>) -> Result<(), Failure> {
    let files = ConfigFiles::new(Some(client.target.file.clone()));
    let mut sources = SettingSources::of_profile(&client.profile, &files, report)?;
    let settings = Settings::from_sources(&mut sources, report)?;
    let about = format!("the profile {} is written, but no token was granted yet", client.profile);
    let token = until_accepted(settings, limit, report).await.map_err(|failure| failure.about(&about))?;
    let seconds = token.expires_in_seconds.map(|left| format!(", valid for {left} s")).unwrap_or_default();
    report
        .note(&format!("a token was granted{seconds}; print it with: maskinporten token --profile {}", client.profile));
    Ok(())
}
