//! JSON objects in which no member may stand twice, at any depth.
//!
//! RFC 7515 §4 and RFC 7519 §4 let a receiver refuse duplicates or take the last; two parties that take different
//! ones would see different grants, so they are refused here.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// More members or elements than any honest grant has.
const MAXIMUM_ENTRIES: usize = 64;

/// Reads an object; `None` when it is anything else, has a member twice or is out of all proportion.
pub(crate) fn object(text: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice::<Unambiguous>(text) {
        Ok(Unambiguous(Value::Object(members))) => Some(members),
        _ => None,
    }
}

struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without repeated members")
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
        let mut elements = Vec::new();
        while let Some(Unambiguous(element)) = sequence.next_element()? {
            if elements.len() == MAXIMUM_ENTRIES {
                return Err(A::Error::custom("too many elements"));
            }
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Unambiguous(value))) = members.next_entry::<String, Unambiguous>()? {
            if map.len() == MAXIMUM_ENTRIES || map.insert(name, value).is_some() {
                return Err(A::Error::custom("a repeated member, or too many"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_member_that_stands_twice_at_any_depth() {
        assert!(object(br#"{"a":1,"b":{"c":[{"d":2}]}}"#).is_some());
        assert!(object(br#"{"a":1,"a":1}"#).is_none());
        assert!(object(br#"{"a":1,"\u0061":1}"#).is_none());
        assert!(object(br#"{"b":{"c":[{"d":2,"d":3}]}}"#).is_none());
    }

    #[test]
    fn refuses_what_is_not_an_object() {
        for text in [&b"[]"[..], b"1", b"null", b"\"a\"", b"", b"{} {}", b"{", b"\xff", &vec![b'['; 100_000]] {
            assert!(object(text).is_none());
        }
    }

    #[test]
    fn refuses_an_object_out_of_all_proportion() {
        let text = format!("{{\"a\":[{}0]}}", "0,".repeat(1000));

        assert!(object(text.as_bytes()).is_none());
    }
}
