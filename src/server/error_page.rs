//! The error page that a browser shows for a wrong address, with a link to the page with the token.
//!
//! Programs get the same error as JSON. Everything that comes from the request is escaped.

use axum::response::Response;

use super::{api_error::ApiError, page};
use crate::{
    language::{Language, Words},
    text::{capital, marked},
};

const NOT_FOUND: Words = Words { en: "Page not found", nb: "Fant ikke siden" };
const UNKNOWN_PROFILE: Words = Words { en: "Unknown profile", nb: "Ukjent profil" };
const INVALID: Words = Words { en: "The address is not valid", nb: "Adressen er ikke gyldig" };
const CHECK_QUERY: Words =
    Words { en: "Check the part after the question mark.", nb: "Kontroller det som står etter spørsmålstegnet." };
const BACK: Words = Words { en: "Go to the page with the token", nb: "Gå til siden med tokenet" };

/// Makes the page for an error.
pub(super) fn page(error: &ApiError, language: Language) -> Response {
    let title = match &*error.error {
        // `origin` here is the page's own data, which is not meant for people.
        "not_found" | "origin" => NOT_FOUND,
        "unknown_profile" => UNKNOWN_PROFILE,
        _ => INVALID,
    };
    let details = if title == NOT_FOUND { String::new() } else { details(error, language) };
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
  <main class="card error">
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
    page::with_policy(error.status, page::HTML, text)
}

/// Describes the error with the text that programs get.
fn details(error: &ApiError, language: Language) -> String {
    let texts = [Some(error.description.to_string()), error.remedy(Language::English)];
    let texts = texts.iter().flatten().map(|text| format!("<p lang=\"en\">{}.</p>\n    ", marked(&capital(text))));
    format!("<p>{}</p>\n    {}", CHECK_QUERY.in_language(language), texts.collect::<String>())
}
