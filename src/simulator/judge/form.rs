//! The token request: a form with two parameters (RFC 7523 §2.1).
//!
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token>

use super::refusal::Refusal;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";
/// More parameters than any honest request has.
const MAXIMUM_PARAMETERS: usize = 20;

/// Takes the assertion out of a token request.
pub(crate) fn assertion(content_type: Option<&str>, body: &[u8]) -> Result<String, Refusal> {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(CONTENT_TYPE) {
        return Err(Refusal::Form("Content-Type is not application/x-www-form-urlencoded"));
    }
    let (mut grant_type, mut assertion) = (None, None);
    let mut seen = Vec::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if seen.len() == MAXIMUM_PARAMETERS {
            return Err(Refusal::Form("Too many parameters"));
        }
        // RFC 6749 §3.2: a parameter must not be included more than once.
        if seen.contains(&name) {
            return Err(Refusal::Form("A parameter is included more than once"));
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
        None | Some("") => Err(Refusal::Form("Missing parameter grant_type")),
        Some(GRANT_TYPE) => {
            assertion.filter(|text| !text.is_empty()).ok_or(Refusal::Form("Missing parameter assertion"))
        }
        Some(_) => Err(Refusal::GrantType),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded; charset=UTF-8");

    #[test]
    fn takes_the_colons_of_the_grant_type_escaped_or_not_and_in_any_order() {
        let body = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c";
        assert_eq!(assertion(FORM, body).unwrap(), "a.b.c");

        let body = b"assertion=a.b.c&x=y&grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
        assert_eq!(assertion(FORM, body).unwrap(), "a.b.c");
    }

    #[test]
    fn refuses_a_form_that_is_not_as_the_rfc_says() {
        let good = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b.c";

        assert!(matches!(assertion(None, good.as_bytes()), Err(Refusal::Form(_))));
        assert!(matches!(assertion(Some("application/json"), good.as_bytes()), Err(Refusal::Form(_))));
        for body in [
            &format!("{good}&assertion=a.b.c"),
            &format!("{good}&x=1&x=2"),
            "",
            "assertion=a",
            "grant_type=&assertion=a",
        ] {
            assert!(matches!(assertion(FORM, body.as_bytes()), Err(Refusal::Form(_))), "{body}");
        }
        let body = b"grant_type=client_credentials&assertion=a";
        assert!(matches!(assertion(FORM, body), Err(Refusal::GrantType)));
    }
}
