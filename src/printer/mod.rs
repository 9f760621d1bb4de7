//! Turns results into text: the grant, the token, headers, explanations of refusals, inspected tokens, and check reports.
//!
//! Each form ends with one newline. The output is the artefact that was asked for, secrets included; no other module
//! writes it.

mod altinn;
mod check;
mod check_json;
mod explanation;
mod grant;
mod headers;
mod inspect;
mod lines;
mod paint;
mod quoting;
mod refusal_pages;
mod table;
mod token;
mod variables;
mod vendor;

#[cfg(feature = "cli")]
pub use self::table::print_csv;
pub use self::{
    altinn::{IdentityForm, print_identity},
    check::{CheckReport, print_check_text},
    check_json::print_check_json,
    explanation::{ExplanationForm, print_catalogue, print_explanations, print_group},
    grant::{GrantForm, print_grant},
    headers::{Header, HeaderError, HeadersForm, print_curl_config, print_headers, print_session_headers},
    inspect::{InspectionForm, print_inspection},
    paint::Painter,
    refusal_pages::{GENERATOR, RefusalPage, refusal_page_path, refusal_pages},
    table::{Column, print_record, print_table},
    token::{TokenForm, print_banner, print_github_outputs, print_login, print_token},
    variables::Shell,
    vendor::{print_system, print_system_user_request, print_system_user_requests, print_system_users, print_systems},
};
