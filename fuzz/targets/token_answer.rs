//! The answer of a token endpoint, as it arrives: a token, a refusal, or something else.

use std::sync::{Arc, LazyLock, Mutex};

use maskinporten::{
    client::{AccessToken, ClientError, RetryPolicy, TokenClient},
    clock::{FixedClock, SystemClock},
    http::{Endpoint, HttpOptions},
    printer::{HeadersForm, TokenForm, print_banner, print_headers, print_token},
};

use super::{
    answering::{AnsweringServer, RUNTIME, TIMEOUT, grant, key},
    properties::{Secrets, check_error, check_line, check_text, members},
};

const TOKENS: [&str; 3] = ["access_token", "id_token", "refresh_token"];

/// What a server repeats instead of this text: the assertion that it received.
const ECHO: &str = "ASSERTION";

static SERVER: LazyLock<AnsweringServer> = LazyLock::new(AnsweringServer::start);
static CLIENT: LazyLock<TokenClient> = LazyLock::new(|| {
    let endpoint = Endpoint::parse(&SERVER.url("/token")).expect("it is an address");
    let policy = RetryPolicy { timeout: TIMEOUT, retries: 0 };
    TokenClient::new(endpoint, &HttpOptions::default(), policy).expect("no file is read")
});
/// One request at a time.
static TURN: Mutex<()> = Mutex::new(());

pub fn run(bytes: &[u8]) {
    let _turn = TURN.lock();
    let text = String::from_utf8_lossy(bytes);
    let body = text.find('{').map_or(&*text, |start| &text[start..]);
    let assertion = grant().sign(&key(), &FixedClock(chrono::DateTime::UNIX_EPOCH)).expect("the key signs");
    let named: Vec<&str> = TOKENS.into_iter().filter(|name| body.contains(name)).collect();
    let mut secrets: Vec<String> = members(body, &named);
    secrets.push(assertion.expose().to_owned());
    let input = text.replacen(ECHO, assertion.expose(), 1);
    let echoes = input.len() != text.len();
    SERVER.set_input(if echoes { input.as_bytes() } else { bytes });
    let secrets = Secrets::new(&input, secrets.iter().map(String::as_str));

    let assertion = Arc::new(assertion);
    let sign = || {
        let assertion = Arc::clone(&assertion);
        async move { Ok((*assertion).clone()) }
    };
    match RUNTIME.block_on(CLIENT.fetch(sign, &SystemClock, |_, _| ())) {
        Ok(token) => check_token(&token),
        Err(error) => {
            check_error(&error, &secrets);
            if let ClientError::Refused(refusal) = &error {
                check_line(refusal.description.as_deref().unwrap_or_default(), &secrets);
            }
        }
    }
}

/// Checks that no form of a token has more lines than it should, whatever the server sent.
fn check_token(token: &AccessToken) {
    let secrets = Secrets::fixed(&[token.expose()]);
    secrets.are_not_in(&format!("{token:?}"));
    let printed = |print: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>| {
        let mut out = Vec::new();
        print(&mut out).expect("a buffer takes everything");
        String::from_utf8(out).expect("it is text")
    };
    for form in TokenForm::NAMES {
        let Some(form) = TokenForm::parse(form) else { continue };
        let text = printed(&|out| print_token(form, token, out));
        assert!(text.contains(token.expose()));
        check_text(&text, &Secrets::none());
    }
    for form in HeadersForm::NAMES {
        let Some(form) = HeadersForm::parse(form) else { continue };
        let text = printed(&|out| print_headers(form, token, &[], out));
        check_text(&text, &Secrets::none());
        assert!(text.lines().filter(|line| line.contains(token.expose())).count() == 1, "{text}");
    }
    let _ = printed(&|out| print_banner(token, out));
    let restored = AccessToken::restore(token.expose_answer(), token.received_at);
    assert!(restored.is_ok_and(|restored| restored.expose() == token.expose()));
}
