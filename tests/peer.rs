//! What the HTTP client reports besides the response: certificates, TLS version, clocks and addresses.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use maskinporten::http::{Endpoint, HttpClient, HttpError, HttpOptions, Response, TlsVersion, addresses};
use openssl::x509::X509;

use crate::server::{
    ADDRESS, Authority, Server, Step, Validity, acceptor, answer, tls_1_2_acceptor, token, unused_address,
};

fn options(authority: Option<&Authority>) -> HttpOptions {
    HttpOptions { ca_file: authority.map(Authority::file), ..HttpOptions::default() }
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint::parse(url).unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn get(client: &HttpClient) -> Result<Response, HttpError> {
    wait(client.get(Instant::now() + Duration::from_secs(10)))
}

#[test]
fn an_accepted_certificate_is_recorded_with_the_tls_version() {
    let authority = Authority::named("Test CA");
    let identity = authority.issue(ADDRESS, Validity::Now);
    for (acceptor, version) in
        [(acceptor(&identity), TlsVersion::Tls13), (tls_1_2_acceptor(&identity), TlsVersion::Tls12)]
    {
        let server = Server::start_tls(acceptor, [token()]);
        let client = HttpClient::observing(endpoint(&server.url("/")), &options(Some(&authority))).unwrap();
        assert_eq!(client.peer(), None);

        get(&client).unwrap();

        let peer = client.peer().unwrap();
        assert_eq!(peer.tls_version, Some(version));
        assert_eq!(peer.certificates, [identity.certificate().to_der().unwrap()]);
    }
}

#[test]
fn a_rejected_certificate_is_recorded_too() {
    let (authority, another) = (Authority::named("The proxy's CA"), Authority::named("Test CA"));
    for (validity, trusted) in [(Validity::Now, &another), (Validity::Past, &authority)] {
        let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, validity)), [Step::NoHandshake]);
        let client = HttpClient::observing(endpoint(&server.url("/")), &options(Some(trusted))).unwrap();

        let refused = get(&client);

        assert!(matches!(refused, Err(HttpError::Certificate { .. })));
        let peer = client.peer().unwrap();
        let own = X509::from_der(&peer.certificates[0]).unwrap();
        assert_eq!(own.issuer_name().entries().next().unwrap().data().as_slice(), b"The proxy's CA");
        assert_eq!((peer.certificates.len(), peer.tls_version), (1, None));
    }
}

#[test]
fn a_client_that_is_not_observing_records_nothing() {
    let authority = Authority::named("Test CA");
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [token()]);
    let client = HttpClient::new(endpoint(&server.url("/")), &options(Some(&authority))).unwrap();

    get(&client).unwrap();

    assert_eq!(client.peer(), None);
}

#[test]
fn a_request_without_tls_has_no_peer_and_no_proxy() {
    let server = Server::start([token()]);
    let client = HttpClient::observing(endpoint(&server.url("/")), &options(None)).unwrap();

    get(&client).unwrap();

    assert_eq!((client.peer(), client.proxy()), (None, None));
}

#[test]
fn a_response_has_the_servers_time_and_the_clients() {
    let server = Server::start([answer("200 OK", &["Date: Sun, 06 Nov 1994 08:49:37 GMT"], "{}")]);
    let client = HttpClient::new(endpoint(&server.url("/")), &options(None)).unwrap();
    let before = Utc::now();

    let answer = get(&client).unwrap();

    assert_eq!(answer.date, Some(DateTime::from_timestamp(784_111_777, 0).unwrap()));
    assert!(before <= answer.sent_at && answer.sent_at <= answer.received_at && answer.received_at <= Utc::now());
}

#[test]
fn a_response_with_a_missing_or_invalid_date_has_none() {
    for headers in [&[][..], &["Date: yesterday"]] {
        let server = Server::start([answer("200 OK", headers, "{}")]);
        let client = HttpClient::new(endpoint(&server.url("/")), &options(None)).unwrap();

        assert_eq!(get(&client).unwrap().date, None);
    }
}

#[test]
fn a_host_resolves_to_each_of_its_addresses_once() {
    for (url, address) in
        [("https://192.0.2.7/token", "192.0.2.7"), ("https://[2001:db8::7]:8443/token", "2001:db8::7")]
    {
        let found = wait(addresses(&endpoint(url), &options(None))).unwrap();

        assert_eq!(found, [address.parse::<std::net::IpAddr>().unwrap()]);
    }
    let found =
        wait(addresses(&endpoint(&format!("http://localhost:{}", unused_address().port())), &options(None))).unwrap();
    assert!(!found.is_empty() && found.iter().all(std::net::IpAddr::is_loopback), "{found:?}");
}

#[test]
fn a_host_without_an_address_is_the_same_error_as_for_a_request() {
    let missing = endpoint("https://maskinporten.test.invalid/token");

    let error = wait(addresses(&missing, &options(None))).unwrap_err();

    assert_eq!(error, HttpError::Dns { host: "maskinporten.test.invalid".to_owned() });
}
