//! What each fuzz target does with an input, and what must be true of any input.
//!
//! The programs in `fuzz_targets` run these functions under libFuzzer, and `tests/fuzz_corpora.rs` runs them once with
//! every file that is named in `fuzz/targets.txt`. A false property is a panic.
#![allow(missing_docs)] // not an API

pub mod answering;
pub mod config;
pub mod der;
pub mod import;
pub mod jwk;
pub mod jwt;
pub mod metadata;
pub mod pem;
pub mod pkcs12;
pub mod properties;
pub mod refusal;
pub mod registry;
pub mod serve_request;
pub mod token_answer;
pub mod values;

/// The limit of iterations of a key derivation: more are refused, so that each input takes a short time.
pub const ITERATIONS: u64 = 5000;

/// The function of a target by its name.
#[must_use]
pub fn find(name: &str) -> Option<fn(&[u8])> {
    let run = match name {
        "config" => config::run,
        "der" => der::run,
        "import" => import::run,
        "jwk" => jwk::run,
        "jwt" => jwt::run,
        "metadata" => metadata::run,
        "pem" => pem::run,
        "pkcs12" => pkcs12::run,
        "refusal" => refusal::run,
        "registry" => registry::run,
        "serve_request" => serve_request::run,
        "token_answer" => token_answer::run,
        "values" => values::run,
        _ => return None,
    };
    Some(run)
}
