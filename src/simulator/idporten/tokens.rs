//! The tokens of a login, with the claims of real ones.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::{hash::MessageDigest, pkey::PKey, sha::sha256, sign::Signer};
use serde_json::{Map, Value, json};

use super::{LoginContext, LoginServiceKind, authentication_request::DETAIL_TYPE, refusal::LoginRefusal};
use crate::simulator::{
    faults::{IdTokenSignature, IdportenFaults, replacing},
    login_state::{self, Authorization},
    registry::{Orgno, RegisteredClient},
    token,
    validator::details::OrganizationClaim,
};

/// The lifetime of id tokens.
const ID_TOKEN_SECONDS: i64 = 120;

/// Creates the tokens of an authorization.
pub(super) struct TokenWriter<'a> {
    pub(super) context: &'a LoginContext<'a>,
    pub(super) client: &'a RegisteredClient,
    pub(super) authorization: &'a Authorization,
    pub(super) faults: &'a IdportenFaults,
}

impl TokenWriter<'_> {
    /// Returns the subject of the person for the client's organisation (`OpenID` Connect Core §8.1).
    pub(super) fn subject(&self) -> String {
        let issuer = &self.context.service.issuer.identifier;
        let pid = self.authorization.login.pid.as_str();
        URL_SAFE_NO_PAD.encode(sha256(format!("{issuer} {} {pid}", self.client.orgno.as_str()).as_bytes()))
    }

    /// Returns an access token.
    pub(super) fn access_token(&self, amr: &str, scope: &str, bound_to: Option<&str>) -> Result<String, LoginRefusal> {
        let now = self.context.now.timestamp();
        let mut claims = claims([
            ("sub", json!(self.subject())),
            ("iss", json!(self.context.service.issuer.identifier)),
            ("client_amr", json!(amr)),
            ("pid", json!(self.authorization.login.pid.as_str())),
            ("client_id", json!(self.client.id)),
            ("acr", json!(self.authorization.login.acr.name)),
            ("scope", json!(scope)),
            ("iat", json!(now)),
            ("exp", json!(now + i64::from(self.client.access_token_lifetime))),
            ("jti", json!(login_state::secret().map_err(|_| LoginRefusal::server_error())?)),
            ("consumer", organisation(&self.client.orgno)),
        ]);
        match self.authorization.request.resources.as_slice() {
            [] => {}
            [one] => drop(claims.insert("aud".to_owned(), json!(one))),
            many => drop(claims.insert("aud".to_owned(), json!(many))),
        }
        if let Some(key) = bound_to {
            claims.insert("cnf".to_owned(), json!({ "jkt": key }));
        }
        claims.extend(self.representation());
        let signed = || {
            let key = self.context.service.issuer.key(self.context.now).ok()?;
            let header = json!({ "kid": key.key_id(), "alg": "RS256" });
            let claims: Value = serde_json::from_slice(&replacing(&claims, &self.faults.access_token).ok()?).ok()?;
            key.sign(&header, &claims).ok()
        };
        signed().ok_or_else(LoginRefusal::server_error)
    }

    /// Returns an id token (`OpenID` Connect Core §2).
    pub(super) fn id_token(&self) -> Result<String, LoginRefusal> {
        let now = self.context.now.timestamp();
        let Authorization { request, login, language, .. } = self.authorization;
        let mut claims = claims([
            ("iss", json!(self.context.service.issuer.identifier)),
            ("aud", json!(self.client.id)),
            ("sub", json!(self.subject())),
            ("pid", json!(login.pid.as_str())),
            ("acr", json!(login.acr.name)),
            ("amr", json!(["TestID"])),
            ("auth_time", json!(login.at.timestamp())),
            ("nonce", json!(request.nonce)),
            ("locale", json!(language)),
            ("iat", json!(now)),
            ("exp", json!(now + ID_TOKEN_SECONDS)),
            ("jti", json!(login_state::secret().map_err(|_| LoginRefusal::server_error())?)),
        ]);
        if self.client.frontchannel_logout_session_required {
            claims.insert("sid".to_owned(), json!(login.session_id));
        }
        claims.extend(self.representation());
        self.signed_id_token(&claims).ok_or_else(LoginRefusal::server_error)
    }

    /// Signs an id token, or as the faults have it.
    fn signed_id_token(&self, claims: &Map<String, Value>) -> Option<String> {
        let key = self.context.service.issuer.key(self.context.now).ok()?;
        let alg = match self.faults.id_token_signature {
            None | Some(IdTokenSignature::AnotherKey) => "RS256",
            Some(IdTokenSignature::None) => "none",
            Some(IdTokenSignature::Hs256) => "HS256",
        };
        let header = json!({ "kid": key.key_id(), "alg": alg });
        let header = replacing(&header, &self.faults.id_token_header).ok()?;
        let claims = replacing(claims, &self.faults.id_token).ok()?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&claims));
        match self.faults.id_token_signature {
            None => key.sign(&json_of(&header)?, &json_of(&claims)?).ok(),
            Some(IdTokenSignature::AnotherKey) => {
                token::sign(&header, &claims, self.context.state.token_issuer.another_key().ok()?).ok()
            }
            Some(IdTokenSignature::None) => Some(format!("{signed}.")),
            Some(IdTokenSignature::Hs256) => {
                let secret = PKey::hmac(&key.public_pem().ok()?).ok()?;
                let mut hmac = Signer::new(MessageDigest::sha256(), &secret).ok()?;
                let code = hmac.sign_oneshot_to_vec(signed.as_bytes()).ok()?;
                Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code)))
            }
        }
    }

    /// Returns `authorization_details` with the organisation that the person has chosen.
    fn representation(&self) -> Option<(String, Value)> {
        let chosen = self.authorization.organisation.as_ref()?;
        let detail = |urn: &String| {
            let resource = urn.rsplit(':').next().unwrap_or_default();
            json!({
                "type": DETAIL_TYPE,
                "resource": urn,
                "resource_name": resource,
                "authorized_parties": [{
                    "orgno": organisation(&chosen.orgno),
                    "name": chosen.name,
                    "resource": resource,
                    "unit_type": chosen.unit_type,
                }],
            })
        };
        let is_ansattporten = self.context.service.kind == LoginServiceKind::Ansattporten;
        let details: Vec<Value> = self.authorization.request.altinn_resources.iter().map(detail).collect();
        (is_ansattporten && !details.is_empty()).then(|| ("authorization_details".to_owned(), Value::Array(details)))
    }
}

fn json_of(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(text).ok()
}

fn organisation(orgno: &Orgno) -> Value {
    json!(OrganizationClaim::new(orgno))
}

fn claims<const N: usize>(claims: [(&str, Value); N]) -> Map<String, Value> {
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
