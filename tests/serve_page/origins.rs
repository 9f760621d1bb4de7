//! Pages of other origins, and of a name that is rebound to this machine, get nothing from a real browser.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, Setup},
    local::Local,
    serve::Serve,
};

/// Starts another website on this machine, with an empty page, and returns its port.
fn elsewhere() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        // A thread per connection: browsers open connections that stay unused for a while.
        listener.incoming().for_each(|stream| drop(thread::spawn(|| respond(&stream.unwrap()))));
    });
    port
}

/// Answers one request with the empty page.
fn respond(mut stream: &TcpStream) {
    let head = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    head.for_each(drop);
    let page = "<!doctype html><title>Elsewhere</title>";
    let length = page.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close";
    let _ = write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{page}");
}

/// Makes a script that tries everything that a page can do with an address of another origin.
fn attempts(url: &str) -> String {
    format!(
        "const url = {};
         const within = (promise) => Promise.race([promise, new Promise((done) => setTimeout(done, 5000, 'nothing'))]);
         const settled = (element) => within(new Promise((done) => {{
             element.onload = () => done('loaded');
             element.onerror = () => done('failed');
             document.body.append(element);
         }}));
         const made = (name, members) => Object.assign(document.createElement(name), members);
         const asked = (path, options) => within(fetch(url + path, options).then(
             async (answer) => `${{answer.type}} ${{answer.status}} ${{(await answer.text()).length}}`, () => 'failed'));
         const frame = made('iframe', {{ name: 'frame', src: url }});
         const form = made('form', {{ action: `${{url}}api/v1/token`, method: 'post', target: 'frame' }});
         const posted = () => new Promise((done) => {{
             frame.onload = () => done('loaded');
             document.body.append(form);
             form.submit();
         }});
         const socket = new WebSocket(url.replace('http', 'ws'));
         const connected = new Promise((done) => {{
             socket.onopen = () => done('open');
             socket.onerror = () => done('failed');
         }});
         const body = 'identity_provider=maskinporten&target=a';
         return {{
             fetch: await asked('?cache=true', {{}}),
             headers: await asked('headers', {{ headers: {{ Authorization: 'Bearer x' }} }}),
             page: await asked('page.json', {{}}),
             post: await asked('api/v1/token', {{ method: 'POST', body }}),
             blind: await asked('?cache=true', {{ mode: 'no-cors', credentials: 'include' }}),
             image: await settled(made('img', {{ src: `${{url}}?cache=true` }})),
             script: await settled(made('script', {{ src: `${{url}}?cache=true` }})),
             module: await within(import(`${{url}}page.js`).then(() => 'loaded', () => 'failed')),
             style: await settled(made('link', {{ rel: 'stylesheet', href: `${{url}}page.css` }})),
             frame: await settled(frame).then((result) => [result, frame.contentDocument]),
             form: await within(posted()).then((result) => [result, frame.contentDocument]),
             socket: await within(connected),
         }};",
        json!(url)
    )
}

fn nothing() -> Value {
    json!({
        "fetch": "failed", "headers": "failed", "page": "failed", "post": "failed", "blind": "opaque 0 0", "image": "failed",
        "script": "failed", "module": "failed", "style": "failed", "frame": ["loaded", null], "form": ["loaded", null], "socket": "failed",
    })
}

#[test]
fn a_page_of_another_origin_reads_nothing_and_causes_no_token_request() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let browser = Browser::start(&Setup::default());
    let port = elsewhere();
    // The same host with another port is another origin of the same site; another name is another site.
    for host in ["127.0.0.1", "localhost"] {
        browser.open(&format!("http://{host}:{port}/"));

        assert_eq!(browser.run(&attempts(&served.url())), nothing(), "{host}");
    }

    assert!(!local.log().contains("/token"), "{}", local.log());
    let refused = served.log().matches(" 403 ").count();
    assert!(refused >= 20, "{}", served.log());
}

#[test]
fn an_allowed_origin_reads_a_token_and_no_other_does() {
    let local = Local::start(&[]);
    let (own, other) = (elsewhere(), elsewhere());
    let origin = format!("http://127.0.0.1:{own}");
    let served = Serve::local(&local, &["--allow-origin", &origin]);
    let browser = Browser::start(&Setup::default());
    let ask = format!(
        "return fetch('{}?cache=true').then((answer) => answer.json()).then(Object.keys, () => [])",
        served.url()
    );

    browser.open(&format!("{origin}/"));
    assert_eq!(browser.run(&ask), json!(["access_token", "token_type", "expires_in", "scope"]));

    assert!(local.log().contains("/token"), "{}", local.log());

    browser.open(&format!("http://127.0.0.1:{other}/"));
    assert_eq!(browser.run(&ask), json!([]));
}

#[test]
fn a_name_that_is_rebound_to_this_machine_is_refused() {
    let local = Local::start(&[]);
    let served = Serve::local(&local, &[]);
    let arguments = &["--host-resolver-rules=MAP evil.example 127.0.0.1"];
    let browser = Browser::start(&Setup { arguments, ..Setup::default() });

    browser.open(&format!("http://evil.example:{}/", served.port()));

    assert!(browser.text("body").contains("`Host` does not name this server"), "{}", browser.text("body"));
    let result = browser.run(
        "return Promise.all(['/?cache=true', '/headers', '/page.json', '/page.js'].map(
             (path) => fetch(path).then((answer) => answer.status)))",
    );
    assert_eq!(result, json!([403, 403, 403, 403]));
    assert!(!local.log().contains("/token"), "{}", local.log());
}
