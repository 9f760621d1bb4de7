//! Every fault that the simulator can produce, and what it changes in the report.
//!
//! `sound.txt` is the report without a fault. `faults.txt` has a paragraph for each fault: its name, and the lines that are
//! removed from that report and added to it.

use std::collections::BTreeSet;

use maskinporten::check::check_ids;
use serde_json::{Value, json};

use super::{
    check,
    comparison::{change, compare, whole},
    configuration,
};
use crate::{
    local::Local,
    refusals::{all_known, in_language},
    server::Server,
    support::{assert_snapshot, testdata},
};

/// The consumer that has delegated a scope to the client of `modern.p12`, has a system user and has given a consent.
const CONSUMER: &str = "310700053";

/// A fault: its name, its change to `clients.json`, and the arguments; `@name` is a file of the simulator, `%path` one of
/// its URLs.
struct Fault {
    name: &'static str,
    edit: fn(&mut Value),
    arguments: &'static [&'static str],
}

const fn fault(name: &'static str, edit: fn(&mut Value), arguments: &'static [&'static str]) -> Fault {
    Fault { name, edit, arguments }
}

fn nothing(_: &mut Value) {}

macro_rules! faults {
    ($faults:tt) => {
        |clients| clients["faults"] = json!($faults)
    };
}

/// Details of different types, which the simulator grants together.
const SYSTEM_USER_AND_CONSENT: &str = r#"[{"type":"urn:altinn:systemuser","systemuser_org":{"authority":"iso6523-actorid-upis","ID":"0192:310700053"}},{"type":"urn:altinn:consent","id":"a7f51c7d-65fd-4256-9739-cdc46d0faeac","from":"urn:altinn:organization:identifier-no:310700053"}]"#;

const REGISTERED: &[&str] =
    &["--jwk", "@registered-key.jwk.json", "--client-id", "673d59a6-b427-49bc-b413-b51d7a8f05be"];

static FAULTS: &[Fault] = &[
    // Keystore and certificate.
    fault(
        "an old keystore",
        nothing,
        &[
            "--keystore",
            "@legacy.p12",
            "--keystore-password-file",
            "@legacy.password",
            "--client-id",
            "b894c5f4-3d09-4edc-94b2-2c1b5192be95",
        ],
    ),
    fault(
        "a keystore of three",
        nothing,
        &[
            "--keystore",
            "@three-entries.p12",
            "--keystore-password-file",
            "@three-entries.password",
            "--client-id",
            "9d70b74d-a404-4e73-9254-78891f03398f",
        ],
    ),
    fault("a wrong password", nothing, &["--keystore", "@modern.p12", "--keystore-password-file", "@legacy.password"]),
    fault(
        "MP-120 a certificate of the other environment",
        nothing,
        &["--keystore", "@other-environment.p12", "--keystore-password-file", "@modern.password"],
    ),
    fault(
        "MP-120 an expired certificate",
        nothing,
        &["--keystore", "@expired.p12", "--keystore-password-file", "@modern.password"],
    ),
    fault(
        "a certificate that ends soon",
        nothing,
        &["--keystore", "@soon-expired.p12", "--keystore-password-file", "@modern.password"],
    ),
    fault(
        "MP-122 a certificate without organisation number",
        nothing,
        &["--keystore", "@no-organisation-number.p12", "--keystore-password-file", "@modern.password"],
    ),
    fault(
        "MP-120 a certificate for encryption",
        nothing,
        &["--keystore", "@encryption-only.p12", "--keystore-password-file", "@modern.password"],
    ),
    fault(
        "a certificate without its chain",
        nothing,
        &["--keystore", "@leaf-only.p12", "--keystore-password-file", "@modern.password"],
    ),
    // The registered key.
    fault("a registered key", nothing, REGISTERED),
    fault("an unknown key id", nothing, &["--jwk", "@registered-key.jwk.json"]),
    fault("a key id that cannot be registered", nothing, &["--kid", "a key"]),
    fault(
        "MP-121 an expired key",
        nothing,
        &["--jwk", "@registered-key.jwk.json", "--client-id", "1f0de3cf-0a6f-4a0c-9d0e-4b7a5f6f1c21"],
    ),
    fault(
        "MP-124 another key under the same id",
        nothing,
        &["--jwk", "@registered-key.jwk.json", "--client-id", "5c1f7a0e-3b1d-4d53-8f3a-2e9a6d0b7c44"],
    ),
    fault("a certificate where a key is registered", nothing, &["--client-id", "673d59a6-b427-49bc-b413-b51d7a8f05be"]),
    // The grant.
    fault("MP-100 a client that is not active", nothing, &["--client-id", "7a3b8e4e-0b52-4a55-9a0c-6c0ef0f4d6c1"]),
    fault(
        "MP-122 a certificate of another organisation",
        nothing,
        &["--client-id", "b894c5f4-3d09-4edc-94b2-2c1b5192be95"],
    ),
    fault("MP-110 another audience", nothing, &["--audience", "%token"]),
    fault("an undocumented claim", nothing, &["--claim", "more=1"]),
    fault("a scope without prefix", nothing, &["--scope", "serviceowner"]),
    fault(
        "the client's own organisation as consumer",
        nothing,
        &["--consumer-org", "310700010", "--scope", "simulator:delegated"],
    ),
    fault("MP-301 unknown details", nothing, &["--authorization-details", r#"[{"type":"urn:example:other"}]"#]),
    fault(
        "MP-302 an extra member in the details",
        nothing,
        &[
            "--authorization-details",
            r#"[{"type":"urn:altinn:systemuser","systemuser_org":{"authority":"iso6523-actorid-upis","ID":"0192:310700061"},"more":1}]"#,
        ],
    ),
    fault("MP-303 no such system user", nothing, &["--system-user", "310700061"]),
    fault("a system user and a consent in one grant", nothing, &["--authorization-details", SYSTEM_USER_AND_CONSENT]),
    fault(
        "a person in the details",
        nothing,
        &[
            "--authorization-details",
            r#"[{"type":"urn:altinn:consent","id":"7b0ab8d1-4a8f-4e4c-a8a5-6f5f0c3b7d11","from":"urn:altinn:person:identifier-no:01017012345"},{"type":"urn:altinn:consent"}]"#,
            "--pid",
            "01017012345",
        ],
    ),
    fault(
        "a registered key and an unsupported algorithm",
        nothing,
        &["--jwk", "@registered-key.jwk.json", "--client-id", "673d59a6-b427-49bc-b413-b51d7a8f05be", "--alg", "PS256"],
    ),
    fault("an unsupported algorithm", nothing, &["--alg", "PS256"]),
    // The network, the metadata and the clock.
    fault("metadata that is a page", faults!({ "metadata_answer": "html" }), &[]),
    fault("no metadata", faults!({ "metadata_answer": "status", "status": 404 }), &[]),
    fault("metadata that is unavailable", faults!({ "metadata_answer": "status", "status": 503 }), &[]),
    fault(
        "metadata that is unavailable, with --discover",
        faults!({ "metadata_answer": "status", "status": 503 }),
        &["--discover", "%", "--retries", "0"],
    ),
    fault(
        "MP-110 metadata of another issuer",
        faults!({ "metadata": { "issuer": "https://test.maskinporten.no/" } }),
        &[],
    ),
    fault(
        "metadata with another token endpoint",
        faults!({ "metadata": { "token_endpoint": "https://test.maskinporten.no/token" } }),
        &[],
    ),
    fault(
        "metadata without RS256",
        faults!({ "metadata": { "token_endpoint_auth_signing_alg_values_supported": ["RS512"] } }),
        &[],
    ),
    fault("metadata without keys", faults!({ "metadata": { "jwks_uri": null } }), &[]),
    fault("a clock that is four seconds behind", faults!({ "clock_offset_seconds": 4 }), &[]),
    fault("MP-130 a clock that is five minutes behind", faults!({ "clock_offset_seconds": 300 }), &[]),
    fault("a clock that is a minute ahead", faults!({ "clock_offset_seconds": -60 }), &[]),
    // The scopes.
    fault(
        "MP-200 MP-201 MP-250 and a granted scope",
        nothing,
        &["--scope", "difitest:test1 difitest:none simulator:login simulator:ungranted"],
    ),
    fault("each scope requested separately", nothing, &["--scope", "difitest:test1 difitest:test2", "--each-scope"]),
    fault("all scopes granted together", nothing, &["--scope", "difitest:test1 difitest:test2"]),
    fault(
        "MP-251 a scope that is not delegated",
        nothing,
        &["--scope", "simulator:undelegated", "--consumer-org", CONSUMER],
    ),
    fault("a scope that is delegated", nothing, &["--scope", "simulator:delegated", "--consumer-org", CONSUMER]),
    fault("a token endpoint out of order", faults!({ "answer": "status", "status": 503 }), &["--retries", "0"]),
    fault("a token endpoint that answers with a page", faults!({ "answer": "html" }), &[]),
    // The token.
    fault("a token signed with another key", faults!({ "sign_with_another_key": true }), &[]),
    fault("a token by a key that is not published", faults!({ "token_header": { "kid": "another" } }), &[]),
    fault("a key set that is a page", faults!({ "jwk_answer": "html" }), &[]),
    fault("no key set", faults!({ "jwk_answer": "status", "status": 404 }), &[]),
    fault("a token of another issuer", faults!({ "token": { "iss": "https://maskinporten.no/" } }), &[]),
    fault(
        "a token for another consumer",
        faults!({ "token": { "consumer": { "authority": "iso6523-actorid-upis", "id": "0192:310700053" } } }),
        &[],
    ),
    fault("a token without a consumer", faults!({ "token": { "consumer": null } }), &[]),
    fault(
        "a token without its audience",
        faults!({ "token": { "aud": null } }),
        &["--resource", "https://api.example.no/"],
    ),
    fault(
        "a token for an audience that was not requested",
        faults!({ "token": { "aud": "https://api.example.no/" } }),
        &[],
    ),
    fault("a token with another scope", faults!({ "token": { "scope": "difitest:other" } }), &[]),
    fault("a token that has expired", faults!({ "token_lifetime_seconds": -60 }), &[]),
    fault(
        "a token that is not issued yet",
        faults!({ "token": { "iat": 4_102_444_800_i64, "exp": 4_102_444_920_i64 } }),
        &[],
    ),
    fault("a token without times", faults!({ "token": { "iat": null } }), &[]),
    fault(
        "a token of a client that authenticated otherwise",
        faults!({ "token": { "client_amr": "private_key_jwt" } }),
        &[],
    ),
    fault(
        "a token without its details",
        faults!({ "token": { "authorization_details": null } }),
        &["--system-user", CONSUMER],
    ),
    fault(
        "a token with an object as details",
        faults!({ "token": { "authorization_details": { "type": "urn:altinn:systemuser" } } }),
        &["--system-user", CONSUMER],
    ),
    fault(
        "a token with a string as details",
        faults!({ "token": { "authorization_details": "x" } }),
        &["--system-user", CONSUMER],
    ),
    fault(
        "a delegated token without supplier",
        faults!({ "token": { "supplier": null } }),
        &["--scope", "simulator:delegated", "--consumer-org", CONSUMER],
    ),
    fault(
        "a delegated token of another supplier",
        faults!({ "token": { "supplier": { "ID": "0192:310700029" } } }),
        &["--scope", "simulator:delegated", "--consumer-org", CONSUMER],
    ),
    fault(
        "a token with a supplier that was not requested",
        faults!({ "token": { "supplier": { "ID": "0192:310700029" } } }),
        &[],
    ),
    fault("Altinn that does not exchange the token", faults!({ "altinn": { "status": 401 } }), &["--altinn"]),
    fault("Altinn that is down", faults!({ "altinn": { "status": 503 } }), &["--altinn"]),
    fault("a token that is not a JWT", faults!({ "success": { "access_token": "opaque-reference" } }), &[]),
];

/// Returns the arguments, with the simulator's files and URLs.
fn typed(fault: &Fault, local: &Local) -> Vec<String> {
    let place = |word: &&str| match (word.strip_prefix('@'), word.strip_prefix('%')) {
        (Some(name), _) => local.file(name).display().to_string(),
        (_, Some(path)) => format!("{}{path}", local.issuer()),
        (None, None) => (*word).to_owned(),
    };
    fault.arguments.iter().map(place).collect()
}

/// Returns the report of a simulator with this fault.
fn report(fault: &Fault) -> String {
    let local = Local::with_clients(&[], fault.edit);
    let arguments = typed(fault, &local);
    whole(&check(&local, &arguments.iter().map(String::as_str).collect::<Vec<_>>()), &local)
}

fn sound() -> String {
    let local = Local::start(&[]);
    whole(&check(&local, &[]), &local)
}

#[test]
fn the_report_without_a_fault_has_a_line_for_each_check() {
    assert_snapshot(&sound(), snapbox::file!["sound.txt"]);
}

#[test]
fn each_fault_changes_only_the_lines_that_are_about_it() {
    let sound = sound();
    let changes = FAULTS.iter().map(|fault| (fault.name, change(&sound, &report(fault))));
    compare(snapbox::file!["faults.txt"], changes);
}

/// Checks that cannot fail: the fault would keep the key from opening, or the grant from being made.
const ALWAYS_PASS: [&str; 9] = [
    "keystore.entries",
    "keystore.choice",
    "certificate.key_size",
    "certificate.key",
    "registered_key.thumbprint",
    "registered_key.key_size",
    "grant.times",
    "grant.identifier",
    "grant.resource",
];

/// Checks whose faults are in other tests: those of the network in `forms`, the warnings in `configuration`, the expiry of
/// a key at its place in `clouds/azure_keys.rs`.
const ELSEWHERE: [&str; 7] = [
    "configuration.warnings",
    "keystore.place",
    "keystore.file_mode",
    "grant.audience",
    "network.name",
    "network.connection",
    "network.tls",
];

#[test]
fn every_check_that_can_find_a_fault_finds_one_in_some_test() {
    let mut missing: BTreeSet<&str> = check_ids::ALL.iter().map(|topic| topic.id).collect();
    let mut seen = |report: &str| {
        let report: Value = serde_json::from_str(report).unwrap();
        for check in report["checks"].as_array().unwrap() {
            if ["fault", "warning"].contains(&check["verdict"].as_str().unwrap()) {
                missing.remove(check["id"].as_str().unwrap());
            }
        }
    };
    for fault in FAULTS {
        let local = Local::with_clients(&[], fault.edit);
        let arguments = typed(fault, &local);
        let arguments = arguments.iter().map(String::as_str).chain(["--format", "json"]).collect::<Vec<_>>();
        seen(&check(&local, &arguments).stdout);
    }
    let local = Local::start(&[]);
    for (_, arguments) in configuration::CASES {
        seen(&configuration::check(&local, arguments, "json").stdout);
    }

    let known: BTreeSet<&str> = ALWAYS_PASS.into_iter().chain(ELSEWHERE).collect();
    assert_eq!(missing, known);
}

/// Includes the refusals that our own grants cannot cause: a test server sends them all.
#[test]
fn every_known_refusal_is_reported_with_its_meaning_and_remedy() {
    let local = Local::start(&[]);
    for known in all_known() {
        for told in &known.explanations {
            let server = Server::start([known.answer()]);
            let arguments = ["check", "--env", "local", "--retries", "0", "--lang", told.language];
            // The client and the key of the table, from the same places.
            let command = local
                .maskinporten(&arguments)
                .env("MASKINPORTEN_CLIENT_ID", "our-client")
                .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
                .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
                .env("MASKINPORTEN_TOKEN_ENDPOINT", server.url("/token"));
            let outcome = command.run();

            let code = known.code.map(|code| format!(" ({code})")).unwrap_or_default();
            let word = |english, bokmål| in_language(told.language, english, bokmål);
            let refused = word("refused", "avvist");
            let found = format!("{refused}: HTTP {}, {}{code}", known.status, known.error);
            let fault = word("FAULT    all scopes             ", "FEIL      alle scopene           ");
            let line = format!("\n\ntoken\n  {fault}{found}\n\n{}\n", word("received", "mottatt"));
            assert!(outcome.stdout.contains(&line), "{line}\n\n{}", outcome.stdout);
            let wanted = [
                format!("\n\n  1. token, {}: {found}", word("all scopes", "alle scopene")),
                known.cause(told.language),
                told.meaning.replace("https://issuer.example/", local.issuer()),
                word(
                    "why: it is the request of `maskinporten token`",
                    "hvorfor: det er forespørselen til `maskinporten token`",
                )
                .to_owned(),
                format!("{}{}\n", word("do:  ", "gjør:    "), told.hint),
            ];
            let wanted = wanted.join("\n     ");
            assert!(outcome.stdout.ends_with(&wanted), "{wanted}\n\n{}", outcome.stdout);
            assert_eq!(outcome.code, 7);
        }
    }
}
