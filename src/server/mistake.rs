//! What a browser shows when the address that it was sent to is wrong: the failure as a small page with a way out.
//!
//! Programs get the same as JSON. Of the request nothing is repeated but what [`ApiError`] tells, and that is escaped.

use hyper::{HeaderMap, header::ACCEPT_LANGUAGE};

use super::{ApiError, answer::Answer, page};
use crate::language::{Language, Words};

const NOT_FOUND: Words = Words { en: "There is nothing at this address", nb: "Det er ingenting på denne adressen" };
const PROFILE: Words = Words { en: "There is no profile of this name", nb: "Det finnes ingen profil med dette navnet" };
const WRONG: Words = Words { en: "Something in the address is wrong", nb: "Noe i adressen er feil" };
const LOOK: Words =
    Words { en: "Check what follows the question mark.", nb: "Kontroller det som står etter spørsmålstegnet." };
const BACK: Words = Words { en: "Go to the page with the token", nb: "Gå til siden med tokenet" };

/// The language that a browser asks for first, of those that there are; English when it asks for neither.
pub(super) fn language(headers: &HeaderMap) -> Language {
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|asked| asked.to_str().ok()).unwrap_or_default();
    // Browsers name them in the order in which they are wanted.
    asked.split(',').find_map(Language::from_tag).unwrap_or(Language::English)
}

/// The page that tells a failure.
pub(super) fn page(failed: &ApiError, language: Language) -> Answer {
    let title = match &*failed.error {
        // The page's own data are nothing to look at.
        "not_found" | "origin" => NOT_FOUND,
        "unknown_profile" => PROFILE,
        _ => WRONG,
    };
    let details = if title == NOT_FOUND { String::new() } else { details(failed, language) };
    let text = format!(
        r#"<!doctype html>
<html lang="{lang}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{title} – Maskinporten</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/page.css">
</head>
<body>
  <header><p class="name">Maskinporten</p></header>
  <main class="card trouble">
    <h1>{title}</h1>
    {details}<p><a href="/">{back}</a></p>
  </main>
</body>
</html>
"#,
        lang = language.name(),
        title = title.in_language(language),
        back = BACK.in_language(language),
    );
    page::of_page(failed.status, page::HTML, text)
}

/// Where to look, and what is wrong there in the words that programs get.
fn details(failed: &ApiError, language: Language) -> String {
    let told = [Some(failed.description.to_string()), failed.remedy(Language::English)];
    let told = told.iter().flatten().map(|text| format!("<p lang=\"en\">{}.</p>\n    ", marked(&capital(text))));
    format!("<p>{}</p>\n    {}", LOOK.in_language(language), told.collect::<String>())
}

/// Text with what stands between backticks as code.
fn marked(text: &str) -> String {
    let parts = escaped(text);
    let parts = parts.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Text as HTML has it between tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_is_known_is_the_readers() {
        for (asked, wanted) in [
            ("nb-NO,nb;q=0.9,en;q=0.8", Language::Norwegian),
            ("sv, nn;q=0.9", Language::Norwegian),
            ("en-GB,nb", Language::English),
            ("de,fr", Language::English),
            ("", Language::English),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, asked.parse().unwrap())]);
            assert_eq!(language(&headers), wanted, "{asked}");
        }
    }
}
