//! The bokmål of the program's messages: `messages.nb.txt` has the English text and its translation, in pairs.
//!
//! Errors and reports are written in English, with values inside. A text is translated as a whole when it is written for a
//! person: the pair whose English text fits it, and its values, which may be messages themselves. A text without a
//! translation stays English, so the catalogue can never lose a message.

use std::{borrow::Cow, sync::OnceLock};

/// The catalogue. `{0}` to `{9}` are values, and `{0=}` in a translation is one that stays as it is; `\n` is a line break.
const NORWEGIAN: &str = include_str!("messages.nb.txt");

/// The translation of a text that is the same in both languages.
const SAME: &str = "=";

/// How deep messages within messages are translated.
const MAXIMUM_DEPTH: u8 = 6;

/// Longer texts are not messages of this program.
const MAXIMUM_LENGTH: usize = 16 * 1024;

/// What joins two messages on one line.
const JOINTS: [&str; 4] = ["; ", ": ", ". ", ", "];

/// A message and its translation.
struct Message {
    /// The English text between its values.
    english: Vec<String>,
    /// The values in `english`, by their numbers.
    numbers: Vec<usize>,
    norwegian: String,
    /// The number of the value that is the text of a server, which is quoted as it is.
    quoted: Option<usize>,
}

/// Returns the bokmål of a text, or the text itself if it has no translation.
pub(super) fn norwegian(text: &str) -> Cow<'_, str> {
    if text.len() > MAXIMUM_LENGTH {
        return text.into();
    }
    translated(text, MAXIMUM_DEPTH).map_or(Cow::Borrowed(text), |translation| Cow::Owned(translation.text))
}

/// A text in bokmål, and how much of the English one was translated.
struct Translation {
    text: String,
    weight: usize,
}

/// Translates a text that is one message, or several that are joined: whichever leaves less of it in English.
fn translated(text: &str, depth: u8) -> Option<Translation> {
    let depth = depth.checked_sub(1)?;
    let message = text.trim_start();
    if message.len() < text.len() {
        let Translation { text: norwegian, weight } = translated(message, depth)?;
        return Some(Translation { text: format!("{}{norwegian}", &text[..text.len() - message.len()]), weight });
    }
    let split = |(at, joint): (usize, &str), first: Option<Translation>| {
        let (before, after) = (&text[..at], &text[at + joint.len()..]);
        let [first, rest] = [(before, first), (after, translated(after, depth))]
            .map(|(text, translation)| translation.unwrap_or_else(|| Translation { text: text.to_owned(), weight: 0 }));
        let weight = first.weight + rest.weight;
        (weight > 0).then(|| Translation { text: format!("{}{joint}{}", first.text, rest.text), weight })
    };
    let joints = || JOINTS.iter().flat_map(|joint| text.match_indices(joint));
    let known = joints().find_map(|place| split(place, Some(whole(&text[..place.0], depth)?)));
    let joined = known.or_else(|| split(joints().min()?, None));
    whole(text, depth).into_iter().chain(joined).max_by_key(|translation| translation.weight)
}

/// Translates a text that is one message. Of those that fit, the one with most text of its own is meant.
fn whole(text: &str, depth: u8) -> Option<Translation> {
    let fits = messages().iter().filter_map(|message| Some((message, message.values(text)?)));
    let (message, values) = fits.max_by_key(|(message, _)| message.weight())?;
    Some(message.fill(&values, depth))
}

impl Message {
    /// Parses a pair of lines.
    fn parse(english: &str, norwegian: &str) -> Self {
        let mut parts = vec![String::new()];
        let mut numbers = Vec::new();
        let mut rest = english;
        while let Some(at) = rest.find('{') {
            let number = rest[at + 1..].chars().next().and_then(|digit| digit.to_digit(10));
            if let (Some(number), true) = (number, rest[at + 2..].starts_with('}')) {
                push(&mut parts, &rest[..at]);
                parts.push(String::new());
                numbers.push(number as usize);
                rest = &rest[at + 3..];
            } else {
                push(&mut parts, &rest[..=at]);
                rest = &rest[at + 1..];
            }
        }
        push(&mut parts, rest);
        let norwegian = if norwegian == SAME { english } else { norwegian };
        let quoted = norwegian.split_once("=}").and_then(|(before, _)| before.chars().last()?.to_digit(10));
        let english = parts.into_iter().map(|part| part.replace("\\n", "\n")).collect();
        let norwegian = norwegian.replace("\\n", "\n").replace("=}", "}");
        Self { english, numbers, norwegian, quoted: quoted.map(|number| number as usize) }
    }

