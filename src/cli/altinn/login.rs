//! `maskinporten altinn login`: a session of Altinn 2's REST API, as headers or as a cookie file for curl.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use maskinporten::{
    altinn::{Altinn2Login, Altinn2Session},
    file::write_private,
    http::{ClientCertificate, Endpoint},
    printer::{Header, print_session_headers},
    text::shown_path,
};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::cli::{
    args::LoginArguments,
    headers,
    located_key::LocatedKey,
    progress::Progress,
    prompt::Answers,
    report::{self, Exit, Failure, Report},
    settings::{AltinnUserSettings, KeySettings, NetworkSettings, SettingSources, altinn2_headers, altinn2_portal},
    signals,
};

pub(super) async fn run(
    arguments: LoginArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let given = headers::parse_options(&arguments.header)?;
    let mut sources = SettingSources::load(arguments.settings, config, report)?;
    sources.refuse_empty_options()?;
    let portal = altinn2_portal(&mut sources, report)?;
    let along = headers::merge_with(altinn2_headers(&sources)?, &sources, &given)?;
    let user = AltinnUserSettings::parse(&sources)?;
    let network = NetworkSettings::parse(&sources)?;
    let key = arguments.client_certificate.then(|| KeySettings::parse(&sources)).transpose()?;
    sources.erase_secrets();
    report.warning(
        "Altinn's own login with user name and password was switched off on 2026-06-19, with Altinn 2; use Maskinporten or \
         ID-porten there",
    );
    let (certificate, name, password) = {
        let report = Arc::clone(report);
        signals::blocking(move || credentials(key, &user, &report)).await?
    };
    let sent: Vec<(&str, SecretString)> =
        along.iter().map(|header| (header.name(), header.expose_value().into())).collect();
    let login = Altinn2Login { portal: &portal, user_name: &name, password: &password, headers: &sent, certificate };
    report.detail(&format!("logging in at {portal}"));
    let progress = Progress::start(&format!("waiting for {portal}"), report);
    let session = login.send(&network.http, network.retry_policy).await?;
    drop(progress);
    if let Some(file) = &arguments.cookie_jar {
        write_cookie_file(file, &portal, &session)?;
        report.note(&format!("the session is in {}, which only you can read", file.display()));
        return Ok(());
    }
    let mut artefact = Zeroizing::new(Vec::new());
    print_session_headers(arguments.format, &session_headers(&session, along)?, &mut *artefact)
        .map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)
}

/// Opens the key, then asks for the password, which is last so that it is not typed in vain.
fn credentials(
    key: Option<KeySettings>,
    user: &AltinnUserSettings,
    report: &Arc<Report>,
) -> Result<(Option<ClientCertificate>, String, SecretString), Failure> {
    let answers = Arc::<Answers>::default();
    let certificate = match key {
        None => None,
        Some(settings) => {
            let key = LocatedKey::read(settings, Arc::clone(&answers), report)?.open_key()?;
            Some(key.client_certificate().ok_or_else(no_certificate)?)
        }
    };
    let password = user.password.read(&user.name.value, &answers, report)?;
    Ok((certificate, user.name.value.clone(), password))
}

fn no_certificate() -> Failure {
    let message = "the key has no certificate that could be presented to the server".to_owned();
    let hint = "use a keystore, or pass the certificate of the key with --certificate FILE".to_owned();
    Failure::plain(Exit::Key, "no_certificate", message, Some(hint))
}

/// Returns what every request of the session needs.
fn session_headers(session: &Altinn2Session, along: Vec<Header>) -> Result<Vec<Header>, Failure> {
    let cookie = Zeroizing::new(format!("{}={}", Altinn2Session::COOKIE, session.cookie.expose_secret()));
    let cookie = Header::new("Cookie", &cookie).map_err(|error| Failure::new(Exit::Other, &error))?;
    Ok([cookie].into_iter().chain(along).collect())
}

/// Writes a cookie file in the format of Netscape (<https://curl.se/docs/http-cookies.html>), which only this user can read.
fn write_cookie_file(file: &Path, portal: &Endpoint, session: &Altinn2Session) -> Result<(), Failure> {
    let secure = if portal.as_str().starts_with("https:") { "TRUE" } else { "FALSE" };
    let (host, name, value) = (portal.host(), Altinn2Session::COOKIE, session.cookie.expose_secret());
    let text = Zeroizing::new(format!(
        "# Netscape HTTP Cookie File\n#HttpOnly_{host}\tFALSE\t/\t{secure}\t0\t{name}\t{value}\n"
    ));
    write_private(file, text.as_bytes()).map_err(|error| {
        let message = format!("could not write the cookie file `{}`: {error}", shown_path(file));
        Failure::plain(Exit::Other, "cookie_file", message, Some("pass another file with --cookie-jar FILE".to_owned()))
    })
}
