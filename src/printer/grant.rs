//! The grant as a JWT, decoded, as a form, or as a curl command.

use std::io::{self, Write};

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::quoting;
use crate::{client::TokenRequest, grant::Assertion, json};

/// The output format of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantForm {
    /// The compact serialization.
    Jwt,
    /// Header and claims as JSON.
    Decoded,
    /// The body of the token request.
    Form,
    /// A shell command that sends the token request. Its secrets are on curl's stdin, so no process list shows them.
    Curl,
}

impl GrantForm {
    /// The names of the forms that can be chosen by name.
    pub const NAMES: [&str; 3] = ["jwt", "form", "curl"];

    /// Finds the form with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Jwt, Self::Form, Self::Curl]
            .into_iter()
            .zip(Self::NAMES)
            .find(|(_, own)| *own == name)
            .map(|(form, _)| form)
    }
}

/// Writes a grant.
///
/// # Errors
/// The errors of `out`.
pub fn print_grant(
    form: GrantForm,
    assertion: &Assertion,
    request: &TokenRequest,
    out: &mut impl Write,
) -> io::Result<()> {
    match form {
        GrantForm::Jwt => writeln!(out, "{}", assertion.expose()),
        GrantForm::Decoded => {
            json::write_indented(&mut *out, &assertion.decode())?;
            writeln!(out)
        }
        GrantForm::Form => writeln!(out, "{}", request.expose_form()),
        GrantForm::Curl => {
            let endpoint = quoting::shell(request.endpoint().as_str())?;
            let form = request.expose_form();
            let Some(authorization) = request.authorization() else {
                return writeln!(out, "curl -sS --data @- {endpoint} <<'FORM'\n{form}\nFORM");
            };
            let header = Zeroizing::new(format!("Authorization: {}", authorization.expose_secret()));
            let (header, data) = (quoting::curl_config(&header), quoting::curl_config(form));
            writeln!(out, "curl -sS --config - {endpoint} <<'CONFIG'\nheader = {}\ndata = {}\nCONFIG", *header, *data)
        }
    }
}