    /// Returns the values of this message in a text, or `None` if the text is another message.
    fn values<'text>(&self, text: &'text str) -> Option<Vec<&'text str>> {
        let (first, rest) = self.english.split_first()?;
        let mut left = text.strip_prefix(first.as_str())?;
        let Some((last, middle)) = rest.split_last() else { return left.is_empty().then(Vec::new) };
        let mut values = Vec::with_capacity(rest.len());
        for part in middle {
            let (value, after) = left.split_once(part.as_str())?;
            values.push(value);
            left = after;
        }
        values.push(left.strip_suffix(last.as_str())?);
        Some(values)
    }

    /// Returns the length of the text that is not a value: of two messages that fit, the longer one is meant.
    fn weight(&self) -> usize {
        self.english.iter().map(String::len).sum()
    }

    fn fill(&self, values: &[&str], depth: u8) -> Translation {
        let mut weight = self.weight();
        let mut places: Vec<(usize, String)> = Vec::new();
        for (number, value) in self.numbers.iter().zip(values) {
            let Some(at) = self.norwegian.find(&format!("{{{number}}}")) else { continue };
            let as_it_is = |weight| Translation { text: (*value).to_owned(), weight };
            let translation = if self.quoted == Some(*number) {
                as_it_is(value.len())
            } else {
                translated(value, depth).unwrap_or_else(|| as_it_is(0))
            };
            weight += translation.weight;
            places.push((at, translation.text));
        }
        // From the right, because a value may contain braces itself.
        places.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut text = self.norwegian.clone();
        for (at, value) in places {
            text.replace_range(at..at + "{0}".len(), &value);
        }
        Translation { text, weight }
    }
}

fn push(parts: &mut [String], text: &str) {
    if let Some(last) = parts.last_mut() {
        last.push_str(text);
    }
}

/// Returns the catalogue's messages.
fn messages() -> &'static [Message] {
    static MESSAGES: OnceLock<Vec<Message>> = OnceLock::new();
    MESSAGES.get_or_init(|| pairs().map(|(english, norwegian)| Message::parse(english, norwegian)).collect())
}

/// Returns the catalogue's pairs: a line in English, one in bokmål, and an empty one; `#` starts a comment.
fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut lines = NORWEGIAN.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_and_messages_among_them_are_translated() {
        for (english, bokmål) in [
            ("could not read the keystore `æ {0}.p12`", "kunne ikke lese nøkkellageret `æ {0}.p12`"),
            (
                "the token is not stored: could not use the token cache `/c`: it is not a folder",
                "tokenet lagres ikke: kunne ikke bruke tokenlageret `/c`: den er ikke en mappe",
            ),
            (
                "it is empty; check the path, and that you may read it",
                "den er tom; kontroller stien, og at du kan lese den",
            ),
            (
                "the self-service API refused to show the client: HTTP 404: the organisation has no client; it is empty",
                "selvbetjenings-API-et avslo å vise klienten: HTTP 404: the organisation has no client; it is empty",
            ),
        ] {
            assert_eq!(norwegian(english), bokmål);
        }
    }

    #[test]
    fn a_text_from_elsewhere_stays_as_it_is() {
        let long = "a: ".repeat(MAXIMUM_LENGTH);
        for text in ["", "Invalid assertion. Client is not found", "{0}", ": ; . , ", &long] {
            assert_eq!(norwegian(text), text);
        }
    }

    #[test]
    fn a_translation_has_the_values_of_its_text() {
        for (english, bokmål) in pairs().filter(|(_, bokmål)| *bokmål != SAME) {
            let numbers = |text: &str| {
                let mut numbers = Message::parse(text, "").numbers;
                numbers.sort_unstable();
                numbers
            };
            let message = Message::parse(english, bokmål);
            assert_eq!(numbers(english), numbers(&message.norwegian), "{english}");
            assert!(message.quoted.is_none_or(|quoted| message.numbers.contains(&quoted)), "{english}");
        }
    }
}
