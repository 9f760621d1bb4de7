//! JSON in which no member stands twice, at any depth, with its members in their order.
//!
//! RFC 7515 §4 and RFC 7519 §4 let a reader refuse duplicates or take the last one; two readers that take different
//! ones would see different tokens, so they are refused here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why something is no JSON object that says one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonFault {
    /// It stops being JSON here.
    Syntax {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// It is nested deeper than anybody writes.
    Deep,
    /// A member stands in it twice.
    Duplicate(String),
    /// It is JSON, but no object.
    NoObject,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column } => write!(formatter, "is not JSON: line {line}, column {column}"),
            Self::Deep => formatter.write_str("is nested more than 128 levels deep"),
            Self::Duplicate(name) => write!(formatter, "has the member `{name}` twice"),
            Self::NoObject => formatter.write_str("is JSON, but no object"),
        }
    }
}

/// Reads an object.
///
/// # Errors
/// [`JsonFault`], of several faults the first that is met.
pub(super) fn object(text: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    let mut duplicate = None;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Reader(&mut duplicate).deserialize(&mut deserializer);
    let read = read.and_then(|value| deserializer.end().map(|()| value));
    match (duplicate, read) {
        (Some(name), _) => Err(JsonFault::Duplicate(super::shown(&name))),
        (None, Ok(Value::Object(members))) => Ok(members),
        (None, Ok(_)) => Err(JsonFault::NoObject),
        (None, Err(error)) if error.to_string().starts_with("recursion limit") => Err(JsonFault::Deep),
        (None, Err(error)) => Err(JsonFault::Syntax { line: error.line(), column: error.column() }),
    }
}

/// Reads a value and keeps the name of a member that stands twice.
struct Reader<'duplicate>(&'duplicate mut Option<String>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
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
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number without end"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = sequence.next_element_seed(Reader(self.0))? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                *self.0 = Some(name);
                return Err(A::Error::custom("a member stands twice"));
            }
            members.insert(name, map.next_value_seed(Reader(self.0))?);
        }
        Ok(Value::Object(members))
    }
}
