//! The sources of a value: options, variables, the environment, and an issuer's metadata.

use serde_json::Value;
use snapbox::str;

use crate::{
    server::{Request, Server, Step, answer, asking, json, token},
    support::{Maskinporten, maskinporten, testdata},
};

/// `grant --decode` without an audience and a token endpoint.
fn decoding() -> Maskinporten {
    maskinporten(["grant", "--decode", "--client-id", "our-client", "--keystore", &testdata("iterations-one.p12")])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
}

#[track_caller]
fn claims(decoded: &str) -> Value {
    serde_json::from_str::<Value>(decoded).unwrap()["claims"].take()
}

/// A response with metadata whose token endpoint is `/swap`.
fn metadata(issuer: &str, token_endpoint: &str) -> Step {
    json("200 OK", format!(r#"{{"issuer":"{issuer}","token_endpoint":"{token_endpoint}","jwks_uri":"x"}}"#))
}

#[test]
fn an_option_beats_a_variable_and_a_variable_beats_the_environment() {
    let decoded = decoding()
        .args(["--env", "test", "--scope", "option:one"])
        .env("MASKINPORTEN_ENV", "prod")
        .env("MASKINPORTEN_SCOPE", "variable:one")
        .env("MASKINPORTEN_AUDIENCE", "https://variable.example/")
        .env("MASKINPORTEN_CLIENT_ID", "variable")
        .run()
        .artefact();

    let claims = claims(&decoded);
    assert_eq!(claims["scope"], "option:one");
    assert_eq!(claims["aud"], "https://variable.example/");
    assert_eq!(claims["iss"], "our-client");
}

#[test]
fn a_variable_that_is_empty_counts_as_none() {
    let decoded = decoding()
        .args(["--env", "test", "--scope", "a:b"])
        .env("MASKINPORTEN_AUDIENCE", "")
        .env("MASKINPORTEN_CONSUMER_ORG", "")
        .env("MASKINPORTEN_KID", "")
        .env("MASKINPORTEN_TTL", "")
        .run()
        .artefact();

    let claims = claims(&decoded);
    assert_eq!(claims["aud"], "https://test.maskinporten.no/");
    assert_eq!(claims["consumer_org"], Value::Null);
}

#[test]
fn every_environment_has_its_issuer_and_altinns_address_for_altinns_scopes_alone() {
    for (environment, issuer, altinn) in [
        ("prod", "https://maskinporten.no/", Some("https://www.altinn.no/")),
        ("test", "https://test.maskinporten.no/", Some("https://tt02.altinn.no/")),
        ("dev", "https://maskinporten.dev/", None),
    ] {
        for (scopes, resource) in
            [("altinn:a", altinn), ("altinn:a altinn:b", altinn), ("altinn:a digdir:b", None), ("x:altinn:a", None)]
        {
            let claims = claims(&decoding().args(["--env", environment, "--scope", scopes]).run().artefact());

            assert_eq!(claims["aud"], issuer);
            assert_eq!(claims["resource"].as_str(), resource, "{environment} {scopes}");
        }
    }
}

#[test]
fn a_resource_that_is_given_replaces_the_default_and_several_are_an_array() {
    let resource = |arguments: &[&str]| {
        let decoded = decoding().args(["--env", "test", "--scope", "altinn:a"]).args(arguments).run().artefact();
        claims(&decoded)["resource"].take()
    };

    assert_eq!(resource(&["--resource", "https://a.no"]), "https://a.no");
    assert_eq!(resource(&["-r", "urn:a", "-r", "urn:b"]), serde_json::json!(["urn:a", "urn:b"]));
    assert_eq!(resource(&["--no-resource"]), Value::Null);
}

#[test]
fn ver2_works_with_a_warning_that_quiet_suppresses() {
    let ver2 = || decoding().args(["--env", "ver2", "--scope", "a:b"]);
    let warning = "ver2 was phased out on 2024-06-10 and replaced by test";

    let usual = ver2().run();
    let quiet = ver2().args(["--quiet"]).run();
    let program = ver2().args(["--error-format", "json"]).run();
    let coloured = ver2().args(["--color", "always"]).run();

    assert_eq!(claims(&usual.stdout)["aud"], "https://ver2.maskinporten.no/");
    assert_eq!((usual.code, usual.stderr), (0, format!("warning: {warning}\n")));
    quiet.artefact();
    assert_eq!((program.code, program.stderr), (0, format!("{{\"warnings\":[\"{warning}\"]}}\n")));
    assert_eq!((coloured.code, coloured.stderr), (0, format!("\u{1b}[1m\u{1b}[33mwarning:\u{1b}[0m {warning}\n")));
}

#[test]
fn audience_and_token_endpoint_together_need_no_environment() {
    let decoded = decoding().args(["-s", "altinn:a", "-a", "https://issuer.example/", "-e", "https://a.example/token"]);
    let without_endpoint = decoding().args(["-s", "altinn:a", "-a", "https://issuer.example/"]);

    let claims = claims(&decoded.run().artefact());
    assert_eq!((claims["aud"].as_str(), claims["resource"].as_str()), (Some("https://issuer.example/"), None));
    without_endpoint.run().fails(
        3,
        str![[r#"
error: no environment was given
hint: pass --env test or --env prod (--env local for the simulator), or set MASKINPORTEN_ENV

"#]],
    );
}

#[test]
fn metadata_gives_issuer_and_token_endpoint() {
    for path in ["", "/", "/.well-known/oauth-authorization-server"] {
        let server = Server::start_knowing(|own| [metadata(&format!("{own}/"), &format!("{own}/swap")), token()]);

        decoding_with_discovery("token", &server.url(path)).run().artefact();

        let requests = server.requests();
        assert_eq!(requests[0].line(), "GET /.well-known/oauth-authorization-server HTTP/1.1");
        assert_eq!(requests[0].header("Accept"), Some("application/json"));
        assert_eq!(requests[1].line(), "POST /swap HTTP/1.1");
        assert_eq!(requests[1].claims()["aud"], server.url("/"));
    }
}

fn decoding_with_discovery(command: &str, address: &str) -> Maskinporten {
    without_a_server(command).args(["--discover", address])
}

fn without_a_server(command: &str) -> Maskinporten {
    maskinporten([command, "--client-id", "our-client", "--scope", "a:b"])
        .args(["--keystore", &testdata("iterations-one.p12")])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
}

#[test]
fn metadata_of_openid_connect_is_below_the_path_of_the_issuer() {
    let server = Server::start_knowing(|own| [metadata(&format!("{own}/idp"), &format!("{own}/swap")), token()]);

    decoding_with_discovery("token", &server.url("/idp/.well-known/openid-configuration")).run().artefact();

    assert_eq!(server.requests()[0].line(), "GET /idp/.well-known/openid-configuration HTTP/1.1");
    assert_eq!(server.requests()[1].claims()["aud"], server.url("/idp"));
}

#[test]
fn a_token_endpoint_that_is_set_beats_a_discovered_one() {
    let server = Server::start_knowing(|own| [metadata(&format!("{own}/"), "https://elsewhere.example/swap"), token()]);

    decoding_with_discovery("token", &server.url("/"))
        .args(["--token-endpoint", &server.url("/token")])
        .run()
        .artefact();

    assert_eq!(server.requests()[1].line(), "POST /token HTTP/1.1");
    assert_eq!(server.requests()[1].claims()["aud"], server.url("/"));
}

#[test]
fn nothing_is_discovered_when_everything_is_set() {
    let server = Server::start_knowing(|_| [token()]);

    asking("token", &server).env("MASKINPORTEN_DISCOVER", server.url("/")).run().artefact();

    assert_eq!(server.requests()[0].line(), "POST /token HTTP/1.1");
    assert_eq!(server.requests()[0].claims()["aud"], "https://issuer.example/");
}

/// A place without metadata.
fn absent() -> Step {
    answer("404 Not Found", &["Content-Type: text/plain"], "no\u{1b}[2J such page")
}

#[test]
fn metadata_is_searched_at_three_places_until_one_has_a_document() {
    let places = [
        "GET /.well-known/oauth-authorization-server/realms/x HTTP/1.1",
        "GET /realms/x/.well-known/oauth-authorization-server HTTP/1.1",
        "GET /realms/x/.well-known/openid-configuration HTTP/1.1",
    ];
    // Keycloak's and mock-oauth2-server's issuers have no slash at the end, Auth0's and Ory's have one.
    for (asked, issuer) in [("/realms/x", "/realms/x"), ("/realms/x/", "/realms/x"), ("/realms/x", "/realms/x/")] {
        for without in 0..places.len() {
            let server = Server::start_knowing(|own| {
                let document = metadata(&format!("{own}{issuer}"), &format!("{own}/swap"));
                (0..without).map(|_| absent()).chain([document, token()]).collect::<Vec<_>>()
            });

            decoding_with_discovery("token", &server.url(asked)).run().artefact();

            let requests = server.requests();
            let asked_places: Vec<&str> = requests[..=without].iter().map(Request::line).collect();
            assert_eq!(asked_places, places[..=without]);
            assert_eq!(requests[without + 1].claims()["aud"], server.url(issuer));
        }
    }
}

#[test]
fn the_whole_url_of_metadata_is_the_only_place() {
    for path in [
        "/realms/x/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/realms/x",
        "/.well-known/oauth-authorization-server/realms/x/",
        "/realms/x/.well-known/openid-configuration",
    ] {
        let server =
            Server::start_knowing(|own| [metadata(&format!("{own}/realms/x"), &format!("{own}/swap")), token()]);

        without_a_server("token").env("MASKINPORTEN_WELL_KNOWN_URL", server.url(path)).run().artefact();

        assert_eq!(server.requests()[0].line(), format!("GET {path} HTTP/1.1"));
    }
    let server = Server::start([absent()]);
    let whole = server.url("/x/.well-known/openid-configuration");
    let outcome = decoding_with_discovery("grant", &whole).run();
    outcome.fails(6, &refused(&whole, "HTTP 404 with text/plain, and the expected status is 200: no [2J such page"));
}

#[test]
fn every_place_without_metadata_is_named() {
    let server =
        Server::start([absent(), answer("302 Found", &["Location: https://elsewhere.example/?a"], ""), absent()]);

    let outcome = decoding_with_discovery("grant", &server.url("/x")).run();

    let said = format!(
        "HTTP 404 with text/plain, and there is no metadata at {} (HTTP 404) and {} (HTTP 302 to \
         https://elsewhere.example/) either",
        server.url("/.well-known/oauth-authorization-server/x"),
        server.url("/x/.well-known/oauth-authorization-server")
    );
    outcome.fails(6, &refused(&server.url("/x/.well-known/openid-configuration"), &said));
}

#[test]
fn the_search_for_metadata_ends_with_a_document_that_is_wrong_or_a_server_that_is_gone() {
    let whole = "HTTP 200 with application/json, and";
    for (step, said) in [
        (json("200 OK", "{}"), format!("{whole} it is not metadata (RFC 8414 §2)")),
        (json("200 OK", "[1"), format!("{whole} it is not metadata (RFC 8414 §2)")),
        (json("200 OK", r#"{"issuer":"x"}"#), format!("{whole} its `issuer` is not a valid URL")),
        (metadata("here", "https://a.example/token"), format!("{whole} its `issuer` is not a valid URL")),
        (
            metadata("https://issuer.example/", "https://issuer.example/token"),
            format!("{whole} it is the metadata of another issuer, https://issuer.example/ (RFC 8414 §3.3)"),
        ),
    ] {
        refuses_metadata(&Server::start([step]), &said);
    }
    let server = Server::start_knowing(|own| [metadata(&format!("{own}/tenant"), &format!("{own}/token"))]);
    let said = format!("{whole} it is the metadata of another issuer, {} (RFC 8414 §3.3)", server.url("/tenant"));
    refuses_metadata(&server, &said);
    refuses_metadata(
        &Server::start_knowing(|own| [metadata(&format!("{own}/"), "http://elsewhere.example/token")]),
        &format!("{whole} its `token_endpoint` is not a valid URL"),
    );
    let gone = Server::start([absent(), Step::Reset]);
    let outcome = decoding_with_discovery("grant", &gone.url("/x")).args(["--retries", "0"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{}", outcome.stderr);
}

/// Returns the error about the metadata at a place.
fn refused(place: &str, said: &str) -> String {
    format!(
        "error: unexpected response\n\
         caused by: {place} answered {said}\n\
         hint: check the URL, and whether a proxy answers instead of the server\n"
    )
}

/// No grant is signed or sent.
#[track_caller]
fn refuses_metadata(server: &Server, said: &str) {
    let outcome = decoding_with_discovery("grant", &server.url("/")).run();

    outcome.fails(6, &refused(&server.url("/.well-known/oauth-authorization-server"), said));
}
