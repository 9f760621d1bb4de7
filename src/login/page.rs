//! The page that the browser shows at the end of a login. It has no script, no link and nothing from the request.

use std::fmt::Write as _;

use axum::{body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::{
    StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};
use ring::digest::{SHA256, digest};

use crate::{
    language::{Language, Words},
    text::escaped_html,
};

const STYLE: &str = "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:38rem;margin:12vh auto;padding:0 1.5rem}\
                     h1{font-size:1.75rem;line-height:1.3}";

const LOGGED_IN: Words = Words { en: "You are logged in", nb: "Du er logget inn" };
const MAY_CLOSE: Words = Words {
    en: "The program in the terminal has what it needs. You can close this page.",
    nb: "Programmet i terminalen har fått det det trenger. Du kan lukke denne siden.",
};
const FAILED: Words = Words { en: "The login failed", nb: "Innloggingen mislyktes" };
const NOT_AN_ANSWER: Words =
    Words { en: "This is not the end of a login", nb: "Dette er ikke slutten på en innlogging" };
const OPENED_BY_LOGIN: Words = Words {
    en: "This address is only for the page where you log in to come back to. The login still waits.",
    nb: "Denne adressen er bare for siden du logger inn på, når den sender deg tilbake. Innloggingen venter fortsatt.",
};
const ANSWERED: Words = Words { en: "This login is over", nb: "Denne innloggingen er ferdig" };
const ONCE: Words = Words {
    en: "It has been answered once, and cannot be answered again. You can close this page.",
    nb: "Den er besvart én gang og kan ikke besvares igjen. Du kan lukke denne siden.",
};
const INTERRUPTED: Words = Words {
    en: "The program in the terminal has stopped. Start it again to log in.",
    nb: "Programmet i terminalen er avsluttet. Start det på nytt for å logge inn.",
};

/// The page that the browser shows at the end of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginPage {
    title: &'static str,
    paragraphs: Vec<String>,
    is_success: bool,
}

impl LoginPage {
    /// Makes the page of a login that succeeded.
    #[must_use]
    pub fn logged_in(language: Language) -> Self {
        Self { is_success: true, ..Self::new(LOGGED_IN, [MAY_CLOSE], language) }
    }

    /// Makes the page of a login that failed: what happened, and what to do.
    #[must_use]
    pub fn failed(paragraphs: Vec<String>, language: Language) -> Self {
        Self { title: FAILED.in_language(language), paragraphs, is_success: false }
    }

    pub(super) fn not_an_answer(language: Language) -> Self {
        Self::new(NOT_AN_ANSWER, [OPENED_BY_LOGIN], language)
    }

    pub(super) fn answered_before(language: Language) -> Self {
        Self::new(ANSWERED, [ONCE], language)
    }

    pub(super) fn interrupted(language: Language) -> Self {
        Self::new(FAILED, [INTERRUPTED], language)
    }

    fn new(title: Words, paragraphs: [Words; 1], language: Language) -> Self {
        let paragraphs = paragraphs.map(|words| words.in_language(language).to_owned()).into();
        Self { title: title.in_language(language), paragraphs, is_success: false }
    }

    pub(super) fn is_success(&self) -> bool {
        self.is_success
    }

    /// Makes the response. The page may load and send nothing, and the address with the code goes nowhere.
    pub(crate) fn response(&self, status: StatusCode, language: Language) -> Response<Body> {
        let mut paragraphs = String::new();
        for text in &self.paragraphs {
            let _ = writeln!(paragraphs, "<p>{}</p>", escaped_html(text));
        }
        let (lang, title) = (language.name(), escaped_html(self.title));
        let text = format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{title}</h1>\n{paragraphs}</main>\n</body>\n</html>\n"
        );
        let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let response = Response::builder()
            .status(status)
            .header(CONTENT_TYPE, "text/html; charset=utf-8")
            .header(CONTENT_SECURITY_POLICY, policy)
            .header(CACHE_CONTROL, "no-store")
            .header(REFERRER_POLICY, "no-referrer")
            .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin")
            .body(Body::from(text));
        response.unwrap_or_default()
    }
}
