//! The forms of the report, many scopes, and what a report never contains.

use std::{fs, time::Instant};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{check, comparison};
use crate::{
    local::Local,
    server::{self, Server, Step},
    support::{assert_snapshot, maskinporten},
};

#[test]
fn in_json_each_check_has_its_id_its_verdict_and_the_content_of_the_text_form() {
    let local = Local::start(&[]);

    let outcome = check(&local, &["--scope", "simulator:ungranted", "--format", "json"]);

    assert_eq!(outcome.code, 7);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report["verdict"], "fault");
    assert_eq!(report["settings"]["scope"], json!({ "value": "simulator:ungranted", "from": "--scope" }));
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["id"] == "token.request").unwrap();
    let trace_id = found["refusal"]["trace_id"].as_str().unwrap();
    let description =
        format!("Consumer has not been granted access to the scope simulator:ungranted. (trace_id: {trace_id})");
    let meaning = found["refusal"]["meaning"].clone();
    let starts = "organisation 310700010 does not have the scope simulator:ungranted: ";
    assert!(meaning.as_str().unwrap().starts_with(starts), "{meaning}");
    let remedy = found["remedy"].clone();
    assert_eq!(
        *found,
        json!({
            "id": "token.request",
            "subject": null,
            "verdict": "fault",
            "found": "refused: HTTP 403, forbidden (MP-250)",
            "details": [format!("the server says: {description}")],
            "why": "it is the request of `maskinporten token`",
            "remedy": remedy,
            "refusal": {
                "http_status": 403,
                "oauth_error": "forbidden",
                "mp_code": "MP-250",
                "trace_id": trace_id,
                "description": description,
                "meaning": meaning,
            },
        })
    );
    let ids: Vec<&str> = checks.iter().map(|check| check["id"].as_str().unwrap()).collect();
    let mut once = ids.clone();
    once.dedup();
    assert_eq!(ids, once, "the checks of one id stand together");
}

#[test]
fn with_lang_nb_the_refusal_is_explained_in_bokmål() {
    let local = Local::start(&[]);

    let outcome = check(&local, &["--scope", "simulator:ungranted", "--lang", "nb"]);

    assert!(outcome.stdout.contains("     det betyr: API-tilbyder"), "{}", outcome.stdout);
}

