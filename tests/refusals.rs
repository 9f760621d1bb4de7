//! Every refusal that Maskinporten is known to give: its own words, what they mean and what to do, and nothing else.
//!
//! `refusals.txt` has them, a paragraph each: status, error and MP code; the server's words; what is said of them in
//! English and in Norwegian.

use serde_json::{Value, json};

use crate::{
    server::{Server, Step, asking, json as json_answer},
    support::testdata,
};

const TRACE: &str = "356666143081bbec11d293753e9702ca";

/// A refusal as it comes, and the two halves of its explanation in each language.
pub struct Known {
    pub status: u16,
    pub error: &'static str,
    pub code: Option<&'static str>,
    words: String,
    pub told: [Told; 2],
}

/// What a refusal means and what to do, in the language of this name.
pub struct Told {
    pub language: &'static str,
    pub meaning: &'static str,
    pub hint: &'static str,
}

pub fn all_known() -> Vec<Known> {
    include_str!("refusals.txt").split("\n\n").map(Known::read).collect()
}

impl Known {
    fn read(paragraph: &'static str) -> Self {
        let lines: Vec<_> = paragraph.lines().collect();
        let [head, words, meaning, hint, norwegian_meaning, norwegian_hint] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        let mut head = head.split(' ');
        Self {
            status: head.next().unwrap().parse().unwrap(),
            error: head.next().unwrap(),
            code: head.next(),
            words: format!("{words}. (trace_id: {TRACE})"),
            told: [Told::new("en", meaning, hint), Told::new("nb", norwegian_meaning, norwegian_hint)],
        }
    }

    /// The answer in the form that Maskinporten's have had since 2024.
    pub fn answer(&self) -> Step {
        json_answer(&format!("{} No", self.status), self.body().to_string())
    }

    /// Its body.
    pub fn body(&self) -> Value {
        let mut body = json!({ "error": self.error, "error_description": self.words });
        if let Some(code) = self.code {
            body["error_uri"] = Value::from(format!("https://test.maskinporten.no/errors/{code}"));
        }
        body
    }

    fn message(&self) -> String {
        let code = self.code.map(|code| format!(" ({code})")).unwrap_or_default();
        format!("the token endpoint refused the grant: HTTP {}, {}{code}", self.status, self.error)
    }

    pub fn said(&self) -> String {
        format!("the server says: {}", self.words)
    }
}

impl Told {
    fn new(language: &'static str, meaning: &'static str, hint: &'static str) -> Self {
        Self { language, meaning, hint: hint.strip_prefix("hint: ").unwrap() }
    }
}

/// Gives a body as a refusal and returns what is said of it.
fn said_of(status: &str, body: impl AsRef<[u8]>) -> crate::support::Outcome {
    let server = Server::start([json_answer(status, body)]);
    asking("token", &server).run()
}

fn wire(file: &str) -> Vec<u8> {
    std::fs::read(testdata(&format!("wire/{file}"))).unwrap()
}

#[test]
fn every_code_of_maskinporten_is_among_the_refusals_that_are_tried() {
    let codes: std::collections::BTreeSet<_> = all_known().iter().filter_map(|known| known.code).collect();

    let known: std::collections::BTreeSet<_> =
        maskinporten_token_generator::client::Explanation::all().filter_map(|entry| entry.code).collect();
    assert_eq!(codes, known);
    assert_eq!(codes.len(), 17);
}

#[test]
fn every_refusal_is_shown_with_the_servers_words_their_meaning_and_what_to_do() {
    for known in all_known() {
        for told in &known.told {
            let server = Server::start([known.answer()]);

            let outcome = asking("token", &server).args(["--lang", told.language]).run();

            outcome.fails(
                5,
                &format!(
                    "error: {}\ncaused by: {}\ncaused by: {}\nhint: {}\n",
                    known.message(),
                    known.said(),
                    told.meaning,
                    told.hint
                ),
            );
        }
    }
}

