//! After the login: gets new tokens with the refresh token, revokes it, and makes the URL of the logout.

use serde_json::{Map, Value};
use url::Url;

use super::{ExpectedIdToken, IdTokenFault, LoginClient, LoginError, LoginStep, LoginTokens, RefreshToken};
use crate::client::AccessToken;

/// The grant type of RFC 6749 §6, its parameter, and the kind of token in RFC 7009 §2.1.
const REFRESH_TOKEN: &str = "refresh_token";
/// The other kind of token in RFC 7009 §2.1.
const ACCESS_TOKEN: &str = "access_token";

impl LoginClient {
    /// Exchanges a refresh token for new tokens, and verifies them. The response may have a new refresh token, after which
    /// the former one must not be used again; `subject` is the person of the login (`sub`).
    ///
    /// # Errors
    /// [`LoginError::Refused`] when the server does not accept the refresh token any more; else as [`LoginClient::finish`].
    pub async fn refresh(&self, token: &RefreshToken, subject: Option<&str>) -> Result<LoginTokens, LoginError> {
        let parameters = [("grant_type", REFRESH_TOKEN), (REFRESH_TOKEN, token.expose())];
        let response = self.post(LoginStep::Refresh, &self.provider.token_endpoint, &parameters).await?;
        let expected = ExpectedIdToken {
            issuer: &self.provider.issuer,
            client_id: self.grant.client_id.as_str(),
            nonce: None,
            levels: &[],
            max_age: None,
        };
        let tokens = self.read_tokens(&response, &expected, false).await?;
        match &tokens.id_token {
            Some(renewed) if !is_about(renewed.claims(), subject) => Err(IdTokenFault::Subject.into()),
            _ => Ok(tokens),
        }
    }

    /// Revokes the tokens of a login (RFC 7009), each by itself: a server need not revoke access tokens with the refresh token
    /// that they were issued for. Returns whether the server has an endpoint for that.
    ///
    /// # Errors
    /// [`LoginError`] when the server cannot be reached, or refuses.
    pub async fn revoke(&self, refresh: Option<&RefreshToken>, access: &AccessToken) -> Result<bool, LoginError> {
        let Some(endpoint) = &self.provider.revocation_endpoint else { return Ok(false) };
        let refresh = refresh.map(|token| (REFRESH_TOKEN, token.expose()));
        for (hint, token) in refresh.into_iter().chain([(ACCESS_TOKEN, access.expose())]) {
            self.post(LoginStep::Revocation, endpoint, &[("token", token), ("token_type_hint", hint)]).await?;
        }
        Ok(true)
    }

    /// Returns the address where the person logs out in the browser (RP-Initiated Logout §2); `None` if the server has none.
    #[must_use]
    pub fn logout_url(&self, id_token: Option<&str>) -> Option<Url> {
        let mut url = self.provider.end_session_endpoint.as_ref()?.url().clone();
        let mut parameters = url.query_pairs_mut();
        parameters.append_pair("client_id", self.grant.client_id.as_str());
        if let Some(hint) = id_token {
            parameters.append_pair("id_token_hint", hint);
        }
        drop(parameters);
        Some(url)
    }
}

/// Whether a renewed id token is about the person of the login (`OpenID` Connect Core §12.2).
fn is_about(claims: &Map<String, Value>, subject: Option<&str>) -> bool {
    subject.is_some() && claims.get("sub").and_then(Value::as_str) == subject
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_renewed_id_token_is_about_the_person_of_the_login_alone() {
        for (claims, subject, is_same) in [
            (json!({ "sub": "a" }), Some("a"), true),
            (json!({ "sub": "b" }), Some("a"), false),
            (json!({ "sub": 1 }), Some("1"), false),
            (json!({}), Some("a"), false),
            (json!({}), None, false),
        ] {
            assert_eq!(is_about(claims.as_object().unwrap(), subject), is_same, "{claims} {subject:?}");
        }
    }
}
