//! `maskinporten keys status`: the key of every profile, where it is, when it expires, and when it last got a token.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};
use maskinporten::{
    admin::{AdminOperation, ClientKeys},
    cache::{Cache, StoredToken},
    clock::{Clock as _, SystemClock},
    keystore::Certificate,
    printer::Column,
};
use serde_json::{Value, json};

use super::{
    client_keys::{expiring, read_keys, shown_time},
    output::print_list,
    session::AdminSession,
};
use crate::cli::{
    args::KeysStatusArguments,
    located_key::LocatedKey,
    prompt::Answers,
    report::{Exit, Failure, Report},
    settings::{self, AdminSettingArguments, ConfigFiles, KeySettings, SettingSources},
    signals,
};

const LISTED: [Column; 9] = [
    ("profile", "profile"),
    ("environment", "environment"),
    ("key", "place"),
    ("key id", "kid"),
    ("certificate expires", "certificate_expires_at"),
    ("registration expires", "registration_expires_at"),
    ("days left", "days_left"),
    ("last token", "last_token_at"),
    ("problem", "problem"),
];

/// What is known about the key of a profile.
#[derive(Default)]
struct KeyStatus {
    profile: String,
    environment: Option<String>,
    client_id: Option<String>,
    /// Where the key is.
    place: Option<String>,
    /// The id under which it is registered; `None` if the grant carries its certificate.
    key_id: Option<String>,
    certificate_expires_at: Option<DateTime<Utc>>,
    registration_expires_at: Option<DateTime<Utc>>,
    last_token_at: Option<DateTime<Utc>>,
    problem: Option<String>,
}

pub(crate) async fn run(
    arguments: KeysStatusArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let KeysStatusArguments { days, registered, admin } = arguments;
    let (opening, own_config) = (Arc::clone(report), config.clone());
    let mut statuses = signals::blocking(move || every_key(own_config, &opening)).await?;
    if registered {
        ask_for_registrations(&mut statuses, admin.settings, config, report).await?;
    }
    let tokens = cached_tokens();
    for status in &mut statuses {
        status.last_token_at = last_token(status, &tokens);
    }
    let now = SystemClock.now();
    let rows: Value = statuses.iter().map(|status| status.row(now)).collect();
    print_list(admin.format, &rows, &LISTED, report)?;
    let Some(days) = days else { return Ok(()) };
    let ends = statuses.iter().filter_map(|status| status.days_left(now));
    let unknown = statuses.iter().filter(|status| status.problem.is_some()).count();
    match ends.filter(|left| *left < days.into()).count() {
        // What cannot be read may expire tomorrow.
        0 if unknown > 0 => Err(not_known(unknown)),
        0 => Ok(()),
        count => Err(expiring(count, days)),
    }
}

fn not_known(count: usize) -> Failure {
    let keys = if count == 1 { "a key expires".to_owned() } else { format!("{count} keys expire") };
    let hint = Some("the last column shows why: put it right, or remove the profile".to_owned());
    Failure::plain(Exit::Fault, "keys_unknown", format!("could not find out when {keys}"), hint)
}

/// Opens the key of every profile. A password is asked for once.
fn every_key(config: Option<PathBuf>, report: &Arc<Report>) -> Result<Vec<KeyStatus>, Failure> {
    let files = ConfigFiles::new(config);
    let names: Vec<String> = files.profiles(report)?.names().into_iter().map(str::to_owned).collect();
    if names.is_empty() {
        let hint = "write a profile with: maskinporten config init".to_owned();
        let message = "there is no profile whose key could be shown".to_owned();
        return Err(Failure::plain(Exit::Configuration, "no_profile", message, Some(hint)));
    }
    // The table shows what the warnings would be about.
    let quiet = Arc::new(report.keeping_warnings());
    let answers = Arc::new(Answers::default());
    let mut statuses = Vec::new();
    for name in names {
        let mut status = KeyStatus { profile: name, ..KeyStatus::default() };
        match status.open(&files, &answers, &quiet) {
            Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => status.problem = Some(failure.in_language(report.language()).parts().0.to_owned()),
            Ok(()) => {}
        }
        statuses.push(status);
    }
    Ok(statuses)
}

