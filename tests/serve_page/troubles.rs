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
    let starts = "The token endpoint refused\nError\ninvalid_scope\nCode\nMP-200\nThe server says\nToken request contains \
                  invalid scopes for client, new:scope";
    assert!(told.starts_with(starts), "{told}");
    assert!(told.contains("\nThat means\nthe scope is not registered on the client\nWhat to do\nwhoever "), "{told}");
    assert!(told.contains("\nTrace id\n"), "{told}");
    assert_eq!(
        browser.run("return [...document.querySelectorAll('[role=alert]')].some(alert => alert.innerText)"),
        true
    );

    browser.click("[data-language=nb]");
    browser.wait_for("trouble.innerText.includes('Det betyr\\nscopet er ikke registrert på klienten')");
    let told = browser.text("#trouble");
    assert!(told.starts_with("Tokenendepunktet sa nei\nFeil\ninvalid_scope\n"), "{told}");

    let mut clients: Value = serde_json::from_slice(&fs::read(local.file("clients.json")).unwrap()).unwrap();
    clients["scopes"].as_array_mut().unwrap().push(json!({ "name": "new:scope", "accessible_for_all": true }));
    clients["clients"][0]["scopes"].as_array_mut().unwrap().push(json!("new:scope"));
    fs::write(local.file("clients.json"), clients.to_string()).unwrap();
    browser.click("#again");
    browser.wait_for(SHOWN);
    assert_eq!(browser.run("return trouble.hidden"), true);
}

#[test]
fn a_server_that_is_gone_is_told_with_the_command_that_starts_it_and_the_token_stays() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let port = served.port().to_string();
    let browser = showing(&served, &Setup::default());
    drop(served);

    browser.click("#fresh");
    browser.wait_for(TROUBLE);

    let told = browser.text("#trouble-text");
    let wanted = "The server does not answer\n\nStart it again in a terminal, then try again:\n\nmaskinporten serve\n\n\
                  The token below is the one from before; it is still good.";
    assert_eq!(told, wanted);
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
    assert!(
        told.starts_with("There is no token\nError\nconnect\nWhat happened\n") && told.contains("\nWhat to do\n"),
        "{told}"
    );
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
    let line = browser
        .run("return curl.textContent")
        .as_str()
        .unwrap()
        .replace("URL", &format!("{}api/hello", local.issuer()));
    let said = program(Command::new("sh").args(["-c", &line]).env("SECRET", "correct-horse-battery"), b"");
    assert!(said.contains(r#""hello":"310700010""#), "{line}: {said}");
    assert!(!served.log().contains("battery"));
    browser.open(&served.url());
    browser.wait_for("!document.querySelector('#secret-form').hidden");
}
