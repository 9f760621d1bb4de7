//! The parameters of a request: each at most once, and an empty one counts as omitted (RFC 6749 §3.1 and §3.2).

use zeroize::Zeroizing;

use super::refusal::LoginRefusal;

/// Maximum number of parameters.
const MAXIMUM: usize = 40;

/// The parameters of a query or a form.
pub(super) struct ReceivedParameters(Vec<(String, Zeroizing<String>)>);

impl ReceivedParameters {
    /// Parses a query or the body of a form. Only `resource` may be repeated (RFC 8707 §2).
    pub(super) fn parse(text: &[u8]) -> Result<Self, LoginRefusal> {
        let mut parameters: Vec<(String, Zeroizing<String>)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if parameters.len() == MAXIMUM {
                return Err(LoginRefusal::request("Too many parameters."));
            }
            if name != "resource" && parameters.iter().any(|(other, _)| *other == name) {
                return Err(LoginRefusal::request("A parameter is included more than once."));
            }
            parameters.push((name.into_owned(), Zeroizing::new(value.into_owned())));
        }
        Ok(Self(parameters))
    }

    /// Returns a parameter that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Returns a required parameter.
    pub(super) fn require(&self, name: &str) -> Result<&str, LoginRefusal> {
        self.get(name).ok_or_else(|| LoginRefusal::request(format!("Missing parameter {name}.")))
    }

    /// Returns every value of a parameter.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}
