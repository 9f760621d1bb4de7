//! Tokens of a simulator, verified with the keys that it publishes; faults, with the whole report and the exit code.

use std::fs;

use serde_json::{Value, json};
use snapbox::str;

use super::{encode, published, signed, wire};
use crate::{
    local::Local,
    server::{Server, json as answer},
    support::{Outcome, maskinporten, testdata},
};

const HINT: &str = "hint: the report on stdout has what was found and what was expected\n";

fn token(local: &Local, arguments: &[&str]) -> String {
    local.maskinporten(&["token", "--env", "local"]).args(arguments).run().artefact()
}

fn inspect(local: &Local, arguments: &[&str], token: &str) -> Outcome {
    local.maskinporten(&["inspect", "--format", "json"]).args(arguments).stdin(token).run()
}

/// Returns each finding as `check verdict found`, without times, which vary.
fn findings(outcome: &Outcome) -> Vec<String> {
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["verification"]["findings"].as_array().unwrap().iter().map(|finding| {
        let (check, verdict) = (text(&finding["check"]), text(&finding["verdict"]));
        let found =
            if ["expiry", "issued_at"].contains(&check.as_str()) { "…".to_owned() } else { text(&finding["found"]) };
        format!("{check} {verdict} {found}; expected {}", text(&finding["expected"]))
    });
    findings.collect()
}

const TIMES: [&str; 2] = [
    "expiry good …; expected a time in the future, without leeway",
    "issued_at good …; expected a time in the past, or at most 10 s in the future",
];

