//! Access tokens of the services' own clouds (RFC 6749, RFC 7523).

use std::time::Instant;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde_json::Value;

use super::{KeyService, PlaceError, ServiceAccess, answer};
use crate::{
    http::{Endpoint, Response, encode_form},
    keystore::{SignatureAlgorithm, SigningKey},
};

/// Sends a token request, and returns the header `Authorization` with the access token.
pub(super) async fn request(
    access: &ServiceAccess,
    service: KeyService,
    endpoint: &Endpoint,
    form: &[(&str, &str)],
    deadline: Instant,
) -> Result<SecretString, PlaceError> {
    let form = encode_form(form.iter().copied());
    let response = access.post_form(service, endpoint, &form, deadline).await?;
    bearer(service, &response, "access_token")
}

/// Returns the header `Authorization` with the token in a response, whose member has this name.
pub(super) fn bearer(service: KeyService, response: &Response, member: &str) -> Result<SecretString, PlaceError> {
    if response.status == 200 {
        let object = answer::object(service, &response.body)?;
        return answer::required(service, &object, &[member]).map(authorization);
    }
    // Azure's texts end with the numbers of the request, which differ each time.
    let mut reason = answer::reason(response, &["error"], &["error_description"]);
    reason.text = reason.text.map(|text| text.split(" Trace ID:").next().unwrap_or_default().to_owned());
    Err(match response.status {
        400 | 401 | 403 => PlaceError::Credentials { service, reason },
        _ => answer::other_status(service, reason),
    })
}

/// Returns the header `Authorization` with a token (RFC 6750 §2.1).
pub(super) fn authorization(token: &str) -> SecretString {
    format!("Bearer {}", token.trim()).into()
}

/// Signs a JWT that authenticates an application or an account (RFC 7523).
pub(super) fn assertion(
    key: &SigningKey,
    algorithm: SignatureAlgorithm,
    header: &Value,
    claims: &Value,
) -> Result<SecretString, String> {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = key.sign(algorithm, message.as_bytes()).map_err(|error| error.to_string())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
}
