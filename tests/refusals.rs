//! Every refusal that Maskinporten is known to give: the server's own text, what it means and what to do, and nothing
//! else.
//!
//! `refusals.txt` has them, a paragraph each: status, error and MP code; the server's text; the meaning and the hint in
//! English and in Norwegian.

use std::collections::BTreeSet;

use maskinporten::client::Explanation;
use serde_json::{Value, json};
use snapbox::{file, str};

use crate::{
    server::{Server, Step, answer, asking, json as json_answer},
    support::{Outcome, assert_snapshot, testdata},
};

const TRACE: &str = "356666143081bbec11d293753e9702ca";

/// A refusal as the server sends it, and how it is explained in each language.
pub struct KnownRefusal {
    pub status: u16,
    pub error: &'static str,
    pub code: Option<&'static str>,
    text: &'static str,
    pub explanations: [ExpectedExplanation; 2],
}

/// What a refusal means and what to do, in one language.
pub struct ExpectedExplanation {
    pub language: &'static str,
    pub meaning: &'static str,
    pub hint: &'static str,
}

pub fn all_known() -> Vec<KnownRefusal> {
    include_str!("refusals.txt").split("\n\n").map(KnownRefusal::parse).collect()
}

impl KnownRefusal {
    fn parse(paragraph: &'static str) -> Self {
        let lines: Vec<_> = paragraph.lines().collect();
        let [head, text, meaning, hint, norwegian_meaning, norwegian_hint] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        let mut head = head.split(' ');
        Self {
            status: head.next().unwrap().parse().unwrap(),
            error: head.next().unwrap(),
            code: head.next(),
            text,
            explanations: [
                ExpectedExplanation::new("en", meaning, hint),
                ExpectedExplanation::new("nb", norwegian_meaning, norwegian_hint),
            ],
        }
    }

    /// The response in the form that Maskinporten has used since 2024.
    pub fn answer(&self) -> Step {
        json_answer(&format!("{} No", self.status), self.body().to_string())
    }

    /// The body of the response.
    pub fn body(&self) -> Value {
        let mut body = json!({ "error": self.error, "error_description": self.description() });
        if let Some(code) = self.code {
            body["error_uri"] = Value::from(format!("https://test.maskinporten.no/errors/{code}"));
        }
        body
    }

    fn description(&self) -> String {
        format!("{}. (trace_id: {TRACE})", self.text)
    }

    fn message(&self, language: &str) -> String {
        let code = self.code.map(|code| format!(" ({code})")).unwrap_or_default();
        let refused =
            in_language(language, "the token endpoint refused the grant", "token-endepunktet avviste grantet");
        format!("{refused}: HTTP {}, {}{code}", self.status, self.error)
    }

    /// The line that shows the server's own text.
    pub fn cause(&self, language: &str) -> String {
        format!("{}: {}", in_language(language, "the server says", "serveren svarer"), self.description())
    }

    /// The paragraph of `refusals.txt` about this refusal, made from what `token` reports.
    fn paragraph(&self) -> String {
        let code = self.code.map(|code| format!(" {code}")).unwrap_or_default();
        let explanations = self.explanations.iter().map(|explanation| {
            let server = Server::start([self.answer()]);
            let outcome = asking("token", &server).args(["--lang", explanation.language]).run();

            let language = explanation.language;
            let (error, cause) = (in_language(language, "error", "feil"), in_language(language, "caused by", "årsak"));
            let (message, text) = (self.message(language), self.cause(language));
            let before = format!("{error}: {message}\n{cause}: {text}\n{cause}: ");
            let explained = outcome.failure(5).strip_prefix(&before);
            explained.unwrap_or_else(|| panic!("{before}\n\n{}", outcome.stderr)).to_owned()
        });
        let explanations: String = explanations.collect();
        format!("{} {}{code}\n{}\n{explanations}", self.status, self.error, self.text)
    }
}

impl ExpectedExplanation {
    fn new(language: &'static str, meaning: &'static str, hint: &'static str) -> Self {
        Self { language, meaning, hint: hint.strip_prefix(in_language(language, "hint: ", "råd: ")).unwrap() }
    }
}

/// Returns a text of a report in English or bokmål.
pub fn in_language(language: &str, english: &'static str, bokmål: &'static str) -> &'static str {
    if language == "nb" { bokmål } else { english }
}

/// Returns what `token` reports when the server sends this refusal.
fn refused_with(status: &str, body: impl AsRef<[u8]>) -> Outcome {
    let server = Server::start([json_answer(status, body)]);
    asking("token", &server).run()
}

fn wire(file: &str) -> Vec<u8> {
    std::fs::read(testdata(&format!("wire/{file}"))).unwrap()
}

