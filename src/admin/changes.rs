//! The difference between what is and what is wanted, to be shown before it is sent.

use std::{collections::BTreeSet, fmt};

use serde_json::{Map, Value};

use crate::text::printable;

/// A member whose value changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The name of the member.
    pub member: String,
    /// The value that it has; `None` if it is new.
    pub from: Option<Value>,
    /// The value that it gets; `None` if it is removed.
    pub to: Option<Value>,
}

/// Members that the API sets itself.
const SET_BY_THE_API: [&str; 2] = ["created", "last_updated"];

/// Returns an object without the members that the API sets itself.
#[must_use]
pub fn without_times(mut object: Map<String, Value>) -> Map<String, Value> {
    // Not `remove`, which moves the last member into the gap.
    object.retain(|name, _| !SET_BY_THE_API.contains(&name.as_str()));
    object
}

/// Returns an object with the members of another one in place of its own; `null` removes a member (RFC 7396, one level).
#[must_use]
pub fn merged(current: &Map<String, Value>, wanted: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = without_times(current.clone());
    for (name, value) in without_times(wanted.clone()) {
        if value.is_null() {
            merged.shift_remove(&name);
        } else {
            merged.insert(name, value);
        }
    }
    merged
}

/// Returns what differs between two objects, by the names of the members. The order of a list of texts does not matter, and a
/// member that is missing is the same as one that is `null`, empty or 0: the API writes what is not set in all these ways.
#[must_use]
pub fn changes(current: &Map<String, Value>, wanted: &Map<String, Value>) -> Vec<Change> {
    let names: BTreeSet<&String> = current.keys().chain(wanted.keys()).collect();
    let names = names.into_iter().filter(|name| !SET_BY_THE_API.contains(&name.as_str()));
    let changes = names.map(|name| Change {
        member: name.clone(),
        from: current.get(name).cloned(),
        to: wanted.get(name).cloned(),
    });
    changes.filter(|change| !is_same(change.from.as_ref(), change.to.as_ref())).collect()
}

fn is_same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::Array(one)), Some(Value::Array(other))) if one.iter().chain(other).all(Value::is_string) => {
            let texts =
                |list: &[Value]| list.iter().filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>();
            texts(one) == texts(other)
        }
        _ => set_value(one) == set_value(other),
    }
}

/// Returns a value that is not what the API writes for one that is not set.
fn set_value(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null() && **value != "" && **value != 0)
}

/// Writes a line: the elements that a list of texts gains and loses, of any other member both values.
impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from.as_ref(), self.to.as_ref());
        write!(formatter, "{}:", printable(&self.member))?;
        if [from, to].into_iter().flatten().all(is_list_of_texts) {
            let missing_in = |other: Option<&Value>, text: &Value| !elements(other).any(|own| own == text);
            for text in elements(from).filter(|text| missing_in(to, text)) {
                write!(formatter, " -{}", shown(text))?;
            }
            for text in elements(to).filter(|text| missing_in(from, text)) {
                write!(formatter, " +{}", shown(text))?;
            }
            return Ok(());
        }
        from.map_or(Ok(()), |from| write!(formatter, " {} ->", shown(from)))?;
        write!(formatter, " {}", to.map_or_else(|| "(none)".to_owned(), shown))
    }
}

fn is_list_of_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
}

fn elements(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn shown(value: &Value) -> String {
    printable(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        if let Value::Object(object) = value { object } else { panic!("{value}") }
    }

    #[test]
    fn only_the_named_members_change_and_null_removes_one() {
        let current =
            object(json!({ "name": "a:b", "created": "2026", "description": "old", "at_max_age": 120, "x": [1] }));
        let wanted = object(json!({ "description": "new", "at_max_age": null, "last_updated": "2027" }));

        let merged = merged(&current, &wanted);

        assert_eq!(merged, object(json!({ "name": "a:b", "description": "new", "x": [1] })));
        let change =
            |member: &str, from: Option<Value>, to: Option<Value>| Change { member: member.to_owned(), from, to };
        assert_eq!(
            changes(&current, &merged),
            [
                change("at_max_age", Some(json!(120)), None),
                change("description", Some(json!("old")), Some(json!("new"))),
            ]
        );
    }

    #[test]
    fn what_is_not_set_is_the_same_in_every_form() {
        let missing = object(json!({ "active": false }));
        for unset in [json!(null), json!(""), json!(0)] {
            let other = object(json!({ "active": false, "at_max_age": unset }));
            assert_eq!((changes(&missing, &other), changes(&other, &missing)), (vec![], vec![]));
        }
        for set in [json!(false), json!("a"), json!(1)] {
            assert_eq!(changes(&missing, &object(json!({ "active": false, "x": set }))).len(), 1);
        }
    }

    #[test]
    fn the_order_of_texts_and_the_times_of_the_api_are_no_change() {
        let one = object(json!({ "scopes": ["a:b", "c:d"], "created": "1" }));
        let other = object(json!({ "scopes": ["c:d", "a:b"], "created": "2" }));
        assert_eq!(changes(&one, &other), []);
        let fewer = object(json!({ "scopes": ["c:d"] }));
        assert_eq!(changes(&one, &fewer).len(), 1);
    }

    #[test]
    fn a_change_is_one_line() {
        let one = object(json!({ "a": ["x:1", "x:2"], "b": "old", "c": 1, "e": [] }));
        let other = object(json!({ "a": ["x:2", "x:3"], "b": "new\u{1b}", "d": true, "e": ["y"] }));
        let lines: Vec<String> = changes(&one, &other).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["a: -x:1 +x:3", "b: old -> new\u{fffd}", "c: 1 -> (none)", "d: true", "e: +y"]);
    }
}
