//! What the page shows without a token: the reason, what to do, and how it recovers.

use std::{fs, process::Command};

use serde_json::{Value, json};

use super::{ERROR, SHOWN, showing};
use crate::{
    browser::{Browser, Setup},
    local::Local,
    serve::Serve,
    support::program,
};

#[test]
fn a_refusal_is_shown_with_code_meaning_and_remedy_until_its_cause_is_gone() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &["--scope", "new:scope"]);
    let browser = Browser::start(&Setup::default());
    browser.open(&served.url());
    browser.wait_for(ERROR);
    let shown = browser.text("#error");
    let shown = regex::Regex::new("\n+").unwrap().replace_all(&shown, "\n").into_owned();
    let starts = "Maskinporten refused the request\nThe scope new:scope is not registered on client \
                  8d001e58-c758-4beb-a9ec-ae1d770fa35e.\nWhat to do\nThe administrator ";
    assert!(shown.starts_with(starts), "{shown}");
    let facts = "\nCode\nMP-200\nError\ninvalid_scope\nMaskinporten's response\nToken request contains invalid scopes for \
                 client, new:scope\nTrace id\n";
    assert!(shown.contains(facts), "{shown}");
    assert!(!shown.contains("trace_id"), "{shown}");
    assert_eq!(
        browser.run("return [...document.querySelectorAll('[role=alert]')].some(alert => alert.innerText)"),
        true
    );

    browser.click("[data-language=nb]");
    browser.wait_for("error.innerText.includes('Scopet new:scope er ikke registrert på klienten ')");
    let shown = browser.text("#error");
    assert!(shown.starts_with("Maskinporten avslo forespørselen\n"), "{shown}");

    let mut clients: Value = serde_json::from_slice(&fs::read(local.file("clients.json")).unwrap()).unwrap();
    clients["scopes"].as_array_mut().unwrap().push(json!({ "name": "new:scope", "accessible_for_all": true }));
    clients["clients"][0]["scopes"].as_array_mut().unwrap().push(json!("new:scope"));
    fs::write(local.file("clients.json"), clients.to_string()).unwrap();
    browser.click("#again");
    browser.wait_for(SHOWN);
    assert_eq!(browser.run("return error.hidden"), true);
}

#[test]
fn a_stopped_server_is_reported_with_a_remedy_and_the_token_stays() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let port = served.port().to_string();
    let browser = showing(&served, &Setup::default());
    drop(served);

    browser.click("#fresh");
    browser.wait_for(ERROR);

    let shown = browser.text("#error-text");
    let wanted = "The server on this machine does not respond\n\nStart it again in the terminal as before, then try again.\n\n\
                  The token below is the previous one, which is still valid.";
    assert_eq!(shown, wanted);
    assert_eq!(browser.text("#message"), "");
    browser.wait_for("!document.querySelector('#token-card').hidden");
    let _again = Serve::start(local.maskinporten(&["serve", "--env", "local", "--port", &port]));
    browser.click("#again");
    browser.wait_for("error.hidden");
    browser.wait_for(SHOWN);
}

#[test]
fn an_unreachable_endpoint_is_distinguished_from_a_refusal() {
    let mut local = Local::start(&[]);
    let served = Serve::local(&local, &["--retries", "0"]);
    local.end();
    let browser = Browser::start(&Setup::default());

    browser.open(&served.url());
    browser.wait_for(ERROR);

    let shown = browser.text("#error");
    let shown = shown.replace("\n\n", "\n");
    let starts =
        "No token received\nThe simulator does not respond.\nWhat to do\nStart the simulator in another terminal: ";
    assert!(shown.starts_with(starts) && shown.contains("\nError\nconnect\nDetails\nCould not reach"), "{shown}");
    browser.click("[data-language=nb]");
    browser.wait_for("error.innerText.includes('Simulatoren svarer ikke.')");
    let shown = browser.text("#error");
    assert!(shown.contains("Start den i en annen terminal: maskinporten simulate"), "{shown}");
    assert_eq!(browser.run("return document.querySelector('#error dd[lang]').lang"), "en");
}

