//! AWS STS: our identity, and the credentials of a role. Its requests are forms, its responses XML.

use crate::{
    http::Response,
    key_services::{KeyService, PlaceError, Reason, answer},
    text::server_text,
};

pub(super) const VERSION: &str = "2011-06-15";

pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Returns the body of a success, or what the error means.
pub(super) fn result<'body>(response: &'body Response, permission: &str) -> Result<&'body str, PlaceError> {
    let service = KeyService::AwsSts;
    let not_text = |_| PlaceError::Answer { service, why: "it is not text".to_owned() };
    let body = str::from_utf8(&response.body).map_err(not_text)?;
    let shown = |name| element(body, name).map(|text| server_text(text, answer::TEXT_CHARACTERS));
    let reason = || Reason { code: shown("Code"), text: shown("Message"), ..Reason::new(response) };
    match response.status {
        200 => Ok(body),
        403 if shown("Code").is_some_and(|code| code == "AccessDenied") => {
            Err(PlaceError::Denied { service, reason: reason(), permission: permission.to_owned() })
        }
        400 | 403 => Err(PlaceError::Credentials { service, reason: reason() }),
        _ => Err(answer::other_status(service, reason())),
    }
}

/// Returns the text of the first element of this name, which has no attributes. What is read here needs no escapes.
pub(super) fn element<'body>(body: &'body str, name: &str) -> Option<&'body str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_element_is_found_at_any_depth() {
        let body = "<a>\n <Arns>x</Arns> <Arn> arn:aws:iam::1:user/mp\n</Arn><Empty></Empty><Open>";

        for (name, expected) in
            [("Arn", Some("arn:aws:iam::1:user/mp")), ("Empty", None), ("Open", None), ("None", None)]
        {
            assert_eq!(element(body, name), expected, "{name}");
        }
    }
}
