//! Parses JSON strictly: duplicate members are found, strings are erased when they are dropped. Writes JSON without
//! deceptive characters.
//!
//! RFC 7515 §4, RFC 7517 §4 and RFC 7519 §4 let a reader reject duplicate members or take the last one. Two readers
//! that disagree would see two different tokens or keys, so the callers here reject them. `serde_json::Value` takes
//! the last one silently, and leaves private keys behind in memory.

use std::{
    borrow::Cow,
    collections::HashSet,
    fmt,
    io::{self, Write},
};

use serde::{
    Serialize,
    de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use zeroize::Zeroizing;

use crate::text::is_deceptive;

/// A JSON value (RFC 8259).
pub enum JsonValue {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Zeroizing<String>),
    /// An array.
    Array(Vec<JsonValue>),
    /// An object.
    Object(JsonObject),
}

/// A JSON object with its members in the order of the text. Iteration yields of duplicates the first.
#[derive(Default)]
pub struct JsonObject {
    members: Vec<(String, JsonValue)>,
    duplicate: Option<String>,
}

/// Why a text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It does not follow the grammar.
    #[error("it is not JSON: line {line}, column {column}")]
    Syntax {
        /// The line of the first error, counted from one.
        line: usize,
        /// The column there.
        column: usize,
    },
    /// It is nested more deeply than any real document.
    #[error("it is nested more than 128 levels deep")]
    TooDeep,
}

/// Parses a JSON text.
///
/// # Errors
/// [`JsonError`] if it is not JSON or nested too deeply. Duplicate members are not an error here: see
/// [`JsonObject::duplicate`].
pub fn parse(text: &[u8]) -> Result<JsonValue, JsonError> {
    serde_json::from_slice(text).map_err(|error| {
        // serde_json has no other sign of its recursion limit.
        if error.to_string().starts_with("recursion limit") {
            JsonError::TooDeep
        } else {
            JsonError::Syntax { line: error.line(), column: error.column() }
        }
    })
}

/// Writes a value as JSON on one line.
///
/// # Errors
/// Any error of `out`.
pub fn write(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    Ok(serde_json::to_writer(EscapingWriter(out), value)?)
}

/// Writes a value as indented JSON.
///
/// # Errors
/// Any error of `out`.
pub fn write_indented(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(EscapingWriter(out), value)?)
}

/// Returns a value, which must hold no secret, as JSON on one line.
#[must_use]
pub fn line(value: &Value) -> String {
    escaped(&value.to_string()).into_owned()
}

/// Returns a value, which must hold no secret, as indented JSON.
#[must_use]
pub fn indented(value: &Value) -> String {
    escaped(&format!("{value:#}")).into_owned()
}

/// Replaces deceptive characters in a JSON text by escapes that mean the same (RFC 8259 §7), because a terminal or a page may
/// show the text. A JSON text can have them only in its strings.
///
/// # Examples
/// ```
/// use maskinporten::json::escaped;
///
/// assert_eq!(escaped("{\"a\": \"b\u{202e}c\u{9b}ø\"}"), r#"{"a": "b\u202ec\u009bø"}"#);
/// ```
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    use fmt::Write as _;

    // Nearly every character is plain ASCII. Line breaks and tabs are what indents it.
    let is_plain = |character: char| matches!(character, ' '..='~') || character.is_ascii_whitespace();
    let must_be_escaped = |character: char| !is_plain(character) && is_deceptive(character);
    if !text.contains(must_be_escaped) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if must_be_escaped(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Escapes what `serde_json` writes, piece by piece: a copy of the whole could hold a secret.
struct EscapingWriter<W>(W);

impl<W: Write> Write for EscapingWriter<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        // Each piece is whole characters, since `serde_json` writes `str`.
        let text = str::from_utf8(piece).map_err(io::Error::other)?;
        self.0.write_all(escaped(text).as_bytes())?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl JsonObject {
    /// Returns the value of a member; of duplicates the first.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&JsonValue> {
        self.members.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Returns the members in the order of the text; of duplicates the first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &JsonValue)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Takes the value of a member out of the object.
    pub fn remove(&mut self, name: &str) -> Option<JsonValue> {
        let index = self.members.iter().position(|(own, _)| own == name)?;
        Some(self.members.remove(index).1)
    }

    /// Takes the value of the only member; returns `None` if there are several or none.
    #[must_use]
    pub fn into_only_value(mut self) -> Option<JsonValue> {
        let (_, value) = self.members.pop()?;
        self.members.is_empty().then_some(value)
    }

    /// Returns the first member name that occurs twice in this object; objects inside it have their own.
    #[must_use]
    pub fn duplicate(&self) -> Option<&str> {
        self.duplicate.as_deref()
    }

    /// Converts the object, which must hold no secret, to `serde_json`'s type.
    ///
    /// # Errors
    /// The name of a member that occurs twice, at any depth.
    pub fn into_map(self) -> Result<Map<String, Value>, String> {
        if let Some(name) = self.duplicate {
            return Err(name);
        }
        self.into_iter().map(|(name, value)| Ok((name, value.into_value()?))).collect()
    }
}

