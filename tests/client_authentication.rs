//! Token requests for servers that want to know the client, or more parameters than Maskinporten.

use std::fs;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use snapbox::str;

use crate::{
    server::{Server, asking, json as answer, shell, success, token},
    support::{Maskinporten, assert_snapshot, maskinporten},
};

/// Returns the parameters of a token request after `assertion`.
fn parameters(server: &Server) -> Vec<(String, String)> {
    let body = server.request().body;
    let pairs = url::form_urlencoded::parse(body.as_bytes()).into_owned();
    pairs.filter(|(name, _)| !["grant_type", "assertion"].contains(&name.as_str())).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// Makes a command with a method of client authentication, and the client's secret in a variable.
fn authenticated(server: &Server, method: &str) -> Maskinporten {
    asking("token", server).args(["--client-auth", method]).env("MASKINPORTEN_CLIENT_SECRET", "p:å+")
}

fn claims(jwt: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn the_client_is_named_by_its_id_alone_or_with_its_secret() {
    for (method, expected) in [
        ("none", pairs([("client_id", "our-client")])),
        ("client_secret_post", pairs([("client_id", "our-client"), ("client_secret", "p:å+")])),
        ("client_secret_basic", pairs([])),
    ] {
        let server = Server::start([token()]);

        authenticated(&server, method).run().artefact();

        assert_eq!(parameters(&server), expected, "{method}");
        // our-client:p%3A%C3%A5%2B
        let header = "\r\nauthorization: Basic b3VyLWNsaWVudDpwJTNBJUMzJUE1JTJC\r\n";
        assert_eq!(server.request().head.contains(header), method == "client_secret_basic", "{method}");
    }
}

#[test]
fn private_key_jwt_is_a_second_assertion_by_the_same_key() {
    let server = Server::start([token()]);

    asking("token", &server)
        .args(["--client-auth", "private_key_jwt", "--token-request-param", "client_id=registered"])
        .run()
        .artefact();

    let parameters = parameters(&server);
    let [(kind, jwt_bearer), (name, assertion)] = parameters.as_slice() else { panic!("{parameters:?}") };
    assert_eq!((kind.as_str(), name.as_str()), ("client_assertion_type", "client_assertion"));
    assert_eq!(jwt_bearer, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let own = claims(assertion);
    assert_eq!((&own["iss"], &own["sub"]), (&json!("registered"), &json!("registered")));
    assert_eq!(own["aud"], "https://issuer.example/");
    let body = server.request().body;
    let grant = body.split('&').find_map(|pair| pair.strip_prefix("assertion=")).unwrap();
    assert_eq!(claims(grant)["iss"], "our-client");
    assert_ne!(claims(grant)["jti"], own["jti"]);
    assert_eq!(grant.split('.').next(), assertion.split('.').next());
}

#[test]
fn extra_parameters_follow_the_grant_in_their_order() {
    let server = Server::start([token()]);

    asking("token", &server)
        .args(["--token-request-param", "scope=a b", "--token-request-param", "resource=urn:a"])
        .args(["--token-request-param", "resource=urn:b=c"])
        .run()
        .artefact();

    let expected = pairs([("scope", "a b"), ("resource", "urn:a"), ("resource", "urn:b=c")]);
    assert_eq!(parameters(&server), expected);
}

#[test]
fn a_profile_has_the_same_settings() {
    let server = Server::start([token()]);
    let command = asking("token", &server);
    fs::write(command.home().join("client.secret"), "s3cret\r\n").unwrap();
    let config = "[profiles.a]\nclient_auth = \"client_secret_post\"\nclient_secret_file = \"client.secret\"\n\
                  token_request_param = [\"scope=a\"]\n";
    fs::write(command.home().join("config.toml"), config).unwrap();
    let file = command.home().join("config.toml");

    command.args(["--profile", "a", "--config"]).args([&file]).run().artefact();

    let expected = pairs([("client_id", "our-client"), ("client_secret", "s3cret"), ("scope", "a")]);
    assert_eq!(parameters(&server), expected);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs curl")]
#[test]
fn a_shell_runs_the_curl_command_of_a_grant_with_its_credentials() {
    for method in ["client_secret_basic", "client_secret_post", "private_key_jwt"] {
        let server = Server::start([token()]);
        let arguments = ["--client-auth", method, "--format", "curl"];
        let command = asking("grant", &server).args(arguments).env("MASKINPORTEN_CLIENT_SECRET", "p:å+");

        let command = command.run().artefact();
        let output = shell(&command);

        assert_eq!(output, success(), "{method}");
        let request = server.request();
        assert_eq!(request.header("Content-Type"), Some("application/x-www-form-urlencoded"));
        assert!(command.contains(&request.body), "{method}");
        assert_eq!(request.header("Authorization").is_some(), method == "client_secret_basic");
    }
}

#[test]
fn what_cannot_be_a_method_a_secret_or_a_parameter_is_refused_before_the_key_is_opened() {
    let server = Server::start([]);
    let refused = |arguments: &[&str], code| {
        let command = asking("token", &server).args(arguments).env("MASKINPORTEN_KEYSTORE", "/nonexistent");
        command.run().failure(code).to_owned()
    };

    let report = [
        refused(&["--client-auth", "basic"], 2),
        refused(&["--client-auth", "client_secret_post"], 3),
        refused(&["--client-auth", "client_secret_basic", "--client-secret-file", "/nonexistent"], 3),
        refused(&["--client-auth", "client_secret_basic", "--client-secret-file", "/dev/null"], 3),
        refused(&["--token-request-param", "scope"], 2),
        refused(&["--token-request-param", "assertion=a"], 2),
        refused(&["--token-request-param", "client_secret=hunter2"], 2),
        refused(&["--token-request-param", "a=b", "--token-request-param", "a=c"], 2),
        refused(&["--token-request-param", "client_id="], 2),
    ];

    assert_snapshot(
        &report.concat(),
        str![[r#"
error: --client-auth is not a known method of client authentication
hint: use one of none, client_secret_basic, client_secret_post, private_key_jwt
error: --client-auth needs the client's secret, and none was given
hint: pass --client-secret-file FILE, or set MASKINPORTEN_CLIENT_SECRET
error: could not read the client's secret in `/nonexistent`: No such file or directory (os error 2)
hint: check the path in --client-secret-file
error: could not read the client's secret in `/dev/null`: it is empty
hint: check the path in --client-secret-file
error: --token-request-param is not of the form NAME=VALUE
hint: pass --token-request-param NAME=VALUE
error: --token-request-param cannot be used
caused by: the parameter `assertion` is not set with --token-request-param
hint: leave it out: it is the signed grant
error: --token-request-param cannot be used
caused by: the parameter `client_secret` is not set with --token-request-param
hint: use --client-auth client_secret_post and --client-secret-file
error: --token-request-param cannot be used
caused by: the parameter `a` was given twice (RFC 6749 §3.2)
hint: give each parameter once
error: --token-request-param cannot be used
caused by: `` is not a client id
hint: copy the client id from https://sjolvbetjening.samarbeid.digdir.no

"#]],
    );
}

#[test]
fn the_secret_never_goes_where_a_project_file_decides() {
    let server = Server::start([]);
    let project = tempfile::tempdir().unwrap();
    let url = server.url("/token");
    let config = format!("[profiles.a]\naudience = \"{url}\"\ntoken_endpoint = \"{url}\"\n");
    fs::write(project.path().join("maskinporten.toml"), config).unwrap();
    let command =
        maskinporten(["token", "--profile", "a", "--client-id", "a", "--scope", "a:b", "--keystore", "a.p12"]);

    let outcome = command
        .args(["--client-auth", "client_secret_post"])
        .env("MASKINPORTEN_CLIENT_SECRET", "hunter2")
        .in_folder(project.path())
        .run();

    let folder = project.path().canonicalize().unwrap();
    outcome.replacing(folder.display(), "[PROJECT]").fails(
        3,
        str![[r#"
error: audience in `[PROJECT]/maskinporten.toml`, line 2 decides where the client's secret would be sent
hint: if you trust the file, name it with --config, or write the address in your own config file

"#]],
    );
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_refusal_of_another_server_has_no_explanation_of_maskinporten() {
    let body = r#"{"error":"invalid_client","error_description":"Invalid client or Invalid client credentials"}"#;
    let server = Server::start([answer("401 Unauthorized", body)]);
    asking("token", &server).run().fails(
        5,
        str![[r#"
error: the token endpoint refused the grant: HTTP 401, invalid_client
caused by: the server says: Invalid client or Invalid client credentials
hint: pass --client-auth with the method that the client is registered with

"#]],
    );

    let body = r#"{"error":"invalid_grant","error_description":"The assertion has expired."}"#;
    let server = Server::start([answer("400 Bad Request", body)]);
    asking("token", &server).run().fails(
        5,
        str![[r#"
error: the token endpoint refused the grant: HTTP 400, invalid_grant
caused by: the server says: The assertion has expired.
hint: look the error up in the server's documentation or log; some servers want --client-auth or --token-request-param

"#]],
    );
}

#[test]
fn the_limit_of_120_seconds_is_that_of_maskinporten_alone() {
    let server = Server::start([token()]);
    asking("token", &server).args(["--ttl", "5m"]).run().artefact();
    let claims = server.request().claims();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);

    let refused =
        [("https://issuer.example/", "3601"), ("https://test.maskinporten.no/", "121")].map(|(issuer, ttl)| {
            let command = asking("token", &server).args(["--ttl", ttl, "--audience", issuer]);
            command.run().failure(2).to_owned()
        });
    assert_snapshot(
        &refused.concat(),
        str![[r#"
error: --ttl cannot be used
caused by: a grant of 3601 s is outside the limit of 1 to 3600 s between `iat` and `exp`
hint: pass --ttl 300, or what the server's documentation allows
error: --ttl cannot be used
caused by: a grant of 121 s is outside what Maskinporten allows: 1 to 120 s between `iat` and `exp`
hint: pass --ttl 120 or less; the access token's lifetime does not depend on it

"#]],
    );
}

#[test]
fn inspect_warns_of_what_maskinporten_refuses_only_in_grants_for_maskinporten() {
    let server = Server::start([]);
    let warnings = |arguments: &[&str]| {
        let grant = asking("grant", &server).args(["--claim", "sub=a"]).args(arguments).run().artefact();
        let outcome = maskinporten(["inspect", "--format", "json"]).stdin(grant).run();
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        report["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].clone()).collect::<Vec<_>>()
    };

    assert_eq!(warnings(&["--ttl", "5m"]), [""; 0]);
    assert_eq!(warnings(&["--audience", "https://test.maskinporten.no/"]), ["undocumented_claim"]);
}