impl KeyStatus {
    fn open(&mut self, files: &ConfigFiles, answers: &Arc<Answers>, report: &Arc<Report>) -> Result<(), Failure> {
        let mut sources = SettingSources::of_profile(&self.profile, files, report)?;
        self.environment = sources.environment_and_client().0;
        settings::add_environment(&mut sources, report)?;
        self.client_id = sources.environment_and_client().1;
        let settings = KeySettings::parse(&sources)?;
        let source = &settings.source;
        self.place = Some(source.value.location().unwrap_or(&source.origin.label).to_owned());
        let (given_id, uses_certificates) = (settings.key_id.clone(), settings.uses_certificates);
        let key = LocatedKey::read(settings, Arc::clone(answers), report)?.open_quietly(&|| ())?;
        let certificate = key.certificates().first().filter(|_| uses_certificates);
        self.certificate_expires_at = certificate.and_then(Certificate::not_after);
        self.key_id = given_id.or_else(|| key.key_id().map(str::to_owned)).filter(|_| certificate.is_none());
        Ok(())
    }

    /// Returns the days until the key can no longer be used, if that is known.
    fn days_left(&self, now: DateTime<Utc>) -> Option<i64> {
        let ends = [self.certificate_expires_at, self.registration_expires_at];
        ends.into_iter().flatten().min().map(|end| (end - now).num_days())
    }

    fn row(&self, now: DateTime<Utc>) -> Value {
        json!({
            "profile": self.profile,
            "environment": self.environment,
            "client_id": self.client_id,
            "place": self.place,
            "kid": self.key_id,
            "certificate_expires_at": self.certificate_expires_at.map(shown_time),
            "registration_expires_at": self.registration_expires_at.map(shown_time),
            "days_left": self.days_left(now),
            "last_token_at": self.last_token_at.map(shown_time),
            "problem": self.problem,
        })
    }
}

/// Asks how long the keys are registered for that are of the administrator's environment, once for each client.
async fn ask_for_registrations(
    statuses: &mut [KeyStatus],
    admin: AdminSettingArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let environment = SettingSources::load(admin.0.clone(), config.clone(), report)?.environment_and_client().0;
    let session = AdminSession::open(admin, &[AdminOperation::ListKeys], config, report)?;
    let mut known: HashMap<String, Result<ClientKeys, Failure>> = HashMap::new();
    for status in statuses.iter_mut().filter(|status| status.environment == environment) {
        let (Some(client), Some(key_id)) = (&status.client_id, &status.key_id) else { continue };
        if !known.contains_key(client) {
            known.insert(client.clone(), read_keys(&session, client).await);
        }
        match &known[client] {
            Ok(keys) => match keys.find(key_id) {
                Some(key) => status.registration_expires_at = key.expires_at(),
                None => {
                    status.problem =
                        Some(report.language().translate("the client does not have this key").into_owned());
                }
            },
            Err(failure) => status.problem = Some(failure.in_language(report.language()).parts().0.to_owned()),
        }
    }
    Ok(())
}

/// Returns the tokens in the cache; none if it cannot be read.
fn cached_tokens() -> Vec<StoredToken> {
    let cache = Cache::usual_folder().and_then(|folder| Cache::existing(&folder)).ok().flatten();
    cache.and_then(|cache| cache.list().ok()).unwrap_or_default()
}

/// Returns when the client of a profile last got a token that is in the cache.
fn last_token(status: &KeyStatus, tokens: &[StoredToken]) -> Option<DateTime<Utc>> {
    let environment = status.environment.as_deref().unwrap_or_default();
    let own = tokens.iter().filter(|token| {
        Some(&token.info.client_id) == status.client_id.as_ref() && token.info.environment == environment
    });
    own.map(|token| token.stored_at).max()
}