#[test]
fn every_failure_is_described_in_the_readers_language() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup { languages: "nb", ..Setup::default() });

    let shown = browser.run(
        "const { explain } = await import('/showing.js');
         return ['connect', 'dns', 'tls', 'proxy', 'timeout', 'unavailable', 'answer', 'internal'].map((error) =>
             explain({ error, error_description: 'x', remedy: 'pass --ca-file', status: 502 }, 'nb')
                 .map((part) => part.outerHTML).join(''))",
    );

    let shown = shown.as_array().unwrap();
    for text in shown.iter().map(|text| text.as_str().unwrap()) {
        assert!(text.starts_with("<h2>Det ble ikke hentet noe token</h2><p>") && !text.contains("pass "), "{text}");
    }
    assert!(shown[0].as_str().unwrap().contains("Fikk ikke kontakt med Maskinporten."));
    assert!(shown[2].as_str().unwrap().contains(r#"<code class="whole">--ca-file</code>"#), "{}", shown[2]);
    assert!(shown[4].as_str().unwrap().contains("Maskinporten svarte ikke i tide."));
}

#[test]
fn an_unknown_profile_or_scope_leads_to_the_served_profiles_and_not_to_a_retry() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = Browser::start(&Setup { languages: "nb", ..Setup::default() });
    for (query, title) in [
        ("profile=nope", "Det finnes ingen profil med dette navnet"),
        ("scope=not:allowed", "Dette scopet er ikke tillatt her"),
    ] {
        browser.open(&format!("{}?{query}", served.url()));
        browser.wait_for(ERROR);
        assert!(browser.text("#error").starts_with(title), "{}", browser.text("#error"));
        assert_eq!(browser.run("return document.querySelector('#again').hidden"), true);

        browser.click("#error a");
        browser.wait_for(SHOWN);

        assert_eq!(browser.run("return location.search"), "?profile=default");
    }
}

#[test]
fn a_wrong_address_shows_an_error_with_a_link_to_the_page() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &["--secret", "correct-horse-battery"]);
    let browser = Browser::start(&Setup { languages: "nb", ..Setup::default() });
    for (path, title, detail) in [
        ("nothing", "Fant ikke siden", None),
        ("?profil=test", "Adressen er ikke gyldig", Some("Unknown query parameter profil.")),
        ("?%3Cimg%20src=x", "Adressen er ikke gyldig", Some("Unknown query parameter <img src.")),
    ] {
        browser.open(&format!("{}{path}", served.url()));

        assert_eq!(browser.text("h1"), title);
        let text = browser.text("main");
        assert!(detail.is_none_or(|detail| text.to_lowercase().contains(&detail.to_lowercase())), "{text}");
        assert_eq!(browser.run("return document.images.length"), 0);
        browser.click("a");
        browser.wait_for("!document.querySelector('#secret-form').hidden");
    }
}

#[test]
fn a_secret_is_asked_for_and_kept_in_memory_only() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &["--secret", "correct-horse-battery"]);
    let browser = Browser::start(&Setup::default());
    browser.open(&served.url());
    browser.wait_for("!document.querySelector('#secret-form').hidden");
    assert_eq!(browser.run("return document.activeElement.id"), "secret");

    browser.press("wrong\u{e007}");
    browser.wait_for("document.querySelector('#secret-wrong').innerText === 'The server rejected this secret.'");
    assert_eq!(browser.run("return [secret.value, secret.ariaInvalid]"), json!(["", "true"]));
    browser.press("correct-horse-battery\u{e007}");
    browser.wait_for(SHOWN);

    let kept = "return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, \
                document.documentElement.outerHTML, secret.value])";
    assert!(!browser.run(kept).as_str().unwrap().contains("battery"));
    browser.click("summary");
    let help = browser.text("#curl-secret");
    assert!(help.starts_with("$SECRET is the secret that this server was started with."), "{help}");
    let line = browser.run("return curl.textContent").as_str().unwrap().to_owned();
    let output = program(Command::new("sh").args(["-c", &line]).env("SECRET", "correct-horse-battery"), b"");
    assert!(output.contains(r#""hello":"310700010""#), "{line}: {output}");
    assert!(!served.log().contains("battery"));
    browser.open(&served.url());
    browser.wait_for("!document.querySelector('#secret-form').hidden");
}

#[test]
fn a_browser_gets_a_page_with_the_status_that_programs_get_as_json() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let page = served.get_with("/", &["Accept: text/html"]);
    let policy = page.header("content-security-policy").map(str::to_owned);
    for (path, status, text) in [
        ("/nothing", 404, "<h1>Page not found</h1>"),
        ("/?%3Cb%3E%26=1", 400, "Unknown query parameter <code>&lt;b&gt;&amp;</code>."),
        ("/headers?profile=nope", 404, "<p lang=\"en\">Use one of default.</p>"),
    ] {
        let answer = served.get_with(path, &["Accept: text/html"]);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("text/html; charset=utf-8")),
            "{path}"
        );
        assert!(answer.body.contains(text), "{}", answer.body);
        assert_eq!(answer.header("content-security-policy"), policy.as_deref());
        assert_eq!(served.get(path).header("content-type"), Some("application/json"), "{path}");
    }
}
