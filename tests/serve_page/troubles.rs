//! What the page says when there is no token: why, in whose words, what to do, and how it goes on afterwards.

use std::{fs, process::Command};

use serde_json::{Value, json};

use super::{SHOWN, TROUBLE, showing};
use crate::{
    browser::{Browser, Setup},
    local::Local,
    serve::Serve,
    support::program,
};

#[test]
fn a_refusal_is_told_with_its_code_its_meaning_and_its_remedy_and_is_over_when_its_cause_is() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &["--scope", "new:scope"]);
    let browser = Browser::start(&Setup::default());
    browser.open(&served.url());
    browser.wait_for(TROUBLE);
    let told = browser.text("#trouble");
    let told = regex::Regex::new("\n+").unwrap().replace_all(&told, "\n").into_owned();
    let starts = "Maskinporten refused the request\nThe scope is not registered on the client.\nWhat to do\nWhoever ";
    assert!(told.starts_with(starts), "{told}");
    let facts = "\nCode\nMP-200\nError\ninvalid_scope\nMaskinporten's answer\nToken request contains invalid scopes for \
                 client, new:scope\nTrace id\n";
    assert!(told.contains(facts), "{told}");
    assert!(!told.contains("trace_id"), "{told}");
    assert_eq!(
        browser.run("return [...document.querySelectorAll('[role=alert]')].some(alert => alert.innerText)"),
        true
    );

    browser.click("[data-language=nb]");
    browser.wait_for("trouble.innerText.includes('Scopet er ikke registrert på klienten.')");
    let told = browser.text("#trouble");
    assert!(told.starts_with("Maskinporten avslo forespørselen\n"), "{told}");

    let mut clients: Value = serde_json::from_slice(&fs::read(local.file("clients.json")).unwrap()).unwrap();
    clients["scopes"].as_array_mut().unwrap().push(json!({ "name": "new:scope", "accessible_for_all": true }));
    clients["clients"][0]["scopes"].as_array_mut().unwrap().push(json!("new:scope"));
    fs::write(local.file("clients.json"), clients.to_string()).unwrap();
    browser.click("#again");
    browser.wait_for(SHOWN);
    assert_eq!(browser.run("return trouble.hidden"), true);
}

#[test]
fn a_server_that_is_gone_is_told_with_what_to_do_and_the_token_stays() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let port = served.port().to_string();
    let browser = showing(&served, &Setup::default());
    drop(served);

    browser.click("#fresh");
    browser.wait_for(TROUBLE);

    let told = browser.text("#trouble-text");
    let wanted = "The server on this machine does not answer\n\nStart it again in the terminal, in the same way as before. Then try again.\n\n\
                  The token below is the one from before; it is still good.";
    assert_eq!(told, wanted);
    assert_eq!(browser.text("#said"), "");
    browser.wait_for("!document.querySelector('#token-card').hidden");
    let _again = Serve::start(local.maskinporten(&["serve", "--env", "local", "--port", &port]));
    browser.click("#again");
    browser.wait_for("trouble.hidden");
    browser.wait_for(SHOWN);
}

#[test]
fn an_endpoint_that_is_down_is_told_apart_from_one_that_refuses() {
    let mut local = Local::start(&[]);
    let served = Serve::local(&local, &["--retries", "0"]);
    local.end();
    let browser = Browser::start(&Setup::default());

    browser.open(&served.url());
    browser.wait_for(TROUBLE);

    let told = browser.text("#trouble");
    let told = told.replace("\n\n", "\n");
    let starts =
        "There is no token\nThe simulator does not answer.\nWhat to do\nStart the simulator in another terminal: ";
    assert!(told.starts_with(starts) && told.contains("\nError\nconnect\nDetails\nCould not reach"), "{told}");
    browser.click("[data-language=nb]");
    browser.wait_for("trouble.innerText.includes('Simulatoren svarer ikke.')");
    let told = browser.text("#trouble");
    assert!(told.contains("Start den i en annen terminal: maskinporten simulate"), "{told}");
    assert_eq!(browser.run("return document.querySelector('#trouble dd[lang]').lang"), "en");
}

#[test]
fn every_failure_on_the_way_is_told_in_the_readers_language() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup { languages: "nb", ..Setup::default() });

    let told = browser.run(
        "const { account } = await import('/showing.js');
         return ['connect', 'dns', 'tls', 'proxy', 'timeout', 'unavailable', 'answer', 'internal'].map((error) =>
             account({ error, error_description: 'x', remedy: 'pass --ca-file', status: 502 }, 'nb')
                 .map((part) => part.outerHTML).join(''))",
    );

    let told = told.as_array().unwrap();
    for text in told.iter().map(|text| text.as_str().unwrap()) {
        assert!(text.starts_with("<h2>Det ble ikke hentet noe token</h2><p>") && !text.contains("pass "), "{text}");
    }
    assert!(told[0].as_str().unwrap().contains("Fikk ikke kontakt med Maskinporten."));
    assert!(told[2].as_str().unwrap().contains(r#"<code class="whole">--ca-file</code>"#), "{}", told[2]);
    assert!(told[4].as_str().unwrap().contains("Maskinporten svarte ikke i tide."));
}

#[test]
fn a_profile_that_is_not_served_leads_to_those_that_are_and_not_to_trying_again() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = Browser::start(&Setup { languages: "nb", ..Setup::default() });
    for (query, title) in [
        ("profile=nope", "Det finnes ingen profil med dette navnet"),
        ("scope=not:allowed", "Dette scopet er ikke tillatt her"),
    ] {
        browser.open(&format!("{}?{query}", served.url()));
        browser.wait_for(TROUBLE);
        assert!(browser.text("#trouble").starts_with(title), "{}", browser.text("#trouble"));
        assert_eq!(browser.run("return document.querySelector('#again').hidden"), true);

        browser.click("#trouble a");
        browser.wait_for(SHOWN);

        assert_eq!(browser.run("return location.search"), "?profile=default");
    }
}

#[test]
fn an_address_that_is_wrong_is_told_in_words_with_a_way_to_the_page() {
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
fn a_secret_is_asked_for_and_is_kept_in_memory_alone() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &["--secret", "correct-horse-battery"]);
    let browser = Browser::start(&Setup::default());
    browser.open(&served.url());
    browser.wait_for("!document.querySelector('#secret-form').hidden");
    assert_eq!(browser.run("return document.activeElement.id"), "secret");

    browser.press("wrong\u{e007}");
    browser.wait_for("document.querySelector('#secret-wrong').innerText === 'The server does not take this secret.'");
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
    let said = program(Command::new("sh").args(["-c", &line]).env("SECRET", "correct-horse-battery"), b"");
    assert!(said.contains(r#""hello":"310700010""#), "{line}: {said}");
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
