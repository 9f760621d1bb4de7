use base64::{Engine as _, engine::general_purpose::STANDARD};
use openssl::{hash::MessageDigest, pkey::PKey, rsa::Rsa, sign::Verifier, x509::X509};
use serde_json::{Value, json};

use super::{PID, claims, part, seconds};
use crate::simulator::{AltinnFaults, FaultAnswer, SimulatorOptions, tests::running::Running};

const EXCHANGE: &str = "GET /authentication/api/v1/exchange/maskinporten";

#[test]
fn a_token_of_maskinporten_is_exchanged_for_one_with_altinns_claims() {
    let running = Running::start(|_| ());
    let old = running.maskinporten("altinn:serviceowner altinn:serviceowner/instances.read");

    let new = running.exchanged(&old);

    let (old, mut new) = (claims(&old), claims(&new));
    assert_ne!(new["jti"], old["jti"]);
    assert_eq!(new["jti"].as_str().unwrap().len(), 36);
    for name in ["jti", "sid"] {
        assert!(new.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    let now = seconds();
    assert_eq!(
        new,
        json!({
            "scope": "altinn:serviceowner altinn:serviceowner/instances.read",
            "token_type": "Bearer",
            "exp": now + 1800,
            "iat": now,
            "nbf": now,
            "client_id": old["client_id"],
            "consumer": { "authority": "iso6523-actorid-upis", "ID": "0192:310700010" },
            "urn:altinn:org": "skommune",
            "urn:altinn:orgNumber": "310700010",
            "urn:altinn:authenticatemethod": "maskinporten",
            "urn:altinn:authlevel": 3,
            "iss": format!("{}authentication/api/v1/openid/", running.issuer),
        })
    );
    assert!(running.last_log_line().ends_with("200 exchanged for 310700010"), "{}", running.last_log_line());
}

#[test]
fn only_a_service_owner_with_its_scope_has_a_short_name_and_digdirs_test_is_ttd() {
    let running = Running::start(|_| ());
    assert_eq!(claims(&running.exchanged(&running.maskinporten("difitest:test1"))).get("urn:altinn:org"), None);

    let file = running.installation.clients_file.clone();
    let clients = std::fs::read_to_string(&file).unwrap().replace("\"skommune\"", "\"digdir\"");
    std::fs::write(&file, clients.replace("991825827", "310700029")).unwrap();
    let token = running.maskinporten("altinn:serviceowner");
    for (query, org) in [("", "digdir"), ("?test=false", "digdir"), ("?test=true", "ttd")] {
        let (_, _, new) = running.bearer(&format!("{EXCHANGE}{query}"), &token, "");
        assert_eq!(claims(&new)["urn:altinn:org"], org, "{query}");
    }
}

#[test]
fn an_array_of_one_authorization_detail_becomes_an_object() {
    let running = Running::start(|_| ());
    let details = json!([{
        "type": "urn:altinn:systemuser",
        "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": "0192:310700053" },
    }]);
    let grant = running.grant(0, 0, "detail").claim("scope", json!("altinn:systembruker.demo"));
    let old = running.granted(&grant.claim("authorization_details", details));
    assert!(claims(&old)["authorization_details"].is_array());

    let new = claims(&running.exchanged(&old));

    let detail = &new["authorization_details"];
    assert_eq!(detail["systemuser_org"]["ID"], "0192:310700053");
    // Only the claim itself is collapsed.
    assert!(detail["systemuser_id"].is_array());
}

#[test]
fn the_token_is_text_unless_the_client_asks_for_json() {
    let running = Running::start(|_| ());
    let token = running.maskinporten("difitest:test1");
    for (accept, is_json) in [
        ("", false),
        ("Accept: */*\r\n", false),
        ("Accept: application/json, */*\r\n", false),
        ("Accept: application/json\r\n", true),
        ("Accept: application/hal+json\r\n", true),
    ] {
        let headers = format!("Authorization: bearer {token}\r\n{accept}");
        let (status, head, body) = running.ask(EXCHANGE, &headers, "");

        assert_eq!(status, 200);
        assert_eq!(head.contains("content-type: application/json; charset=utf-8"), is_json, "{accept}");
        assert_eq!(head.contains("content-type: text/plain; charset=utf-8"), !is_json, "{accept}");
        let raw = if is_json { serde_json::from_str(&body).unwrap() } else { body };
        assert_eq!(claims(&raw)["urn:altinn:orgNumber"], "310700010");
    }
}

#[test]
fn a_refused_token_gets_an_empty_401_and_the_log_has_the_reason() {
    let running = Running::start(|_| ());
    let token = running.maskinporten("difitest:test1");
    let altinn = running.exchanged(&token);
    let idporten = running.idporten("");
    let tampered = format!("{token}AAAA");
    for (authorization, reason) in [
        (String::new(), "the request has no Bearer token"),
        ("Authorization: Basic eDp5\r\n".to_owned(), "the request has no Bearer token"),
        ("Authorization: Bearer a.b\r\n".to_owned(), "the token is not a JWT"),
        (format!("Authorization: Bearer {altinn}\r\n"), "the token is not signed with a key of this issuer"),
        (format!("Authorization: Bearer {idporten}\r\n"), "the token is not signed with a key of this issuer"),
        (format!("Authorization: Bearer {tampered}\r\n"), "the token's signature is not valid"),
    ] {
        let (status, _, body) = running.ask(EXCHANGE, &authorization, "");

        assert_eq!((status, body.as_str()), (401, ""), "{reason}");
        assert!(running.last_log_line().ends_with(&format!(" 401 {reason}")), "{}", running.last_log_line());
    }
}

#[test]
fn a_wrong_issuer_consumer_or_expiry_is_refused() {
    for (token, reason) in [
        (json!({ "iss": "https://test.maskinporten.no/" }), "the token has another issuer"),
        (
            json!({ "consumer": { "authority": "x", "ID": "0192:310700010" } }),
            "the token's consumer is not an organisation",
        ),
        (
            json!({ "consumer": { "authority": "iso6523-actorid-upis", "ID": "9908:310700010" } }),
            "the token's consumer is not an organisation",
        ),
        (json!({ "consumer": null }), "the token's consumer is not an organisation"),
        (json!({ "exp": seconds() - 10 }), "the token has expired"),
        (json!({ "exp": null }), "the token has expired"),
    ] {
        let running = Running::start(|options| options.faults.token = token.as_object().unwrap().clone());

        let (status, _, body) = running.bearer(EXCHANGE, &running.maskinporten("difitest:test1"), "");

        assert_eq!((status, body.as_str()), (401, ""), "{token}");
        assert!(running.last_log_line().ends_with(reason), "{}", running.last_log_line());
    }
    // The clocks may differ by less than ten seconds.
    let running = Running::start(|options| drop(options.faults.token.insert("exp".to_owned(), json!(seconds() - 9))));
    running.exchanged(&running.maskinporten("difitest:test1"));
}

#[test]
fn an_unknown_provider_is_named_and_enterprise_users_are_gone() {
    let running = Running::start(|_| ());
    let token = running.maskinporten("difitest:test1");

    let (status, _, body) = running.bearer("GET /authentication/api/v1/exchange/feide", &token, "");
    assert_eq!(status, 400);
    assert_eq!(
        body,
        "Invalid token provider: feide. Trusted token providers are 'Maskinporten', 'Id-porten' and 'AltinnStudio'."
    );
    let (status, _, _) = running.bearer("GET /authentication/api/v1/exchange/MaskinPorten", &token, "");
    assert_eq!(status, 200);

    let enterprise = format!("Authorization: Bearer {token}\r\nX-Altinn-EnterpriseUser-Authentication: eDp5\r\n");
    let (status, head, body) = running.ask(EXCHANGE, &enterprise, "");
    assert_eq!(status, 410);
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["title"], "Virksomhetsbruker is no longer available");
    assert_eq!(problem["status"], 410);
    // The token is checked first.
    let (status, _, _) =
        running.ask(EXCHANGE, "Authorization: Bearer x\r\nX-Altinn-EnterpriseUser-Authentication: eDp5\r\n", "");
    assert_eq!(status, 401);
}

