//! Parses what the token request carries beside the grant: client authentication and further parameters.

use std::path::Path;

use maskinporten::{
    file,
    grant::{ClientAuthentication, RequestParameters},
    text::shown_path,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{SettingSources, definition::CLIENT_SECRET, server, sources::Found};
use crate::cli::report::{Exit, Failure};

/// A longer file is another file.
const MAXIMUM_SECRET_BYTES: u64 = 4096;

const CLIENT_SECRET_FILE: &str = "client-secret-file";

/// Parses `--client-auth`, and reads the secret if the method needs one.
pub(super) fn client_authentication(sources: &SettingSources) -> Result<Option<ClientAuthentication>, Failure> {
    let Some(found) = sources.find("client-auth") else { return Ok(None) };
    Ok(Some(match found.text().trim() {
        "none" => ClientAuthentication::Unauthenticated,
        "client_secret_basic" => ClientAuthentication::SecretInHeader(client_secret(sources, &found)?),
        "client_secret_post" => ClientAuthentication::SecretInForm(client_secret(sources, &found)?),
        "private_key_jwt" => ClientAuthentication::PrivateKeyJwt,
        _ => {
            let message = format!("{} is not a known method of client authentication", found.origin.label);
            let hint = format!("use one of {}", ClientAuthentication::METHODS.join(", "));
            return Err(found.failure("client_auth", message, hint));
        }
    }))
}

/// Parses how a client of a login authenticates itself: with its key, unless the settings have a secret or say otherwise.
pub(super) fn of_login(sources: &SettingSources, is_public: bool) -> Result<ClientAuthentication, Failure> {
    if is_public {
        return Ok(ClientAuthentication::Unauthenticated);
    }
    if let Some(named) = client_authentication(sources)? {
        return Ok(named);
    }
    match sources.find_one_of(&[CLIENT_SECRET_FILE, CLIENT_SECRET])? {
        Some(found) => Ok(ClientAuthentication::SecretInHeader(client_secret(sources, &found)?)),
        None => Ok(ClientAuthentication::PrivateKeyJwt),
    }
}

/// Parses `--token-request-param`.
pub(super) fn request_parameters(sources: &SettingSources) -> Result<RequestParameters, Failure> {
    let mut parameters = RequestParameters::default();
    let Some(found) = sources.find("token-request-param") else { return Ok(parameters) };
    for pair in found.texts() {
        let Some((name, value)) = pair.split_once('=') else {
            let message = format!("{} is not of the form NAME=VALUE", found.origin.label);
            return Err(found.failure("token_request_param", message, "pass --token-request-param NAME=VALUE"));
        };
        parameters.add(name, value).map_err(|error| found.origin.unusable(&error))?;
    }
    Ok(parameters)
}

/// Reads the client's secret, for the method that `method` names.
///
/// It is the user's, and the servers that a project file may name include every program on this machine.
fn client_secret(sources: &SettingSources, method: &Found) -> Result<SecretString, Failure> {
    let Some(found) = sources.find_one_of(&[CLIENT_SECRET_FILE, CLIENT_SECRET])? else {
        let message = format!("{} needs the client's secret, and none was given", method.origin.label);
        return Err(failure(message, "pass --client-secret-file FILE, or set MASKINPORTEN_CLIENT_SECRET"));
    };
    let addresses = ["audience", "token-endpoint", "discover", "idp-issuer"].map(|name| sources.find(name));
    let addresses: Vec<&Found> = addresses.iter().flatten().collect();
    if let Some(label) = server::decided_by_project(sources, &addresses) {
        let message = format!("{label} decides where the client's secret would be sent");
        let hint = "if you trust the file, name it with --config, or write the address in your own config file";
        return Err(Failure::plain(Exit::Configuration, "config_address", message, Some(hint.to_owned())));
    }
    let secret = if found.name == CLIENT_SECRET { found.secret() } else { secret_in(&found)? };
    if secret.expose_secret().is_empty() {
        let message = format!("the client's secret is empty in {}", found.origin.label);
        return Err(failure(message, "copy the secret from where the client is registered"));
    }
    Ok(secret)
}

fn secret_in(found: &Found) -> Result<SecretString, Failure> {
    secret_line(Path::new(found.text())).map_err(|error| {
        let message = format!("could not read the client's secret in `{}`: {error}", shown_path(found.text()));
        let hint = format!("check the path in {}", found.origin.label);
        failure(message, &hint)
    })
}

/// Reads a secret from a file, without the line break that editors put at the end.
pub(super) fn secret_line(path: &Path) -> Result<SecretString, file::FileError> {
    let text = file::read_text(path, MAXIMUM_SECRET_BYTES)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).into())
}

fn failure(message: String, hint: &str) -> Failure {
    Failure::plain(Exit::Configuration, "client_secret", message, Some(hint.to_owned()))
}
