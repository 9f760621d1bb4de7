//! Turns results into text: the grant, the token, headers, explanations of refusals, inspected tokens, and check reports.
//!
//! Each form ends with one newline. The output is the artefact that was asked for, secrets included; no other module
//! writes it.

mod check;
mod explanation;
mod grant;
mod headers;
mod inspect;
mod paint;
mod quoting;
mod token;
mod variables;

pub use self::{
    check::{CheckReport, print_check_json, print_check_text},
    explanation::{ExplanationForm, print_catalogue, print_explanations, print_group},
    grant::{GrantForm, print_grant},
    headers::{Header, HeaderError, HeadersForm, print_curl_config, print_headers},
    inspect::{InspectionForm, print_inspection},
    paint::Painter,
    token::{TokenForm, print_banner, print_github_outputs, print_token},
    variables::Shell,
};