#[test]
fn a_token_of_idporten_is_exchanged_and_keeps_its_expiry() {
    let running = Running::start(|_| ());
    let exchange = "GET /authentication/api/v1/exchange/id-porten";

    let (status, _, new) = running.bearer(exchange, &running.idporten(""), "");

    assert_eq!(status, 200);
    let new = claims(&new);
    assert_eq!(new["exp"], seconds() + 600);
    assert_eq!(new["pid"], PID);
    assert_eq!(new["urn:altinn:authenticatemethod"], "TestID");
    assert_eq!(new["urn:altinn:authlevel"], 3);
    assert_eq!(new["nameid"], new["urn:altinn:userid"]);
    assert!(new["urn:altinn:partyid"].is_u64());
    assert_eq!(new["urn:altinn:party:uuid"].as_str().unwrap().len(), 36);
    assert_eq!(new["amr"], "TestID");
    for name in ["aud", "at_hash", "sub"] {
        assert_eq!(new.get(name), None, "{name}");
    }

    for (query, level) in [("&acr=idporten-loa-high", 4), ("&acr=idporten-loa-low", 0), ("&acr=Level4", 4)] {
        let (_, _, new) = running.bearer(exchange, &running.idporten(query), "");
        assert_eq!(claims(&new)["urn:altinn:authlevel"], level, "{query}");
    }
    for (query, status, reason) in [
        ("&scope=openid", 403, "the token has no scope of Altinn's"),
        ("&scope=skatteetaten:mvameldingvalidering", 200, "exchanged for user"),
        ("&acr=", 401, "the token has no pid or no acr"),
        ("&lifetime_seconds=0", 200, "exchanged for user"),
    ] {
        let (got, _, _) = running.bearer(exchange, &running.idporten(query), "");
        assert_eq!(got, status, "{query}");
        assert!(running.last_log_line().contains(reason), "{}", running.last_log_line());
    }
    let (status, _, _) = running.bearer(exchange, &running.maskinporten("altinn:serviceowner"), "");
    assert_eq!(status, 401);
    let (status, _, _) = running.ask("GET /idporten/test-token?pid=08828610033", "", "");
    assert_eq!(status, 400);
}

