//! Signatures of requests, version 4
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{credentials::AwsCredentials, endpoint::AwsEndpoint};
use crate::{
    http::Endpoint,
    key_services::{KeyService, PlaceError},
};

/// Where a POST request goes.
pub(super) struct Unsigned<'request> {
    pub(super) name: AwsEndpoint,
    pub(super) region: &'request str,
    pub(super) endpoint: &'request Endpoint,
}

impl Unsigned<'_> {
    /// Signs the request with these headers and this body, and returns the headers to send.
    pub(super) fn sign(
        &self,
        service: KeyService,
        credentials: &AwsCredentials,
        headers: &[(&'static str, &str)],
        body: &SecretString,
    ) -> Result<Vec<(&'static str, SecretString)>, PlaceError> {
        let AwsCredentials { key_id, secret, session_token, origin, .. } = credentials;
        let session_token = session_token.as_ref().map(|token| token.expose_secret().to_owned());
        let identity = Credentials::new(key_id, secret.expose_secret(), session_token, None, origin).into();
        let failed =
            || PlaceError::NoCredentials { service, why: format!("those of {origin} cannot be used for a signature") };
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.name.name())
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| failed())?
            .into();
        let bytes = SignableBody::Bytes(body.expose_secret().as_bytes());
        let request = SignableRequest::new("POST", self.endpoint.as_str(), headers.iter().copied(), bytes);
        let signed = request.and_then(|request| sign(request, &parameters)).map_err(|_| failed())?;
        let (added, _) = signed.into_parts().0.into_parts();
        // The client adds the type of the body itself.
        let own = headers.iter().filter(|(name, _)| *name != "content-type");
        let own = own.map(|(name, value)| (*name, SecretString::from(*value)));
        Ok(own.chain(added.into_iter().map(|header| (header.name(), header.value().into()))).collect())
    }
}
