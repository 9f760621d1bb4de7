//! The members of a credentials file.

use super::super::answer;
use crate::{http::Endpoint, json::JsonObject};

/// Returns the text at the end of a path.
pub(super) fn required<'object>(object: &'object JsonObject, path: &[&str]) -> Result<&'object str, String> {
    answer::text(object, path).ok_or_else(|| missing(&path.join(".")))
}

/// Describes a member that is missing or empty.
pub(super) fn missing(member: &str) -> String {
    format!("it has no `{member}`")
}

/// Returns the endpoint in a member, or the default.
pub(super) fn endpoint(object: &JsonObject, name: &str, default: &str) -> Result<Endpoint, String> {
    Endpoint::parse(answer::text(object, &[name]).unwrap_or(default)).map_err(|error| error.to_string())
}
