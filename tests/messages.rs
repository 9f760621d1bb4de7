//! The translation of messages: every text that a person reads has one, and none is left over from an earlier text.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use maskinporten::language::Language;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use regex::Regex;

/// Files without messages: help and man pages, the simulator's answers in Maskinporten's words, texts in both languages
/// that stand side by side, marks in texts of others, and output in a language of its own (HTML, metrics, shell).
const WITHOUT_MESSAGES: &[&str] = &[
    "cli/args/",
    "cli/completions/",
    "cli/demo.rs",
    "cli/man/",
    "cli/settings/arguments.rs",
    "cli/settings/narrowed_arguments.rs",
    "cli/settings/definition.rs",
    "cli/settings/table.rs",
    "cli/simulate.rs",
    "cli/usage.rs",
    "cli/legacy_cli/options.rs",
    "client/actor.rs",
    "client/refusal_text.rs",
    "language/",
    "login/page.rs",
    "main.rs",
    "printer/grant.rs",
    "printer/token.rs",
    "printer/variables.rs",
    "profile/draft.rs",
    "server/error_page.rs",
    "server/metrics.rs",
    "simulator/",
];

/// Texts that are not messages.
const NOT_MESSAGES: &[&str] = &[
    "%Y-%m-%d %H:%M UTC",
    "%Y-%m-%d %H:%M:%S %:z",
    "%Y-%m-%d %H:%M:%S UTC",
    "(correlation id: ",
    "0; url=/?cache=true",
    "age, retry-after",
    "authorization, content-type",
    "openid profile",
    "{} on {}", // capabilities of Vault's policies, and texts of servers have the same form
    "not authorized to perform: ",
    "maskinporten {} on {} {}, {at}",
    "text/css; charset=utf-8",
    "text/html; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/plain; charset=utf-8",
    "text/plain; version=0.0.4; charset=utf-8",
    "tunnel error: proxy authorization required",
    "tunnel error: unexpected end of file",
    "tunnel error: unsuccessful",
];

/// Functions and macros whose text only a programmer or a reader of the help sees, constants of headers, and the members
/// of a text in two languages.
const NOT_FOR_READERS: &[&str] = &["expect", "unreachable", "en", "nb", "when", "POLICY"];

#[test]
fn every_message_is_translated() {
    let catalogue = Catalogue::read();
    let mut missing = BTreeMap::new();
    for (text, file) in texts() {
        if is_prose(&text) && !catalogue.texts.contains(&without_names(&text)) && !NOT_MESSAGES.contains(&text.as_str())
        {
            missing.insert(text, file);
        }
    }
    assert!(missing.is_empty(), "add these texts to src/language/messages.nb.txt: {missing:#?}");
}

#[test]
fn no_translation_is_left_over() {
    let texts: BTreeSet<String> = texts().keys().map(|text| without_names(text)).collect();
    let left: Vec<_> = Catalogue::read().in_source.into_iter().filter(|text| !texts.contains(text)).collect();
    assert!(left.is_empty(), "remove these texts from src/language/messages.nb.txt: {left:#?}");
}

/// The English texts of the catalogue, with `{}` for each value.
struct Catalogue {
    texts: BTreeSet<String>,
    /// Those before the headline of texts that the source puts together.
    in_source: BTreeSet<String>,
}

impl Catalogue {
    fn read() -> Self {
        let file = fs::read_to_string("src/language/messages.nb.txt").unwrap();
        let english = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.step_by(2).map(without_names).collect()
        };
        let (in_source, _) = file.split_once("# Put together").expect("the headline of composed texts");
        let texts = english(&file);
        let unique: BTreeSet<String> = texts.iter().cloned().collect();
        for text in &unique {
            assert!(texts.iter().filter(|other| *other == text).count() == 1, "`{text}` is translated twice");
        }
        Self { texts: unique, in_source: english(in_source).into_iter().collect() }
    }
}

