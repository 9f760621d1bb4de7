//! From settings to profiles that can be served: everything read and checked, keys opened.

use std::{path::PathBuf, sync::Arc};

use maskinporten_token_generator::{
    cache::KeyIdentity,
    clock::SystemClock,
    environment::{Environment, KnownIssuer, LocalEnvironment, Service},
    keystore::SigningKey,
    profile::{ConfigSearch as Search, PROJECT_FILE, user_file},
    server::{AllowedScopes, ServedProfile},
    tokens::{TokenEndpoint, TokenSource},
};

use crate::cli::{
    cached,
    headers::along_with,
    key::{self, Unopened},
    layers::Layers,
    prompt::Answers,
    report::{Exit, Failure, Report},
    resolve::{Asked, Problems},
    settings::{self, PROFILE, Typed},
};

/// What a profile is called that has no name.
const NAMELESS: &str = "default";

/// Reads settings, any number of times.
pub(super) struct Loader {
    settings: Typed,
    names: Vec<String>,
    config: Option<PathBuf>,
    allowed: AllowedScopes,
    answers: Arc<Answers>,
    is_original: bool,
}

/// A profile that can be served.
pub(super) struct Prepared {
    pub(super) profile: ServedProfile,
    key: SigningKey,
    source: KeyIdentity,
}

/// Every profile, and the files that they were made from.
pub(super) struct Loaded {
    pub(super) prepared: Vec<Prepared>,
    /// Where settings are, or would be.
    pub(super) configs: Vec<PathBuf>,
    /// Those that settings name.
    pub(super) files: Vec<PathBuf>,
}

impl Loaded {
    pub(super) fn all_files(&self) -> Vec<PathBuf> {
        [self.configs.as_slice(), &self.files].concat()
    }
}

impl Loader {
    pub(super) fn new(settings: Typed, names: Vec<String>, config: Option<PathBuf>, allowed: AllowedScopes) -> Self {
        Self { settings, names, config, allowed, answers: Arc::default(), is_original: false }
    }

    /// The settings of the original's command line.
    pub(super) fn of_original(settings: Typed) -> Self {
        let own = Self::new(settings, Vec::new(), None, AllowedScopes::default());
        Self { is_original: true, ..own }
    }

    /// Nobody is asked for a password any more; what was answered is remembered.
    pub(super) fn end_questions(&self) {
        self.answers.end_questions();
    }

    /// Reads everything. Keys that are the same as before are opened again if that is asked for: their password may
    /// be another.
    pub(super) async fn load(
        &self,
        before: &[Prepared],
        keys_too: bool,
        report: &Arc<Report>,
    ) -> Result<Loaded, Failure> {
        let names: Vec<Option<&String>> =
            if self.names.is_empty() { vec![None] } else { self.names.iter().map(Some).collect() };
        let mut loaded = Loaded { prepared: Vec::new(), configs: self.config_files(), files: Vec::new() };
        for name in names {
            let layers = self.layers(name, report)?.with_answers(Arc::clone(&self.answers));
            let known = before.iter().filter(|_| !keys_too).chain(&loaded.prepared);
            let known = known.map(|prepared| (prepared.source.clone(), prepared.key.clone())).collect();
            let prepared = self.prepare(layers, known, before.is_empty(), report).await;
            let (prepared, files) = prepared.map_err(|failure| match name {
                Some(name) if self.names.len() > 1 => failure.about(&format!("the profile `{name}` cannot be served")),
                _ => failure,
            })?;
            loaded.prepared.push(prepared);
            loaded.files.extend(files);
        }
        Ok(loaded)
    }

    fn layers(&self, name: Option<&String>, report: &Report) -> Result<Layers, Failure> {
        let mut settings = self.settings.clone();
        settings.0.extend(name.map(|name| (PROFILE, vec![name.clone()])));
        if self.is_original { Layers::of_original(settings) } else { Layers::of(settings, self.config.clone(), report) }
    }

    async fn prepare(
        &self,
        mut layers: Layers,
        known: Vec<(KeyIdentity, SigningKey)>,
        is_first: bool,
        report: &Arc<Report>,
    ) -> Result<(Prepared, Vec<PathBuf>), Failure> {
        let asked = Asked::of(&mut layers, report).map_err(Problems::first)?;
        let environment = layers.find("env").and_then(|found| Environment::parse(found.value()));
        let names_resource = !layers.find_group(&["resource", "no-resource"]).is_empty();
        let minimum = cached::minimum(&layers)?;
        let headers = along_with(&layers.headers, Vec::new())?;
        let name = layers.profile.clone().unwrap_or_else(|| NAMELESS.to_owned());
        let (audience, endpoint) = asked.addresses(&layers).await?;
        let files = settings::paths().filter_map(|name| layers.find(name)).map(|found| PathBuf::from(found.value()));
        let files = files.collect();
        let (layers, source, key) = open(layers, known, is_first, report).await?;
        let issuer = issuer(&audience, environment);
        let grant = asked.grant(audience, &key, report)?;
        let tokens = TokenSource::for_grant(grant, TokenEndpoint::Fixed(endpoint), key.clone())
            .environment(environment)
            .resource_by_scope(!names_resource)
            .http_options(asked.http.clone())
            .retry_policy(asked.retry_policy)
            .minimum_lifetime(minimum)
            .build()?;
        tokens.prepare().await?;
        let profile = ServedProfile {
            environment: environment.map_or("custom", Environment::name).to_owned(),
            issuer,
            scopes: asked.scopes.clone(),
            allowed: self.allowed.clone(),
            tokens,
            headers,
            http: asked.http.clone(),
            timeout: asked.retry_policy.timeout,
            identity: format!("{name} {}", asked.cache_key(&layers, &source).hash()),
            name,
        };
        Ok((Prepared { profile, key, source }, files))
    }

    /// Where config files are, or would be.
    fn config_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = LocalEnvironment::path().into_iter().collect();
        if let Some(named) = &self.config {
            files.push(named.clone());
            return files;
        }
        let search = Search::usual(None);
        let project = search.project_file().ok().flatten();
        files.extend(project.or_else(|| search.folder.map(|folder| folder.join(PROJECT_FILE))));
        files.extend(user_file());
        files
    }
}

/// Opens the key, unless it is the same as before. Once requests are served, elsewhere than where they are.
async fn open(
    layers: Layers,
    known: Vec<(KeyIdentity, SigningKey)>,
    is_first: bool,
    report: &Arc<Report>,
) -> Result<(Layers, KeyIdentity, SigningKey), Failure> {
    let report = Arc::clone(report);
    let open = move || {
        let unopened = Unopened::read(&layers)?;
        let source = unopened.identity(&layers)?;
        let key = match known.into_iter().find(|(known, _)| *known == source) {
            Some((_, key)) => key,
            None => key::open_and_warn(&unopened, &layers, &SystemClock, &report)?,
        };
        Ok((layers, source, key))
    };
    if is_first {
        return open();
    }
    tokio::task::spawn_blocking(open).await.unwrap_or_else(|_| {
        let message = "the key could not be opened: a fault in this program".to_owned();
        Err(Failure::plain(Exit::Other, "internal", message, None))
    })
}

/// Who issues the tokens.
fn issuer(audience: &str, environment: Option<Environment>) -> KnownIssuer {
    KnownIssuer::find(audience).unwrap_or_else(|| KnownIssuer {
        identifier: audience.to_owned(),
        service: Service::Maskinporten,
        environment: environment.map_or("custom", Environment::name),
        retired: None,
    })
}
