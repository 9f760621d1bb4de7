use std::fs;

use openssl::{
    pkey::{PKey, Private},
    ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion},
    x509::X509,
};
use serde_json::json;

use super::claims;
use crate::simulator::tests::{
    folder::open,
    running::{Running, exchange},
};

const LOGIN: &str = "POST /api/authentication/authenticatewithpassword";
const MESSAGES: &str = "GET /api/my/messagebox";

impl Running {
    fn secret(&self, of: impl Fn(&crate::simulator::AltinnInstallation) -> &std::path::Path) -> String {
        fs::read_to_string(of(self.installation.altinn.as_ref().unwrap())).unwrap()
    }

    fn api_key(&self) -> String {
        format!("ApiKey: {}\r\n", self.secret(|altinn| &altinn.api_key_file))
    }

    fn credentials(&self, user_name: &str) -> String {
        json!({ "UserName": user_name, "UserPassword": self.secret(|altinn| &altinn.password_file) }).to_string()
    }

    /// Logs in over TLS with a client certificate.
    fn log_in(
        &self,
        certified: Option<(&PKey<Private>, &[X509])>,
        user_name: &str,
        version: SslVersion,
    ) -> (u16, String, String) {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_verify(SslVerifyMode::NONE);
        connector.set_min_proto_version(Some(version)).unwrap();
        connector.set_max_proto_version(Some(version)).unwrap();
        if let Some((key, [leaf, rest @ ..])) = certified {
            connector.set_certificate(leaf).unwrap();
            connector.set_private_key(key).unwrap();
            for certificate in rest {
                connector.add_extra_chain_cert(certificate.clone()).unwrap();
            }
        }
        let configuration = connector.build().configure().unwrap().verify_hostname(false);
        let stream = configuration.connect("127.0.0.1", self.connect()).unwrap();
        let headers = format!("{}Content-Type: application/hal+json\r\n", self.api_key());
        let port = self.issuer.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        exchange(stream, port, &format!("{LOGIN}?ForceEIAuthentication"), &headers, &self.credentials(user_name))
    }
}

/// Returns the cookie in a response, as a request header.
fn cookie(running: &Running, user_name: &str) -> String {
    let headers = format!("{}Content-Type: application/hal+json\r\n", running.api_key());
    let (status, _, _) = running.ask(LOGIN, &headers, &running.credentials(user_name));
    assert_eq!(status, 200);
    let (_, head, _) = running.ask(LOGIN, &headers, &running.credentials(user_name));
    // The head is in lower case; the cookie's digits are not.
    let (_, rest) = head.split_once("set-cookie: .aspxauth=").unwrap();
    format!("Cookie: a=b; .ASPXAUTH={}\r\n", rest.split_once(';').unwrap().0.to_ascii_uppercase())
}

#[test]
fn a_user_logs_in_with_a_password_and_uses_the_cookie() {
    let running = Running::start(|_| ());
    let cookie = cookie(&running, "simulert");

    let (status, head, body) = running.ask(MESSAGES, &format!("{}{cookie}", running.api_key()), "");

    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/hal+json"), "{head}");
    assert!(body.contains("\"Name\":\"simulert\""), "{body}");
    assert!(running.last_log_line().ends_with("200 hello to simulert"), "{}", running.last_log_line());
}

#[test]
fn refusals_have_the_reason_phrases_of_altinn_2() {
    let running = Running::start(|_| ());
    let key = running.api_key();
    let json_type = "Content-Type: application/hal+json\r\n";
    let user = running.credentials("simulert");
    let enterprise = running.credentials("virksomhetsbruker");
    let wrong = "{\"UserName\":\"simulert\",\"UserPassword\":\"wrong\"}";
    let forced = format!("{LOGIN}?ForceEIAuthentication");
    for (start, headers, body, phrase) in [
        (LOGIN, json_type.to_owned(), user.as_str(), "400 required header 'apikey' is missing."),
        (
            LOGIN,
            format!("ApiKey: x\r\n{json_type}"),
            &user,
            "403 forbidden - the api key is not authorized for this operation",
        ),
        (LOGIN, format!("{key}{json_type}"), wrong, "401 unauthorized"),
        (LOGIN, format!("{key}{json_type}"), &enterprise, "401 unauthorized"),
        (LOGIN, format!("{key}Content-Type: text/plain\r\n"), &user, "415 unsupported media type"),
        (
            &forced,
            format!("{key}{json_type}"),
            &enterprise,
            "401 authorization failed: there is no authenticated organization number set on this request.",
        ),
        (MESSAGES, String::new(), "", "400 required header 'apikey' is missing."),
        (MESSAGES, key.clone(), "", "401 unauthorized"),
        (MESSAGES, format!("{key}Cookie: .ASPXAUTH=0\r\n"), "", "401 unauthorized"),
    ] {
        let (_, head, got) = running.ask(start, &headers, body);
        assert_eq!(head.lines().next(), Some(format!("http/1.1 {phrase}").as_str()), "{start} {headers}");
        assert_eq!(got, "");
    }
}