#[test]
fn a_token_of_altinn_is_renewed_while_it_is_valid() {
    let running = Running::start(|options| options.faults.altinn.token_lifetime_seconds = None);
    let old = running.exchanged(&running.maskinporten("difitest:test1"));

    let (status, _, new) = running.bearer("GET /authentication/api/v1/refresh", &old, "");

    assert_eq!(status, 200);
    let (old, new) = (claims(&old), claims(&new));
    assert_ne!(old["jti"], new["jti"]);
    assert_eq!(new["exp"], seconds() + 1800);
    assert_eq!(new["consumer"], old["consumer"]);
    let (status, _, body) =
        running.bearer("GET /authentication/api/v1/refresh", &running.maskinporten("difitest:test1"), "");
    assert_eq!((status, body.as_str()), (401, ""));

    let running = Running::start(|options| options.faults.altinn.token_lifetime_seconds = Some(0));
    let expired = running.exchanged(&running.maskinporten("difitest:test1"));
    let (status, _, _) = running.bearer("GET /authentication/api/v1/refresh", &expired, "");
    assert_eq!(status, 401);
    assert!(running.last_log_line().ends_with("the token has expired"), "{}", running.last_log_line());
}

#[test]
fn the_published_keys_verify_the_tokens_and_have_altinns_form() {
    let running = Running::start(|_| ());
    let token = running.exchanged(&running.maskinporten("difitest:test1"));

    let (_, _, document) = running.ask("GET /authentication/api/v1/openid/.well-known/openid-configuration", "", "");
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["issuer"], claims(&token)["iss"]);
    let path = document["jwks_uri"].as_str().unwrap().strip_prefix(running.issuer.as_str()).unwrap().to_owned();
    let (_, _, keys) = running.ask(&format!("GET /{path}"), "", "");
    let key = serde_json::from_str::<Value>(&keys).unwrap()["keys"][0].clone();

    let certificate = X509::from_der(&STANDARD.decode(key["x5c"][0].as_str().unwrap()).unwrap()).unwrap();
    let thumbprint = certificate.digest(MessageDigest::sha1()).unwrap();
    let kid: String = thumbprint.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).map(char::from).collect();
    let header = part(&token, 0);
    assert_eq!(header["kid"], kid);
    assert_eq!(key["kid"], kid);
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["x5t"].as_str().unwrap().len(), 27);
    // Altinn's numbers are in standard base64.
    let number =
        |name: &str| openssl::bn::BigNum::from_slice(&STANDARD.decode(key[name].as_str().unwrap()).unwrap()).unwrap();
    let rsa = Rsa::from_public_components(number("n"), number("e")).unwrap();
    assert_eq!(rsa.size(), 256);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = PKey::from_rsa(rsa).unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    assert!(verifier.verify_oneshot(&signature, signed.as_bytes()).unwrap());
}

