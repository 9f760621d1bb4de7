use serde_json::{Value, json};

use super::{REQUEST_READ, REQUESTS, request, requested};
use crate::simulator::tests::running::Running;

const PAGE: &str = "/accessmanagement/ui/systemuser/request";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

impl Running {
    /// Answers a request as a customer does on the page.
    pub(super) fn decide(&self, id: &str, answer: &str) -> (u16, String, String) {
        let (status, _, page) = self.ask(&format!("GET {PAGE}?id={id}&DONTCHOOSEREPORTEE=true"), "", "");
        assert_eq!(status, 200);
        let (_, rest) = page.split_once("name=\"secret\" value=\"").unwrap();
        let (secret, _) = rest.split_once('"').unwrap();
        self.ask(&format!("POST {PAGE}?id={id}"), FORM, &format!("secret={secret}&answer={answer}"))
    }

    fn status_of(&self, id: &str) -> Value {
        let token = self.vendor(REQUEST_READ, &[]);
        self.json(&format!("GET {REQUESTS}/{id}"), &token, &Value::Null).1["status"].clone()
    }
}

#[test]
fn a_customer_approves_or_rejects_on_the_page_once() {
    for (answer, status, id) in [("approve", "Accepted", "accepted"), ("reject", "Rejected", "rejected")] {
        let running = Running::start(|_| ());
        let document = requested(&running, &request("310700061"));
        let request = document["id"].as_str().unwrap();

        let (code, _, page) = running.decide(request, answer);

        assert_eq!(code, 200);
        assert!(page.contains(&format!("<p role=\"status\" id=\"{id}\">")), "{page}");
        assert_eq!(running.status_of(request), status);
        let (_, _, page) = running.ask(&format!("GET {PAGE}?id={request}"), "", "");
        assert!(!page.contains("<form"), "{page}");
    }
}

#[test]
fn the_browser_returns_to_the_vendor_if_the_request_says_so() {
    let running = Running::start(|_| ());
    let mut body = request("310700061");
    body["redirectUrl"] = json!("https://fagsystem.example/ferdig?kunde=1");
    let document = requested(&running, &body);

    let (status, head, _) = running.decide(document["id"].as_str().unwrap(), "approve");

    assert_eq!(status, 303);
    assert!(head.contains("location: https://fagsystem.example/ferdig?kunde=1"), "{head}");
    assert!(head.contains("form-action 'self' https://fagsystem.example"), "{head}");
}

#[test]
fn another_page_cannot_answer_for_the_customer() {
    let running = Running::start(|_| ());
    let document = requested(&running, &request("310700061"));
    let id = document["id"].as_str().unwrap();
    for (form, status) in [("answer=approve", 403), ("answer=approve&secret=x", 403)] {
        let (got, _, _) = running.ask(&format!("POST {PAGE}?id={id}"), FORM, form);
        assert_eq!(got, status, "{form}");
    }
    let (status, _, _) = running.decide(id, "perhaps");
    assert_eq!(status, 400);
    assert_eq!(running.status_of(id), "New");
    let (_, head, _) = running.ask(&format!("GET {PAGE}?id={id}"), "", "");
    assert!(head.contains("frame-ancestors 'none'"), "{head}");
    let (status, _, _) = running.ask(&format!("GET {PAGE}?id=x"), "", "");
    assert_eq!(status, 404);
}

#[test]
fn the_page_is_in_the_language_of_the_browser_and_shows_text_as_text() {
    let running = Running::start(|_| ());
    let token = running.vendor(super::WRITE, &[]);
    let mut system = super::system("310700045_fagsystem");
    system["name"] = json!({ "nb": "<b>Øk&Co</b>", "en": "Eco" });
    running.json(&format!("POST {}", super::SYSTEMS), &token, &system);
    let token = running.vendor(super::REQUEST_WRITE, &[]);
    let (_, document) = running.json(&format!("POST {REQUESTS}"), &token, &request("310700061"));
    let start = format!("GET {PAGE}?id={}", document["id"].as_str().unwrap());

    let (_, _, page) = running.ask(&start, "Accept-Language: nb-NO,nb;q=0.9,en;q=0.5\r\n", "");
    assert!(page.contains("<html lang=\"nb\">") && page.contains(">Godkjenn<"), "{page}");
    assert!(page.contains("&lt;b&gt;Øk&amp;Co&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    let (_, _, page) = running.ask(&start, "Accept-Language: de\r\n", "");
    assert!(page.contains("<html lang=\"en\">") && page.contains(">Approve<") && page.contains("Eco"), "{page}");
    assert!(page.contains("310700061") && page.contains("app_ttd_demo"), "{page}");
}
