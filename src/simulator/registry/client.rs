//! A client of `clients.json`.

use serde::Deserialize;

use super::{
    Orgno, RegisteredJwk,
    altinn_accounts::StoredSecret,
    login_client::{self, ClientAuthenticationMethod, RefreshTokenUsage},
};

/// A registered client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisteredClient {
    #[serde(rename = "client_id")]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) orgno: Orgno,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) keys: Vec<RegisteredJwk>,
    #[serde(default = "super::default_lifetime")]
    pub(crate) access_token_lifetime: u32,
    #[serde(default = "super::yes")]
    pub(crate) active: bool,
    #[serde(default = "super::maskinporten")]
    pub(crate) integration_type: String,
    #[serde(default)]
    pub(crate) redirect_uris: Vec<String>,
    #[serde(default)]
    pub(crate) post_logout_redirect_uris: Vec<String>,
    #[serde(default)]
    pub(crate) token_endpoint_auth_method: ClientAuthenticationMethod,
    #[serde(default)]
    pub(crate) client_secret: Option<StoredSecret>,
    #[serde(default)]
    pub(crate) refresh_token_usage: RefreshTokenUsage,
    #[serde(default = "login_client::refresh_token_lifetime")]
    pub(crate) refresh_token_lifetime: u32,
    #[serde(default = "login_client::authorization_lifetime")]
    pub(crate) authorization_lifetime: u32,
    #[serde(default)]
    pub(crate) frontchannel_logout_session_required: bool,
}

impl RegisteredClient {
    /// Makes a client of Maskinporten without keys and scopes.
    pub(crate) fn new(id: String, orgno: Orgno) -> Self {
        Self {
            id,
            name: String::new(),
            orgno,
            scopes: Vec::new(),
            keys: Vec::new(),
            access_token_lifetime: super::default_lifetime(),
            active: true,
            integration_type: super::maskinporten(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            token_endpoint_auth_method: ClientAuthenticationMethod::default(),
            client_secret: None,
            refresh_token_usage: RefreshTokenUsage::default(),
            refresh_token_lifetime: login_client::refresh_token_lifetime(),
            authorization_lifetime: login_client::authorization_lifetime(),
            frontchannel_logout_session_required: false,
        }
    }

    /// Whether it is a client of ID-porten or Ansattporten.
    pub(crate) fn is_for_people(&self) -> bool {
        ["idporten", "ansattporten"].contains(&self.integration_type.as_str())
    }

    /// Returns what is wrong with the client, if anything.
    pub(super) fn contradiction(&self) -> Option<String> {
        let id = &self.id;
        if !self.is_for_people() {
            let only_for_people = !self.redirect_uris.is_empty() || self.client_secret.is_some();
            return only_for_people.then(|| {
                format!("the client `{id}` has members for the login of people and another `integration_type`")
            });
        }
        if self.token_endpoint_auth_method.has_secret() != self.client_secret.is_some() {
            let method = self.token_endpoint_auth_method.name();
            return Some(format!("the client `{id}` has the method `{method}`: it and `client_secret` must fit"));
        }
        let uris = self.redirect_uris.iter().chain(&self.post_logout_redirect_uris);
        if let Some(uri) = uris.into_iter().find(|uri| !login_client::is_redirect_uri(uri)) {
            return Some(format!("the client `{id}` has `{uri}`, which is not a URL without fragment"));
        }
        // https://docs.digdir.no/docs/idporten/oidc/oidc_func_clientreg
        let ascending = self.access_token_lifetime < self.refresh_token_lifetime
            && self.refresh_token_lifetime <= self.authorization_lifetime;
        (!ascending).then(|| {
            format!(
                "the client `{id}` must have an `access_token_lifetime` below its `refresh_token_lifetime`, and that at most \
                 its `authorization_lifetime`"
            )
        })
    }
}
