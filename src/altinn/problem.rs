//! Reads the problem details in an error of Altinn's APIs (RFC 9457), which may have codes of Altinn's.
//!
//! `Altinn.Authorization.ProblemDetails` writes them: `code` for the problem, and for invalid requests a list
//! `validationErrors` with a code and JSON pointers each. ASP.NET's own ones have neither.

use serde_json::{Map, Value};

use crate::text::server_text;

/// Longer texts of the server are cut.
const MAXIMUM_CHARACTERS: usize = 300;
/// More validation errors are not shown.
const MAXIMUM_ERRORS: usize = 20;

/// What Altinn says about an error. Every text is sanitised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AltinnProblem {
    /// Altinn's code, such as `AUTH-00004`.
    pub code: Option<String>,
    /// The kind of problem, in words.
    pub title: Option<String>,
    /// What is wrong with this request.
    pub detail: Option<String>,
    /// What is wrong with each part of the request.
    pub validation_errors: Vec<ValidationError>,
}

/// What is wrong with a part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError {
    /// Altinn's code, such as `AUTH.VLD-00003`.
    pub code: String,
    /// What is wrong, in words.
    pub detail: Option<String>,
    /// The parts of the request, such as `/rights`.
    pub paths: Vec<String>,
}

impl AltinnProblem {
    /// Reads the body of an error. A body that is not JSON is the detail; a page, and an empty body, has none.
    ///
    /// Altinn 2 has `ErrorMessage`, and the test token generator a message for each parameter.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let members = match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members,
            Ok(Value::String(detail)) => return Self::of_text(&detail),
            _ if text.trim_start().starts_with('<') => return Self::default(),
            _ => return Self::of_text(&text),
        };
        let errors = members.get("validationErrors").and_then(Value::as_array);
        if let Some(text) = member_text(members.get("ErrorMessage")).or_else(|| text_of_parameters(&members)) {
            return Self::of_text(&text);
        }
        Self {
            code: member_text(members.get("code")),
            title: member_text(members.get("title")),
            detail: member_text(members.get("detail")),
            validation_errors: errors.into_iter().flatten().filter_map(validation_error).take(MAXIMUM_ERRORS).collect(),
        }
    }

    fn of_text(text: &str) -> Self {
        Self { detail: non_empty(text), ..Self::default() }
    }

    /// Returns every code: those of its parts, which say what is wrong, then that of the problem.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.validation_errors.iter().map(|error| error.code.as_str()).chain(self.code.as_deref())
    }
}

/// Returns the text of an object that has a message for each parameter, as the test token generator answers.
fn text_of_parameters(members: &Map<String, Value>) -> Option<String> {
    let known = ["code", "title", "detail", "status", "type"];
    let is_other = !members.is_empty() && !known.iter().any(|name| members.contains_key(*name));
    let pairs = members.iter().map(|(name, value)| Some(format!("{name}: {}", value.as_str()?)));
    is_other.then(|| pairs.collect::<Option<Vec<_>>>()).flatten().map(|pairs| pairs.join("; "))
}

fn validation_error(error: &Value) -> Option<ValidationError> {
    let paths = error.get("paths").and_then(Value::as_array).into_iter().flatten();
    Some(ValidationError {
        code: member_text(error.get("code"))?,
        detail: member_text(error.get("detail")).or_else(|| member_text(error.get("title"))),
        paths: paths.filter_map(|path| member_text(Some(path))).take(MAXIMUM_ERRORS).collect(),
    })
}

fn member_text(member: Option<&Value>) -> Option<String> {
    non_empty(member?.as_str()?)
}

fn non_empty(text: &str) -> Option<String> {
    let text = server_text(text.trim(), MAXIMUM_CHARACTERS);
    (!text.is_empty()).then_some(text)
}
