//! Signed requests to AWS: region, address, credentials, and what an error response means.

use std::{
    sync::{Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{
    AwsPlace,
    credentials::{AwsCredentials, CredentialSearch},
    endpoint::AwsEndpoint,
    shared_files::AwsProfile,
    sts,
};
use crate::{
    http::{ApiRequest, Endpoint, Method, Response},
    json::JsonObject,
    key_services::{KeyService, PlaceError, Reason, ServiceAccess, access::variable, answer},
    text::{printable, server_text},
};

/// The media type of the protocol that all three services have.
const JSON: &str = "application/x-amz-json-1.1";

/// The error codes for credentials that are unknown, expired or wrong
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>).
const CREDENTIAL_CODES: [&str; 12] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "ExpiredTokenException",
    "ExpiredToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "NotAuthorized",
    "OptInRequired",
];

/// A request of the JSON protocol.
pub(super) struct AwsRequest {
    /// The header `X-Amz-Target`.
    pub(super) operation: &'static str,
    /// The action in a policy that allows it.
    pub(super) permission: &'static str,
    /// What is asked for, for the error when it does not exist.
    pub(super) what: String,
    pub(super) body: Value,
}

/// One service in one region, and the credentials for it.
pub(super) struct AwsClient {
    pub(super) service: KeyService,
    pub(super) endpoint: Endpoint,
    pub(super) region: String,
    signing_name: AwsEndpoint,
    access: ServiceAccess,
    profile: AwsProfile,
    credentials: Mutex<Option<AwsCredentials>>,
}

