//! Accessibility: by keyboard, at every width, in light and dark, and without findings of axe (WCAG 2.2 at level AA, and
//! axe's best practices).

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::{ERROR, SHOWN, showing};
use crate::{
    browser::{Browser, Setup},
    local::Local,
    serve::Serve,
};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// Returns what axe finds wrong with the page in its current state.
fn faults(browser: &Browser) -> Value {
    let axe = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(axe).expect("axe-core is missing: run scripts/setup test");
    browser.run(&format!(
        "{axe};
         const found = await window.axe.run(document, {{ resultTypes: ['violations'] }});
         return [found.passes.length > 10,
                 ...found.violations.map((fault) => `${{fault.id}}: ${{fault.nodes.map((node) => node.html).join(' ')}}`)];"
    ))
}

/// Checks a state at several widths, in light and dark, and keeps a picture of each.
#[track_caller]
pub fn is_accessible_everywhere(browser: &Browser, state: &str) {
    for (width, height) in [(320, 640), (360, 740), (1280, 800)] {
        for scheme in ["light", "dark"] {
            let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            browser.devtools("Emulation.setEmulatedMedia", &feature);
            browser.resize(width, height);
            browser.picture(&format!("{state}-{width}-{scheme}"));

            assert_eq!(faults(browser), json!([true]), "{state} {width} {scheme}");
            let overflow =
                browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(overflow, 0, "{state} is wider than {width}");
        }
    }
}

#[test]
fn axe_finds_no_fault_with_a_token_hidden_shown_or_offered_for_copying() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup { languages: "nb", ..Setup::default() });
    is_accessible_everywhere(&browser, "token");

    browser.click("#reveal");
    browser.click("summary");
    browser.click("#copy-token");

    is_accessible_everywhere(&browser, "revealed");

    browser.run(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined });
         document.execCommand = () => false",
    );
    browser.click("#copy-header");
    browser.wait_for("!document.querySelector('#by-hand').hidden");

    is_accessible_everywhere(&browser, "by-hand");
}

#[test]
fn axe_finds_no_fault_with_error_pages_and_the_secret_form() {
    let local = Local::start(&[]);
    let refused = Serve::local(&local, &["--scope", "simulator:ungranted"]);
    let browser = Browser::start(&Setup::default());
    browser.open(&refused.url());
    browser.wait_for(ERROR);
    is_accessible_everywhere(&browser, "refused");

    browser.open(&format!("{}?profile=nope", refused.url()));
    browser.wait_for(ERROR);
    is_accessible_everywhere(&browser, "unknown");

    browser.open(&format!("{}?profil=nope", refused.url()));
    is_accessible_everywhere(&browser, "error-page");

    let secretive = Serve::local(&local, &["--secret", "correct-horse-battery"]);
    browser.open(&secretive.url());
    browser.wait_for("!document.querySelector('#secret-form').hidden");
    browser.press(&format!("wrong{ENTER}"));
    browser.wait_for("document.querySelector('#secret-wrong').innerText");

    is_accessible_everywhere(&browser, "secret");
}

#[test]
fn every_control_works_by_keyboard_and_its_focus_is_visible() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    let focused =
        || browser.run("const it = document.activeElement; return it.id || it.dataset.language || it.localName");
    let outlined =
        "const style = getComputedStyle(document.activeElement); return [style.outlineStyle, style.outlineWidth]";

    let mut order = Vec::new();
    for _ in 0..9 {
        browser.press(TAB);
        order.push(focused());
        assert_eq!(browser.run(outlined), json!(["solid", "3px"]), "{order:?}");
    }

    let wanted = ["en", "nb", "token", "reveal", "copy-token", "copy-header", "copy-curl", "fresh", "summary"];
    assert_eq!(order, wanted);
    browser.press(ENTER);
    assert!(browser.text("#curl").starts_with("curl -fsS "));
    let jti = "[...document.querySelectorAll('#claim-rows tr')].find(row => row.cells[0].innerText.startsWith('jti')).cells[1].innerText";
    let before = browser.run(&format!("return {jti}"));
    browser.press("\u{e008}\u{e004}");
    browser.run("fresh.focus()");
    browser.press(" ");
    browser.wait_for(&format!("{jti} !== {before}"));
    browser.wait_for(SHOWN);
    assert_eq!(focused(), "fresh");
    browser.run("reveal.focus()");
    browser.press(ENTER);
    assert_eq!(browser.run("return reveal.innerText"), "Hide token");
}

#[test]
fn nothing_moves_with_reduced_motion() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = showing(&served, &Setup::default());
    let moving = "return [...document.styleSheets[0].cssRules].filter((rule) => rule.cssText.includes('transition') || \
                  rule.cssText.includes('animation')).map((rule) => rule.conditionText)";

    assert_eq!(browser.run(moving), json!(["(prefers-reduced-motion: no-preference)"]));
}
