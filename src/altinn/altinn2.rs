//! The login of Altinn 2's REST API, with a password or with an enterprise user's password and certificate.
//!
//! <https://docs.altinn.studio/api/rest/kom-i-gang/>. Altinn switched its own off on 2026-06-19, together with Altinn 2.
//! Closed networks and test beds still have it. The session is a cookie, which every later request needs.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{AltinnError, AltinnOperation, AltinnRefusal};
use crate::{
    client::{ClientError, RetryPolicy},
    http::{ApiRequest, ClientCertificate, Endpoint, HttpClient, HttpOptions, Method},
};

/// The cookie of a session.
const COOKIE: &str = ".ASPXAUTH";

/// The media type of the API (JSON Hypertext Application Language).
pub const HAL_JSON: &str = "application/hal+json";

/// A login at Altinn 2.
#[derive(Debug)]
pub struct Altinn2Login<'login> {
    /// The address of Altinn's portal, below which the API is.
    pub portal: &'login Endpoint,
    /// The user name, or the number of a person.
    pub user_name: &'login str,
    /// The password of the user.
    pub password: &'login SecretString,
    /// The headers of every request, of which `ApiKey` is required.
    pub headers: &'login [(&'login str, SecretString)],
    /// The certificate of the organisation, for the login of an enterprise user.
    pub certificate: Option<ClientCertificate>,
}

/// A session at Altinn 2.
#[derive(Debug)]
pub struct Altinn2Session {
    /// The value of the cookie [`Altinn2Session::COOKIE`].
    pub cookie: SecretString,
}

/// The body of a login.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LoginBody<'login> {
    user_name: &'login str,
    user_password: &'login str,
}

impl Altinn2Session {
    /// The name of the cookie.
    pub const COOKIE: &'static str = COOKIE;
}

impl Altinn2Login<'_> {
    /// Logs in. The request is not repeated after a failure: a password that is wrong several times is locked.
    ///
    /// # Errors
    /// [`AltinnError::Refused`] for a wrong password, API key or certificate; [`AltinnError::Client`] when there is no
    /// response, or no cookie in it.
    pub async fn send(self, options: &HttpOptions, retry_policy: RetryPolicy) -> Result<Altinn2Session, AltinnError> {
        let path = ["api", "authentication", "authenticatewithpassword"];
        let query: &[_] = if self.certificate.is_some() { &[("ForceEIAuthentication", "")] } else { &[] };
        let endpoint = self.portal.below(&path, query);
        let credentials = LoginBody { user_name: self.user_name, user_password: self.password.expose_secret() };
        let body = Zeroizing::new(serde_json::to_string(&credentials).unwrap_or_default());
        let body = SecretString::from(body.as_str());
        let request = ApiRequest {
            method: Method::POST,
            headers: self.headers,
            media_type: HAL_JSON,
            body: Some(&body),
            ..ApiRequest::get(None)
        };
        let http = match self.certificate {
            Some(certificate) => HttpClient::with_certificate(endpoint.clone(), options, certificate)?,
            None => HttpClient::new(endpoint.clone(), options)?,
        };
        let response = http.send_request(&request, std::time::Instant::now() + retry_policy.timeout).await?;
        if response.status != 200 {
            let refusal = |response: &_| AltinnRefusal::read(AltinnOperation::Login, &endpoint, response);
            return Err(AltinnError::of_response(&endpoint, &response, refusal));
        }
        let cookie = response.cookies.iter().find_map(|cookie| session(cookie.expose_secret()));
        let cookie =
            cookie.ok_or_else(|| ClientError::unexpected(&endpoint, &response, "it has no cookie .ASPXAUTH"))?;
        Ok(Altinn2Session { cookie })
    }
}

/// Returns the session in the value of `Set-Cookie`, if it is that of the session and can be sent as it is
/// (RFC 6265 §4.1.1).
fn session(set_cookie: &str) -> Option<SecretString> {
    let (name, value) = set_cookie.split(';').next()?.split_once('=')?;
    let value = value.trim().trim_matches('"');
    let may_be_sent = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    let is_session = name.trim().eq_ignore_ascii_case(COOKIE) && !value.is_empty() && value.bytes().all(may_be_sent);
    is_session.then(|| SecretString::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_the_value_of_its_cookie_alone() {
        for (set_cookie, expected) in [
            (".ASPXAUTH=2AF7F203; path=/; HttpOnly; secure", Some("2AF7F203")),
            (" .aspxauth = \"2AF7\" ", Some("2AF7")),
            ("ASP.NET_SessionId=1; path=/", None),
            (".ASPXAUTH=; path=/", None),
            (".ASPXAUTH=a\r\nX-Evil: 1", None),
            (".ASPXAUTH", None),
            ("", None),
        ] {
            let found = session(set_cookie);
            assert_eq!(found.as_ref().map(secrecy::ExposeSecret::expose_secret), expected, "{set_cookie}");
        }
    }
}
