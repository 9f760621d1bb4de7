//! The headers of a request to an API: as lines, as curl's arguments, for curl's configuration, or as JSON.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::quoting;
use crate::{client::AccessToken, explain::Explain};

/// How headers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadersForm {
    /// `Name: value`, a line each, for `curl -H @-`.
    Lines,
    /// `-H 'Name: value'` arguments on one line, quoted for a POSIX shell.
    Curl,
    /// `header = "Name: value"`, a line each, for `curl -K -`.
    CurlConfig,
    /// One JSON object.
    Json,
}

/// A header that goes along with the token, such as Altinn's `ApiKey`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    name: String,
    value: String,
}

/// Why a text is no header. The value is left out: it is often a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// There is no colon, or what stands before it is no name.
    #[error("it is not of the form `Name: value`")]
    Form,
    /// The value holds a line break or another control character.
    #[error("the value of `{0}` holds a control character")]
    Value(String),
    /// The token's own header cannot be given.
    #[error("`Authorization` is what this command makes")]
    Authorization,
}

impl Explain for HeaderError {
    fn code(&self) -> &'static str {
        "header"
    }

    fn hint(&self) -> Option<String> {
        Some("pass it as --header 'ApiKey: VALUE'".to_owned())
    }
}

impl Header {
    /// Reads `Name: value`.
    ///
    /// # Errors
    /// [`HeaderError`] when the name is none (RFC 9110 §5.1), or the value could end the line.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let (name, value) = text.split_once(':').ok_or(HeaderError::Form)?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(HeaderError::Form);
        }
        if value.chars().any(|character| character.is_control() && character != '\t') {
            return Err(HeaderError::Value(name.to_owned()));
        }
        if name.eq_ignore_ascii_case("authorization") {
            return Err(HeaderError::Authorization);
        }
        Ok(Self { name: name.to_owned(), value: value.trim().to_owned() })
    }

    /// Its name, in the letter case that it was given in.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether both have the same name, whatever its letter case (RFC 9110 §5.1).
    #[must_use]
    pub fn has_the_name_of(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }

    pub(super) fn bearer(token: &AccessToken) -> Self {
        Self { name: "Authorization".to_owned(), value: format!("Bearer {}", token.expose()) }
    }

    pub(super) fn line(&self) -> String {
        format!("{}: {}", self.name, self.value)
    }
}

impl HeadersForm {
    const ALL: [Self; 4] = [Self::Lines, Self::Curl, Self::CurlConfig, Self::Json];

    /// The names of the forms.
    pub const NAMES: [&str; 4] = ["lines", "curl", "curl-config", "json"];

    /// Finds the form with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(_, own)| *own == name).map(|(form, _)| form)
    }
}

/// Writes the token's header and those that go along with it.
///
/// # Errors
/// Whatever `out` says.
pub fn print_headers(form: HeadersForm, token: &AccessToken, along: &[Header], out: &mut impl Write) -> io::Result<()> {
    let bearer = Header::bearer(token);
    let headers = || std::iter::once(&bearer).chain(along);
    match form {
        HeadersForm::Lines => headers().try_for_each(|header| writeln!(out, "{}", header.line())),
        HeadersForm::Curl => {
            let arguments = headers().map(|header| format!("-H {}", quoting::shell(&header.line())));
            writeln!(out, "{}", arguments.collect::<Vec<_>>().join(" "))
        }
        HeadersForm::CurlConfig => {
            headers().try_for_each(|header| writeln!(out, "header = {}", quoting::curl_config(&header.line())))
        }
        HeadersForm::Json => {
            serde_json::to_writer(&mut *out, &object(headers()))?;
            writeln!(out)
        }
    }
}

/// Headers of the same name, whatever its letter case, become one, parted by commas (RFC 9110 §5.1 and §5.3).
fn object<'header>(headers: impl Iterator<Item = &'header Header>) -> Map<String, Value> {
    headers.fold(Map::new(), |mut object, header| {
        let same = object.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&header.name));
        if let Some((_, Value::String(earlier))) = same {
            *earlier = format!("{earlier}, {}", header.value);
        } else {
            object.insert(header.name.clone(), Value::from(header.value.clone()));
        }
        object
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_cannot_end_its_line_or_replace_the_token() {
        for (text, wanted) in [
            ("ApiKey", HeaderError::Form),
            (": x", HeaderError::Form),
            ("Api Key: x", HeaderError::Form),
            ("ApiKey: a\r\nX: b", HeaderError::Value("ApiKey".to_owned())),
            ("authorization: Basic x", HeaderError::Authorization),
        ] {
            assert_eq!(Header::parse(text), Err(wanted), "{text}");
        }
        assert_eq!(Header::parse("ApiKey:  a:b ").map(|header| header.line()), Ok("ApiKey: a:b".to_owned()));
    }
}
