//! Parses JSON objects without repeated members at any depth.
//!
//! RFC 7515 §4 and RFC 7519 §4 let a receiver reject duplicates or use the last one. Two parties that use different
//! ones would see different assertions, so they are rejected here.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Maximum number of members of an object and of elements of an array.
const MAXIMUM_ENTRIES: usize = 64;

/// Parses an object; `None` when it is anything else, repeats a member or exceeds a limit.
pub(crate) fn object(text: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice::<UniqueMembers>(text) {
        Ok(UniqueMembers(Value::Object(members))) => Some(members),
        _ => None,
    }
}

struct UniqueMembers(Value);

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueMembersVisitor).map(Self)
    }
}

struct UniqueMembersVisitor;

impl<'de> Visitor<'de> for UniqueMembersVisitor {
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
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(UniqueMembers(element)) = sequence.next_element()? {
            if elements.len() == MAXIMUM_ENTRIES {
                return Err(A::Error::custom("too many elements"));
            }
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, UniqueMembers(value))) = members.next_entry::<String, UniqueMembers>()? {
            if map.len() == MAXIMUM_ENTRIES || map.insert(name, value).is_some() {
                return Err(A::Error::custom("a repeated member, or too many members"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_repeated_member_at_any_depth() {
        assert!(object(br#"{"a":1,"b":{"c":[{"d":2}]}}"#).is_some());
        assert!(object(br#"{"a":1,"a":1}"#).is_none());
        assert!(object(br#"{"a":1,"\u0061":1}"#).is_none());
        assert!(object(br#"{"b":{"c":[{"d":2,"d":3}]}}"#).is_none());
    }

    #[test]
    fn rejects_anything_but_an_object() {
        for text in [&b"[]"[..], b"1", b"null", b"\"a\"", b"", b"{} {}", b"{", b"\xff", &vec![b'['; 100_000]] {
            assert!(object(text).is_none());
        }
    }

    #[test]
    fn rejects_an_object_with_too_many_elements() {
        let text = format!("{{\"a\":[{}0]}}", "0,".repeat(1000));

        assert!(object(text.as_bytes()).is_none());
    }
}
