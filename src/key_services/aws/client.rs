//! Signed requests to AWS: region, address, credentials, and what an error response means.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use secrecy::SecretString;
use serde_json::Value;

use super::{
    AwsPlace,
    credentials::{AwsCredentials, CredentialSearch},
    endpoint::{AwsEndpoint, region},
    shared_files::AwsProfile,
    signature::Unsigned,
    sts,
};
use crate::{
    http::{ApiRequest, Endpoint, Method, Response},
    json::JsonObject,
    key_services::{KeyService, PlaceError, Reason, ServiceAccess, access, answer},
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
        let profile = AwsProfile::of_environment(service)?;
        // arn:PARTITION:SERVICE:REGION:ACCOUNT:…
        let of_arn = place.name.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2)).map(str::to_owned);
        let region = region(service, of_arn, &profile)?;
        let region = region.ok_or(PlaceError::NotSet { service, variable: "AWS_REGION" })?;
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
        let unsigned = Unsigned { name: self.signing_name, region: &self.region, endpoint: &self.endpoint };
        let signed = unsigned.sign(self.service, &credentials, &headers, &body)?;
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
        let unsigned = Unsigned { name: AwsEndpoint::Sts, region: &self.region, endpoint: &endpoint };
        let signed = unsigned.sign(self.service, &credentials, &[("content-type", sts::FORM)], &body)?;
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
        let found =
            CredentialSearch { service: *service, access, region, profile, metadata: None, deadline }.run().await?;
        *lock() = Some(found.clone());
        Ok(found)
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
        access::THROTTLED => PlaceError::Throttled { service, reason },
        "DependencyTimeoutException" | "KeyUnavailableException" => PlaceError::Unavailable { service, reason },
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
