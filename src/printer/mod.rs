//! The one room that writes results: the grant, the token, headers that are ready for curl, what a refusal means, what a
//! token says, what a check found.
//!
//! Each form ends with one newline. What is written here is the artefact that was asked for, secrets included;
//! nothing else in the program writes one.

mod banner;
mod check;
mod curl_config;
mod explanation;
mod github;
mod grant;
mod headers;
mod inspect;
mod quoting;
mod token;
mod variables;

pub use self::{
    banner::print_banner,
    check::{CheckReport, print_check_json, print_check_text},
    curl_config::print_curl_config,
    explanation::{ExplanationForm, print_catalogue, print_explanations},
    github::print_github_outputs,
    grant::{GrantForm, print_grant},
    headers::{Header, HeaderError, HeadersForm, print_headers},
    inspect::{InspectionForm, print_inspection},
    token::{TokenForm, print_token},
    variables::Shell,
};