#[test]
fn two_hundred_scopes_are_requested_four_at_a_time_and_counted() {
    // Every scope of the file but one is on the client; each answer takes 100 ms.
    let scopes: Vec<String> = (0..200).map(|number| format!("many:s{number}")).collect();
    let names = scopes[..199].to_vec();
    let local = Local::with_clients(&[], move |clients| {
        clients["faults"] = json!({ "delay_milliseconds": 100 });
        let own = clients["clients"][0]["scopes"].as_array_mut().unwrap();
        own.extend(names.iter().map(|name| json!(name)));
        let all = clients["scopes"].as_array_mut().unwrap();
        all.extend(names.iter().map(|name| json!({ "name": name, "accessible_for_all": true })));
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scopes.txt");
    fs::write(&file, format!("# many\n{}\nmany:s0, many:s1 # twice\n", scopes.join("\n"))).unwrap();

    let started = Instant::now();
    let outcome = check(&local, &["--scope", "many:s0", "--scopes-file", file.to_str().unwrap()]);

    let took = started.elapsed();
    assert_eq!(outcome.code, 7);
    assert_eq!(outcome.stdout.matches("granted, for 119 s").count(), 1, "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\n  ok       199 scopes"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("  200 scopes: many:s0 many:s0 many:s1 "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\n  FAULT    many:s199"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\n\n1 fault, 0 warnings, "), "{}", outcome.stdout);
    // The delays of 201 responses add up to 5 seconds, four at a time, and to more than 20 seconds one at a time.
    assert!(took.as_secs() < 12, "{took:?}");
}

#[test]
fn a_report_contains_no_secret() {
    let local = Local::start(&[]);
    let password = fs::read_to_string(local.file("modern.password")).unwrap();

    let outcome = local
        .maskinporten(&[
            "check",
            "--env",
            "local",
            "-k",
            local.file("modern.p12").to_str().unwrap(),
            "--pid",
            "01017012345",
        ])
        .args(["--claim-json", r#"nbf="hemmelig""#, "--format", "json"])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", password.trim())
        .run();

    assert_eq!(outcome.code, 7);
    for secret in [password.trim(), "01017012345", "hemmelig", "eyJ"] {
        assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret), "{secret} in {}", outcome.stdout);
    }
}

#[cfg(unix)]
#[test]
fn a_keystore_that_others_can_read_is_a_warning_and_not_a_fault() {
    use std::os::unix::fs::PermissionsExt as _;
    let local = Local::start(&[]);
    let file = local.file("modern.p12");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();

    let outcome = check(&local, &[]);

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let warning = format!(
        "  warning  permissions            others too (mode 644)\n           why: anyone who can read the file can try \
         passwords on it\n           do:  chmod 600 {}\n",
        file.display()
    );
    assert!(outcome.stdout.contains(&warning), "{}", outcome.stdout);
}

#[test]
fn an_unreachable_server_is_reported_step_by_step() {
    let mut local = Local::start(&["--tls"]);
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    fs::copy(local.file("ca.pem"), &other).unwrap();

    let sound = check(&local, &[]);
    let unknown = check(&local, &["--ca-file", other.to_str().unwrap()]);
    local.end();
    let gone = check(&local, &[]);
    let nameless =
        check(&local, &["--audience", "https://nobody.invalid/", "--token-endpoint", "https://nobody.invalid/token"]);

    assert_eq!(sound.code, 0, "{}", sound.stdout);
    let found = comparison::normalize(&sound.stdout, &local);
    let line = found.lines().find(|line| line.contains("server's certificate")).unwrap();
    assert!(line.contains("ok       server's certificate   issued by C=NO, O=Maskinporten Simulator, CN="), "{line}");
    assert!(line.ends_with("until DAY, TLS 1.3"), "{line}");
    let parts = |outcome: &crate::support::Outcome| {
        let report = comparison::normalize(&outcome.stdout, &local);
        let (_, network) = report.split_once("\nnetwork\n").unwrap();
        format!("{}exit {}", network, outcome.code)
    };
    comparison::compare(
        snapbox::file!["unreachable.txt"],
        [("an unknown authority", parts(&unknown)), ("no listener", parts(&gone)), ("no such name", parts(&nameless))],
    );
}

#[test]
fn an_unusable_scopes_file_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "# nothing\n").unwrap();
    for (file, why) in
        [("/no/such", "No such file or directory (os error 2)"), (empty.to_str().unwrap(), "it contains no scope")]
    {
        maskinporten(["check", "--env", "test", "--scopes-file", file]).run().fails(
            2,
            &format!(
                "error: could not use the scopes in `{file}`: {why}\nhint: name a text file with a scope on each line\n"
            ),
        );
    }
}

/// Returns the lines of a section of a report.
fn section<'report>(report: &'report str, name: &str) -> &'report str {
    let (_, after) = report.split_once(&format!("\n\n{name}\n")).unwrap();
    after.split("\n\n").next().unwrap()
}

#[test]
fn scopes_with_the_same_refusal_are_one_fault_and_explained_once() {
    let local = Local::start(&[]);

    let outcome = check(&local, &["--scope", "no:a no:b simulator:ungranted no:c"]);

    let report = comparison::normalize(&outcome.stdout, &local);
    let refused = "refused: HTTP 400, invalid_scope (MP-200)";
    let ungranted = "refused: HTTP 403, forbidden (MP-250)";
    assert_eq!(
        section(&report, "token"),
        format!(
            "  skipped  all scopes             follows from token.scope: {refused}\n  \
             FAULT    no:a                   {refused}\n  FAULT    no:b                   {refused}\n  \
             FAULT    simulator:ungranted    {ungranted}\n  FAULT    no:c                   {refused}"
        )
    );
    let (_, faults) = report.split_once("\n\n2 faults, 0 warnings, ").unwrap();
    let why = "why: each scope is registered on the client, and granted or delegated, separately\n     do:  ";
    assert!(
        faults.contains(&format!(
            "\n\n  1. token, no:a, no:b, no:c: {refused}\n     the server says: Token request contains invalid scopes for \
             client, no:a (trace_id: TRACE)\n     that means: the scopes no:a, no:b, no:c are not registered on client \
             8d001e58-c758-4beb-a9ec-ae1d770fa35e\n     {why}"
        )),
        "{faults}"
    );
    assert!(faults.contains(&format!("\n\n  2. token, simulator:ungranted: {ungranted}\n")), "{faults}");
    assert_eq!(faults.matches(why).count(), 2);
}

