//! The token endpoint: codes and refresh tokens (RFC 6749 §4.1.3 and §6).

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use openssl::sha::sha256;
use serde_json::{Value, json};

use super::{
    LoginContext,
    call::LoginCall,
    client_authentication::{AuthenticatedClient, authenticate},
    parameters::ReceivedParameters,
    pushed_request::proof_key,
    refusal::LoginRefusal,
    tokens::TokenWriter,
};
use crate::simulator::{
    faults::{
        IdportenFaults, replacing,
        responses::{Decision, delay, fault_status, replace_with, serialized, with_status},
    },
    login_state::{Authorization, HashedSecret, IssuedRefreshToken, hash, secret},
    registry::login_client::RefreshTokenUsage,
};

pub(super) async fn token(LoginCall { state, kind, headers, parameters }: LoginCall) -> Response {
    let context = LoginContext::new(&state, kind);
    let (faults, replaced) = state.count_login_request(&context.clients);
    let correct = match granted(&context, faults, &headers, &parameters) {
        Ok((body, decision)) => {
            let mut response = serialized(replacing(&body, &faults.success));
            response.extensions_mut().insert(Decision(decision));
            response
        }
        Err(refusal) => refusal.response(),
    };
    delay(faults.delay_milliseconds).await;
    if !replaced {
        return correct;
    }
    let mut response = match &faults.token_error {
        Some(error) => {
            let body = json!({ "error": error, "error_description": "A fault of the simulator." });
            let status = faults.status.and_then(fault_status).unwrap_or(StatusCode::BAD_REQUEST);
            with_status(status, serialized(serde_json::to_vec(&body)))
        }
        None => replace_with(faults.answer, faults.status, faults.retry_after_seconds, correct),
    };
    response.extensions_mut().insert(Decision("fault idporten".to_owned()));
    response
}

/// Decides on a token request, and returns the body of the response and the text for the log.
fn granted(
    context: &LoginContext,
    faults: &IdportenFaults,
    headers: &HeaderMap,
    parameters: &ReceivedParameters,
) -> Result<(Value, String), LoginRefusal> {
    let client = authenticate(context, headers, parameters)?;
    let exchange = LoginTokenRequest { context, faults, client, bound_to: proof_key(context, headers, "token")? };
    match parameters.require("grant_type")? {
        "authorization_code" => exchange.code(parameters),
        "refresh_token" => exchange.refresh(parameters),
        _ => Err(LoginRefusal::new("unsupported_grant_type", "Unsupported grant_type.")),
    }
}

/// A token request of an authenticated client.
struct LoginTokenRequest<'a> {
    context: &'a LoginContext<'a>,
    faults: &'a IdportenFaults,
    client: AuthenticatedClient<'a>,
    /// The thumbprint of the key in the proof.
    bound_to: Option<String>,
}

