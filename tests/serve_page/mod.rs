//! The page of `maskinporten serve` in a real browser, in front of a real server and a real simulator.

mod access;
mod copying;
mod languages;
mod origins;
mod policy;
mod showing;
mod troubles;

use crate::{
    browser::{Browser, Setup},
    serve::Serve,
};

/// A browser that shows the page with a token on it.
fn showing(serve: &Serve, setup: &Setup) -> Browser {
    let browser = Browser::start(setup);
    browser.open(&serve.url());
    browser.wait_for(SHOWN);
    browser
}

/// True when a token is shown.
const SHOWN: &str = "!document.querySelector('#token-card').hidden && main.ariaBusy === 'false'";

/// True when something is wrong and told.
const TROUBLE: &str = "!document.querySelector('#trouble').hidden && main.ariaBusy === 'false'";
