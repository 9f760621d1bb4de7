//! Text in HTML.

use crate::text::escaped_html;

/// Escapes text and marks what is between backticks as code.
pub(crate) fn marked(text: &str) -> String {
    let parts = escaped_html(text);
    let parts = parts.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

/// Makes the first letter a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