#[test]
fn the_key_is_kept_with_its_key_id() {
    let running = Running::start(|_| ());
    running.exchanged(&running.maskinporten("difitest:test1"));
    let file = running.installation.dir.join("altinn-signing-key.pem");
    let content = std::fs::read(&file).unwrap();
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions()) & 0o777,
        0o600
    );

    let other = Running::start(|options| {
        std::fs::write(options.dir.join("altinn-signing-key.pem"), &content).unwrap();
    });

    let [first, second] = [&running, &other]
        .map(|running| part(&running.exchanged(&running.maskinporten("difitest:test1")), 0)["kid"].clone());
    assert_eq!(first, second);
}

#[test]
fn the_sample_api_accepts_tokens_of_altinn_and_says_whose_they_are() {
    let running = Running::start(|_| ());
    let raw = running.maskinporten("difitest:test1");
    let (status, _, _) = running.bearer("GET /api/whoami", &raw, "");
    assert_eq!(status, 401);
    assert!(running.last_log_line().ends_with("the token is Maskinporten's and has not been exchanged"));

    let token = running.exchanged(&raw);
    let (status, body) = running.json("GET /api/whoami", &token, &Value::Null);
    assert_eq!(status, 200);
    assert_eq!(body["organisation"], "310700010");
    assert_eq!(body["authentication_method"], "maskinporten");
    assert_eq!(body["scope"], "difitest:test1");
    let (status, _, _) = running.bearer("GET /api/whoami?scope=difitest:test2", &token, "");
    assert_eq!(status, 403);
    let (_, _, person) = running.bearer("GET /authentication/api/v1/exchange/id-porten", &running.idporten(""), "");
    let (_, body) = running.json("GET /api/whoami", &person, &Value::Null);
    assert!(body["user_id"].is_string(), "{body}");
}

fn faulty(altinn: AltinnFaults) -> impl FnOnce(&mut SimulatorOptions) {
    |options| options.faults.altinn = altinn
}

#[test]
fn faults_replace_the_answers_of_the_platform() {
    for (status, body) in
        [(401, ""), (403, ""), (429, ""), (503, "Service Unavailable\n"), (500, "Internal Server Error\n")]
    {
        let fault = AltinnFaults { status: Some(status), retry_after_seconds: Some(7), ..AltinnFaults::default() };
        let running = Running::start(faulty(fault));
        let (got, head, text) = running.bearer(EXCHANGE, &running.maskinporten("difitest:test1"), "");
        assert_eq!((got, text.as_str()), (status, body));
        assert!(head.contains("retry-after: 7"), "{head}");
        assert!(running.last_log_line().ends_with("fault altinn"), "{}", running.last_log_line());
    }
    let running = Running::start(faulty(AltinnFaults { status: Some(410), ..AltinnFaults::default() }));
    let (status, _, body) = running.bearer(EXCHANGE, &running.maskinporten("difitest:test1"), "");
    assert_eq!(status, 410);
    assert!(body.contains("Virksomhetsbruker"), "{body}");
    let running = Running::start(faulty(AltinnFaults { answer: Some(FaultAnswer::Html), ..AltinnFaults::default() }));
    let (status, _, body) = running.bearer(EXCHANGE, &running.maskinporten("difitest:test1"), "");
    assert_eq!(status, 200);
    assert!(body.starts_with("<!DOCTYPE html>"), "{body}");
}

#[test]
fn a_fault_ends_after_its_number_of_requests() {
    let fault = AltinnFaults { status: Some(503), first_requests: Some(2), ..AltinnFaults::default() };
    let running = Running::start(faulty(fault));
    let token = running.maskinporten("difitest:test1");

    let statuses = [(); 4].map(|()| running.bearer(EXCHANGE, &token, "").0);

    assert_eq!(statuses, [503, 503, 200, 200]);
}
