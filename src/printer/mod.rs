//! The one room that writes results: the grant, the token, headers that are ready for curl, or what a token says.
//!
//! Each form ends with one newline. What is written here is the artefact that was asked for, secrets included;
//! nothing else in the program writes one.

mod banner;
mod grant;
mod headers;
mod inspect;
mod quoting;
mod token;

pub use self::{
    banner::print_banner,
    grant::{GrantForm, print_grant},
    headers::{Header, HeaderError, HeadersForm, print_headers},
    inspect::{InspectionForm, print_inspection},
    token::{TokenForm, print_token},
};
