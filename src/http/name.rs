//! The addresses of an endpoint's name, for a report: requests look them up by themselves.

use std::net::IpAddr;

use super::{Endpoint, HttpError, HttpOptions};

/// Looks up the addresses of an endpoint's host, as the system orders them and each once. A proxy would do this in
/// our place: behind one ([`HttpClient::proxy`](super::HttpClient::proxy)) the answer says nothing.
///
/// # Errors
/// [`HttpError::Dns`] when the name has no address, [`HttpError::TimedOut`] when nobody knew within the time for
/// setting up a connection.
pub async fn addresses(endpoint: &Endpoint, options: &HttpOptions) -> Result<Vec<IpAddr>, HttpError> {
    let host = endpoint.host();
    let port = endpoint.url().port_or_known_default().unwrap_or_default();
    let lookup = tokio::net::lookup_host((host.trim_matches(['[', ']']), port));
    let Ok(found) = tokio::time::timeout(options.connect_timeout, lookup).await else {
        return Err(HttpError::TimedOut { endpoint: endpoint.clone(), connecting: true });
    };
    let mut addresses = Vec::new();
    for address in found.into_iter().flatten().map(|address| address.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(HttpError::Dns { host: host.to_owned() });
    }
    Ok(addresses)
}
