//! The form of a token request: `grant_type` and `assertion` (RFC 7523 §2.1).
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token>

use super::refusal::GrantRefusal;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";
/// Maximum number of parameters.
const MAXIMUM_PARAMETERS: usize = 20;

/// Returns the assertion of a token request.
pub(crate) fn assertion(content_type: Option<&str>, body: &[u8]) -> Result<String, GrantRefusal> {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(CONTENT_TYPE) {
        return Err(GrantRefusal::Form("Content-Type is not application/x-www-form-urlencoded"));
    }
    let (mut grant_type, mut assertion) = (None, None);
    let mut seen = Vec::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if seen.len() == MAXIMUM_PARAMETERS {
            return Err(GrantRefusal::Form("Too many parameters"));
        }
        // RFC 6749 §3.2: a parameter must not be included more than once.
        if seen.contains(&name) {
            return Err(GrantRefusal::Form("A parameter is included more than once"));
        }
        match &*name {
            "grant_type" => grant_type = Some(value.into_owned()),
            "assertion" => assertion = Some(value.into_owned()),
            // RFC 6749 §3.2: unrecognised parameters are ignored.
            _ => {}
        }
        seen.push(name);
    }
    // RFC 6749 §3.2: a parameter without a value is treated as if it were omitted.
    match grant_type.as_deref() {
        None | Some("") => Err(GrantRefusal::Form("Missing parameter grant_type")),
        Some(GRANT_TYPE) => {
            assertion.filter(|text| !text.is_empty()).ok_or(GrantRefusal::Form("Missing parameter assertion"))
        }
        Some(_) => Err(GrantRefusal::GrantType),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded; charset=UTF-8");

    #[test]
    fn accepts_the_parameters_in_any_order_and_the_colons_escaped_or_not() {
        let body = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c";
        assert_eq!(assertion(FORM, body).unwrap(), "a.b.c");

        let body = b"assertion=a.b.c&x=y&grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
        assert_eq!(assertion(FORM, body).unwrap(), "a.b.c");
    }

    #[test]
    fn refuses_a_form_that_violates_the_rfc() {
        let good = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b.c";

        assert!(matches!(assertion(None, good.as_bytes()), Err(GrantRefusal::Form(_))));
        assert!(matches!(assertion(Some("application/json"), good.as_bytes()), Err(GrantRefusal::Form(_))));
        for body in [
            &format!("{good}&assertion=a.b.c"),
            &format!("{good}&x=1&x=2"),
            "",
            "assertion=a",
            "grant_type=&assertion=a",
        ] {
            assert!(matches!(assertion(FORM, body.as_bytes()), Err(GrantRefusal::Form(_))), "{body}");
        }
        let body = b"grant_type=client_credentials&assertion=a";
        assert!(matches!(assertion(FORM, body), Err(GrantRefusal::GrantType)));
    }
}
