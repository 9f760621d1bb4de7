//! The page of `maskinporten serve` in a real browser, in front of a real server and a real simulator.

mod access;
mod copying;
mod errors;
mod languages;
mod origins;
mod policy;
mod showing;

pub use access::is_accessible_everywhere;

use crate::{
    browser::{Browser, Setup},
    serve::Serve,
};

/// Starts a browser that shows the page with a token.
fn showing(serve: &Serve, setup: &Setup) -> Browser {
    let browser = Browser::start(setup);
    browser.open(&serve.url());
    browser.wait_for(SHOWN);
    browser
}

/// True if a token is shown.
const SHOWN: &str = "!document.querySelector('#token-card').hidden && main.ariaBusy === 'false'";

/// True if an error is shown.
const ERROR: &str = "!document.querySelector('#error').hidden && main.ariaBusy === 'false'";