impl AwsClient {
    /// Chooses region, address and profile; credentials are looked for when the first request is sent.
    pub(super) fn from_environment(place: &AwsPlace, access: &ServiceAccess) -> Result<Self, PlaceError> {
        let service = place.service();
        let unusable =
            |variable: &str, why: String| PlaceError::Setting { service, variable: variable.to_owned(), why };
        let profile = AwsProfile::read().map_err(|(file, error)| unusable(&file, error.to_string()))?;
        if profile.is_empty() && variable("AWS_PROFILE").is_some() {
            return Err(unusable("AWS_PROFILE", format!("there is no profile `{}`", profile.name)));
        }
        // arn:PARTITION:SERVICE:REGION:ACCOUNT:…
        let of_arn = place.name.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2)).map(str::to_owned);
        let of_variables = || variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let of_profile = || profile.get("region").map(str::to_owned);
        let region = of_arn.or_else(of_variables).or_else(of_profile);
        let region = region.ok_or(PlaceError::NotSet { service, variable: "AWS_REGION" })?;
        let is_valid =
            |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
        if !region.chars().all(is_valid) {
            return Err(unusable("AWS_REGION", "it is not the name of a region".to_owned()));
        }
        let signing_name = match service {
            KeyService::AwsSecretsManager => AwsEndpoint::SecretsManager,
            KeyService::AwsParameterStore => AwsEndpoint::Ssm,
            _ => AwsEndpoint::Kms,
        };
        let endpoint = signing_name.url(service, &region)?;
        let (access, credentials) = (access.clone(), Mutex::new(None));
        Ok(Self { service, endpoint, region, signing_name, access, profile, credentials })
    }

    /// Returns when the time is over for what begins now.
    pub(super) fn deadline(&self) -> Instant {
        self.access.deadline()
    }

    pub(super) fn unusable(&self, why: String) -> PlaceError {
        PlaceError::Unusable { service: self.service, why }
    }

    /// Sends a request.
    pub(super) async fn send(&self, request: &AwsRequest, deadline: Instant) -> Result<JsonObject, PlaceError> {
        let credentials = self.credentials(deadline).await?;
        let body = SecretString::from(request.body.to_string());
        let headers = [("content-type", JSON), ("x-amz-target", request.operation)];
        let signed = self.signed_headers(self.signing_name, &self.endpoint, &credentials, &headers, &body)?;
        let sent = ApiRequest {
            method: Method::POST,
            headers: &signed,
            media_type: JSON,
            body: Some(&body),
            ..ApiRequest::get(None)
        };
        let response = self.access.send(self.service, &self.endpoint, &sent, deadline).await?;
        if response.status == 200 {
            return answer::object(self.service, &response.body);
        }
        Err(failure(self.service, &response, request))
    }

    /// Returns our identity at AWS, and where the credentials are from
    /// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
    pub(super) async fn identity(&self) -> Result<String, PlaceError> {
        let deadline = self.deadline();
        let credentials = self.credentials(deadline).await?;
        let endpoint = AwsEndpoint::Sts.url(KeyService::AwsSts, &self.region)?;
        let body = SecretString::from(format!("Action=GetCallerIdentity&Version={}", sts::VERSION));
        let signed =
            self.signed_headers(AwsEndpoint::Sts, &endpoint, &credentials, &[("content-type", sts::FORM)], &body)?;
        let request = ApiRequest {
            method: Method::POST,
            headers: &signed,
            media_type: sts::FORM,
            body: Some(&body),
            ..ApiRequest::get(None)
        };
        let response = self.access.send(KeyService::AwsSts, &endpoint, &request, deadline).await?;
        let body = sts::result(&response, "sts:GetCallerIdentity")?;
        let arn = sts::element(body, "Arn").unwrap_or("unknown");
        Ok(format!("{}, by {}", printable(arn), credentials.origin))
    }

    /// Returns credentials that are still valid.
    async fn credentials(&self, deadline: Instant) -> Result<AwsCredentials, PlaceError> {
        let lock = || self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = lock().clone().filter(AwsCredentials::are_current);
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let Self { service, access, region, profile, .. } = self;
        let found = CredentialSearch { service: *service, access, region, profile, deadline }.run().await?;
        *lock() = Some(found.clone());
        Ok(found)
    }

    /// Signs a POST request (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).
    fn signed_headers(
        &self,
        name: AwsEndpoint,
        endpoint: &Endpoint,
        credentials: &AwsCredentials,
        headers: &[(&'static str, &'static str)],
        body: &SecretString,
    ) -> Result<Vec<(&'static str, SecretString)>, PlaceError> {
        let AwsCredentials { key_id, secret, session_token, .. } = credentials;
        let session_token = session_token.as_ref().map(|token| token.expose_secret().to_owned());
        let identity = Credentials::new(key_id, secret.expose_secret(), session_token, None, credentials.origin).into();
        let failed = || PlaceError::NoCredentials {
            service: self.service,
            why: format!("those of {} cannot be used for a signature", credentials.origin),
        };
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(name.name())
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| failed())?
            .into();
        let bytes = SignableBody::Bytes(body.expose_secret().as_bytes());
        let request = SignableRequest::new("POST", endpoint.as_str(), headers.iter().copied(), bytes);
        let signed = request.and_then(|request| sign(request, &parameters)).map_err(|_| failed())?;
        let (added, _) = signed.into_parts().0.into_parts();
        let own = headers.iter().filter(|(name, _)| *name != "content-type");
        let own = own.map(|(name, value)| (*name, SecretString::from(*value)));
        Ok(own.chain(added.into_iter().map(|header| (header.name(), header.value().into()))).collect())
    }
}