#[test]
fn every_known_code_is_in_the_table() {
    let codes: BTreeSet<_> = all_known().iter().filter_map(|known| known.code).collect();

    let known: BTreeSet<_> = Explanation::all().filter_map(|entry| entry.code).collect();
    assert_eq!(codes, known);
    assert_eq!(codes.len(), 17);
}

#[test]
fn every_refusal_is_reported_with_the_servers_text_its_meaning_and_a_remedy() {
    let paragraphs: Vec<String> = all_known().iter().map(KnownRefusal::paragraph).collect();

    assert_snapshot(&paragraphs.join("\n"), file!["refusals.txt"]);
}

#[test]
fn error_format_json_reports_every_refusal_as_one_object_with_every_member() {
    for known in all_known() {
        for explanation in &known.explanations {
            let server = Server::start([known.answer()]);

            let command = asking("headers", &server).env("MASKINPORTEN_LANG", explanation.language);
            let outcome = command.args(["--error-format", "json"]).run();

            assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""));
            assert_eq!(outcome.stderr.matches('\n').count(), 1);
            assert_eq!(
                serde_json::from_str::<Value>(&outcome.stderr).unwrap(),
                json!({ "error": {
                    "code": "refused",
                    "message": known.message(explanation.language),
                    "causes": [known.cause(explanation.language), explanation.meaning],
                    "hint": explanation.hint,
                    "exit_code": 5,
                    "http_status": known.status,
                    "oauth_error": known.error,
                    "mp_code": known.code,
                    "trace_id": TRACE,
                    "warnings": [],
                }})
            );
        }
    }
}

