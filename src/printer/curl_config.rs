//! What `curl --config` reads (curl(1), `-K`): options and headers, a line each.

use std::io::{self, Write};

use zeroize::Zeroizing;

use super::{Header, quoting};
use crate::client::AccessToken;

/// Writes options, the token's header if there is a token, and those that go along.
///
/// # Errors
/// Whatever `out` says.
pub fn print_curl_config(
    options: &[(&str, &str)],
    token: Option<&AccessToken>,
    along: &[Header],
    out: &mut impl Write,
) -> io::Result<()> {
    for (name, value) in options {
        writeln!(out, "{name} = {}", quoting::curl_config(value))?;
    }
    let bearer = token.map(Header::bearer);
    bearer.iter().chain(along).try_for_each(|header| {
        let line = Zeroizing::new(quoting::curl_config(&Zeroizing::new(header.line())));
        writeln!(out, "header = {}", *line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_headers_stand_in_quotes_that_curl_undoes() {
        let mut out = Vec::new();

        print_curl_config(&[("proto", "=https")], None, &[Header::parse(r#"ApiKey: a"b\c"#).unwrap()], &mut out)
            .unwrap();

        assert_eq!(String::from_utf8(out).unwrap(), "proto = \"=https\"\nheader = \"ApiKey: a\\\"b\\\\c\"\n");
    }
}
