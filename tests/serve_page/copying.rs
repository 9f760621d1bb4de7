//! What the buttons copy, also in browsers without the clipboard API.

use std::process::Command;

use serde_json::json;

use super::{showing, showing::answer};
use crate::{
    browser::{Browser, Setup},
    local::Local,
    serve::Serve,
    support::program,
};

/// Lets the page's origin read the clipboard; writing needs no permission.
fn allow_reading(browser: &Browser, served: &Serve) {
    let origin = format!("http://127.0.0.1:{}", served.port());
    browser.devtools("Browser.grantPermissions", &json!({ "origin": origin, "permissions": ["clipboardReadWrite"] }));
}

#[test]
fn the_token_the_header_and_a_working_curl_command_can_be_copied() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    allow_reading(&browser, &served);
    let token = answer(&served)["access_token"].as_str().unwrap().to_owned();
    let copied = |what: &str, output: &str| {
        browser.click(&format!("#copy-{what}"));
        browser.wait_for(&format!("message.innerText === '{output}'"));
        browser.run("return navigator.clipboard.readText()").as_str().unwrap().to_owned()
    };

    assert_eq!(copied("token", "Copied the token."), token);
    assert_eq!(copied("header", "Copied the header."), format!("Authorization: Bearer {token}"));
    let line = copied("curl", "Copied the curl command.");
    assert!(!line.contains(&token), "{line}");
    assert!(line.ends_with(&format!(" | curl -fsS -H @- '{}api/hello'", local.issuer())), "{line}");
    let output = program(Command::new("sh").args(["-c", &line]), b"");
    assert!(output.contains(r#""hello":"310700010""#), "{output}");
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn copying_works_without_the_clipboard_api_or_the_text_is_offered_for_copying_by_hand() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    allow_reading(&browser, &served);
    let token = answer(&served)["access_token"].as_str().unwrap().to_owned();
    browser
        .run("window.kept = navigator.clipboard; Object.defineProperty(navigator, 'clipboard', { value: undefined })");

    browser.click("#copy-token");
    browser.wait_for("message.innerText === 'Copied the token.'");
    assert_eq!(browser.run("return kept.readText()"), token.as_str());
    assert_eq!(browser.run("return document.activeElement.id"), "copy-token");

    browser.run("document.execCommand = () => false");
    let selected = "const field = document.activeElement; \
                    return [field.id, field.value.slice(field.selectionStart, field.selectionEnd)]";
    let header = format!("Authorization: Bearer {token}");
    let line = browser.run("return curl.textContent");
    for (what, text) in [("token", token.as_str()), ("header", &header), ("curl", line.as_str().unwrap())] {
        browser.click(&format!("#copy-{what}"));
        let output =
            "message.innerText.startsWith('The browser does not let this page copy. The text is selected below')";
        browser.wait_for(&format!("{output} && !document.querySelector('#by-hand').hidden"));

        assert_eq!(browser.run(selected), json!(["by-hand", text]));
    }
    assert_eq!(browser.run("return message.className"), "failed");
    browser.click("#fresh");
    browser.wait_for("message.innerText === 'This is a new token.'");
    assert_eq!(
        browser.run("const field = document.querySelector('#by-hand'); return [field.hidden, field.value]"),
        json!([true, ""])
    );
}

#[test]
fn the_curl_command_sends_no_error_as_a_header_and_has_a_placeholder_for_an_unknown_api() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    let line = browser.run("return curl.textContent").as_str().unwrap().to_owned();

    let refused = line.replace("/headers", "/headers?scope=a:b");
    let result =
        Command::new("sh").args(["-c", &refused.replace("| curl", "| tee /dev/stderr | curl")]).output().unwrap();
    let (output, errors) = (String::from_utf8_lossy(&result.stdout), String::from_utf8_lossy(&result.stderr));
    assert!(!result.status.success() && output.is_empty(), "{output}");
    let lines: Vec<_> = errors.lines().collect();
    assert!(lines.len() == 2 && errors.contains(" 403") && errors.contains(" 401"), "{errors}");
    let made = browser.run(
        "const { curl } = await import('/copying.js');
         return [curl('http://localhost/headers', undefined, false), curl(\"http://localhost/it's\", 'https://api/', true)]",
    );
    assert_eq!(
        made,
        json!([
            "curl -fsS 'http://localhost/headers' | curl -fsS -H @- URL",
            "printf 'Authorization: Bearer %s' \"$SECRET\" | curl -fsS -H @- 'http://localhost/it'\\''s' | \
             curl -fsS -H @- 'https://api/'",
        ])
    );
}

#[test]
fn the_curl_command_for_altinn_scopes_of_the_simulator_uses_the_simulators_api() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &["--scope", "altinn:serviceowner"]);
    let browser = showing(&served, &Setup::default());

    let line = browser.text("#copy-curl") + browser.run("return curl.textContent").as_str().unwrap();

    assert!(line.ends_with(&format!("'{}api/hello'", local.issuer())), "{line}");
    assert_eq!(browser.run("return document.querySelector('#curl-address').hidden"), true);
}
