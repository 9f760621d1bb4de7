//! What the page shows of a token: its claims, its remaining lifetime, and the token itself only when asked.

use std::process::Command;

use serde_json::{Value, json};

use super::{SHOWN, showing};
use crate::{browser::Setup, local::Local, serve::Serve, support::program};

/// Returns the expression for the text of a claim.
fn claim(name: &str) -> String {
    format!(
        "[...document.querySelectorAll('#claim-rows tr')].find(row => row.querySelector('th code').innerText === '{name}').cells[1].innerText"
    )
}

/// Returns the response that programs get.
pub(super) fn answer(served: &Serve) -> Value {
    let url = format!("{}?cache=true", served.url());
    serde_json::from_str(&program(Command::new("curl").args(["-sS", &url]), b"")).unwrap()
}

#[test]
fn claims_are_shown_with_times_in_words_and_the_token_only_when_asked() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    let token = answer(&served)["access_token"].as_str().unwrap().to_owned();
    let whole = |where_: &str| browser.run(&format!("return {where_}.includes({})", json!(token)));
    assert_eq!(whole("document.documentElement.outerHTML"), false);

    assert_eq!(browser.run(&format!("return {}", claim("iss"))), json!(local.issuer()));
    assert_eq!(browser.run(&format!("return {}", claim("scope"))), json!("difitest:test1"));
    let expires = browser.run(&format!("return {}", claim("exp")));
    let words = regex::Regex::new(r"^\d{10}\n\d\d:\d\d:\d\d, in (1 minute|2 minutes|\d+ seconds)$").unwrap();
    assert!(words.is_match(expires.as_str().unwrap()), "{expires}");
    let consumer = browser.run(&format!("return {}", claim("consumer")));
    assert!(consumer.as_str().unwrap().ends_with("\norganisation number 310\u{a0}700\u{a0}010"), "{consumer}");
    browser.click("#reveal");
    assert_eq!(browser.text("#token"), token);
    browser.click("#reveal");
    assert_eq!(whole("document.documentElement.outerHTML"), false);
    assert_eq!(browser.console(), Vec::<String>::new());
    assert!(!served.log().contains(&token));
}

#[test]
fn the_time_left_counts_down_and_a_new_token_can_be_requested() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    let left = || browser.run("return document.querySelector('#progress').value").as_f64().unwrap();
    let id = || browser.run(&format!("return {}", claim("jti")));
    let (before, first) = (left(), id());
    let result = browser.text("#time-left");

    browser.wait_for(&format!("document.querySelector('#progress').value < {before} - 2"));
    assert_ne!(browser.text("#time-left"), result);
    browser.click("#fresh");
    browser.wait_for("message.innerText === 'This is a new token.'");

    assert_ne!(id(), first);
    assert!(left() > before - 2.0);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn the_expiry_of_a_token_is_shown_and_announced() {
    let faults = json!({ "success": { "expires_in": 4 }, "token_lifetime_seconds": 5 });
    let local = Local::with_clients(&[], |clients| clients["faults"] = faults);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());

    browser.wait_for("document.querySelector('#time-left').innerText === 'Expired'");

    assert_eq!(browser.text("#message"), "The token has expired.");
    assert_eq!(browser.run("return message.role"), "status");
    let main = "return [...document.querySelectorAll('.actions .main')].map((button) => button.id)";
    assert_eq!(browser.run(main), json!(["fresh"]));
    browser.click("#copy-token");
    browser.wait_for("message.innerText === 'Copied, but the token has expired. Get a new one first.'");
    assert_eq!(browser.run("return message.className"), "failed");
    browser.click("#fresh");
    browser.wait_for("message.innerText === 'This is a new token.'");
    assert_eq!(browser.run(main), json!(["copy-token"]));
}