/// Returns what an error response means. The code counts, not the status: that is 400 for most.
fn failure(service: KeyService, response: &Response, request: &AwsRequest) -> PlaceError {
    let mut reason = answer::reason(response, &["__type"], &["message"]);
    reason.text = reason.text.or_else(|| answer::reason(response, &[], &["Message"]).text);
    // What is in front of a service may answer in XML.
    if let (None, Ok(body)) = (&reason.code, str::from_utf8(&response.body)) {
        reason.code = sts::element(body, "Code").map(|code| server_text(code, answer::TEXT_CHARACTERS));
        reason.text =
            sts::element(body, "Message").map(|text| server_text(text, answer::TEXT_CHARACTERS)).or(reason.text);
    }
    // Older services put a namespace before the code.
    let code = reason.code.as_deref().map(|code| code.rsplit('#').next().unwrap_or(code).to_owned());
    reason.code.clone_from(&code);
    match code.as_deref().unwrap_or_default() {
        code if CREDENTIAL_CODES.contains(&code) => PlaceError::Credentials { service, reason },
        "AccessDeniedException" | "AccessDenied" => {
            let permission = missing_action(&reason).unwrap_or_else(|| request.permission.to_owned());
            PlaceError::Denied { service, reason, permission }
        }
        "NotFoundException" | "ResourceNotFoundException" | "ParameterNotFound" | "ParameterVersionNotFound" => {
            PlaceError::NotFound { service, what: request.what.clone(), reason }
        }
        "DisabledException"
        | "KMSInvalidStateException"
        | "InvalidKeyUsageException"
        | "UnsupportedOperationException" => PlaceError::Unusable { service, why: reason.to_string() },
        "ThrottlingException" | "DependencyTimeoutException" | "KeyUnavailableException" => {
            PlaceError::Unavailable { service, reason }
        }
        _ => answer::other_status(service, reason),
    }
}

/// Returns the action that AWS names in "… is not authorized to perform: kms:Sign on resource: …".
fn missing_action(reason: &Reason) -> Option<String> {
    let (_, rest) = reason.text.as_deref()?.split_once("not authorized to perform: ")?;
    rest.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;
    use crate::{explain::Explain as _, key_services::FaultKind};

    fn answer_of(status: u16, body: &str) -> Response {
        Response {
            status,
            media_type: JSON.to_owned(),
            location: None,
            challenge: None,
            dpop_nonce: None,
            retry_after: None,
            date: None,
            sent_at: DateTime::UNIX_EPOCH,
            received_at: DateTime::UNIX_EPOCH,
            cookies: Vec::new(),
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn the_code_of_an_error_decides_what_it_means() {
        let request = AwsRequest {
            operation: "TrentService.Sign",
            permission: "kms:Sign",
            what: "key alias/mp".to_owned(),
            body: json!({}),
        };
        let denied = "User: arn:aws:iam::1:user/mp is not authorized to perform: kms:Decrypt on resource: x";
        for (status, body, kind, hint) in [
            (400, r#"{"__type":"UnrecognizedClientException"}"#, FaultKind::Refused, "run `aws configure`"),
            (400, r#"{"__type":"com.amazon.coral.service#ExpiredTokenException"}"#, FaultKind::Refused, "run `aws"),
            (400, r#"{"__type":"AccessDeniedException"}"#, FaultKind::Refused, "permission kms:Sign"),
            (
                400,
                &format!(r#"{{"__type":"AccessDeniedException","Message":"{denied}"}}"#),
                FaultKind::Refused,
                "kms:Decrypt",
            ),
            (400, r#"{"__type":"NotFoundException"}"#, FaultKind::Key, "check the name"),
            (400, r#"{"__type":"DisabledException"}"#, FaultKind::Key, "may sign"),
            (400, r#"{"__type":"ThrottlingException"}"#, FaultKind::Unreachable, "try again later"),
            (400, r#"{"__type":"ValidationException"}"#, FaultKind::Refused, "own error"),
            (403, "<Error><Code>AccessDenied</Code></Error>", FaultKind::Refused, "permission kms:Sign"),
            (500, "<html>", FaultKind::Unreachable, "try again later"),
            (301, "", FaultKind::Unreachable, "check the address"),
        ] {
            let error = failure(KeyService::AwsKms, &answer_of(status, body), &request);

            assert_eq!(error.kind(), kind, "{body}");
            assert!(error.hint().is_some_and(|found| found.contains(hint)), "{body}: {:?}", error.hint());
        }
    }
}
