//! The one integration test binary: each file is a capability, tried from outside.
#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc, clippy::must_use_candidate)] // tests are no API

mod aliases;
mod answers;
mod conversions;
mod crafted;
mod exchange;
mod flow;
mod grants_verify;
mod help;
mod imports;
mod iterations;
mod keystore_errors;
mod keystore_errors_json;
mod keystores;
mod local;
mod mutation;
mod mutator;
mod openssl;
mod original;
mod password_places;
mod passwords;
mod proxy;
mod random;
mod readme;
mod refusals;
mod retries;
mod samples;
mod server;
mod silence;
mod simulate;
mod sources;
mod streams;
mod support;
mod terminal;
mod tls;
mod usage;
