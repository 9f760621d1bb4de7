//! What the buttons put on the clipboard, also where a browser has only the old way of copying.

use std::process::Command;

use serde_json::json;

use super::{showing, showing::answer};
use crate::{
    browser::{Browser, Setup},
    local::Local,
    serve::Serve,
    support::program,
};

/// Lets the page's origin read what it copied; writing needs no leave.
fn allow_reading(browser: &Browser, served: &Serve) {
    let origin = format!("http://127.0.0.1:{}", served.port());
    browser.devtools("Browser.grantPermissions", &json!({ "origin": origin, "permissions": ["clipboardReadWrite"] }));
}

#[test]
fn the_token_the_header_and_a_curl_line_that_works_are_copied() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    allow_reading(&browser, &served);
    let token = answer(&served)["access_token"].as_str().unwrap().to_owned();
    let copied = |what: &str, said: &str| {
        browser.click(&format!("#copy-{what}"));
        browser.wait_for(&format!("said.innerText === '{said}'"));
        browser.run("return navigator.clipboard.readText()").as_str().unwrap().to_owned()
    };

    assert_eq!(copied("token", "Copied the token."), token);
    assert_eq!(copied("header", "Copied the header."), format!("Authorization: Bearer {token}"));
    let line = copied("curl", "Copied the curl line.");
    assert!(!line.contains(&token) && line.ends_with(" URL"), "{line}");
    let line = line.replace("URL", &format!("{}api/hello", local.issuer()));
    let said = program(Command::new("sh").args(["-c", &line]), b"");
    assert!(said.contains(r#""hello":"310700010""#), "{said}");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn the_old_way_of_copying_serves_where_there_is_no_other_and_the_page_says_when_neither_does() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    allow_reading(&browser, &served);
    let token = answer(&served)["access_token"].as_str().unwrap().to_owned();
    browser
        .run("window.kept = navigator.clipboard; Object.defineProperty(navigator, 'clipboard', { value: undefined })");

    browser.click("#copy-token");
    browser.wait_for("said.innerText === 'Copied the token.'");
    assert_eq!(browser.run("return kept.readText()"), token.as_str());
    assert_eq!(browser.run("return document.activeElement.id"), "copy-token");

    browser.run("document.execCommand = () => false");
    browser.click("#copy-header");
    browser.wait_for("said.innerText.startsWith('The browser does not let this page copy.')");
}