#[test]
fn claims_are_shown_as_text_and_identity_numbers_only_together_with_the_token() {
    let markup = "<img src=x onerror=document.title='taken'>";
    let faults = json!({ "token": { "pid": "12345678901", "note": markup, "<b>": { "ID": "0192:1" } } });
    let local = Local::with_clients(&[], |clients| clients["faults"] = faults);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());

    assert_eq!(browser.run(&format!("return {}", claim("note"))), markup);
    assert_eq!(browser.run(&format!("return {}", claim("<b>"))), r#"{"ID":"0192:1"}"#);
    assert_eq!(
        browser.run("return [document.title, document.images.length]"),
        json!(["default, local – Maskinporten", 0])
    );
    let person = browser.run(&format!("return {}", claim("pid")));
    assert_eq!(person, "•••••••••••\na national identity number; shown together with the token");
    browser.click("#reveal");
    assert_eq!(browser.run(&format!("return {}", claim("pid"))), "12345678901");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_reader_can_choose_a_profile() {
    let local = Local::start(&[]);
    let config = local.home().join("profiles.toml");
    let profile = |name, scope| format!("[profiles.{name}]\nenv = \"local\"\nscope = \"{scope}\"\n");
    std::fs::write(&config, profile("one", "difitest:test1") + &profile("two", "difitest:test2")).unwrap();
    let config = config.display().to_string();
    let served = Serve::local(&local, &["--config", &config, "--profile", "one", "--profile", "two"]);
    let browser = showing(&served, &Setup::default());
    assert_eq!(browser.run("return [...profile.options].map(option => option.text)"), json!(["one", "two"]));
    let scope = || browser.run(&format!("return {}", claim("scope")));
    assert_eq!(scope(), "difitest:test1");

    browser.run("profile.focus()");
    browser.press("t");
    browser.wait_for("document.querySelector('#about').innerText.includes('test2')");

    browser.wait_for(SHOWN);
    assert_eq!(scope(), "difitest:test2");
    assert_eq!(browser.run("return document.title"), "two, local – Maskinporten");
    let address = browser.run("return location.href");
    assert_eq!(address, json!(format!("{}?profile=two", served.url())));
    browser.open(address.as_str().unwrap());
    browser.wait_for(SHOWN);
    assert_eq!(browser.run("return [profile.value, history.length]")[0], "two");
    assert_eq!(scope(), "difitest:test2");
}

#[test]
fn the_environment_is_shown_and_production_is_marked() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    assert_eq!(browser.text("h1"), "Maskinporten\nAccess token");
    assert_eq!(browser.text("#environment"), "Environment: local");

    browser.run(
        "const asked = window.fetch;
         window.fetch = async (...question) => {
             const answer = await asked(...question);
             const body = { ...(await answer.json()), environment: 'prod' };
             return new Response(JSON.stringify(body), { status: answer.status });
         }",
    );
    browser.click("#fresh");

    browser.wait_for("environment.innerText === 'Environment: prod, with real data'");
    assert_eq!(browser.run("return document.title"), "default, prod – Maskinporten");
}

#[test]
fn a_time_that_is_not_today_has_its_date() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());

    let result = browser.run(
        "const { moment } = await import('/words.js');
         const noon = new Date(2026, 2, 4, 12).getTime() / 1000;
         return [moment(noon, noon - 60, 'en'), moment(noon, noon - 86400, 'en'), moment(noon, noon - 86400, 'nb')]",
    );

    assert_eq!(result[0], "12:00:00, in 1 minute");
    assert_eq!(result[1], "4 Mar 2026, 12:00:00, tomorrow");
    assert!(result[2].as_str().unwrap().starts_with("4. mars 2026, 12:00:00, i morgen"), "{result}");
}

#[test]
fn the_consumer_of_a_token_is_distinguished_from_its_supplier() {
    let supplier = json!({ "authority": "iso6523-actorid-upis", "ID": "0192:310700029" });
    let local = Local::with_clients(&[], |clients| clients["faults"] = json!({ "token": { "supplier": supplier } }));
    let plain = Local::start(&[]);
    let meaning = "[...document.querySelectorAll('#claim-rows th')].find(cell => cell.innerText.startsWith('consumer')).querySelector('small').innerText";

    let served = Serve::local(&plain, &[]);
    let browser = showing(&served, &Setup::default());
    assert_eq!(browser.run(&format!("return {meaning}")), "the organisation that received the token");

    let served = Serve::local(&local, &[]);
    browser.open(&served.url());
    browser.wait_for(SHOWN);
    let wanted = "the organisation on whose behalf the supplier acts";
    assert_eq!(browser.run(&format!("return {meaning}")), wanted);
}

#[test]
fn a_revealed_token_is_fully_visible() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());

    for width in [360, 1280] {
        browser.resize(width, 800);
        browser.run("token.innerText.includes('•') && reveal.click()");

        assert_eq!(browser.run("return token.scrollHeight - token.clientHeight"), 0, "{width}");
    }
    browser.resize(360, 800);
    let rows =
        "return new Set([...document.querySelectorAll('.actions button')].map((button) => button.offsetTop)).size";
    assert_eq!(browser.run(rows), 2);
    let left = "return reveal.getBoundingClientRect().left + parseFloat(getComputedStyle(reveal).paddingLeft) + \
                parseFloat(getComputedStyle(reveal).borderLeftWidth) - token.getBoundingClientRect().left";
    assert!(browser.run(left).as_f64().unwrap() <= 1.0);
}
