//! Parses JSON objects without duplicate members, at any depth, and keeps the order of members.
//!
//! RFC 7515 §4 and RFC 7519 §4 let a parser reject duplicates or use the last one. Two parsers that choose differently
//! see different tokens, so duplicates are rejected here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The reason why a text is not a JSON object with distinct members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonFault {
    /// It is not JSON.
    Syntax {
        /// The line of the first error.
        line: usize,
        /// The column of the first error.
        column: usize,
    },
    /// It is nested too deeply.
    Deep,
    /// A member occurs twice.
    Duplicate(String),
    /// It is JSON, but not an object.
    NotObject,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column } => write!(formatter, "is not JSON: line {line}, column {column}"),
            Self::Deep => formatter.write_str("is nested more than 128 levels deep"),
            Self::Duplicate(name) => write!(formatter, "contains the member `{name}` twice"),
            Self::NotObject => formatter.write_str("is JSON, but not an object"),
        }
    }
}

/// Parses an object.
///
/// # Errors
/// [`JsonFault`], the first one if there are several.
pub(super) fn object(text: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    let mut duplicate = None;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = DistinctMembers(&mut duplicate).deserialize(&mut deserializer);
    let read = read.and_then(|value| deserializer.end().map(|()| value));
    match (duplicate, read) {
        (Some(name), _) => Err(JsonFault::Duplicate(super::shown(&name))),
        (None, Ok(Value::Object(members))) => Ok(members),
        (None, Ok(_)) => Err(JsonFault::NotObject),
        (None, Err(error)) if error.to_string().starts_with("recursion limit") => Err(JsonFault::Deep),
        (None, Err(error)) => Err(JsonFault::Syntax { line: error.line(), column: error.column() }),
    }
}

/// Deserializes a value, and records the name of a duplicate member.
struct DistinctMembers<'duplicate>(&'duplicate mut Option<String>);

impl<'de> DeserializeSeed<'de> for DistinctMembers<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DistinctMembers<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = sequence.next_element_seed(DistinctMembers(self.0))? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                *self.0 = Some(name);
                return Err(A::Error::custom("duplicate member"));
            }
            members.insert(name, map.next_value_seed(DistinctMembers(self.0))?);
        }
        Ok(Value::Object(members))
    }
}