#[test]
fn an_enterprise_user_needs_the_organisations_certificate() {
    let running = Running::start(|options| options.tls = true);
    let [modern, other] = [0, 1].map(|index| open(&running.installation.keystores[index]).swap_remove(0));
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let certified = Some((&modern.1, std::slice::from_ref(&modern.2)));
        let (status, head, _) = running.log_in(certified, "virksomhetsbruker", version);
        assert_eq!(status, 200);
        assert!(head.contains("; httponly; secure"), "{head}");
        assert!(running.last_log_line().ends_with("200 enterprise user of 310700010 logged in"));
    }
    for (certified, user_name, reason) in [
        (None, "virksomhetsbruker", "the connection has no client certificate"),
        (
            Some((&other.1, std::slice::from_ref(&other.2))),
            "virksomhetsbruker",
            "the user is not one of the organisation in the certificate",
        ),
        (
            Some((&modern.1, std::slice::from_ref(&modern.2))),
            "simulert",
            "the user is not one of the organisation in the certificate",
        ),
    ] {
        let (status, _, _) = running.log_in(certified, user_name, SslVersion::TLS1_3);
        assert_eq!(status, 401);
        assert!(running.last_log_line().ends_with(reason), "{}", running.last_log_line());
    }
}

#[test]
fn a_client_certificate_that_is_not_valid_is_refused_with_the_reason_in_the_log() {
    let running = Running::start(|options| options.tls = true);
    let password = fs::read_to_string(&running.installation.faulty_keystores[0].password_file).unwrap();
    for (name, reason) in [
        ("expired.p12", "certificate has expired"),
        ("other-environment.p12", "unable to get local issuer certificate"),
        ("no-organisation-number.p12", "has no organisation number"),
        ("encryption-only.p12", "digitalSignature"),
    ] {
        let content = fs::read(running.installation.dir.join(name)).unwrap();
        let parsed = openssl::pkcs12::Pkcs12::from_der(&content).unwrap().parse2(&password).unwrap();
        let chain = [parsed.cert.unwrap()];

        let (status, _, _) =
            running.log_in(Some((&parsed.pkey.unwrap(), &chain)), "virksomhetsbruker", SslVersion::TLS1_2);

        assert_eq!(status, 401, "{name}");
        assert!(running.last_log_line().contains(reason), "{name}: {}", running.last_log_line());
    }
}

#[test]
fn tokens_are_accepted_in_place_of_the_cookie() {
    let running = Running::start(|_| ());
    let ask = |start: &str, token: &str| {
        running.ask(start, &format!("{}Authorization: Bearer {token}\r\n", running.api_key()), "").0
    };
    let resource = running.grant(0, 0, "resource").claim("scope", json!("altinn:serviceowner"));
    let for_altinn = running.granted(&resource.clone().claim("resource", json!(["https://tt02.altinn.no/"])));
    let for_another =
        running.granted(&resource.claim("jti", json!("another")).claim("resource", json!(["https://other.example/"])));
    assert_eq!(claims(&for_altinn)["aud"], "https://tt02.altinn.no/");

    assert_eq!(ask(MESSAGES, &running.idporten("")), 200);
    assert_eq!(ask(MESSAGES, &for_altinn), 200);
    assert_eq!(ask(MESSAGES, &for_another), 401);
    assert_eq!(ask(MESSAGES, &running.exchanged(&for_another)), 200);
    assert_eq!(ask("GET /api/serviceowner/reportees?subject=x", &for_altinn), 200);
    assert_eq!(ask("GET /api/serviceowner/reportees?subject=x", &running.idporten("")), 403);
}