#[test]
fn every_refusal_is_told_to_a_program_in_one_object_with_every_member() {
    for known in all_known() {
        for told in &known.told {
            let server = Server::start([known.answer()]);

            let command = asking("headers", &server).env("MASKINPORTEN_LANG", told.language);
            let outcome = command.args(["--error-format", "json"]).run();

            assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""));
            assert_eq!(outcome.stderr.matches('\n').count(), 1);
            assert_eq!(
                serde_json::from_str::<Value>(&outcome.stderr).unwrap(),
                json!({ "error": {
                    "code": "refused",
                    "message": known.message(),
                    "causes": [known.said(), told.meaning],
                    "hint": told.hint,
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
fn an_expired_key_as_it_was_seen_on_the_wire_is_explained() {
    said_of("400 Bad Request", wire("mp-121.json")).fails(
        5,
        "error: the token endpoint refused the grant: HTTP 400, invalid_grant (MP-121)\n\
         caused by: the server says: Invalid assertion. Client authentication failed. Expired key. \
         (trace_id: 356666143081bbec11d293753e9702ca)\n\
         caused by: that means: the key was registered on the client more than a year ago, or the end date it was registered \
         with has passed\n\
         hint: register a new key on the client in Samarbeidsportalen, or renew the same key by registering it again; this \
         command shows what to register: maskinporten keys public\n",
    );
}

#[test]
fn an_unknown_scope_as_it_was_seen_on_the_wire_is_explained() {
    said_of("400 Bad Request", wire("mp-200.json")).fails(
        5,
        "error: the token endpoint refused the grant: HTTP 400, invalid_scope (MP-200)\n\
         caused by: the server says: Token request contains invalid scopes for client, altinn:serviceowners/read \
         (trace_id: bd1d0e3bfb1c7a7bd99fd447714a316c)\n\
         caused by: that means: the scope is not registered on the client\n\
         hint: the administrator of the client must add the scope in Samarbeidsportalen; if it is not available there, \
         the owner of the API must first grant your organisation access\n",
    );
}

#[test]
fn the_older_form_without_a_code_is_known_by_its_words_and_traced_by_its_correlation_id() {
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
                "that means: the consumer has not delegated the scope to the supplier in Altinn; delegations in \
                 production do not exist in the test environment",
            ],
            "hint": "ask the consumer to delegate the API to the supplier's organisation number in Altinn, in the same \
                     environment",
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
    said_of("403 Forbidden", wire("forbidden-not-granted.json")).fails(
        5,
        "error: the token endpoint refused the grant: HTTP 403, forbidden\n\
         caused by: the server says: Consumer has not been granted access to the scope \
         folkeregister:deling/offentligutenhjemmel. (correlation id: 2d4fa134-eacb-eae8-63f4-eeb2ea408979)\n\
         caused by: that means: the owner of the API has not granted this organisation access to the scope; a supplier \
         also gets this refusal when it does not name the consumer it acts for\n\
         hint: ask the owner of the API to grant your organisation number access; a supplier passes the consumer's \
         organisation number with --consumer-org\n",
    );
}

#[test]
fn a_code_that_nobody_knows_yet_leads_to_the_servers_page_and_the_support_desk() {
    let body = r#"{"error":"invalid_grant","error_description":"The moon is full. (trace_id: 0a1b)","error_uri":"https://maskinporten.no/errors/MP-999"}"#;
    said_of("400 Bad Request", body).fails(
        5,
        "error: the token endpoint refused the grant: HTTP 400, invalid_grant (MP-999)\n\
         caused by: the server says: The moon is full. (trace_id: 0a1b)\n\
         caused by: the server refers to https://maskinporten.no/errors/MP-999\n\
         hint: look it up in https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking, or send the trace id to \
         servicedesk@digdir.no\n",
    );
}

#[test]
fn what_nobody_knows_yet_is_told_in_norwegian_too() {
    let body = r#"{"error":"invalid_grant","error_description":"The moon is full. (trace_id: 0a1b)","error_uri":"https://maskinporten.no/errors/MP-999"}"#;
    let server = Server::start([json_answer("400 Bad Request", body)]);

    asking("token", &server).args(["--lang", "nb"]).run().fails(
        5,
        "error: the token endpoint refused the grant: HTTP 400, invalid_grant (MP-999)\n\
         caused by: the server says: The moon is full. (trace_id: 0a1b)\n\
         caused by: serveren viser til https://maskinporten.no/errors/MP-999\n\
         hint: slå det opp i https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking, eller send trace-id-en til \
         servicedesk@digdir.no\n",
    );
}

#[test]
fn a_refusal_of_one_word_is_shown_as_that_word() {
    said_of("401 Unauthorized", r#"{"error":"invalid_client"}"#).fails(
        5,
        "error: the token endpoint refused the grant: HTTP 401, invalid_client\n\
         hint: look it up in https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking\n",
    );
}

#[test]
fn members_that_are_null_or_of_no_use_do_not_hide_the_error() {
    for body in [
        r#"{"error":"invalid_client","error_description":null,"error_uri":null,"status":401}"#,
        r#"{"error":"invalid_client","error_description":"","error_uri":""}"#,
        r#"{"error":"invalid_client","error_description":{"text":"no"},"error_uri":7}"#,
    ] {
        said_of("401 Unauthorized", body).fails(
            5,
            "error: the token endpoint refused the grant: HTTP 401, invalid_client\n\
             hint: look it up in https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking\n",
        );
    }
}
