//! The one integration test binary: each file tests one capability from outside.
//!
//! Tests that need more than Rust, a C compiler, OpenSSL and a POSIX shell are behind the feature `system-tests`, which
//! `scripts/test` turns on: it installs curl, shells, a browser and so on first.
//!
//! They need Unix: signals, file modes, shells. On Windows the tests of the library run.
#![cfg(unix)]
#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc, clippy::must_use_candidate)] // not an API
#![cfg_attr(not(feature = "system-tests"), allow(dead_code))] // helpers of the system tests
#![allow(clippy::needless_raw_string_hashes)] // the form in which snapbox writes inline snapshots

mod admin;
mod agent;
mod aliases;
mod altinn;
mod altinn_exchange;
mod answers;
#[cfg(feature = "system-tests")]
mod browser;
mod cache;
mod cache_at_once;
mod cache_room;
mod cases;
mod check;
mod client_authentication;
#[cfg(feature = "system-tests")]
mod clients;
mod clouds;
mod completions;
mod config_errors;
mod config_init;
mod conversions;
mod crafted;
mod curl;
mod deceptive;
mod documentation;
mod early_connection;
mod eseal;
mod exchange;
mod exec;
mod explain;
mod flow;
mod fuzz_corpora;
mod grants_verify;
mod handing_over;
mod hardware_errors;
mod help;
mod hints;
mod imports;
mod inspect;
mod interrupts;
mod iterations;
mod key_errors;
mod key_places;
mod key_sources;
#[cfg(feature = "system-tests")]
mod keycloak;
mod keys;
mod keys_commands;
mod keystore_errors;
mod keystore_errors_json;
mod keystores;
mod limits;
mod local;
mod login;
#[cfg(feature = "system-tests")]
mod login_browser;
#[cfg(all(feature = "system-tests", target_os = "linux"))]
mod login_kept;
#[cfg(feature = "system-tests")]
mod login_registered;
mod man;
#[cfg(target_os = "linux")]
mod memory;
mod messages;
mod mutation;
mod mutator;
mod openssl;
mod original;
mod original_sources;
#[cfg(feature = "system-tests")]
mod other_servers;
mod password_places;
mod passwords;
mod peer;
mod profiles;
mod provoked;
mod proxy;
mod random;
mod readme;
#[cfg(all(feature = "system-tests", target_os = "linux"))]
mod recipes;
mod refusal_pages;
mod refusals;
mod registered;
mod retries;
mod samples;
mod self_service;
mod serve;
#[cfg(feature = "system-tests")]
mod serve_page;
mod serve_scripts;
mod server;
#[cfg(all(feature = "system-tests", target_os = "linux"))]
mod session_places;
mod sessions;
mod silence;
mod simulate;
mod skyporten;
mod sources;
#[cfg(all(feature = "system-tests", target_os = "linux"))]
mod speed;
mod startup;
mod streams;
mod support;
#[cfg(feature = "system-tests")]
mod terminal;
mod tls;
mod token_source;
mod unsafe_files;
mod usage;
#[cfg(feature = "system-tests")]
mod vaults;
mod vectors;
mod watch;
