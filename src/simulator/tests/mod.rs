//! Tests of the simulator, with assertions that they sign with openssl directly.

mod accepted;
mod altinn;
mod business_register;
mod faulty;
mod folder;
mod grants;
mod idporten;
mod over_http;
mod refusals;
mod running;
mod self_service;
