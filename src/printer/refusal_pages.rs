//! The known refusals as a static website: in each language a list that can be searched, and one page for each code.
//!
//! The pages load nothing from elsewhere. They work from a folder, from any web server, and without JavaScript, which adds
//! the search and the copying.

use std::fmt::Write as _;

use super::explanation::{COMMAND, DO, SOURCE, TEXT, WHO};
use crate::{
    client::{CodeGroup, Explanation, RefusalFacts},
    language::{Language, Words},
    text::{capital, escaped_html, marked},
};

/// A file of the website.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalPage {
    /// Where it belongs, relative to the root of the website, such as `nb/MP-250.html`.
    pub path: String,
    /// Its contents.
    pub text: String,
}

/// Names the program that made a page.
pub const GENERATOR: &str = "<meta name=\"generator\" content=\"maskinporten explain\">";

const TITLE: Words = Words { en: "Refusals of Maskinporten and Altinn", nb: "Avslag fra Maskinporten og Altinn" };
const INTRODUCTION: Words = Words {
    en: "An organisation was refused, and you have an error text. Find its code or a part of the text here: what it means, \
         what to do, and who must do it.",
    nb: "En virksomhet har fått avslag, og du sitter med en feilmelding. Finn koden eller en del av teksten her: hva den \
         betyr, hva som må gjøres, og hvem som må gjøre det.",
};
const SEARCH: Words = Words { en: "Code or part of the text", nb: "Kode eller del av teksten" };
const FOUND: Words = Words { en: "refusals", nb: "avslag" };
const NOT_FOUND: Words = Words {
    en: "Nothing found. Try the code alone, or fewer words.",
    nb: "Ingen treff. Prøv bare koden, eller færre ord.",
};
const ALL: Words = Words { en: "All refusals", nb: "Alle avslag" };
const MEANING: Words = Words { en: "what it means", nb: "hva det betyr" };
const FORWARD: Words = Words { en: "text to forward", nb: "tekst til å sende videre" };
const COPY: Words = Words { en: "Copy the text", nb: "Kopier teksten" };
const COPIED: Words = Words { en: "Copied", nb: "Kopiert" };
const REFUSED: Words = Words {
    en: "Hello! A request to SERVICE was refused with this error:",
    nb: "Hei! En forespørsel til SERVICE ble avvist med denne feilen:",
};

/// Returns the files of the website, the front page first.
#[must_use]
pub fn refusal_pages() -> Vec<RefusalPage> {
    let file = |path: &str, text: &str| RefusalPage { path: path.to_owned(), text: text.to_owned() };
    let mut pages = vec![
        file("index.html", include_str!("refusal_pages/index.html")),
        file("pages.css", concat!(include_str!("base.css"), include_str!("refusal_pages/pages.css"))),
        file("pages.js", include_str!("refusal_pages/pages.js")),
    ];
    for language in [Language::Norwegian, Language::English] {
        pages.push(list(language));
        for group in CodeGroup::all() {
            pages.extend(meanings(group).iter().map(|meanings| page(group, meanings, language)));
        }
    }
    pages
}

/// Returns the path of the page about a refusal in this language.
#[must_use]
pub fn refusal_page_path(explanation: &Explanation, language: Language) -> String {
    format!("{}/{}", language.name(), file_name(explanation))
}

/// Returns the code, or for a refusal without one its OAuth error and the beginning of its text.
fn file_name(explanation: &Explanation) -> String {
    const WORDS: usize = 8;
    let name = explanation.code.map_or_else(
        || {
            let words = explanation.text.split(|character: char| !character.is_ascii_alphanumeric());
            let words = words.filter(|word| !word.is_empty()).take(WORDS).map(str::to_ascii_lowercase);
            std::iter::once(explanation.error.to_owned()).chain(words).collect::<Vec<_>>().join("-")
        },
        str::to_owned,
    );
    format!("{name}.html")
}

