//! Problems (RFC 9457) in the form of Altinn's.
//!
//! Codes: <https://github.com/Altinn/altinn-authentication/blob/main/src/Core/Problems/Problem.cs>, and `ValidationErrors.cs`
//! for validation errors. The texts are the simulator's own.

use axum::{http::StatusCode, response::Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::simulator::faults::responses::{Decision, typed, with_status};

/// Why a request of a vendor was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VendorProblem {
    CustomerUnknown,
    RightNotFound,
    UserExists,
    RequestNotFound,
    SystemNotFound,
    CannotStore,
    RedirectUrl,
    NoConsumer,
    NoRedirectUrls,
    NoPackageForAgent,
    NothingRequested,
    PackageNotOnSystem,
}

impl VendorProblem {
    fn row(self) -> (u16, StatusCode, &'static str) {
        match self {
            Self::CustomerUnknown => (0, StatusCode::BAD_REQUEST, "The customer's organisation number is not valid."),
            Self::RightNotFound => (1, StatusCode::BAD_REQUEST, "A requested right is not registered on the system."),
            Self::UserExists => (4, StatusCode::BAD_REQUEST, "The customer has a system user for this system already."),
            Self::RequestNotFound => (10, StatusCode::NOT_FOUND, "No request has this id."),
            Self::SystemNotFound => (11, StatusCode::NOT_FOUND, "No system of this vendor has this id."),
            Self::CannotStore => (12, StatusCode::NOT_FOUND, "The simulator cannot store more requests."),
            Self::RedirectUrl => (21, StatusCode::BAD_REQUEST, "The redirect URL is not registered on the system."),
            Self::NoConsumer => (23, StatusCode::UNAUTHORIZED, "The token names no organisation."),
            Self::NoRedirectUrls => (26, StatusCode::BAD_REQUEST, "The system has no redirect URLs."),
            Self::NoPackageForAgent => (58, StatusCode::BAD_REQUEST, "A request for an agent has no access package."),
            Self::NothingRequested => (59, StatusCode::BAD_REQUEST, "The request has no right and no access package."),
            Self::PackageNotOnSystem => {
                (63, StatusCode::BAD_REQUEST, "A requested access package is not registered on the system.")
            }
        }
    }

    pub(super) fn response(self) -> Response {
        let (number, status, title) = self.row();
        problem(&format!("AUTH-{number:05}"), status, title, None)
    }
}

/// What is wrong with a system, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SystemFault {
    VendorId,
    IdFormat,
    IdExists,
    ResourceNotFound,
    ClientExists,
    RedirectUrl,
    DuplicateRight,
    DuplicatePackage,
    PackageNotFound,
    ResourceFormat,
    DuplicateClient,
    IdMismatch,
    IdBlank,
}

impl SystemFault {
    fn row(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::VendorId => (0, "vendor/id", "The vendor's id is not `0192:` and an organisation number."),
            Self::IdFormat => (1, "systemid", "The id does not begin with the vendor's number and an underscore."),
            Self::IdExists => (2, "systemid", "A system has this id already."),
            Self::ResourceNotFound => (3, "rights/resource", "A resource is not in the resource register."),
            Self::ClientExists => (4, "clientid", "A client id belongs to another system."),
            Self::RedirectUrl => (5, "allowedredirecturls", "A redirect URL is not an https URL."),
            Self::DuplicateRight => (6, "rights/resource", "A right is given twice."),
            Self::DuplicatePackage => (7, "accesspackages", "An access package is given twice."),
            Self::PackageNotFound => (8, "accesspackages", "An access package does not exist."),
            Self::ResourceFormat => (9, "rights/resource", "The id of a resource is not `urn:altinn:resource`."),
            Self::DuplicateClient => (11, "clientid", "A client id is given twice."),
            Self::IdMismatch => (12, "systemid", "The id is not that of the URL."),
            Self::IdBlank => (13, "systemid", "The id contains a blank."),
        }
    }
}

#[derive(Serialize)]
struct ValidationFault {
    code: String,
    title: &'static str,
    paths: [String; 1],
}

/// Refuses a system.
pub(super) fn validation_problem(faults: &[SystemFault]) -> Response {
    let errors = faults.iter().map(|fault| {
        let (number, path, title) = fault.row();
        ValidationFault {
            code: format!("AUTH.VLD-{number:05}"),
            title,
            paths: [format!("/registersystemrequest/{path}")],
        }
    });
    let errors = serde_json::to_value(errors.collect::<Vec<_>>()).ok();
    problem("STD-00000", StatusCode::BAD_REQUEST, "One or more validation errors occurred.", errors)
}

/// Refuses a body that is not JSON of the right form, as ASP.NET does.
pub(super) fn malformed(reason: &str) -> Response {
    let body = json!({
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "errors": { "$": [reason] },
    });
    respond(StatusCode::BAD_REQUEST, &body, reason)
}

/// Refuses the credentials of an enterprise user, which do not exist since Altinn 2 was shut down.
pub(super) fn enterprise_users_are_gone() -> Response {
    let body = json!({
        "type": "https://docs.altinn.studio",
        "title": "Virksomhetsbruker is no longer available",
        "status": 410,
        "detail": "Virksomhetsbruker (enterprise user) is no longer available. It has been replaced by Systembruker \
                   (system user) or ID-porten, depending on the use case. See https://docs.altinn.studio for migration \
                   guidance.",
    });
    respond(StatusCode::GONE, &body, "enterprise users are no longer available")
}

fn problem(code: &str, status: StatusCode, title: &str, errors: Option<Value>) -> Response {
    let mut body = json!({
        "type": format!("urn:altinn:error:{code}"),
        "title": title,
        "status": status.as_u16(),
        "code": code,
        "statusDescription": status.canonical_reason(),
    });
    let mut codes = code.to_owned();
    if let Some(errors) = errors {
        for code in errors.as_array().into_iter().flatten().filter_map(|error| error["code"].as_str()) {
            codes.push(' ');
            codes.push_str(code);
        }
        body["validationErrors"] = errors;
    }
    respond(status, &body, &codes)
}

fn respond(status: StatusCode, body: &Value, reason: &str) -> Response {
    let response = typed("application/problem+json; charset=utf-8", body.to_string().into());
    let mut response = with_status(status, response);
    response.extensions_mut().insert(Decision(reason.to_owned()));
    response
}