#[test]
fn a_recorded_refusal_of_an_expired_key_is_explained() {
    refused_with("400 Bad Request", wire("mp-121.json")).fails(
        5, str![[r#"
error: the token endpoint refused the grant: HTTP 400, invalid_grant (MP-121)
caused by: the server says: Invalid assertion. Client authentication failed. Expired key. (trace_id: 356666143081bbec11d293753e9702ca)
caused by: that means: the key was registered on client our-client more than a year ago, or the end date it was registered with has passed
hint: register a new key on the client in Samarbeidsportalen, or renew the same key by registering it again; this command, with the same options, shows what to register: maskinporten keys public

"#]],
    );
}

#[test]
fn a_recorded_refusal_of_an_unknown_scope_is_explained() {
    refused_with("400 Bad Request", wire("mp-200.json")).fails(
        5, str![[r#"
error: the token endpoint refused the grant: HTTP 400, invalid_scope (MP-200)
caused by: the server says: Token request contains invalid scopes for client, altinn:serviceowners/read (trace_id: bd1d0e3bfb1c7a7bd99fd447714a316c)
caused by: that means: the scope altinn:serviceowners/read is not registered on client our-client in test
hint: the administrator of the client must add the scope in Samarbeidsportalen; if it is not available there, the owner of the API must first grant organisation 991825827 access

"#]],
    );
}

#[test]
fn the_older_form_without_a_code_is_recognised_by_its_text_and_keeps_its_correlation_id() {
    let server = Server::start([json_answer("403 Forbidden", wire("forbidden-not-delegated.json"))]);

    let outcome = asking("token", &server).args(["--error-format", "json"]).run();

    assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""));
    assert_eq!(
        serde_json::from_str::<Value>(&outcome.stderr).unwrap(),
        json!({ "error": {
            "code": "refused",
            "message": "the token endpoint refused the grant: HTTP 403, forbidden",
            "causes": [
                "the server says: Consumer 958935420 has not delegated access to the scope \
                 folkeregister:deling/offentligutenhjemmel to supplier 920204368. \
                 (correlation id: 2d40caf9-ea11-9710-d7fa-82639fe7374f)",
                "that means: the consumer 958935420 has not delegated the scope \
                 folkeregister:deling/offentligutenhjemmel to the supplier 920204368 in Altinn; delegations in \
                 production do not exist in the test environment",
            ],
            "hint": "ask the consumer 958935420 to delegate the API to the supplier's organisation number 920204368 in \
                     Altinn, in the same environment",
            "exit_code": 5,
            "http_status": 403,
            "oauth_error": "forbidden",
            "mp_code": null,
            "trace_id": "2d40caf9-ea11-9710-d7fa-82639fe7374f",
            "warnings": [],
        }})
    );
}

#[test]
fn the_older_form_of_a_scope_that_was_not_granted_is_explained() {
    refused_with("403 Forbidden", wire("forbidden-not-granted.json")).fails(
        5, str![[r#"
error: the token endpoint refused the grant: HTTP 403, forbidden
caused by: the server says: Consumer has not been granted access to the scope folkeregister:deling/offentligutenhjemmel. (correlation id: 2d4fa134-eacb-eae8-63f4-eeb2ea408979)
caused by: that means: organisation 991825827 does not have the scope folkeregister:deling/offentligutenhjemmel: the owner of the API has not granted access to it; a supplier also gets this refusal when it does not name the consumer it acts for
hint: ask the owner of the API to grant organisation number 991825827 access; a supplier passes the consumer's organisation number with --consumer-org

"#]],
    );
}

#[test]
fn an_unknown_code_gets_a_hint_with_the_documentation_and_the_support_desk() {
    let body = r#"{"error":"invalid_grant","error_description":"The moon is full. (trace_id: 0a1b)","error_uri":"https://maskinporten.no/errors/MP-999"}"#;
    refused_with("400 Bad Request", body).fails(
        5, str![[r#"
error: the token endpoint refused the grant: HTTP 400, invalid_grant (MP-999)
caused by: the server says: The moon is full. (trace_id: 0a1b)
caused by: the server refers to https://maskinporten.no/errors/MP-999
hint: look it up in https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking, or send the trace id to servicedesk@digdir.no

"#]],
    );
}

#[test]
fn an_unknown_code_is_reported_in_norwegian_too() {
    let body = r#"{"error":"invalid_grant","error_description":"The moon is full. (trace_id: 0a1b)","error_uri":"https://maskinporten.no/errors/MP-999"}"#;
    let server = Server::start([json_answer("400 Bad Request", body)]);

    asking("token", &server).args(["--lang", "nb"]).run().fails(
        5, str![[r#"
feil: token-endepunktet avviste grantet: HTTP 400, invalid_grant (MP-999)
årsak: serveren svarer: The moon is full. (trace_id: 0a1b)
årsak: serveren viser til https://maskinporten.no/errors/MP-999
råd: slå det opp i https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking, eller send trace-id-en til servicedesk@digdir.no

"#]],
    );
}

#[test]
fn a_refusal_without_a_description_is_reported_by_its_error_alone() {
    refused_with("401 Unauthorized", r#"{"error":"invalid_client"}"#).fails(
        5,
        str![[r#"
error: the token endpoint refused the grant: HTTP 401, invalid_client
hint: pass --client-auth with the method that the client is registered with

"#]],
    );
}

#[test]
fn null_or_malformed_members_do_not_hide_the_error() {
    for body in [
        r#"{"error":"invalid_client","error_description":null,"error_uri":null,"status":401}"#,
        r#"{"error":"invalid_client","error_description":"","error_uri":""}"#,
        r#"{"error":"invalid_client","error_description":{"text":"no"},"error_uri":7}"#,
    ] {
        refused_with("401 Unauthorized", body).fails(
            5,
            str![[r#"
error: the token endpoint refused the grant: HTTP 401, invalid_client
hint: pass --client-auth with the method that the client is registered with

"#]],
        );
    }
}

/// Returns what the refusal of a certificate means, when this keystore's certificate was sent.
fn refused_certificate(known: &str, keystore: &str, alias: &[&str]) -> String {
    let known = all_known().into_iter().find(|refusal| refusal.code == Some(known)).unwrap();
    let server = Server::start([known.answer()]);
    let command = asking("token", &server).env("MASKINPORTEN_AUDIENCE", "https://test.maskinporten.no/");
    let password = if alias.is_empty() { "secret" } else { "secret12" };
    let command = command
        .env("MASKINPORTEN_KEYSTORE", testdata(keystore))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", password)
        .args(alias);
    let stderr = command.run().stderr;
    let meaning = stderr.lines().find_map(|line| line.strip_prefix("caused by: that means: "));
    meaning.unwrap_or_else(|| panic!("{stderr}")).to_owned()
}

#[test]
fn a_refused_certificate_is_named_with_what_is_wrong_with_it() {
    let own = "the certificate of organisation 991825827 from Testdata Issuing CA is not accepted in test: ";
    for (keystore, alias, why) in [
        ("expired.p12", &[][..], "it expired on 2022-"),
        ("not-yet-valid.p12", &[], "it is not valid before 2110-"),
        (
            "keytool-three.p12",
            &["--alias", "encryption"],
            "it is not for signing, since its key usage is keyEncipherment",
        ),
        ("modern.p12", &[], "it is a production certificate used in test or the reverse, or it has expired, "),
    ] {
        let meaning = refused_certificate("MP-120", keystore, alias);
        assert!(meaning.strip_prefix(own).is_some_and(|rest| rest.starts_with(why)), "{meaning}");
    }
    assert_eq!(
        refused_certificate("MP-122", "modern.p12", &[]),
        "the organisation number in the certificate, 991825827, is not that of the organisation that owns client our-client"
    );
}

#[test]
fn a_refused_grant_is_explained_with_what_it_asked_for() {
    let known = |text: &str| all_known().into_iter().find(|refusal| refusal.text.contains(text)).unwrap();
    for (text, arguments, part) in [
        (
            "Unknown key identifier",
            &["--kid", "my-key"][..],
            "client our-client has no key with the key id (kid) my-key in test; ",
        ),
        (
            "Invalid JWT claim aud",
            &["-a", "https://test.maskinporten.no"],
            "(aud) of the grant, https://test.maskinporten.no, is",
        ),
        ("Client not found", &[], "no active client with the client id our-client in test"),
        ("scopes not allowed", &["-s", "a:b c:d"], "one of the scopes a:b, c:d is for logging in people"),
        (
            "combination consumer_org",
            &["-C", "310700053"],
            "the consumer 310700053 is the organisation that owns client our-client",
        ),
        (
            "No system user",
            &["--system-user", "310700053", "--external-ref", "kunde"],
            "Altinn has no system user that matches, for organisation 310700053, external reference kunde: ",
        ),
    ] {
        let server = Server::start([known(text).answer()]);

        let command = asking("token", &server).env("MASKINPORTEN_AUDIENCE", "https://test.maskinporten.no/");
        let stderr = command.args(arguments).run().stderr;

        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

#[test]
fn the_hint_names_where_the_values_came_from() {
    let known = all_known().into_iter().find(|refusal| refusal.code == Some("MP-100")).unwrap();
    let server = Server::start([known.answer(), known.answer(), known.answer()]);
    let asking = || asking("token", &server);

    let variable = asking().run();
    let option = asking().args(["--client-id", "other"]).run();
    let file = asking().env("MASKINPORTEN_CLIENT_ID", "");
    let config = file.home().join("config.toml");
    std::fs::write(&config, "[profiles.mine]\nclient_id = \"third\"\n").unwrap();
    let file = file.args(["--config", &config.display().to_string(), "--profile", "mine"]).run();

    for (outcome, place) in [
        (variable, "MASKINPORTEN_CLIENT_ID".to_owned()),
        (option, "--client-id".to_owned()),
        (file, format!("client_id in `{}`, line 2", config.display())),
    ] {
        let stderr = outcome.failure(5);
        assert!(stderr.contains(&format!("hint: compare {place} and --env with the client")), "{place}: {stderr}");
    }
}

#[test]
fn the_refusal_of_a_registered_key_says_when_its_file_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.jwk.json");
    std::fs::copy(testdata("key.jwk.json"), &file).unwrap();
    let changed = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    std::fs::File::open(&file).unwrap().set_modified(changed).unwrap();
    for (text, part) in [
        ("Expired key", "has passed; its file was last changed on 2023-11-14 22:13 UTC"),
        ("Unknown key identifier", "two minutes ago (its file was last changed on 2023-11-14 22:13 UTC)"),
    ] {
        let known = all_known().into_iter().find(|refusal| refusal.text.contains(text)).unwrap();
        let server = Server::start([known.answer()]);

        let asking = asking("token", &server).env("MASKINPORTEN_KEYSTORE", "");
        let stderr = asking.args(["--jwk", &file.display().to_string()]).run().stderr;

        assert!(stderr.contains(part), "{stderr}");
    }
}

#[test]
fn a_clock_that_is_far_from_the_servers_is_named_with_the_difference() {
    let known = |text: &str| all_known().into_iter().find(|refusal| refusal.text.contains(text)).unwrap();
    // The last digit depends on how long the request takes.
    let digit = regex::Regex::new("[0-9] seconds").unwrap();
    for (text, offset, part) in [
        ("Issue time is after now", -45, "this machine's clock is 4x seconds ahead of Maskinporten's"),
        ("JWT is expired", 305, "it arrived: this machine's clock is 30x seconds behind Maskinporten's"),
        ("Invalid JWT claim iat", 0, "this machine's clock is behind Maskinporten's, or the grant was kept"),
    ] {
        let date = chrono::Utc::now() + chrono::TimeDelta::seconds(offset);
        let date = format!("Date: {}", date.format("%a, %d %b %Y %H:%M:%S GMT"));
        let refusal = known(text);
        let headers = ["Content-Type: application/json", &date];
        let server = Server::start([answer("400 No", &headers, refusal.body().to_string())]);

        let stderr = asking("token", &server).run().stderr;

        assert!(digit.replace(&stderr, "x seconds").contains(part), "{stderr}");
    }
}
