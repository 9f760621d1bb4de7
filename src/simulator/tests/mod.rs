//! Tests of the simulator, with grants that they sign with openssl themselves.

mod accepted;
mod faulty;
mod folder;
mod grants;
mod over_http;
mod refusals;