#[test]
fn hundreds_of_refused_scopes_are_one_line_and_all_of_them_are_in_json() {
    let local = Local::start(&[]);
    let scopes = (0..300).map(|number| format!("no:s{number}")).collect::<Vec<_>>().join(" ");

    let text = check(&local, &["--scope", &scopes]).stdout;
    let json: Value = serde_json::from_str(&check(&local, &["--scope", &scopes, "--format", "json"]).stdout).unwrap();

    assert!(text.contains("\n  FAULT    300 scopes "), "{text}");
    assert!(
        text.contains("\n     no:s0, no:s1, no:s2, no:s3, no:s4, no:s5, no:s6, no:s7, no:s8, no:s9, and 290 more\n")
    );
    assert!(!text.contains("no:s299"), "{text}");
    let refused = |check: &&Value| check["id"] == "token.scope" && check["verdict"] == "fault";
    assert_eq!(json["checks"].as_array().unwrap().iter().filter(refused).count(), 300);
}

#[test]
fn an_audience_of_maskinporten_without_its_slash_is_a_fault() {
    let local = Local::start(&[]);
    let [keystore, password] = ["modern.p12", "modern.password"].map(|name| local.file(name).display().to_string());
    let addresses = ["--audience", "https://maskinporten.no", "--token-endpoint", "https://maskinporten.no/token"];

    let outcome = local
        .maskinporten(&["check", "--offline", "-c", "b894c5f4-3d09-4edc-94b2-2c1b5192be95", "-s", "difitest:test1"])
        .args(addresses)
        .args(["-k", &keystore, "--keystore-password-file", &password])
        .run();

    let line = "\n  FAULT    aud                    `aud` lacks the trailing slash: https://maskinporten.no/; ";
    assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
}

/// A token of another server's, whose issuer has a path: its claims are not Maskinporten's.
fn token_of(issuer: &str) -> String {
    let now = chrono::Utc::now().timestamp();
    let claims = json!({ "iss": issuer, "aud": "account", "scope": "read", "iat": now, "exp": now + 300 });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({ "alg": "RS256", "kid": "x" })), part(&claims))
}

