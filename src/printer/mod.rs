//! The one room that writes results: the grant, the token, or headers that are ready for curl.
//!
//! Each form ends with one newline. What is written here is the artefact that was asked for, secrets included;
//! nothing else in the program writes one.

mod banner;
mod github;
mod grant;
mod headers;
mod quoting;
mod token;
mod variables;

pub use self::{
    banner::print_banner,
    github::print_github_outputs,
    grant::{GrantForm, print_grant},
    headers::{Header, HeaderError, HeadersForm, print_headers},
    token::{TokenForm, print_token},
    variables::Shell,
};
