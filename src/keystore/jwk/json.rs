//! JSON as far as a JWK needs it, with every text erased when it is dropped.
//!
//! `serde_json::Value` would leave the private members in memory, and lets the last of two members with the same
//! name win in silence (RFC 7517 §4 leaves that to the reader).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// A value: what no JWK holds is not kept.
pub(super) enum Json {
    Text(Zeroizing<String>),
    List(Vec<Json>),
    Object(Object),
    Null,
    Other,
}

/// An object, and the first name that stands in it twice.
#[derive(Default)]
pub(super) struct Object {
    pub(super) members: BTreeMap<String, Json>,
    pub(super) duplicate: Option<String>,
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = sequence.next_element()? {
            list.push(element);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut object = Object::default();
        while let Some(name) = map.next_key::<String>()? {
            match object.members.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(map.next_value()?);
                }
                Entry::Occupied(place) => {
                    map.next_value::<IgnoredAny>()?;
                    object.duplicate.get_or_insert_with(|| place.key().clone());
                }
            }
        }
        Ok(Json::Object(object))
    }
}
