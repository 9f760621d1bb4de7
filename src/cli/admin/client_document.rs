//! What a client is made of: from a JSON file and options.

use std::{path::Path, time::Duration};

use maskinporten::{clock, json::JsonValue, text::shown_path};
use serde_json::{Map, Value, json};

use crate::cli::{
    args::ClientMembers,
    input,
    report::{Exit, Failure},
};

/// Maximum size of a file with a client or its keys.
pub(super) const MAXIMUM_BYTES: u64 = 1024 * 1024;
/// The longest lifetime and the longest wait that make sense.
const LONGEST: u64 = 24 * 60 * 60;

impl ClientMembers {
    /// Returns the members that the file and the options name, the options in place of the file's.
    pub(super) fn document(&self) -> Result<Map<String, Value>, Failure> {
        let mut document = self.file.as_deref().map(read_object).transpose()?.unwrap_or_default();
        let texts = [("client_name", &self.name), ("description", &self.description)];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into())));
        document.extend(texts);
        if !self.client_scope.is_empty() {
            let separated = self.client_scope.iter().flat_map(|scopes| scopes.split([' ', ',']));
            let scopes: Vec<&str> = separated.filter(|scope| !scope.is_empty()).collect();
            document.insert("scopes".to_owned(), scopes.into());
        }
        if let Some(text) = &self.token_lifetime {
            document.insert("access_token_lifetime".to_owned(), time("--token-lifetime", text)?.as_secs().into());
        }
        Ok(document)
    }
}

/// Returns the members of a new client of Maskinporten, as far as nothing else is wanted.
///
/// <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>
pub(super) fn with_defaults(wanted: Map<String, Value>) -> Map<String, Value> {
    let defaults = json!({
        "integration_type": "maskinporten",
        "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
    });
    let mut members = defaults.as_object().cloned().unwrap_or_default();
    if let Some(name) = wanted.get("client_name").filter(|_| !wanted.contains_key("description")) {
        members.insert("description".to_owned(), name.clone());
    }
    members.extend(wanted);
    members
}

/// Reads a JSON object, in which no member may occur twice.
fn read_object(path: &Path) -> Result<Map<String, Value>, Failure> {
    let bytes = input::read(path, MAXIMUM_BYTES)?;
    let object = match maskinporten::json::parse(&bytes) {
        Ok(JsonValue::Object(object)) => object.into_map().ok(),
        Ok(_) | Err(_) => None,
    };
    object.ok_or_else(|| {
        let message = format!("`{}` is not a JSON object without repeated members", shown_path(path));
        let hint = "begin with what there is: maskinporten client show CLIENT --format json".to_owned();
        Failure::plain(Exit::Usage, "client_file", message, Some(hint))
    })
}

/// Parses a time that an option has, of at most a day.
pub(super) fn time(option: &str, text: &str) -> Result<Duration, Failure> {
    let seconds = clock::parse_seconds(text).filter(|seconds| *seconds <= LONGEST);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        let message = format!("{option} must be a time of at most a day");
        Failure::plain(Exit::Usage, "time", message, Some(format!("pass {option} 120 or {option} 2m")))
    })
}
