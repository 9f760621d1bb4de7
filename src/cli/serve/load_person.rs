//! Loads the profiles with the tokens of a person, from a kept login or from a login at this server.

use std::sync::Arc;

use maskinporten::{
    altinn::AltinnExchange,
    client::MinimumLifetime,
    environment::{Environment, KnownIssuer, Service},
    grant::{Grant, Scopes, Sign},
    login::{LoginRequest, LoginServer},
    server::{AllowedScopes, ServedProfile},
    sessions::{PersonTokens, SessionError, SessionStore},
    tokens::{AccessTokenProvider, TokenSource},
};

use super::load::{KnownKeys, Loader, NAMELESS, OriginalLogin, Prepared, ProfileBasis, altinn_issuer, certificate_end};
use crate::cli::{
    person_tokens::note_place,
    report::{Exit, Failure, Report},
    settings::{KeySettings, PersonLoginSettings, PersonSettings, SessionClient, SettingSources, session_name},
};

/// The settings of a person's tokens.
struct PersonProfile {
    session: (SessionStore, String),
    environment: Option<Environment>,
    server: LoginServer,
    grant: Grant,
    key: Option<KeySettings>,
    minimum: MinimumLifetime,
    altinn: Option<AltinnExchange>,
    /// The login in the browser, and the page where it starts.
    browser: Option<(LoginRequest, String)>,
}

impl PersonProfile {
    /// Parses the settings of a kept login. Its scopes are those that were granted.
    fn kept(sources: &mut SettingSources, report: &Report) -> Result<Self, Failure> {
        let (store, name) = (SessionStore::usual()?, session_name(sources));
        let info = store.info(&name)?;
        if info.is_bound {
            return Err(SessionError::Bound.into());
        }
        let PersonSettings { environment, network, cache, altinn, client } =
            PersonSettings::parse(sources, &info, report)?;
        let SessionClient { mut grant, key } = client?;
        grant.scopes = Scopes::parse(&info.scopes).map_err(|error| Failure::new(Exit::Configuration, &error))?;
        let (server, minimum) = (network.login_server(&info.issuer), cache.minimum);
        Ok(Self { session: (store, name), environment, server, grant, key, minimum, altinn, browser: None })
    }

    /// Parses the settings of the original's person mode.
    fn original(sources: &mut SettingSources, login: &OriginalLogin, report: &Report) -> Result<Self, Failure> {
        let settings = PersonLoginSettings::parse(sources, false, report)?;
        let PersonLoginSettings { server, grant, request, key, altinn, .. } = settings;
        let server = LoginServer { authorization_endpoint: login.authorization_endpoint.clone(), ..server };
        let page = request.redirect_uri.as_str().trim_end_matches("response").to_owned();
        Ok(Self {
            session: (login.store.clone(), NAMELESS.to_owned()),
            environment: None,
            server,
            grant,
            key,
            minimum: MinimumLifetime::Usual,
            altinn,
            browser: Some((request, page)),
        })
    }

    /// Returns the issuer of the tokens.
    fn issuer(&self) -> KnownIssuer {
        if let Some(exchange) = &self.altinn {
            return altinn_issuer(&exchange.platform);
        }
        let identifier = self.server.issuer.clone();
        let environment = self.environment.map_or("custom", Environment::name);
        let other = KnownIssuer { identifier, service: Service::Idporten, environment, retired: None };
        KnownIssuer::find(&other.identifier).unwrap_or(other)
    }

    /// Identifies the tokens of these settings, apart from the person.
    fn identity(&self, name: &str) -> String {
        let altinn = self.altinn.as_ref().map(AltinnExchange::id).unwrap_or_default();
        let Grant { client_id, scopes, .. } = &self.grant;
        format!("{name} person {} {} {scopes} {altinn}", self.server.issuer, client_id.as_str())
    }
}

impl Loader {
    /// Prepares a profile of a person.
    pub(super) async fn prepare_person(
        &self,
        sources: &mut SettingSources,
        ProfileBasis { name, headers }: ProfileBasis,
        known: KnownKeys,
        report: &Arc<Report>,
    ) -> Result<Prepared, Failure> {
        let mut person = match &self.original_login {
            Some(login) => PersonProfile::original(sources, login, report)?,
            None => PersonProfile::kept(sources, report)?,
        };
        let (mut key, mut key_expires_at) = (None, None);
        if let Some(settings) = person.key.take() {
            let uses_certificates = settings.uses_certificates;
            let (identity, opened, _) = self.open(settings, known, report).await?;
            key_expires_at = certificate_end(&opened, uses_certificates);
            key = Some((identity, opened));
        }
        let (issuer, identity) = (person.issuer(), person.identity(&name));
        let PersonProfile { session, environment, server, grant, minimum, altinn, browser, .. } = person;
        let (http, retry_policy) = (server.http.clone(), server.retry_policy);
        let signer = key.as_ref().map(|(_, key)| Arc::new(key.clone()) as Arc<dyn Sign>);
        let warnings = Arc::clone(report);
        let login =
            PersonTokens::new(session, server, (grant.clone(), signer), move |place| note_place(place, &warnings));
        let login = Arc::new(match browser {
            Some((request, page)) => login.with_browser(request, page),
            None => login,
        });
        let scopes = grant.scopes.clone();
        let tokens = TokenSource::for_provider(grant, Arc::clone(&login) as Arc<dyn AccessTokenProvider>)
            .http_options(http.clone())
            .retry_policy(retry_policy)
            .altinn(altinn)
            .minimum_lifetime(minimum)
            .build()?;
        let profile = ServedProfile {
            environment: environment.map_or(issuer.environment, Environment::name).to_owned(),
            issuer,
            scopes,
            // The scopes of a login were decided when the person logged in.
            allowed: AllowedScopes::default(),
            tokens,
            login: Some(login),
            headers,
            http,
            timeout: retry_policy.timeout,
            key_expires_at,
            identity,
            name,
        };
        Ok(Prepared { profile, key })
    }
}
