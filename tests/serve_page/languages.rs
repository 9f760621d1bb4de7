//! English and Norwegian: by the browser's languages, by choice, and both complete.

use serde_json::json;

use super::{SHOWN, showing};
use crate::{browser::Setup, local::Local, serve::Serve};

#[test]
fn a_norwegian_browser_gets_norwegian_and_a_choice_is_stored() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    for languages in ["nb-NO,nb,en", "nn", "sv,no"] {
        let browser = showing(&served, &Setup { languages, ..Setup::default() });
        let seen = || {
            browser.run(
                "return [document.documentElement.lang, document.querySelector('h1 span').innerText, fresh.innerText]",
            )
        };
        assert_eq!(seen(), json!(["nb", "Tilgangstoken", "Nytt token"]), "{languages}");
        assert!(browser.text("#time-left").contains("sekund"));

        browser.click("[data-language=en]");

        assert_eq!(seen(), json!(["en", "Access token", "New token"]));
        assert_eq!(browser.run("return document.querySelector('[data-language=en]').ariaPressed"), "true");
        browser.open(&served.url());
        browser.wait_for(SHOWN);
        assert_eq!(seen(), json!(["en", "Access token", "New token"]));
        assert_eq!(browser.run("return Object.entries(localStorage)"), json!([["language", "en"]]));
    }
}

#[test]
fn every_text_exists_in_both_languages_and_the_document_is_in_english() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    for languages in ["en-GB", "de,fr", "sv,en,nb"] {
        let browser = showing(&served, &Setup { languages, ..Setup::default() });
        assert_eq!(browser.run("return document.documentElement.lang"), "en", "{languages}");

        let found = browser.run(&format!(
            "const source = {};
             const {{ WORDS }} = await import('/words.js');
             const paths = (words) => Object.entries(words).flatMap(([key, value]) =>
                 typeof value === 'object' ? paths(value).map((path) => `${{key}}.${{path}}`) : value ? [key] : []);
             const page = new DOMParser().parseFromString(source, 'text/html');
             const texts = [...page.querySelectorAll('[data-text]')];
             return {{
                 same: paths(WORDS.en).join() === paths(WORDS.nb).join(),
                 strange: texts.filter((text) => text.textContent !== WORDS.en[text.dataset.text]).map((text) => text.outerHTML),
                 texts: texts.length >= 20,
             }};",
            json!(include_str!("../../src/server/page/page.html")),
        ));

        assert_eq!(found, json!({ "same": true, "strange": [], "texts": true }));
    }
}
