//! Loads the profiles that are served: parses the settings, opens the keys.

use std::{path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};
use maskinporten::{
    altinn::AltinnPlatform,
    cache::{CacheKey, KeyIdentity},
    client::RefusalFacts,
    environment::{Environment, KnownIssuer, LocalEnvironment, Service},
    http::Endpoint,
    keystore::{Certificate, SigningKey},
    printer::Header,
    profile::{ConfigSearch, PROJECT_FILE, user_file},
    server::{AllowedScopes, ServedProfile},
    sessions::SessionStore,
    tokens::{TokenEndpoint, TokenSource},
};

use crate::cli::{
    headers,
    located_key::LocatedKey,
    prompt::Answers,
    report::{Failure, Report},
    settings::{ConfigFiles, KeySettings, SettingArguments, SettingSources, Settings, TestTokenSettings, is_person},
    signals,
    tokens::warn_of_algorithm,
};

/// The name of a profile that has none.
pub(super) const NAMELESS: &str = "default";

/// The login of a person with the original's command line.
#[derive(Debug)]
pub(crate) struct OriginalLogin {
    /// The authorization endpoint, in place of that of the metadata.
    pub(crate) authorization_endpoint: Option<Endpoint>,
    /// Where its server keeps the login.
    pub(crate) store: SessionStore,
}

/// Loads profiles, any number of times.
pub(super) struct Loader {
    settings: SettingArguments,
    /// The profiles; `None` is the one of the settings, else the default one.
    names: Vec<Option<String>>,
    config: Option<PathBuf>,
    allowed: AllowedScopes,
    pub(super) answers: Arc<Answers>,
    is_legacy: bool,
    pub(super) original_login: Option<OriginalLogin>,
}

/// A profile that is ready to be served.
pub(super) struct Prepared {
    pub(super) profile: ServedProfile,
    /// The key; a public client has none.
    pub(super) key: Option<(KeyIdentity, SigningKey)>,
}

/// What a profile has, whatever its tokens are.
pub(super) struct ProfileBasis {
    pub(super) name: String,
    /// The additional headers for requests to an API.
    pub(super) headers: Vec<Header>,
}

/// The keys that are open, each once.
#[derive(Clone, Default)]
pub(super) struct KnownKeys(Arc<Vec<(KeyIdentity, SigningKey)>>);

/// Every profile, and the files that they were loaded from.
pub(super) struct Loaded {
    pub(super) prepared: Vec<Prepared>,
    /// The config files, including those that do not exist yet.
    pub(super) configs: Vec<PathBuf>,
    /// The files that settings name.
    pub(super) files: Vec<PathBuf>,
}

impl KnownKeys {
    fn find(&self, identity: &KeyIdentity) -> Option<&SigningKey> {
        self.0.iter().find(|(known, _)| known == identity).map(|(_, key)| key)
    }

    fn add(&mut self, prepared: &Prepared) {
        if let Some((identity, key)) = prepared.key.clone().filter(|(identity, _)| self.find(identity).is_none()) {
            Arc::make_mut(&mut self.0).push((identity, key));
        }
    }
}

impl Loaded {
    pub(super) fn all_files(&self) -> Vec<PathBuf> {
        [self.configs.as_slice(), &self.files].concat()
    }
}

impl Loader {
    pub(super) fn new(
        settings: SettingArguments,
        names: Vec<Option<String>>,
        config: Option<PathBuf>,
        allowed: AllowedScopes,
    ) -> Self {
        Self { settings, names, config, allowed, answers: Arc::default(), is_legacy: false, original_login: None }
    }

    /// Loads the settings of the original's command line.
    pub(super) fn legacy(settings: SettingArguments, original_login: Option<OriginalLogin>) -> Self {
        let own = Self::new(settings, vec![None], None, AllowedScopes::default());
        Self { is_legacy: true, original_login, ..own }
    }

    /// Ends the questions for passwords; the answers are remembered.
    pub(super) fn end_questions(&self) {
        self.answers.end_questions();
    }

    /// Loads everything. Keys that are the same as before are opened again if `keys_too` is set, since their password may
    /// have changed.
    pub(super) async fn load(
        &self,
        before: &[Prepared],
        keys_too: bool,
        report: &Arc<Report>,
    ) -> Result<Loaded, Failure> {
        let mut loaded = Loaded { prepared: Vec::new(), configs: self.config_files(), files: Vec::new() };
        let config = ConfigFiles::new(self.config.clone());
        let mut known = KnownKeys::default();
        let before = before.iter().filter(|_| !keys_too);
        before.for_each(|prepared| known.add(prepared));
        for name in &self.names {
            let sources = self.sources(name.as_deref(), &config, report)?;
            let prepared = self.prepare(sources, known.clone(), report).await;
            let (prepared, files) = prepared.map_err(|failure| match name {
                Some(name) if self.names.len() > 1 => failure.about(&format!("the profile `{name}` cannot be served")),
                _ => failure,
            })?;
            known.add(&prepared);
            loaded.prepared.push(prepared);
            loaded.files.extend(files);
        }
        Ok(loaded)
    }

    fn sources(&self, name: Option<&str>, config: &ConfigFiles, report: &Report) -> Result<SettingSources, Failure> {
        let mut settings = self.settings.clone();
        if let Some(name) = name {
            settings.set_profile(name);
        }
        if self.is_legacy {
            SettingSources::load_legacy(settings, report)
        } else {
            SettingSources::load_from(settings, config, report)
        }
    }