impl LoginTokenRequest<'_> {
    /// Redeems a code.
    fn code(&self, parameters: &ReceivedParameters) -> Result<(Value, String), LoginRefusal> {
        let now = self.context.now;
        let code = hash(parameters.require("code")?);
        let [redirect_uri, verifier] = [parameters.require("redirect_uri")?, parameters.require("code_verifier")?];
        let (authorization, id) = {
            let mut store = self.context.service.store();
            let invalid = || LoginRefusal::grant("Invalid authorization code.");
            let issued = store.codes.get(&code, now).ok_or_else(invalid)?;
            if issued.authorization.request.target.client_id != self.client.client.id {
                return Err(LoginRefusal::grant("The authorization code was issued to another client."));
            }
            let id = issued.id;
            if issued.used {
                // RFC 6749 §4.1.2: what was issued for the code is revoked.
                store.authorizations.remove(&id, now);
                return Err(LoginRefusal::grant(
                    "The authorization code has been used before. Its tokens are revoked.",
                ));
            }
            // Whatever is wrong below, it cannot be tried again.
            issued.used = true;
            if issued.usable_until <= now {
                return Err(LoginRefusal::grant("The authorization code has expired."));
            }
            (issued.authorization.clone(), id)
        };
        let request = &authorization.request;
        if request.target.redirect_uri != redirect_uri {
            return Err(LoginRefusal::grant("redirect_uri differs from that of the authorization request."));
        }
        check_verifier(verifier, &request.code_challenge)?;
        if request.dpop_jkt.is_some() && request.dpop_jkt != self.bound_to {
            return Err(LoginRefusal::new("invalid_dpop_proof", "The proof is by another key than dpop_jkt."));
        }
        let lifetime = TimeDelta::seconds(self.client.client.authorization_lifetime.into());
        let kept = {
            let mut store = self.context.service.store();
            store.authorizations.insert(id, authorization.clone(), now + lifetime, now)
        };
        kept.ok_or_else(LoginRefusal::busy)?;
        let mut body = self.tokens(&authorization, id, &request.scopes.join(" "))?;
        body["id_token"] = json!(self.writer(&authorization).id_token()?);
        if !self.client.is_public() {
            self.add_refresh_token(&mut body, id)?;
        }
        Ok((body, self.decision("tokens issued", &authorization)))
    }

    /// Redeems a refresh token.
    fn refresh(&self, parameters: &ReceivedParameters) -> Result<(Value, String), LoginRefusal> {
        let now = self.context.now;
        if self.client.is_public() {
            return Err(LoginRefusal::new("unauthorized_client", "A public client may not use refresh_token."));
        }
        let token = parameters.require("refresh_token")?;
        let (authorization, issued) = {
            let mut store = self.context.service.store();
            let invalid = || LoginRefusal::grant("Invalid refresh token.");
            let issued = store.refresh_tokens.get(&hash(token), now).ok_or_else(invalid)?;
            if issued.client_id != self.client.client.id {
                return Err(LoginRefusal::grant("The refresh token was issued to another client."));
            }
            let issued = issued.clone();
            if issued.used {
                // One of the two uses is a thief's (RFC 9700 §4.14.2).
                store.authorizations.remove(&issued.authorization, now);
                return Err(LoginRefusal::grant("The refresh token has been used before. The session is revoked."));
            }
            if issued.expires_at <= now {
                return Err(LoginRefusal::grant("The refresh token has expired."));
            }
            let authorization = store.authorizations.get(&issued.authorization, now).ok_or_else(invalid)?.clone();
            (authorization, issued)
        };
        let granted = &authorization.request.scopes;
        let scope = parameters.get("scope").map_or_else(|| granted.join(" "), str::to_owned);
        if !scope.split(' ').all(|scope| granted.iter().any(|own| own == scope)) {
            return Err(LoginRefusal::new("invalid_scope", "The scope was not granted at the login."));
        }
        let is_onetime = self.client.client.refresh_token_usage == RefreshTokenUsage::Onetime;
        if is_onetime {
            let mut store = self.context.service.store();
            // Of two requests at the same time only one may go on.
            match store.refresh_tokens.get(&hash(token), now) {
                Some(kept) if !kept.used => kept.used = true,
                _ => return Err(LoginRefusal::grant("Invalid refresh token.")),
            }
        }
        let mut body = self.tokens(&authorization, issued.authorization, &scope)?;
        if is_onetime {
            self.add_refresh_token(&mut body, issued.authorization)?;
        } else {
            body["refresh_token"] = json!(token);
            body["refresh_token_expires_in"] = json!((issued.expires_at - now).num_seconds());
        }
        Ok((body, self.decision("tokens refreshed", &authorization)))
    }

    fn writer<'b>(&'b self, authorization: &'b Authorization) -> TokenWriter<'b> {
        TokenWriter { context: self.context, client: &self.client.client, authorization, faults: self.faults }
    }

    /// Returns the response without refresh token and id token.
    fn tokens(&self, authorization: &Authorization, id: HashedSecret, scope: &str) -> Result<Value, LoginRefusal> {
        let now = self.context.now;
        let token = self.writer(authorization).access_token(self.client.amr, scope, self.bound_to.as_deref())?;
        let lifetime = self.client.client.access_token_lifetime;
        let until = now + TimeDelta::seconds(lifetime.into());
        let kept = self.context.service.store().access_tokens.insert(hash(&token), id, until, now);
        kept.ok_or_else(LoginRefusal::busy)?;
        Ok(json!({
            "access_token": token,
            "token_type": if self.bound_to.is_some() { "DPoP" } else { "Bearer" },
            "expires_in": lifetime,
            "scope": scope,
        }))
    }

    /// Issues a refresh token, which is valid at most as long as the authorization.
    fn add_refresh_token(&self, body: &mut Value, id: HashedSecret) -> Result<(), LoginRefusal> {
        let now = self.context.now;
        let token = secret().map_err(|_| LoginRefusal::server_error())?;
        let mut store = self.context.service.store();
        let end = store.authorizations.expiry(&id).ok_or_else(|| LoginRefusal::grant("The session is revoked."))?;
        let lifetime = TimeDelta::seconds(self.client.client.refresh_token_lifetime.into());
        let expires_at = end.min(now + lifetime);
        let issued =
            IssuedRefreshToken { authorization: id, client_id: self.client.client.id.clone(), used: false, expires_at };
        // It is kept until the end of the authorization, so that its second use is noticed.
        store.refresh_tokens.insert(hash(&token), issued, end, now).ok_or_else(LoginRefusal::busy)?;
        body["refresh_token"] = json!(token);
        body["refresh_token_expires_in"] = json!((expires_at - now).num_seconds());
        Ok(())
    }

    fn decision(&self, what: &str, authorization: &Authorization) -> String {
        let proof = if self.bound_to.is_some() { " with a proof" } else { "" };
        let scopes = authorization.request.scopes.join(" ");
        format!("client {}: {what}{proof} for {scopes}", self.client.client.id)
    }
}

/// Checks the verifier against the challenge (RFC 7636 §4.6).
fn check_verifier(verifier: &str, challenge: &str) -> Result<(), LoginRefusal> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(is_allowed) {
        return Err(LoginRefusal::request("Invalid parameter value, code_verifier."));
    }
    if URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())) != challenge {
        return Err(LoginRefusal::grant("code_verifier does not fit the code_challenge."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_verifier_in_appendix_b_of_rfc_7636_and_no_other() {
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");

        assert!(check_verifier(verifier, challenge).is_ok());
        assert!(check_verifier(&verifier.replace('d', "e"), challenge).is_err());
        // With `plain`, the challenge itself would do.
        assert!(check_verifier(challenge, challenge).is_err());
        assert!(check_verifier(&verifier[1..], challenge).is_err());
    }
}
