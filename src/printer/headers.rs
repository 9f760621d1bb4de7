//! The headers of a request to an API: as lines, as curl arguments, for a curl config file, or as JSON.

use std::{
    fmt,
    io::{self, Write},
};

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::quoting;
use crate::{client::AccessToken, explain::Explain, json};

/// The output format of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadersForm {
    /// One `Name: value` per line, for `curl -H @-`.
    Lines,
    /// `-H 'Name: value'` arguments on one line, quoted for a POSIX shell.
    Curl,
    /// One `header = "Name: value"` per line, for `curl -K -`.
    CurlConfig,
    /// One JSON object.
    Json,
}

/// A header that is sent along with the token, such as Altinn's `ApiKey`. Its `{:?}` does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    name: String,
    value: Zeroizing<String>,
}

/// Why a text is not a header. It does not contain the value, which is often an API key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The colon is missing, or the name has a character that is not allowed.
    #[error("it is not of the form `Name: value`")]
    Form,
    /// The value has a line break or another control character.
    #[error("the value of `{0}` has a control character")]
    Value(String),
    /// The token's own header cannot be set.
    #[error("`Authorization` is set by this command")]
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
    /// Creates a header.
    ///
    /// # Errors
    /// [`HeaderError`] when the name is not a token (RFC 9110 §5.1), or the value could end the line.
    pub fn new(name: &str, value: &str) -> Result<Self, HeaderError> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(HeaderError::Form);
        }
        if value.chars().any(|character| character.is_control() && character != '\t') {
            return Err(HeaderError::Value(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), value: Zeroizing::new(value.trim().to_owned()) })
    }

    /// Parses `Name: value`.
    ///
    /// # Errors
    /// As [`Header::new`], and [`HeaderError::Authorization`].
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let (name, value) = text.split_once(':').ok_or(HeaderError::Form)?;
        let header = Self::new(name, value)?;
        header.check_settable()?;
        Ok(header)
    }

    /// Checks that it is not the token's own header.
    ///
    /// # Errors
    /// [`HeaderError::Authorization`].
    pub fn check_settable(&self) -> Result<(), HeaderError> {
        if self.is_named("authorization") { Err(HeaderError::Authorization) } else { Ok(()) }
    }

    /// Returns its name in its original letter case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its value, which is often a secret.
    #[must_use]
    pub fn expose_value(&self) -> &str {
        &self.value
    }

    /// Returns whether it has this name; letter case does not matter (RFC 9110 §5.1).
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns whether its value is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// Returns the header that carries a token: its type is the scheme (RFC 6750 §2.1, RFC 9449 §7.1).
    pub(super) fn authorization(token: &AccessToken) -> Self {
        let value = Zeroizing::new(format!("{} {}", token.token_type, token.expose()));
        Self { name: "Authorization".to_owned(), value }
    }

    pub(super) fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}: {}", self.name, *self.value))
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Header({})", self.name)
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

/// Writes the token's header and the additional ones.
///
/// # Errors
/// The errors of `out`.
pub fn print_headers(form: HeadersForm, token: &AccessToken, more: &[Header], out: &mut impl Write) -> io::Result<()> {
    write_headers(form, std::iter::once(&Header::authorization(token)).chain(more), out)
}

/// Writes headers without a token, such as those of a session.
///
/// # Errors
/// The errors of `out`.
pub fn print_session_headers(form: HeadersForm, headers: &[Header], out: &mut impl Write) -> io::Result<()> {
    write_headers(form, headers.iter(), out)
}

fn write_headers<'header>(
    form: HeadersForm,
    mut headers: impl Iterator<Item = &'header Header>,
    out: &mut impl Write,
) -> io::Result<()> {
    match form {
        HeadersForm::Lines => headers.try_for_each(|header| writeln!(out, "{}", *header.line())),
        HeadersForm::Curl => {
            for (at, header) in headers.enumerate() {
                let space = if at == 0 { "" } else { " " };
                write!(out, "{space}-H {}", quoting::shell(&header.line())?)?;
            }
            writeln!(out)
        }
        HeadersForm::CurlConfig => {
            headers.try_for_each(|header| writeln!(out, "header = {}", *quoting::curl_config(&header.line())))
        }
        HeadersForm::Json => {
            json::write(&mut *out, &object(headers))?;
            writeln!(out)
        }
    }
}

/// Writes a curl config file (curl(1), `-K`): options, the token's header if there is a token, and the additional ones.
///
/// # Errors
/// The errors of `out`.
pub fn print_curl_config(
    options: &[(&str, &str)],
    token: Option<&AccessToken>,
    more: &[Header],
    out: &mut impl Write,
) -> io::Result<()> {
    for (name, value) in options {
        writeln!(out, "{name} = {}", *quoting::curl_config(value))?;
    }
    let authorization = token.map(Header::authorization);
    write_headers(HeadersForm::CurlConfig, authorization.iter().chain(more), out)
}

/// Combines headers of the same name into one, separated by commas (RFC 9110 §5.3).
fn object<'header>(headers: impl Iterator<Item = &'header Header>) -> Map<String, Value> {
    headers.fold(Map::new(), |mut object, header| {
        let same = object.iter_mut().find(|(name, _)| header.is_named(name));
        if let Some((_, Value::String(earlier))) = same {
            *earlier = format!("{earlier}, {}", *header.value);
        } else {
            object.insert(header.name.clone(), Value::from(header.value.as_str()));
        }
        object
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_cannot_end_its_line_or_replace_the_token() {
        for (text, error) in [
            ("ApiKey", HeaderError::Form),
            (": x", HeaderError::Form),
            ("Api Key: x", HeaderError::Form),
            ("ApiKey: a\r\nX: b", HeaderError::Value("ApiKey".to_owned())),
            ("authorization: Basic x", HeaderError::Authorization),
        ] {
            assert_eq!(Header::parse(text), Err(error), "{text}");
        }
        assert_eq!(*Header::parse("ApiKey:  a:b ").unwrap().line(), "ApiKey: a:b");
    }

    #[test]
    fn debug_output_does_not_show_the_value() {
        assert_eq!(format!("{:?}", Header::parse("ApiKey: hunter2").unwrap()), "Header(ApiKey)");
    }

    #[test]
    fn a_curl_config_has_options_and_headers_in_quotes_that_curl_removes() {
        let mut out = Vec::new();

        print_curl_config(&[("proto", "=https")], None, &[Header::parse(r#"ApiKey: a"b\c"#).unwrap()], &mut out)
            .unwrap();

        assert_eq!(String::from_utf8(out).unwrap(), "proto = \"=https\"\nheader = \"ApiKey: a\\\"b\\\\c\"\n");
    }
}