    /// Prepares a profile; returns also the files that its settings name.
    async fn prepare(
        &self,
        mut sources: SettingSources,
        known: KnownKeys,
        report: &Arc<Report>,
    ) -> Result<(Prepared, Vec<PathBuf>), Failure> {
        // Before the secrets are erased from the sources.
        let headers = headers::merge(&sources, &[])?;
        let name = sources.profile.clone().unwrap_or_else(|| NAMELESS.to_owned());
        let own = ProfileBasis { name, headers };
        let prepared = if self.original_login.is_some() || is_person(&sources) {
            self.prepare_person(&mut sources, own, known, report).await?
        } else if let Some(settings) = TestTokenSettings::parse(&mut sources, report)? {
            self.prepare_test_tokens(settings, &sources, own, report).await?
        } else {
            self.prepare_organisation(Settings::from_sources(&mut sources, report)?, own, known, report).await?
        };
        Ok((prepared, sources.files()))
    }

    /// Prepares a profile of an organisation.
    async fn prepare_organisation(
        &self,
        (settings, key): (Settings, KeySettings),
        ProfileBasis { name, headers }: ProfileBasis,
        known: KnownKeys,
        report: &Arc<Report>,
    ) -> Result<Prepared, Failure> {
        warn_of_algorithm(&settings.grant, report);
        let (audience, endpoint) = settings.addresses(report).await?;
        let uses_certificates = key.uses_certificates;
        let (identity, key, key_facts) = self.open(key, known, report).await?;
        let token_identity = cache_key(&settings, &identity).hash().to_owned();
        let Settings { environment, mut grant, network, cache, names_resource, origins, altinn, .. } = settings;
        let environment = environment.map(|setting| setting.value);
        let platform = altinn.as_ref().map(|exchange| &exchange.platform);
        let issuer = platform.map_or_else(|| issuer(&audience, environment), altinn_issuer);
        grant.audience = audience;
        grant.algorithm_for(&key)?;
        let scopes = grant.scopes.clone();
        let tokens = TokenSource::for_grant(grant, TokenEndpoint::Fixed(endpoint), key.clone())
            .environment(environment)
            .resource_by_scope(!names_resource)
            .http_options(network.http.clone())
            .retry_policy(network.retry_policy)
            .altinn(altinn)
            .minimum_lifetime(cache.minimum)
            .refusal_facts(&origins)
            .refusal_facts(&key_facts)
            .build()?;
        tokens.prepare().await?;
        let profile = ServedProfile {
            environment: environment.map_or("custom", Environment::name).to_owned(),
            issuer,
            scopes,
            allowed: self.allowed.clone(),
            tokens,
            login: None,
            headers,
            http: network.http,
            timeout: network.retry_policy.timeout,
            key_expires_at: certificate_end(&key, uses_certificates),
            identity: format!("{name} {token_identity}"),
            name,
        };
        Ok(Prepared { profile, key: Some((identity, key)) })
    }

    /// Returns where config files are, or would be.
    fn config_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = LocalEnvironment::path().into_iter().collect();
        if let Some(named) = &self.config {
            files.push(named.clone());
            return files;
        }
        let search = ConfigSearch::usual(None);
        let project = search.project_file().ok().flatten();
        files.extend(project.or_else(|| search.folder.map(|folder| folder.join(PROJECT_FILE))));
        files.extend(user_file());
        files
    }

    /// Opens the key, unless it is known. It is opened on another thread, so that requests and Ctrl-C are handled meanwhile.
    pub(super) async fn open(
        &self,
        settings: KeySettings,
        known: KnownKeys,
        report: &Arc<Report>,
    ) -> Result<(KeyIdentity, SigningKey, RefusalFacts), Failure> {
        let (report, answers) = (Arc::clone(report), Arc::clone(&self.answers));
        signals::blocking(move || {
            let located = LocatedKey::read(settings, answers, &report)?;
            let identity = located.key_identity();
            let key = match known.find(&identity) {
                Some(key) => key.clone(),
                None => located.open_key()?,
            };
            Ok((identity, key, located.refusal_facts()))
        })
        .await
    }
}

/// Returns when the certificate expires that the grants carry.
pub(super) fn certificate_end(key: &SigningKey, uses_certificates: bool) -> Option<DateTime<Utc>> {
    let certificate = key.certificates().first().filter(|_| uses_certificates);
    certificate.and_then(Certificate::not_after)
}

/// Identifies the tokens of these settings.
fn cache_key(settings: &Settings, identity: &KeyIdentity) -> CacheKey {
    let environment = settings.environment.as_ref().map(|setting| setting.value);
    let key = CacheKey::new(&settings.grant, &settings.endpoint.id(environment, &settings.network.http), identity);
    let exchange = settings.altinn.as_ref();
    exchange.map_or_else(|| key.clone(), |exchange| key.exchanged_for(&exchange.id()))
}

/// Returns the issuer of the tokens of one of Altinn's platforms.
pub(super) fn altinn_issuer(platform: &AltinnPlatform) -> KnownIssuer {
    let identifier = platform.issuer();
    KnownIssuer::find(&identifier).unwrap_or(KnownIssuer {
        identifier,
        service: Service::Altinn,
        environment: "custom",
        retired: None,
    })
}

/// Returns the issuer of the tokens.
fn issuer(audience: &str, environment: Option<Environment>) -> KnownIssuer {
    KnownIssuer::find(audience).unwrap_or_else(|| KnownIssuer {
        identifier: audience.to_owned(),
        service: Service::Maskinporten,
        environment: environment.map_or("custom", Environment::name),
        retired: None,
    })
}
