//! A login that waits for the browser, and the checks of the address that the browser comes back to.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{AuthenticationLevel, ExpectedIdToken, LoginError, LoginRequest};
use crate::{
    client::{OpenIdProvider, Refusal},
    grant::{Grant, Resource},
    text::excerpt,
};

/// The scope without which there is no id token (`OpenID` Connect Core §3.1.2.1).
const OPENID: &str = "openid";

/// The parameters of an answer, none of which may be repeated (RFC 6749 §3.1).
const PARAMETERS: [&str; 6] = ["code", "state", "iss", "error", "error_description", "error_uri"];

/// A login that waits for the browser.
pub struct PendingLogin {
    issuer: String,
    names_issuer: bool,
    client_id: String,
    redirect_uri: String,
    authorization_endpoint: Url,
    /// The parameters of the authorization request, without the client.
    parameters: Vec<(&'static str, String)>,
    url: String,
    state: String,
    nonce: String,
    verifier: SecretString,
    levels: Vec<AuthenticationLevel>,
    max_age: Option<u32>,
}

/// The code of an answer that has passed the checks: it can be exchanged once. It is erased when dropped.
#[derive(Debug)]
pub struct AuthorizationCode(SecretString);

impl AuthorizationCode {
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PendingLogin {
    pub(super) fn new(provider: &OpenIdProvider, grant: &Grant, request: LoginRequest) -> Result<Self, LoginError> {
        let [state, nonce, verifier] = [random()?, random()?, random()?];
        let mut login = Self {
            issuer: provider.issuer.clone(),
            names_issuer: provider.names_issuer_in_response,
            client_id: grant.client_id.as_str().to_owned(),
            redirect_uri: request.redirect_uri.as_str().to_owned(),
            authorization_endpoint: provider.authorization_endpoint.url().clone(),
            parameters: Vec::new(),
            url: String::new(),
            state: state.to_string(),
            nonce: nonce.to_string(),
            verifier: SecretString::from(verifier.as_str()),
            levels: request.levels.clone(),
            max_age: request.max_age,
        };
        login.parameters = login.request_parameters(grant, request);
        login.url = login.url_with(&login.parameters());
        Ok(login)
    }

    /// Returns the parameters of `OpenID` Connect Core §3.1.2.1, RFC 7636 §4.3, RFC 8707 §2 and RFC 9396 §2.
    fn request_parameters(&self, grant: &Grant, request: LoginRequest) -> Vec<(&'static str, String)> {
        let scopes: Vec<&str> =
            std::iter::once(OPENID).chain(grant.scopes.iter().filter(|own| *own != OPENID)).collect();
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("redirect_uri", self.redirect_uri.clone()),
            ("scope", scopes.join(" ")),
            ("state", self.state.clone()),
            ("nonce", self.nonce.clone()),
            ("code_challenge", challenge(self.verifier.expose_secret())),
            ("code_challenge_method", "S256".to_owned()),
        ];
        let levels: Vec<&str> = request.levels.iter().map(AuthenticationLevel::as_str).collect();
        let optional = [
            ("acr_values", Some(levels.join(" ")).filter(|levels| !levels.is_empty())),
            ("prompt", request.prompt.map(|prompt| prompt.name().to_owned())),
            ("ui_locales", request.ui_locales),
            ("login_hint", request.login_hint),
            ("max_age", request.max_age.map(|seconds| seconds.to_string())),
            ("authorization_details", grant.authorization_details.as_ref().map(|own| own.to_value().to_string())),
        ];
        parameters.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        parameters.extend(grant.resources.iter().map(|own| ("resource", Resource::as_str(own).to_owned())));
        parameters
    }

    fn url_with(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = self.authorization_endpoint.clone();
        url.query_pairs_mut().append_pair("client_id", &self.client_id).extend_pairs(parameters);
        url.into()
    }

    /// Returns the parameters to post before the login; the client's id is among its credentials.
    pub(super) fn parameters(&self) -> Vec<(&str, &str)> {
        self.parameters.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// Returns the login whose URL names the posted parameters (RFC 9126 §4).
    pub(super) fn pushed(self, request_uri: &str) -> Self {
        let url = self.url_with(&[("request_uri", request_uri)]);
        Self { url, ..self }
    }

    /// Returns the URL to open in the browser. It has no secret: the code that it leads to is of no use without the
    /// verifier, which stays here.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    pub(super) fn expose_verifier(&self) -> &str {
        self.verifier.expose_secret()
    }

    pub(super) fn expected(&self) -> ExpectedIdToken<'_> {
        ExpectedIdToken {
            issuer: &self.issuer,
            client_id: &self.client_id,
            nonce: Some(&self.nonce),
            levels: &self.levels,
            max_age: self.max_age,
        }
    }