impl IntoIterator for JsonObject {
    type Item = (String, JsonValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}

impl JsonValue {
    /// Converts the value, which must hold no secret, to `serde_json`'s type.
    ///
    /// # Errors
    /// The name of a member that occurs twice, at any depth.
    pub fn into_value(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(number) => Value::Number(number),
            Self::String(text) => Value::String(text.to_string()),
            Self::Array(values) => Value::Array(values.into_iter().map(Self::into_value).collect::<Result<_, _>>()?),
            Self::Object(object) => Value::Object(object.into_map()?),
        })
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = JsonValue;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<JsonValue, E> {
        Ok(JsonValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<JsonValue, E> {
        Ok(JsonValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<JsonValue, E> {
        Ok(JsonValue::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<JsonValue, E> {
        Ok(JsonValue::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<JsonValue, E> {
        Number::from_f64(value).map(JsonValue::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<JsonValue, E> {
        Ok(JsonValue::String(Zeroizing::new(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<JsonValue, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(JsonValue::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonValue, A::Error> {
        let mut object = JsonObject::default();
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value()?;
            if names.insert(name.clone()) {
                object.members.push((name, value));
            } else {
                object.duplicate.get_or_insert(name);
            }
        }
        Ok(JsonValue::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(text: &str) -> JsonObject {
        match parse(text.as_bytes()) {
            Ok(JsonValue::Object(object)) => object,
            _ => panic!("{text}"),
        }
    }

    #[test]
    fn members_keep_their_order_and_values() {
        let text = r#"{"z":[1,-2,2.5,true,null,"å"],"a":{"b":18446744073709551615}}"#;
        let map = object(text).into_map().unwrap();

        assert_eq!(Value::Object(map.clone()).to_string(), text);
        assert_eq!(map["a"], json!({ "b": u64::MAX }));
    }

    #[test]
    fn deceptive_characters_are_written_as_escapes_that_mean_the_same() {
        let value = json!({ "a\u{7f}": ["\u{9b}\u{202e}\u{e0041}", "å “中” \n\t\u{1b}"], "b\u{fe0f}": 1 });
        let expected = r#"{"a\u007f":["\u009b\u202e\udb40\udc41","å “中” \n\t\u001b"],"b\ufe0f":1}"#;
        let (mut line_out, mut indented_out) = (Vec::new(), Vec::new());

        write(&mut line_out, &value).unwrap();
        write_indented(&mut indented_out, &value).unwrap();

        assert_eq!((line(&value).as_str(), str::from_utf8(&line_out)), (expected, Ok(expected)));
        assert_eq!(indented(&value).as_bytes(), indented_out);
        for text in [indented(&value), line(&value)] {
            assert!(!text.contains(|character| character != '\n' && is_deceptive(character)), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }

    #[test]
    fn a_duplicate_is_found_at_any_depth_and_the_first_value_counts() {
        let outer = object(r#"{"a":"first","b":1,"a":"second"}"#);
        assert_eq!(outer.duplicate(), Some("a"));
        assert!(matches!(outer.get("a"), Some(JsonValue::String(text)) if **text == "first"));
        assert_eq!(outer.into_map(), Err("a".to_owned()));

        let inner = object(r#"{"a":[{"b":1,"b":2}]}"#);
        assert_eq!(inner.duplicate(), None);
        assert_eq!(inner.into_map(), Err("b".to_owned()));
    }

    #[test]
    fn errors_name_the_line_and_deep_nesting() {
        let error = |text: &str| parse(text.as_bytes()).err().unwrap().to_string();

        assert_eq!(error("{\n  \"a\": }"), "it is not JSON: line 2, column 8");
        assert_eq!(error("{} {}"), "it is not JSON: line 1, column 4");
        assert_eq!(error(&"[".repeat(200)), "it is nested more than 128 levels deep");
    }
}