/// Returns the refusals of a group by page: the meanings of a code are on one page. Those with a code are first.
fn meanings(group: &'static CodeGroup) -> Vec<Vec<&'static Explanation>> {
    let mut explanations: Vec<_> = group.explanations.iter().collect();
    explanations.sort_by_key(|entry| (entry.code.is_none(), entry.code));
    let same = |one: &&Explanation, other: &&Explanation| file_name(one) == file_name(other);
    explanations.chunk_by(same).map(<[_]>::to_vec).collect()
}

/// Returns code and OAuth error, as the title of a page.
fn title(explanation: &Explanation) -> String {
    let parts = explanation.code.into_iter().chain(Some(explanation.error).filter(|error| !error.is_empty()));
    parts.collect::<Vec<_>>().join(" ")
}

fn list(language: Language) -> RefusalPage {
    let words = |words: Words| words.in_language(language);
    let mut body = format!(
        r#"<h1>{title}</h1>
    <p>{introduction}</p>
    <form role="search" class="card" hidden>
      <label for="search">{search}</label>
      <input id="search" type="search" autocomplete="off" autocapitalize="none" spellcheck="false">
      <p id="found" role="status" data-found="{found}" data-none="{none}"></p>
    </form>
"#,
        title = words(TITLE),
        introduction = words(INTRODUCTION),
        search = words(SEARCH),
        found = words(FOUND),
        none = words(NOT_FOUND),
    );
    for group in CodeGroup::all() {
        let _ = writeln!(
            body,
            "    <section class=\"card\">\n      <h2>{}</h2>\n      <ul>",
            escaped_html(words(group.service))
        );
        for entry in meanings(group).into_iter().flatten() {
            let meaning = marked(&capital(&entry.meaning(&RefusalFacts::default(), language)));
            let text = Some(entry.text).filter(|text| !text.is_empty());
            let text = text.map(|text| format!("<br><q lang=\"en\">{}</q>", escaped_html(text))).unwrap_or_default();
            let (name, title) = (file_name(entry), escaped_html(&title(entry)));
            let _ = writeln!(body, "        <li><a href=\"{name}\">{title}</a> {meaning}.{text}</li>");
        }
        body.push_str("      </ul>\n    </section>\n");
    }
    document(language, "index.html", words(TITLE), &body)
}

fn page(group: &CodeGroup, meanings: &[&'static Explanation], language: Language) -> RefusalPage {
    let words = |words: Words| words.in_language(language);
    let name = file_name(meanings[0]);
    let head = meanings[0].code.map_or_else(|| title(meanings[0]), str::to_owned);
    let mut body = format!(
        "<p><a href=\"index.html\">{}</a></p>\n    <h1>{} <span>{}</span></h1>\n",
        words(ALL),
        escaped_html(&head),
        escaped_html(words(group.service))
    );
    for (at, entry) in meanings.iter().enumerate() {
        body.push_str("    <article class=\"card\">\n");
        if meanings.len() > 1 {
            let _ = writeln!(body, "      <h2 class=\"code\">{}</h2>", escaped_html(&title(entry)));
        }
        let heading = if meanings.len() > 1 { "h3" } else { "h2" };
        entry_parts(entry, group, (at, heading), language, &mut body);
        body.push_str("    </article>\n");
    }
    document(language, &name, &format!("{head} – {}", words(group.service)), &body)
}

/// Writes the parts of an explanation, each under a heading, for the explanation at this place of the page.
fn entry_parts(
    entry: &Explanation,
    group: &CodeGroup,
    (at, heading): (usize, &str),
    language: Language,
    body: &mut String,
) {
    let words = |words: Words| words.in_language(language);
    let facts = RefusalFacts::default();
    let sentence = |text: &str| format!("{}.", marked(&with_options_in_backticks(&capital(text))));
    let command =
        entry.command.map(|command| format!("<pre tabindex=\"0\"><code>{}</code></pre>", escaped_html(command)));
    let forward = format!(
        "<textarea id=\"forward-{at}\" readonly rows=\"12\" aria-label=\"{label}\">{text}</textarea>\n      \
         <button type=\"button\" class=\"main\" data-copies=\"forward-{at}\" data-copied=\"{copied}\" hidden>{copy}</button>",
        label = capital(words(FORWARD)),
        text = escaped_html(&text_to_forward(entry, group, language)),
        copied = words(COPIED),
        copy = words(COPY),
    );
    let source = escaped_html(entry.source);
    let text = Some(entry.text).filter(|text| !text.is_empty());
    for (label, html) in [
        (TEXT, text.map(|text| format!("<p><q lang=\"en\">{}</q></p>", escaped_html(text)))),
        (MEANING, Some(format!("<p>{}</p>", sentence(&entry.meaning(&facts, language))))),
        (DO, Some(format!("<p>{}</p>", sentence(&entry.remedy(&facts, language))))),
        (COMMAND, command),
        (WHO, Some(format!("<p>{}</p>", sentence(entry.actor.name.in_language(language))))),
        (FORWARD, Some(forward)),
        (SOURCE, Some(format!("<p><a href=\"{source}\">{source}</a></p>"))),
    ] {
        if let Some(html) = html {
            let _ = writeln!(body, "      <{heading}>{}</{heading}>\n      {html}", capital(words(label)));
        }
    }
}

/// Puts options in backticks, so that they become code, which is not broken at its hyphens.
fn with_options_in_backticks(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let start = word.len() - word.trim_start_matches('(').len();
        let end = word.trim_end_matches([',', '.', ';', ')', ':']).len();
        let option = word.get(start..end).filter(|option| option.starts_with("--") && option.len() > 2);
        option.map_or_else(|| word.to_owned(), |option| format!("{}`{option}`{}", &word[..start], &word[end..]))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns a message to the person who must act, which does not require knowledge of this program.
fn text_to_forward(entry: &Explanation, group: &CodeGroup, language: Language) -> String {
    let words = |words: Words| words.in_language(language);
    let facts = RefusalFacts::default();
    let text = if entry.text.is_empty() { String::new() } else { format!("\n{}", entry.text) };
    let line = |label: Words, text: &str| format!("{}: {text}.\n", capital(words(label)));
    format!(
        "{refused}\n\n{title}{text}\n\n{meaning}{remedy}{who}{source}: {url}\n",
        refused = words(REFUSED).replace("SERVICE", words(group.service)),
        title = title(entry),
        meaning = line(MEANING, &entry.meaning(&facts, language)),
        remedy = line(DO, &entry.remedy(&facts, language)),
        who = line(WHO, entry.actor.name.in_language(language)),
        source = capital(words(SOURCE)),
        url = entry.source,
    )
}

/// Makes a page with the link to its translation.
fn document(language: Language, name: &str, title: &str, body: &str) -> RefusalPage {
    let (other, link) = match language {
        Language::English => (Language::Norwegian, "Norsk"),
        Language::Norwegian => (Language::English, "English"),
    };
    let text = format!(
        r#"<!doctype html>
<html lang="{language}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  {GENERATOR}
  <title>{title}</title>
  <link rel="icon" href="data:,">
  <link rel="alternate" hreflang="{other}" href="../{other}/{name}">
  <link rel="stylesheet" href="../pages.css">
  <script defer src="../pages.js"></script>
</head>
<body>
  <header><a href="../{other}/{name}" hreflang="{other}" lang="{other}">{link}</a></header>
  <main>
    {body}  </main>
</body>
</html>
"#,
        language = language.name(),
        other = other.name(),
        title = escaped_html(title),
    );
    RefusalPage { path: format!("{}/{name}", language.name()), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_code_with_the_punctuation_outside() {
        for (text, expected) in [
            ("use --kid, or (--jwk)", "use <code>--kid</code>, or (<code>--jwk</code>)"),
            ("a - b -- c `--d`", "a - b -- c <code>--d</code>"),
        ] {
            assert_eq!(marked(&with_options_in_backticks(text)), expected);
        }
    }
}
