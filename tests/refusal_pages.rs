//! The website of refusals: `explain --html`, and under `/explain/` of `serve`.

use std::{collections::BTreeSet, fs};

use maskinporten::{
    client::CodeGroup,
    language::Language,
    printer::{refusal_page_path, refusal_pages},
};
use tempfile::TempDir;

use crate::{
    local::Local,
    serve::Serve,
    support::{http_get, maskinporten},
};

fn website() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let written = maskinporten(["explain", "--html"]).args([folder.path()]).run();
    assert_eq!((written.code, written.stdout.as_str()), (0, ""));
    folder
}

#[test]
fn every_refusal_has_its_page_in_both_languages_and_every_link_leads_to_a_file() {
    let folder = website();
    let files: BTreeSet<String> = refusal_pages().into_iter().map(|page| page.path).collect();
    for explanation in CodeGroup::all().flat_map(|group| &group.explanations) {
        for language in [Language::English, Language::Norwegian] {
            assert!(files.contains(&refusal_page_path(explanation, language)), "{explanation:?}");
        }
    }
    for file in &files {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        let links = ["href=\"", "src=\""].into_iter().flat_map(|mark| text.split(mark).skip(1));
        for link in links.filter_map(|rest| rest.split('"').next()) {
            if !link.starts_with("https://") && link != "data:," {
                let target = folder.path().join(file).parent().unwrap().join(link);
                assert!(target.is_file(), "{file} links to {link}");
            }
        }
    }
    let page = fs::read_to_string(folder.path().join("nb/MP-303.html")).unwrap();
    assert_eq!(page.matches("<h3>Gjør dette</h3>").count(), 2, "both meanings of the code");
    assert!(page.contains("<textarea id=\"forward-1\""));
}

#[test]
fn a_website_is_written_again_and_a_folder_with_other_files_is_left_alone() {
    let folder = website();
    let page = folder.path().join("en/MP-250.html");
    fs::write(&page, "old").unwrap();
    maskinporten(["explain", "--html"]).args([folder.path()]).run();
    assert!(fs::read_to_string(&page).unwrap().contains("<h1>MP-250"));

    fs::write(folder.path().join("index.html"), "mine").unwrap();
    let refused = maskinporten(["explain", "--html"]).args([folder.path()]).run();
    assert!(refused.failure(1).ends_with("hint: pass a new or empty folder\n"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("index.html")).unwrap(), "mine");
}

#[test]
fn serve_has_the_pages_without_a_secret() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &["--secret", "correct-horse-battery"]);
    let page = http_get(&format!("{}explain/en/MP-250.html", served.url()));
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("<h1>MP-250"), "{page}");
    let missing = http_get(&format!("{}explain/en/MP-999.html", served.url()));
    assert!(missing.starts_with("HTTP/1.1 404 "), "{missing}");
}

#[cfg(feature = "system-tests")]
mod in_a_browser {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::{
        browser::{Browser, Setup},
        serve_page::is_accessible_everywhere,
    };

    fn address(folder: &Path, page: &str) -> String {
        format!("file://{}", folder.join(page).display())
    }

    #[test]
    fn a_caseworker_finds_the_page_by_code_and_by_the_servers_text() {
        let folder = website();
        let browser = Browser::start(&Setup::default());
        browser.open(&address(folder.path(), "index.html"));
        browser.click("a[href='nb/index.html']");
        let shown = "return [...document.querySelectorAll('li')].filter(li => li.offsetParent).map(li => li.querySelector('a').innerText)";
        for (typed, found) in [
            ("mp-250", json!(["MP-250 forbidden"])),
            ("has not delegated", json!(["MP-251 forbidden"])),
            ("nothing like it", json!([])),
        ] {
            browser.run("document.querySelector('#search').value = ''");
            browser.click("#search");
            browser.press(typed);
            assert_eq!(browser.run(shown), found, "{typed}");
        }
        assert_eq!(browser.text("#found"), "Ingen treff. Prøv bare koden, eller færre ord.");
        assert_eq!(browser.console(), Vec::<String>::new());
    }

    #[test]
    fn axe_finds_no_fault() {
        let folder = website();
        let browser = Browser::start(&Setup::default());
        for (page, state) in [
            ("index.html", "refusals-front"),
            ("nb/index.html", "refusals-list"),
            ("nb/MP-250.html", "refusals-page"),
            ("en/MP-303.html", "refusals-two"),
        ] {
            browser.open(&address(folder.path(), page));
            is_accessible_everywhere(&browser, state);
        }
    }

    #[test]
    fn the_page_of_serve_links_to_the_page_about_the_refusal() {
        let local = Local::start(&[]);
        let served = Serve::local(&local, &["--scope", "simulator:ungranted"]);
        let browser = Browser::start(&Setup { languages: "nb", ..Setup::default() });
        browser.open(&served.url());
        browser.wait_for("document.querySelector('#error-text a')");
        browser.click("#error-text a");
        browser.wait_for("document.querySelector('[data-copies]')");

        assert!(browser.text("h1").starts_with("MP-250"), "{}", browser.text("h1"));
    }
}
