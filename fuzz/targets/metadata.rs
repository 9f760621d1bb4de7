//! Metadata of an authorization server (RFC 8414), and the keys that it names.

use std::sync::{LazyLock, Mutex};

use maskinporten::{
    client::{RetryPolicy, discover, fetch_key_set},
    http::{Endpoint, HttpOptions},
};

use super::{
    answering::{AnsweringServer, RUNTIME, TIMEOUT},
    properties::{Secrets, check_error, check_line},
};

/// What a server's own address replaces.
const OWN: &str = "https://test.maskinporten.no/";

static SERVER: LazyLock<AnsweringServer> = LazyLock::new(AnsweringServer::start);
/// One request at a time.
static TURN: Mutex<()> = Mutex::new(());

pub fn run(bytes: &[u8]) {
    let _turn = TURN.lock();
    let none = Secrets::none();
    let text = String::from_utf8_lossy(bytes);
    let own = SERVER.url("/");
    SERVER.set_input(if text.contains(OWN) { text.replace(OWN, &own).into_bytes() } else { bytes.to_vec() }.as_slice());
    let policy = RetryPolicy { timeout: TIMEOUT, retries: 0 };
    let options = HttpOptions::default();
    match RUNTIME.block_on(discover(&own, &options, policy, |_, _| ())) {
        Ok(addresses) => {
            assert_eq!(addresses.issuer.trim_end_matches('/'), own.trim_end_matches('/'), "another issuer");
            let endpoint = Endpoint::parse(&addresses.token_endpoint).expect("a request may be sent to it");
            check_line(endpoint.as_str(), &none);
        }
        Err(error) => check_error(&error, &none),
    }
    let keys = Endpoint::parse(&own).expect("it is an address");
    match RUNTIME.block_on(fetch_key_set(&keys, &options, policy)) {
        Ok(set) => set.key_ids().for_each(|id| check_line(id, &none)),
        Err(error) => check_error(&error, &none),
    }
}
