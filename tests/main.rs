//! The one integration test binary: each file is a capability, tried from outside.
#![allow(missing_docs, unreachable_pub, clippy::missing_panics_doc, clippy::must_use_candidate)] // tests are no API

mod flow;
mod imports;
mod keys;
mod local;
mod original;
mod readme;
mod simulate;
mod support;