    /// Checks the query of the address that the browser came back to, and returns its code.
    ///
    /// # Errors
    /// [`LoginError::State`] when it belongs to another login, [`LoginError::OtherIssuer`] and [`LoginError::NoIssuer`] when it
    /// is not the answer of this provider, [`LoginError::Refused`] when it is an error, [`LoginError::Answer`] when it is
    /// neither a code nor an error.
    pub fn read_answer(&self, query: &str) -> Result<AuthorizationCode, LoginError> {
        let mut values: [Option<Zeroizing<String>>; PARAMETERS.len()] = Default::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(at) = PARAMETERS.iter().position(|own| *own == name) else { continue };
            if values[at].replace(Zeroizing::new(value.into_owned())).is_some() {
                return Err(LoginError::Answer("it has a parameter more than once"));
            }
        }
        let [code, state, issuer, error, description, uri] = values;
        // RFC 9700 §4.7.1 and RFC 9207 §2.4: before anything else in the answer is used.
        if state.as_deref() != Some(&self.state) {
            return Err(LoginError::State);
        }
        match issuer {
            Some(issuer) if *issuer != self.issuer => return Err(LoginError::OtherIssuer(excerpt(&issuer, 100))),
            None if self.names_issuer => return Err(LoginError::NoIssuer),
            _ => {}
        }
        let text = |value: &Option<Zeroizing<String>>| value.as_ref().map(|value| value.to_string());
        if let Some(error) = error {
            let refusal = Refusal::of_redirect(&error, text(&description), text(&uri));
            return Err(LoginError::refused_in_browser(refusal));
        }
        match code.filter(|code| !code.is_empty()) {
            Some(code) => Ok(AuthorizationCode(SecretString::from(code.as_str()))),
            None => Err(LoginError::Answer("it has neither a code nor an error")),
        }
    }
}

impl std::fmt::Debug for PendingLogin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PendingLogin").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Returns 256 random bits in base64url: 43 characters, the least that RFC 7636 §4.1 allows for a verifier.
fn random() -> Result<Zeroizing<String>, LoginError> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(&mut *bytes).map_err(|_| LoginError::Random)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// Returns the code challenge of a verifier by the method S256 (RFC 7636 §4.2).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grant::{ClientId, Scopes},
        http::Endpoint,
        login::RedirectUri,
    };

    fn pending() -> PendingLogin {
        let endpoint = |url| Endpoint::parse(url).unwrap();
        let provider = OpenIdProvider {
            issuer: "https://test.idporten.no".to_owned(),
            authorization_endpoint: endpoint("https://login.test.idporten.no/authorize"),
            token_endpoint: endpoint("https://test.idporten.no/token"),
            keys: endpoint("https://test.idporten.no/jwks.json"),
            pushed_request_endpoint: None,
            revocation_endpoint: None,
            end_session_endpoint: None,
            names_issuer_in_response: true,
        };
        let scopes = Scopes::parse("altinn:instances.read openid").unwrap();
        let grant = Grant::builder("", ClientId::parse("client").unwrap(), scopes).build();
        let uri = RedirectUri::parse("http://127.0.0.1:40123/response").unwrap();
        PendingLogin::new(&provider, &grant, LoginRequest::new(uri)).unwrap()
    }

    #[test]
    fn the_code_challenge_is_that_of_rfc_7636_appendix_b() {
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn every_login_has_random_numbers_of_its_own_and_the_verifier_is_not_in_the_url() {
        let (first, second) = (pending(), pending());
        for value in [&first.state, &first.nonce, &first.expose_verifier().to_owned()] {
            assert_eq!(value.len(), 43);
            assert!(!second.url().contains(value.as_str()) && second.expose_verifier() != value);
        }
        assert!(first.url().contains(&first.state) && !first.url().contains(first.expose_verifier()));
        assert!(first.url().contains("scope=openid+altinn%3Ainstances.read&"), "{}", first.url());
        assert!(!format!("{first:?}").contains(first.expose_verifier()));
    }

    #[test]
    fn state_and_issuer_are_checked_before_anything_else() {
        let login = pending();
        let state = format!("state={}", login.state);
        let issuer = "iss=https%3A%2F%2Ftest.idporten.no";
        let code = |query: String| login.read_answer(&query).map(|code| code.expose().to_owned());
        assert_eq!(code(format!("code=a+b&{state}&{issuer}&session=x")).unwrap(), "a b");
        for query in [
            format!("code=a&{issuer}"),
            format!("code=a&state=other&{issuer}"),
            format!("error=access_denied&state=other&{issuer}"),
        ] {
            assert!(matches!(code(query), Err(LoginError::State)));
        }
        assert!(matches!(code(format!("code=a&{state}")), Err(LoginError::NoIssuer)));
        let other = code(format!("error=access_denied&{state}&iss=https%3A%2F%2Fidporten.no"));
        assert!(matches!(other, Err(LoginError::OtherIssuer(issuer)) if issuer == "https://idporten.no"));
        let refused = code(format!("error=access_denied&error_description=a%1bb&{state}&{issuer}"));
        assert!(matches!(refused, Err(LoginError::Refused { refusal, .. })
                if refusal.explanation.is_some() && !refusal.description.as_deref().unwrap_or_default().contains('\u{1b}')));
        for query in
            [format!("{state}&{issuer}"), format!("code=&{state}&{issuer}"), format!("code=a&code=b&{state}&{issuer}")]
        {
            assert!(matches!(code(query), Err(LoginError::Answer(_))));
        }
    }
}