/// Returns the id of the simulator's key.
fn key_id(local: &Local, token: &str) -> String {
    let report: Value = serde_json::from_str(&inspect(local, &[], token).artefact()).unwrap();
    report["header"]["kid"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_that_was_just_issued_meets_every_expectation() {
    let local = Local::start(&[]);
    let token = token(&local, &["-r", "https://api.example.no/", "-s", "difitest:test1"]);
    let key = key_id(&local, &token);
    let issuer = local.issuer();

    for expectations in [
        ["--verify", "--audience", "https://api.example.no/", "--scope", "difitest:test1", "--consumer", "310700010"]
            .as_slice(),
        &["--audience=https://api.example.no/", "-s", "difitest:test1", "--consumer", "310700010", "--env", "local"],
    ] {
        let outcome = inspect(&local, expectations, &token);

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        assert_eq!(
            findings(&outcome),
            [
                format!("signature good RS256 by the key `{key}`; expected a signature by a key of its issuer"),
                format!("issuer good {issuer}; expected {issuer}"),
                TIMES[0].to_owned(),
                TIMES[1].to_owned(),
                "audience good https://api.example.no/; expected https://api.example.no/".to_owned(),
                "scope good difitest:test1; expected difitest:test1".to_owned(),
                "consumer good 0192:310700010; expected 0192:310700010".to_owned(),
            ]
        );
    }
}

#[test]
fn the_text_report_is_complete() {
    let local = Local::start(&[]);
    let token = token(&local, &[]);
    let report: Value = serde_json::from_str(&inspect(&local, &[], &token).artefact()).unwrap();
    let [kid, iss, jti] = [&report["header"]["kid"], &report["claims"]["iss"], &report["claims"]["jti"]]
        .map(|value| value.as_str().unwrap().to_owned());

    let outcome = local
        .maskinporten(&["inspect", "--scope", "a:b", "--consumer", "991825827", "--color", "never"])
        .env("TZ", "CET-1")
        .stdin(token)
        .run();

    let is_time =
        |line: &&str| ["  exp  ", "  iat  "].iter().any(|claim| line.starts_with(claim)) || line.contains("Z (");
    let (times, others): (Vec<&str>, Vec<&str>) = outcome.stdout.lines().partition(is_time);
    assert_eq!(times.len(), 4, "{}", outcome.stdout);
    assert!(times[0].contains(" +01:00, in 1 min 5"), "{}", times[0]);
    assert_eq!(
        others.join("\n"),
        format!(
            "Maskinporten access token (local)\n\n\
             header\n  kid  {kid}\n  alg  RS256\n\n\
             claims\n  scope       difitest:test1\n  iss         {iss}\n  client_amr  virksomhetssertifikat\n\
             \x20 token_type  Bearer\n  client_id   8d001e58-c758-4beb-a9ec-ae1d770fa35e\n  jti         {jti}\n\
             \x20 consumer    {{\"authority\":\"iso6523-actorid-upis\",\"ID\":\"0192:310700010\"}}\n\n\
             organisations\n  consumer  310700010  consumer.ID\n\n\
             verification\n  ok     signature  RS256 by the key `{kid}`\n  ok     issuer     {iss}\n\
             \x20 FAULT  scope      difitest:test1; expected a:b\n\
             \x20 FAULT  consumer   0192:310700010; expected 0192:991825827"
        )
    );
    assert_eq!(outcome.stderr, format!("error: the token is not valid: scope, consumer\n{HINT}"));
    assert_eq!(outcome.code, 7);
}

#[test]
fn each_fault_is_named_and_the_exit_code_is_7() {
    let local = Local::start(&[]);
    let token = token(&local, &[]);
    let [header, claims, signature] = token.trim_end().split('.').collect::<Vec<_>>().try_into().unwrap();
    let key = key_id(&local, &token);
    let tampered = format!("{header}.{}.{signature}", changed(&local, &token));
    let unknown = format!("{}.{claims}.{signature}", encode(&json!({ "kid": "unknown", "alg": "RS256" })));
    for (token, arguments, check, found) in [
        (&tampered, &["--verify"][..], "signature", format!("RS256, but not by the key `{key}`")),
        (&unknown, &["--verify"], "signature", format!("unknown key `unknown`; known keys: {key}")),
        (&token, &["--audience", "https://api.example.no/"], "audience", "no `aud`".to_owned()),
        (&token, &["-s", "difitest:test1 a:b"], "scope", "difitest:test1".to_owned()),
        (&token, &["--consumer", "991825827"], "consumer", "0192:310700010".to_owned()),
    ] {
        let outcome = inspect(&local, arguments, token);

        assert_eq!(outcome.stderr, format!("error: the token is not valid: {check}\n{HINT}"));
        assert_eq!(outcome.code, 7);
        let fault = findings(&outcome).into_iter().find(|finding| finding.contains(" fault ")).unwrap();
        assert!(fault.starts_with(&format!("{check} fault {found}; expected ")), "{fault}");
    }
}

#[test]
fn the_server_that_the_settings_name_is_the_issuer_whose_keys_verify_its_tokens() {
    let local = Local::start(&[]);
    let token = token(&local, &[]);
    let issuer = local.issuer();
    let whole = format!("{issuer}.well-known/oauth-authorization-server");
    let config = format!("[profiles.p]\ndiscover = \"{issuer}\"\n[profiles.q]\naudience = \"{issuer}\"\n");
    let file = local.home().join("named.toml");
    fs::write(&file, config).unwrap();
    let file = file.display().to_string();
    // Another home, so that nothing tells of the simulator.
    let inspecting = || maskinporten(["inspect", "--format", "json"]).stdin(token.clone());
    for command in [
        inspecting().args(["--discover", issuer]),
        inspecting().args(["--discover", issuer.trim_end_matches('/')]),
        inspecting().args(["--discover", &whole]),
        inspecting().args(["--audience", issuer]),
        inspecting().args(["--verify"]).env("MASKINPORTEN_WELL_KNOWN_URL", &whole),
        inspecting().args(["--verify", "--config", &file, "--profile", "p"]),
        inspecting().args(["--verify", "--config", &file, "--profile", "q"]),
    ] {
        let outcome = command.run();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        let findings = findings(&outcome);
        assert!(findings[0].starts_with("signature good RS256 by the key"), "{findings:?}");
        assert_eq!(findings[1], format!("issuer good {issuer}; expected {issuer}"));
    }
}

#[test]
fn a_server_that_is_not_the_token_s_issuer_is_not_asked() {
    let server = Server::start([]);
    let token = token(&Local::start(&[]), &[]);

    let discovered = maskinporten(["inspect", "--discover", &server.url("/")]).stdin(token.clone()).run();
    let audience = maskinporten(["inspect", "--verify"]).env("MASKINPORTEN_AUDIENCE", "not a URL").stdin(token).run();

    assert_eq!((discovered.code, audience.code), (7, 7), "{}{}", discovered.stderr, audience.stderr);
}

/// Returns the claims of a token with another scope.
fn changed(local: &Local, token: &str) -> String {
    let report: Value = serde_json::from_str(&inspect(local, &[], token).artefact()).unwrap();
    let mut claims = report["claims"].clone();
    claims["scope"] = json!("difitest:test2");
    encode(&claims)
}

/// Returns a home folder with an address file that names this simulator.
fn home_of(issuer: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let note = json!({ "issuer": issuer, "token_endpoint": format!("{issuer}token"), "client_id": "a", "scope": "a",
        "keystore": "a", "keystore_password_file": "a" });
    fs::create_dir(home.path().join("maskinporten")).unwrap();
    fs::write(home.path().join("maskinporten/local.json"), note.to_string()).unwrap();
    home
}

#[test]
fn an_expired_or_future_token_is_invalid_although_its_signature_is_valid() {
    let now = chrono::Utc::now().timestamp();
    for (exp, iat, faults) in
        [(now, now - 120, "expiry"), (now + 180, now + 60, "issued at"), (now - 1, now + 60, "expiry, issued at")]
    {
        let server = Server::start_knowing(|own| {
            let metadata = json!({ "issuer": format!("{own}/"), "jwks_uri": format!("{own}/keys") });
            [answer("200 OK", metadata.to_string()), answer("200 OK", published().to_string())]
        });
        let home = home_of(&server.url("/"));
        let token = signed(&json!({ "iss": server.url("/"), "exp": exp, "iat": iat }));

        let outcome = maskinporten(["inspect", "--verify", "--format", "json"])
            .env("XDG_DATA_HOME", home.path())
            .stdin(token)
            .run();

        assert_eq!(outcome.stderr, format!("error: the token is not valid: {faults}\n{HINT}"));
        assert_eq!(outcome.code, 7);
        let signature = "signature good RS256 by the key `issuer`; expected a signature by a key of its issuer";
        assert_eq!(findings(&outcome)[0], signature);
        let asked: Vec<String> = server.requests().iter().map(|request| request.line().to_owned()).collect();
        assert_eq!(asked, ["GET /.well-known/oauth-authorization-server HTTP/1.1", "GET /keys HTTP/1.1"]);
    }
}

#[test]
fn no_key_is_fetched_for_an_issuer_that_is_not_the_expected_one() {
    let local = Local::start(&[]);
    let token = token(&local, &[]);
    let not_fetched = "signature fault not checked: its issuer is unknown or not the expected one, so no keys are fetched \
                       (pass --jwks); expected a signature that can be verified";

    let outcome = inspect(&local, &["--verify", "--env", "test"], &token);

    assert_eq!(outcome.code, 7);
    assert_eq!(outcome.stderr, format!("error: the token is not valid: signature, issuer\n{HINT}"));
    let issuer = format!("issuer fault {}; expected https://test.maskinporten.no/", local.issuer());
    assert_eq!(findings(&outcome), [not_fetched, &issuer, TIMES[0], TIMES[1]]);
    assert!(!local.log().contains("GET"), "{}", local.log());
}

#[test]
fn nothing_is_fetched_from_urls_in_a_token() {
    let server = Server::start([]);
    let header = json!({ "alg": "RS256", "kid": "issuer", "jku": server.url("/jwk"), "x5u": server.url("/x5u"),
        "jwk": published()["keys"][0] });
    let now = chrono::Utc::now().timestamp();
    let claims = json!({ "iss": server.url("/"), "exp": now + 60, "iat": now });
    let token = super::signed_with(&super::issuer_key(), &header, &claims);

    let outcome = maskinporten(["inspect", "--verify"]).stdin(token).run();

    assert_eq!(outcome.stderr, format!("error: the token is not valid: signature, issuer\n{HINT}"));
    assert_eq!(outcome.code, 7);
    assert!(server.requests().is_empty());
}

#[test]
fn keys_from_a_file_or_a_url_replace_the_issuer_s() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwks.json");
    fs::write(&file, published().to_string()).unwrap();
    let server = Server::start([answer("200 OK", published().to_string())]);
    let now = chrono::Utc::now().timestamp();
    let token = signed(&json!({ "iss": "https://issuer.example/", "exp": now + 60 }));
    for jwks in [file.display().to_string(), server.url("/any/keys")] {
        let outcome = maskinporten(["inspect", "--format", "json", "--jwks", &jwks]).stdin(token.clone()).run();

        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        assert_eq!(
            findings(&outcome),
            [
                "signature good RS256 by the key `issuer`; expected a signature by a key of its issuer",
                "issuer not_checked https://issuer.example/; expected no particular issuer",
                TIMES[0],
            ]
        );
    }
}

#[test]
fn without_the_keys_there_is_an_error_and_no_report() {
    let token = signed(&wire("token-plain"));
    let run = |jwks: &str| maskinporten(["inspect", "--jwks", jwks]).stdin(token.clone()).run();
    let form = "hint: give a JWK set such as https://test.maskinporten.no/jwk serves, or one public JWK\n";

    run("/nonexistent/jwks.json").fails(
        4,
        str![[r#"
error: could not read the public keys in `/nonexistent/jwks.json`: No such file or directory (os error 2)
hint: check the path and its permissions; a URL starts with https://

"#]],
    );
    let file = testdata("modern.p12");
    run(&file).fails(
        4,
        &format!("error: could not use the public keys in `{file}`\ncaused by: it is not a JWK set\ncaused by: it is not a JWK: it looks like a PKCS#12 keystore\n{form}"),
    );
    run("http://keys.example/jwk").fails(
        2,
        str![[r#"
error: --jwks cannot be used
caused by: `http://keys.example/jwk` is neither an https URL nor an http URL on this machine
hint: write it as https://test.maskinporten.no/token

"#]],
    );
    let unavailable = || answer("503 Service Unavailable", "{}");
    let server = Server::start([
        answer("200 OK", "{}"),
        answer("404 Not Found", "{}"),
        unavailable(),
        unavailable(),
        unavailable(),
    ]);
    let url = server.url("/jwk");
    let check = "hint: check the URL, and whether a proxy answers instead of the server\n";
    run(&url).fails(
        6,
        &format!(
            "error: unexpected response\n\
             caused by: {url} answered HTTP 200 with application/json, and it is not a JWK set: it is JSON, but neither a JWK \
             (with `kty`) nor a set of them (with `keys`)\n{check}"
        ),
    );
    run(&url).fails(
        6,
        &format!(
            "error: unexpected response\n\
             caused by: {url} answered HTTP 404 with application/json, and the expected status is 200: {{}}\n{check}"
        ),
    );
    assert_eq!(run(&url).code, 6);
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn metadata_of_another_issuer_and_keys_at_an_unsafe_url_are_not_used() {
    for (metadata, why) in [
        (
            json!({ "issuer": "https://evil.example/", "jwks_uri": "https://evil.example/jwk" }),
            "it is the metadata of another issuer, https://evil.example/ (RFC 8414 §3.3)",
        ),
        (json!({ "issuer": "ISSUER", "jwks_uri": "http://evil.example/jwk" }), "its `jwks_uri` is not a valid URL"),
        (json!({ "issuer": "ISSUER" }), "it is not metadata with a `jwks_uri`"),
        (json!([]), "it is not metadata (RFC 8414 §2)"),
    ] {
        let server =
            Server::start_knowing(|own| [answer("200 OK", metadata.to_string().replace("ISSUER", &format!("{own}/")))]);
        let home = home_of(&server.url("/"));
        let token = signed(&json!({ "iss": server.url("/"), "exp": 1 }));

        let outcome = maskinporten(["inspect", "--verify"]).env("XDG_DATA_HOME", home.path()).stdin(token).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (6, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    }
}

#[test]
fn a_profile_s_scopes_and_audience_are_not_expectations() {
    let local = Local::start(&[]);
    let token = token(&local, &[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(
        &file,
        "default_profile = \"a\"\n[profiles.a]\nenv = \"prod\"\nscope = \"a:b\"\naudience = \"https://x.example/\"\n",
    )
    .unwrap();
    let config = file.display().to_string();

    let outcome = local
        .maskinporten(&["inspect", "--verify", "--config", &config])
        .env("MASKINPORTEN_SCOPE", "c:d")
        .env("MASKINPORTEN_ENV", "prod")
        .stdin(token)
        .run();

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn a_token_on_the_command_line_is_accepted_with_a_warning() {
    let token = signed(&wire("token-plain"));

    let typed = maskinporten(["inspect", token.as_str()]).run();
    let piped = maskinporten(["inspect", "-"]).stdin(token).run();

    assert_eq!(typed.stderr, "warning: the token shows in the process list; pipe it in instead\n");
    assert_eq!((typed.code, &typed.stdout), (0, &piped.artefact()));
}

#[test]
fn a_person_s_number_is_only_shown_with_show_pid() {
    let token = signed(&json!({ "iss": "https://idporten.no", "pid": "01017012345", "sub": "01017012345" }));
    let run = |arguments: &[&str]| maskinporten(["inspect"]).args(arguments).stdin(token.clone()).run().artefact();
    let claims = |person: &str| format!("claims\n  iss  https://idporten.no\n  pid  {person}\n  sub  {person}\n");

    assert!(run(&[]).ends_with(&claims("***********")));
    assert!(run(&["--show-pid"]).ends_with(&claims("01017012345")));
    assert!(!run(&["--format", "json"]).contains("01017012345"));
}

#[test]
fn colours_do_not_change_the_text() {
    let token = signed(&json!({ "iss": "https://issuer.example/\u{1b}[31m", "exp": 1 }));
    let run = |colour: &str| maskinporten(["inspect", "--verify", "--color", colour]).stdin(token.clone()).run().stdout;

    let (plain, coloured) = (run("auto"), run("always"));

    assert!(!plain.contains('\u{1b}') && plain.contains("https://issuer.example/\u{fffd}[31m"), "{plain}");
    assert!(coloured.contains("\u{1b}[1m\u{1b}[31mFAULT\u{1b}[0m  signature"), "{coloured}");
    let mut without = coloured;
    for code in ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"] {
        without = without.replace(code, "");
    }
    let steady = |report: &str| report.lines().filter(|line| !line.contains(" ago")).collect::<Vec<_>>().join("\n");
    assert_eq!(steady(&without), steady(&plain));
}

#[test]
fn contradictory_options_are_usage_errors() {
    let usage = |arguments: &[&str]| maskinporten(["inspect"]).args(arguments).stdin("a").run();
    usage(&["--keystore", "a.p12"]).fails(
        2,
        str![[r#"
error: --keystore is a setting of the grant, and --grant was not given
hint: pass --grant to inspect the grant that would be sent, or leave it out

"#]],
    );
    usage(&["--consumer", "991825828"]).fails(
        2,
        str![[r#"
error: --consumer cannot be used
caused by: `991825828` has a wrong check digit (modulus 11)
hint: check the number against https://data.brreg.no/enhetsregisteret

"#]],
    );
    usage(&["--audience", ""]).fails(
        2,
        str![[r#"
error: --audience is empty
hint: give it a value, or leave it out

"#]],
    );
    assert!(usage(&["--scope", "a\"b"]).stderr.starts_with("error: --scope cannot be used\n"));
    assert_eq!(usage(&["--grant", "--consumer", "991825827"]).code, 2);
    assert_eq!(usage(&["--grant", "a.b.c"]).code, 2);
}