/// Returns the texts in the source, with a file in which each one is.
fn texts() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let own = path.strip_prefix("src").unwrap();
            let name = own.to_str().unwrap();
            let is_test = own.components().any(|part| part.as_os_str() == "tests") || name.ends_with("tests.rs");
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !is_test
                && !WITHOUT_MESSAGES.iter().any(|out| name.starts_with(out))
            {
                let tokens: TokenStream = fs::read_to_string(&path).unwrap().parse().unwrap();
                collect(tokens, &path, &mut found);
            }
        }
    }
    found
}

fn collect(tokens: TokenStream, file: &Path, found: &mut BTreeMap<String, PathBuf>) {
    let is_out = |name: &str| NOT_FOR_READERS.contains(&name);
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let (mut name, mut function) = (String::new(), String::new());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            // An attribute: the text of an error is in `error`, and others have none. Tests are not read.
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let Some(TokenTree::Group(attribute)) =
                    tokens[at..].iter().take(2).find(|token| matches!(token, TokenTree::Group(_)))
                else {
                    continue;
                };
                let text = attribute.stream().to_string();
                at += 1 + usize::from(matches!(&tokens[at], TokenTree::Punct(_)));
                if text.starts_with("error") {
                    collect(attribute.stream(), file, found);
                } else if text == "cfg (test)" {
                    at += item(&tokens[at..]);
                }
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && is_out(&function) => function.clear(),
            TokenTree::Group(group) if !is_out(&name) => collect(group.stream(), file, found),
            TokenTree::Ident(ident) => {
                let keyword = std::mem::replace(&mut name, ident.to_string());
                if ["fn", "const"].contains(&keyword.as_str()) {
                    function.clone_from(&name);
                }
            }
            TokenTree::Literal(literal) if !is_out(&name) && !is_out(&function) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    found.insert(text.value(), file.to_owned());
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ',' => name.clear(),
            TokenTree::Punct(punct) if punct.as_char() == ';' => function.clear(),
            _ => {}
        }
    }
}

/// Returns the number of tokens of the first item.
fn item(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    tokens.iter().position(ends).map_or(tokens.len(), |end| end + 1)
}

/// Whether a text has at least two words in lower case outside values and quoted names.
fn is_prose(text: &str) -> bool {
    static NAMES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{[^{}]*\}|`[^`]*`").unwrap());
    static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[A-Za-z]?[a-z]+\b").unwrap());
    let plain = NAMES.replace_all(text, "");
    text.trim().contains(' ') && !text.contains(['\n', '<']) && WORD.find_iter(&plain).count() >= 2
}

/// Returns a text with `{}` for each value, without what joins it to another one.
fn without_names(text: &str) -> String {
    static VALUE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{[^{}]*\}").unwrap());
    let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}").replace("\\n", "\n");
    let text = VALUE.replace_all(&text, "{}").replace('\u{1}', "{").replace('\u{2}', "}");
    text.trim().trim_start_matches([',', ';', ':', ' ']).to_owned()
}

/// The texts of errors are put together from several messages: nothing of them may stay English.
#[test]
fn every_line_of_the_known_errors_is_bokmål_when_translated() {
    static KEPT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"`[^`]*`|\([^)]*\)|--[a-z0-9-]+|: (openssl|keytool|maskinporten|chmod|cp|rm|base64|ssh-keygen) .*")
            .unwrap()
    });
    static ENGLISH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(the|is|are|was|with|which|not|and|has|its|it|from|pass)\b").unwrap());
    let mut english = BTreeSet::new();
    for file in ["key_errors.txt", "jwk_errors.txt", "config_errors.txt", "usage.txt"] {
        for line in fs::read_to_string(Path::new("tests").join(file)).unwrap().lines() {
            let labels = ["error: ", "caused by: ", "hint: ", "warning: "];
            let Some(message) = labels.iter().find_map(|label| line.strip_prefix(label)) else { continue };
            let bokmål = Language::Norwegian.translate(message);
            if ENGLISH.is_match(&KEPT.replace_all(&bokmål, "")) {
                english.insert(format!("{message}\n  → {bokmål}"));
            }
        }
    }
    assert!(english.is_empty(), "{}", english.into_iter().collect::<Vec<_>>().join("\n"));
}
