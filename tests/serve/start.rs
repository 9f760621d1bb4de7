//! Why the server does not start.

use std::net::TcpListener;

use snapbox::str;

use crate::{
    local::Local,
    support::{maskinporten, testdata},
};

#[test]
fn a_port_in_use_is_reported_for_both_address_families() {
    let local = Local::start(&[]);
    for address in ["127.0.0.1", "[::1]"] {
        let attempts = (0..10).map(|_| {
            let taken = TcpListener::bind(format!("{address}:0")).unwrap();
            let port = taken.local_addr().unwrap().port().to_string();
            (local.maskinporten(&["serve", "--env", "local", "--port", &port]).run(), port)
        });
        // A server of another test may have the same port of the other address.
        let found = attempts.into_iter().find(|(outcome, _)| outcome.stderr.contains(address));
        let (outcome, port) = found.unwrap();

        outcome.replacing(address, "[ADDRESS]").replacing(&port, "[PORT]").fails(
            3,
            str![[r#"
error: could not listen on [ADDRESS]:[PORT]: the port is already in use
caused by: Address already in use (os error 98)
hint: stop the other program, or pass another --port; 0 picks a free one

"#]],
        );
    }
}

#[test]
fn faults_of_settings_and_key_are_reported_before_it_listens() {
    let local = Local::start(&[]);
    let run = |arguments: &[&str]| local.maskinporten(&[&["serve", "--port", "0"], arguments].concat()).run();

    run(&["-c", "x", "-s", "a:b", "-k", "x.p12"]).fails(
        3,
        str![[r#"
error: no environment was given
hint: pass --env test or --env prod (--env local for the simulator), or set MASKINPORTEN_ENV

"#]],
    );
    let keystore = testdata("modern.p12");
    run(&["--env", "local", "-k", &keystore]).replacing(&keystore, "[KEYSTORE]").fails(
        4,
        str![[r#"
error: no password was given for the keystore `[KEYSTORE]`, and there is no terminal to ask on
hint: set MASKINPORTEN_KEYSTORE_PASSWORD, or pass --keystore-password-file FILE

"#]],
    );
    assert_eq!(run(&["--env", "local", "--profile", "nobody"]).code, 3);
}

#[test]
fn invalid_options_are_reported_with_valid_ones() {
    for (arguments, code, stderr) in [
        (
            &["--listen", "localhost"][..],
            2,
            "error: --listen is not an IP address, with or without a port\n\
             hint: pass --listen 127.0.0.1, --listen 0.0.0.0:8080 or --listen [::1]:8080\n",
        ),
        (
            &["--allow-scopes", "a\"b"],
            2,
            "error: --allow-scopes cannot be used\n\
             caused by: `a\"b` is not a scope (RFC 6749 §3.3)\n\
             hint: separate several scopes with spaces or commas\n",
        ),
        (
            &["--secret", " "],
            3,
            "warning: --secret shows in the process list; pass --secret-file FILE instead\n\
             error: --secret is empty\n\
             hint: write one with: openssl rand -hex 32 > secret, and pass --secret-file secret\n",
        ),
        (
            &["--secret", "abc"],
            3,
            "warning: --secret shows in the process list; pass --secret-file FILE instead\n\
             error: --secret is shorter than 16 bytes, and can be guessed\n\
             hint: write one with: openssl rand -hex 32 > secret, and pass --secret-file secret\n",
        ),
        (
            &["--secret-file", "/nonexistent"],
            3,
            "error: could not read the secret file `/nonexistent`: No such file or directory (os error 2)\n\
             hint: write one with: openssl rand -hex 32 > secret, and pass --secret-file secret\n",
        ),
    ] {
        maskinporten(["serve", "--env", "local"]).args(arguments).run().fails(code, stderr);
    }
    let local = Local::start(&[]);
    local.maskinporten(&["serve", "--env", "local", "--port", "0", "--allow-origin", "https://a.no/path"]).run().fails(
        2,
        str![[r#"
error: `https://a.no/path` is not a valid origin
hint: write it as --allow-origin https://app.example.no, without a path

"#]],
    );
}
