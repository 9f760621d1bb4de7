//! How a token of Vault is obtained: from a variable or the file of `vault login`, or by logging in.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::setting;
use crate::key_services::{KeyService, PlaceError, access::secret_file};

/// Where `vault login` stores the token, in the home folder.
const TOKEN_FILE: &str = ".vault-token";

/// Where a pod finds the token of its service account.
const SERVICE_ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// How a token is obtained.
#[derive(Debug)]
pub(super) enum Login {
    /// The token of `VAULT_TOKEN`.
    Token(SecretString),
    /// The file of `vault login`.
    TokenFile(PathBuf),
    /// The auth method `AppRole`.
    AppRole { path: String, role_id: String, secret_id: SecretId },
    /// The auth methods Kubernetes and JWT, whose requests are the same.
    Jwt { path: String, role: String, file: PathBuf },
}

/// The secret id of an `AppRole`; a role may require none.
#[derive(Debug)]
pub(super) enum SecretId {
    Text(SecretString),
    File(PathBuf),
    None,
}

/// A request that logs in.
pub(super) struct VaultLogin<'login> {
    /// The path of the auth method below `auth/`.
    pub(super) path: &'login str,
    pub(super) body: SecretString,
}

/// What a [`Login`] gives: a token, or the request to send for one.
pub(super) enum TokenStep<'login> {
    Token(SecretString),
    Request(VaultLogin<'login>),
}

impl Login {
    /// Chooses by the variables that are set.
    pub(super) fn from_environment() -> Result<Self, PlaceError> {
        if let Some(token) = setting("TOKEN") {
            return Ok(Self::Token(token.into()));
        }
        let path = |default: &str| setting("AUTH_PATH").unwrap_or_else(|| default.to_owned());
        if let Some(role_id) = setting("ROLE_ID") {
            let file = || setting("SECRET_ID_FILE").map_or(SecretId::None, |file| SecretId::File(file.into()));
            let secret_id = setting("SECRET_ID").map_or_else(file, |id| SecretId::Text(id.into()));
            return Ok(Self::AppRole { path: path("approle"), role_id, secret_id });
        }
        if let Some(role) = setting("ROLE") {
            let (default, file) = match setting("JWT_FILE") {
                Some(file) => ("jwt", file),
                None => ("kubernetes", SERVICE_ACCOUNT_TOKEN.to_owned()),
            };
            return Ok(Self::Jwt { path: path(default), role, file: file.into() });
        }
        let file = etcetera::home_dir().ok().map(|home| home.join(TOKEN_FILE)).filter(|file| file.is_file());
        file.map(Self::TokenFile).ok_or_else(|| PlaceError::NoCredentials {
            service: KeyService::Vault,
            why: "VAULT_TOKEN, VAULT_ROLE_ID and VAULT_ROLE are not set, and there is no ~/.vault-token".to_owned(),
        })
    }

    /// Returns whether another call of [`Login::begin`] may give another token.
    pub(super) fn can_be_repeated(&self) -> bool {
        !matches!(self, Self::Token(_))
    }

    /// Describes the method for `check`.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Token(_) => "VAULT_TOKEN".to_owned(),
            Self::TokenFile(_) => "~/.vault-token".to_owned(),
            Self::AppRole { path, .. } | Self::Jwt { path, .. } => format!("auth/{path}"),
        }
    }

    /// Reads what the method needs.
    pub(super) fn begin(&self) -> Result<TokenStep<'_>, PlaceError> {
        let read = |file: &Path| secret_file(KeyService::Vault, file);
        let body = |body: serde_json::Value| SecretString::from(body.to_string());
        Ok(match self {
            Self::Token(token) => TokenStep::Token(token.clone()),
            Self::TokenFile(file) => TokenStep::Token(read(file)?),
            Self::AppRole { path, role_id, secret_id } => {
                let secret_id = match secret_id {
                    SecretId::Text(id) => Some(id.clone()),
                    SecretId::File(file) => Some(read(file)?),
                    SecretId::None => None,
                };
                let secret_id = secret_id.as_ref().map(SecretString::expose_secret);
                TokenStep::Request(VaultLogin { path, body: body(json!({"role_id": role_id, "secret_id": secret_id})) })
            }
            Self::Jwt { path, role, file } => {
                let jwt = read(file)?;
                let jwt = json!({"role": role, "jwt": jwt.expose_secret()});
                TokenStep::Request(VaultLogin { path, body: body(jwt) })
            }
        })
    }
}
