//! `maskinporten login`: the access token of a person who logs in with a browser.

mod browser;
mod status;

use std::{path::PathBuf, sync::Arc};

use maskinporten::{
    clock::{Clock as _, SystemClock},
    dpop::DpopKey,
    login::{AnswerListener, LoginClient, LoginPage, LoginRequest, LoginTokens, PendingLogin, RedirectUri},
    printer::{TokenForm, print_login},
    sessions::{KeptSession, SessionStore},
    text::excerpt,
};
use zeroize::Zeroizing;

pub(crate) use self::browser::open as open_browser;
use self::browser::{Answer, Waiting};
use super::{
    args::{PersonLoginArguments, PersonLoginCommand},
    person_tokens::{SessionTokens, exchanged, note_place, open_key},
    progress::Progress,
    report::{self, Exit, Failure, Report},
    settings::{NetworkSettings, PersonLoginSettings, SettingSources, session_name},
    token,
};

pub(crate) async fn run(
    arguments: PersonLoginArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    if let Some(PersonLoginCommand::Status(arguments)) = &arguments.command {
        return status::run(arguments, report);
    }
    let form = token::form(arguments.format, arguments.shell)?;
    if form != TokenForm::Json && (arguments.show_pid || arguments.show_refresh_token) {
        let message = "--show-pid and --show-refresh-token are only for `--format json`".to_owned();
        let hint = "pass --format json too, or leave them out".to_owned();
        return Err(Failure::plain(Exit::Usage, "usage", message, Some(hint)));
    }
    let mut sources = SettingSources::load(arguments.settings.0, config, report)?;
    if arguments.logout {
        return Box::pin(log_out(&mut sources, arguments.no_browser, report)).await;
    }
    let name = session_name(&sources);
    let settings = PersonLoginSettings::parse(&mut sources, arguments.public, report)?;
    let request = LoginRequest {
        prompt: arguments.prompt,
        login_hint: arguments.login_hint,
        max_age: arguments.max_age,
        is_pushed: arguments.par,
        ..settings.request.clone()
    };
    let dpop = arguments.dpop.then(DpopKey::generate).transpose()?;
    let kept_as = arguments.keep.then_some(name);
    let login = Box::pin(log_in(settings, request, dpop, kept_as.as_deref(), arguments.no_browser, report));
    if form != TokenForm::Json {
        return token::print(form, async { Ok(login.await?.access_token) }).await;
    }
    let tokens = login.await?;
    let mut artefact = Zeroizing::new(Vec::new());
    print_login(&tokens, arguments.show_pid, arguments.show_refresh_token, &mut *artefact)
        .map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)
}

/// Ends a kept login, here and in the browser.
async fn log_out(sources: &mut SettingSources, no_browser: bool, report: &Arc<Report>) -> Result<(), Failure> {
    let url = SessionTokens::find(sources, report)?.log_out().await?;
    report.note("the kept login is removed");
    if let Some(url) = url
        && (no_browser || !open_browser(&url).await)
    {
        report.note(&format!("open this address to log out in the browser too: {url}"));
    }
    Ok(())
}

/// Logs a person in, and keeps the login under the name `kept_as`. The browser shows how it ended.
pub(crate) async fn log_in(
    mut settings: PersonLoginSettings,
    request: LoginRequest,
    dpop: Option<DpopKey>,
    kept_as: Option<&str>,
    no_browser: bool,
    report: &Arc<Report>,
) -> Result<LoginTokens, Failure> {
    if let Some(file) = &settings.network.http.ca_file {
        report.warn_of_unsafe_file("CA file", file);
    }
    let key = open_key(settings.key.take(), report).await?;
    let listener = listen(&request.redirect_uri).await?;
    let redirect_uri = listener.as_ref().map_or(&request.redirect_uri, AnswerListener::redirect_uri).clone();
    let (client, pending) = {
        let _progress = Progress::start(&format!("waiting for {}", excerpt(&settings.server.issuer, 100)), report);
        let client = settings.server.client(settings.grant.clone(), key, dpop).await?;
        let pending = client.start(LoginRequest { redirect_uri: redirect_uri.clone(), ..request }).await?;
        (client, pending)
    };
    let waiting = Waiting { listener, redirect_uri, time: settings.time, no_browser };
    let answer = waiting.answer(pending.url(), report).await?;
    let finished = finish(&client, &pending, answer.query(), kept_as, &settings, report).await;
    if let Answer::Received(answer) = answer {
        let language = answer.language();
        let page = match &finished {
            Ok(_) => LoginPage::logged_in(language),
            Err(failure) => {
                let failure = failure.in_language(language);
                let (message, causes, hint) = failure.parts();
                let paragraphs = std::iter::once(message).chain(causes.iter().map(String::as_str)).chain(hint);
                LoginPage::failed(paragraphs.map(str::to_owned).collect(), language)
            }
        };
        answer.respond(page).await;
    }
    finished
}

/// Checks the answer, exchanges its code, and exchanges the access token at Altinn if the settings say so.
async fn finish(
    client: &LoginClient,
    pending: &PendingLogin,
    query: &str,
    kept_as: Option<&str>,
    settings: &PersonLoginSettings,
    report: &Report,
) -> Result<LoginTokens, Failure> {
    let code = pending.read_answer(query)?;
    report.detail("the answer in the browser belongs to this login; exchanging its code");
    let tokens = {
        let _progress = Progress::start(&format!("waiting for {}", client.provider.token_endpoint), report);
        client.finish(pending, code).await?
    };
    if let Some(name) = kept_as {
        keep(client, &tokens, name, &settings.network, report).await?;
    }
    match &settings.altinn {
        Some(exchange) => {
            let access_token = exchanged(&tokens.access_token, exchange, &settings.network, report).await?;
            Ok(LoginTokens { access_token, ..tokens })
        }
        None => Ok(tokens),
    }
}

/// Keeps the tokens of a login, as they were before an exchange.
async fn keep(
    client: &LoginClient,
    tokens: &LoginTokens,
    name: &str,
    network: &NetworkSettings,
    report: &Report,
) -> Result<(), Failure> {
    if tokens.refresh_token.is_none() {
        report.warning("the server gave no refresh token, so the login ends with its access token");
    }
    let session = KeptSession::new(client, tokens.clone(), SystemClock.now());
    let store = SessionStore::usual()?;
    let _lock = store.lock(name, network.retry_policy.timeout).await?;
    note_place(&store.save(name, &session).await?, report);
    Ok(())
}

/// Listens at the redirect address, if it is on this machine.
async fn listen(redirect_uri: &RedirectUri) -> Result<Option<AnswerListener>, Failure> {
    if !redirect_uri.can_be_listened_at() {
        return Ok(None);
    }
    AnswerListener::bind(redirect_uri).await.map(Some).map_err(|error| {
        let message = format!("could not listen at {}: {error}", excerpt(redirect_uri.as_str(), 100));
        let hint = "stop the program that uses the port, or pass --redirect-uri with another registered address";
        Failure::plain(Exit::Configuration, "redirect_uri", message, Some(hint.to_owned()))
    })
}