#[test]
fn another_server_is_not_checked_by_the_rules_of_maskinporten() {
    let absent = || server::answer("404 Not Found", &[], "");
    let local = Local::start(&[]);
    let server = Server::start_knowing(|own| {
        let issuer = format!("{own}/realms/x");
        let metadata =
            json!({ "issuer": issuer, "token_endpoint": format!("{own}/swap"), "jwks_uri": format!("{own}/jwk") });
        let metadata = || server::json("200 OK", metadata.to_string());
        let token = json!({ "access_token": token_of(&issuer), "token_type": "Bearer", "expires_in": 300 });
        let keys = server::json("200 OK", r#"{"keys":[]}"#);
        // The token request and the checks look for the metadata in turn.
        [
            absent(),
            absent(),
            metadata(),
            absent(),
            absent(),
            metadata(),
            server::json("200 OK", token.to_string()),
            keys,
        ]
    });
    let [keystore, password] = ["modern.p12", "modern.password"].map(|name| local.file(name).display().to_string());

    let outcome = local
        .maskinporten(&["check", "-c", "our-client", "-s", "read", "--claim", "more=1"])
        .args(["--discover", &server.url("/realms/x"), "-k", &keystore, "--keystore-password-file", &password])
        .run();

    let report = comparison::normalize(&outcome.stdout, &local).replace(&server.url(""), "http://OTHER");
    let (_, report) = report.split_once("\ngrant\n").unwrap();
    assert_snapshot(
        report,
        snapbox::str![[r#"
  ok       signed                 RS256, with 3 certificates in x5c
  ok       aud                    http://OTHER/realms/x
  ok       iss                    our-client
  ok       iat and exp            valid for 120 s from now
  ok       jti                    a new one in each grant
  ok       scope                  read
  ok       resource               none: the token will have no aud
  ok       other claims           more

network
  ok       address                127.0.0.3 is 127.0.0.3
  ok       connection             direct
  skipped  server's certificate   plain HTTP to this machine
  ok       metadata               http://OTHER/realms/x/.well-known/openid-configuration
  ok       its issuer             http://OTHER/realms/x
  ok       its token endpoint     http://OTHER/swap
  skipped  its algorithms         the server lists none
  skipped  clock                  the server does not send its time

token
  ok       all scopes             granted, for 300 s

received
  FAULT    signature              unexpected response
  ok       iss                    http://OTHER/realms/x
  skipped  consumer               the server is not Maskinporten
  ok       aud                    account
  ok       scope                  read
  ok       lifetime               300 s
  skipped  client_amr             the server is not Maskinporten
  skipped  authorization_details  none were requested
  skipped  delegation             none was requested

1 fault, 1 warning, 32 ok, 13 skipped

  1. received, signature: unexpected response
     http://OTHER/jwk answered HTTP 200 with application/json, and it is not a JWK set: it is an empty JWK set
     why: an API trusts a token because of the issuer's signature
     do:  check the URL, and whether a proxy answers instead of the server

"#]],
    );
}

#[test]
fn a_simulator_that_is_not_running_is_one_fault() {
    let mut local = Local::start(&[]);
    local.end();
    let folder = tempfile::tempdir().unwrap();

    let outcome = local.maskinporten(&["check", "--env", "local"]).env("XDG_DATA_HOME", folder.path()).run();

    assert_eq!(outcome.code, 7);
    assert!(outcome.stdout.contains("\n\n1 fault, 0 warnings, "), "{}", outcome.stdout);
    assert!(outcome.stdout.ends_with("do:  start the simulator in another terminal: maskinporten simulate\n"));
}

#[test]
fn scopes_are_not_requested_after_the_server_became_unreachable() {
    let local = Local::start(&[]);
    let refusal = r#"{"error":"invalid_scope","error_description":"Token request contains invalid scopes for client"}"#;
    let gone = [server::json("400 Bad Request", refusal), Step::Reset, Step::Reset, Step::Reset, Step::Reset];
    let server = Server::start(gone);
    let scopes = "a:1 a:2 a:3 a:4 a:5 a:6";

    let outcome = check(&local, &["--scope", scopes, "--retries", "0", "--token-endpoint", &server.url("/token")]);

    let token = section(&outcome.stdout, "token");
    for asked in ["a:1", "a:2", "a:3", "a:4"] {
        assert!(token.contains(&format!("  FAULT    {asked} ")), "{token}");
    }
    assert!(token.ends_with("\n  skipped  a:5, a:6: the server became unreachable"), "{token}");
}

#[test]
fn secrets_in_the_wrong_option_are_not_in_the_report() {
    let local = Local::start(&[]);
    let jwk = fs::read_to_string(local.file("registered-key.jwk.json")).unwrap();
    let private = serde_json::from_str::<Value>(&jwk).unwrap()["d"].as_str().unwrap()[..20].to_owned();
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIhemmelig\n-----END PRIVATE KEY-----";
    let token = local.maskinporten(&["token", "--env", "local"]).run().artefact();
    let signature = &token.trim_end().rsplit('.').next().unwrap()[..20];
    for option in ["--kid", "--client-id", "--resource", "--alias", "--keystore", "--jwk", "--scope", "--audience"] {
        for value in [jwk.trim(), pem, token.trim_end(), "https://user:hemmelig@example.no/?key=hemmelig"] {
            for format in ["text", "json"] {
                let outcome = check(&local, &["--offline", "--format", format, option, value]);

                for secret in [private.as_str(), "hemmelig", signature] {
                    let said = format!("{}{}", outcome.stdout, outcome.stderr);
                    assert!(!said.contains(secret), "{option}: {secret} in {said}");
                }
            }
        }
    }
}

#[test]
fn with_discover_the_connection_to_the_metadata_is_reported_step_by_step() {
    let local = Local::start(&["--tls"]);
    let other = local.file("ca.pem").display().to_string();
    let discover = ["--discover", local.issuer(), "--ca-file", &other];

    let outcome = check(&local, &discover);

    assert_eq!(outcome.code, 7);
    let named = check(&local, &["--ca-file", &other]);
    assert!(named.stdout.contains("\n  FAULT    server's certificate "), "{}", named.stdout);
    assert_eq!(section(&outcome.stdout, "network"), section(&named.stdout, "network"));
}
