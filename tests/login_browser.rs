//! People log in with Chromium: in the simulator, and in servers made by others.

use std::{
    io::{BufRead as _, BufReader},
    process::{ChildStdout, Stdio},
};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, Setup},
    clients::node_command,
    local::Local,
    login::{Login, User, claims},
    serve::person::{self, person_mode},
    serve_page::is_accessible_everywhere,
    support::{Running, maskinporten, testdata},
};

/// True on the page with which the binary answers the browser.
const ANSWERED: &str = "location.port !== '' && location.pathname === '/response' && document.querySelector('h1')";

#[test]
fn a_test_person_logs_in_on_the_page_of_the_simulator() {
    let local = Local::start(&[]);
    let login = Login::start(&local, &["--scope", "openid", "--scope", "altinn:instances.read"]);
    let browser = Browser::start(&Setup { languages: "nb-NO,nb", ..Setup::default() });
    browser.open(&login.url);
    assert_eq!(browser.text("h1"), "Logg inn med ID-porten");

    browser.click("button[value='17859000185']");
    browser.wait_for(ANSWERED);

    assert_eq!(browser.text("h1"), "Du er logget inn");
    let ended = login.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let claims = claims(ended.stdout.trim_end());
    assert_eq!((&claims["pid"], &claims["acr"]), (&json!("17859000185"), &json!("idporten-loa-substantial")));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn the_server_of_the_originals_person_mode_leads_to_the_login_and_then_shows_the_token() {
    const SHOWN: &str = "document.querySelector('#token-card')?.hidden === false && main.ariaBusy === 'false'";
    let (_local, original) = person_mode();
    let browser = Browser::start(&Setup { languages: "nb-NO,nb", ..Setup::default() });
    browser.open(&format!("http://localhost:{}/", original.port));
    assert_eq!(browser.text("h1"), "Logg inn med ID-porten");

    browser.click("button[value='08828610032']");
    browser.wait_for(SHOWN);

    let shown = browser.text("#login");
    assert!(shown.starts_with("Tokenet til den som logget inn i ID-porten "), "{shown}");
    assert!(shown.contains("Det fornyes så lenge det er tillatt, nå til "), "{shown}");
    assert_eq!(browser.run("return location.pathname + location.search"), "/?cache=true");
    is_accessible_everywhere(&browser, "serve-person");
    // The person has a session at the simulator, so a new login needs no page.
    let before = browser.run("return document.querySelector('.logged-in').dataset.time");
    browser.click("#login a");
    browser.wait_for(&format!("{SHOWN} && document.querySelector('.logged-in').dataset.time > {before}"));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn the_page_of_a_kept_login_that_is_over_says_how_to_log_in_again() {
    const ERROR: &str = "document.querySelector('#error')?.hidden === false && main.ariaBusy === 'false'";
    let local = Local::start(&[]);
    let user = User::new(&local);
    user.log_in(&[]);
    let serve = person::serve(&user, &[]);
    user.command(&["login", "--env", "local", "--logout", "--no-browser"]).run();
    let browser = Browser::start(&Setup { languages: "nb-NO,nb", ..Setup::default() });

    browser.open(&serve.url());
    browser.wait_for(ERROR);

    assert_eq!(browser.text("#error h2"), "Innloggingen er over");
    let text = browser.text("#error");
    assert!(text.contains("Logg inn på nytt, med samme --env og --profile: maskinporten login --keep"), "{text}");
    is_accessible_everywhere(&browser, "login-over");
}

#[test]
fn an_employee_chooses_an_organisation_in_the_simulator() {
    let local = Local::start(&[]);
    let details = r#"[{"type":"ansattporten:altinn:resource","resource":"urn:altinn:resource:ttd-demo"}]"#;
    let login = Login::start(&local, &["--idp", "ansattporten", "--par", "--authorization-details", details]);
    let browser = Browser::start(&Setup::default());
    browser.open(&login.url);
    assert_eq!(browser.text("button[value='08828610032 310700053']"), "Test Person on behalf of Kunde AS");

    browser.click("button[value='08828610032 310700053']");
    browser.wait_for(ANSWERED);

    let ended = login.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let party = &claims(ended.stdout.trim_end())["authorization_details"][0]["authorized_parties"][0];
    assert_eq!(party["orgno"]["ID"], "0192:310700053");
}

#[test]
fn a_person_who_cancels_reads_what_happened_in_the_browser_and_in_the_terminal() {
    let local = Local::start(&[]);
    let login = Login::start(&local, &[]);
    let browser = Browser::start(&Setup::default());
    browser.open(&login.url);

    browser.click("#cancel");
    browser.wait_for(ANSWERED);

    assert_eq!(browser.text("h1"), "The login failed");
    assert!(browser.text("body").contains("access_denied"), "{}", browser.text("body"));
    let ended = login.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (5, ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("access_denied"), "{}", ended.stderr);
}

#[test]
fn the_login_page_has_no_fault_that_axe_finds() {
    let local = Local::start(&[]);
    let login = Login::start(&local, &[]);
    let browser = Browser::start(&Setup::default());
    browser.open(&login.url);
    is_accessible_everywhere(&browser, "idporten");

    browser.run("document.querySelector('#pid').value = '12345678901'");
    browser.click("#other");
    browser.wait_for("document.querySelector('#wrong')");

    is_accessible_everywhere(&browser, "idporten-wrong");
}

/// A certified server with its own pages for login and consent. Access tokens are JWTs, and proofs need a nonce.
const OIDC_PROVIDER: &str = "
    const [file] = process.argv.slice(1);
    (async () => {
        const { default: Provider } = await import(require.resolve('oidc-provider'));
        const jwks = JSON.parse(require('fs').readFileSync(file));
        const client = (client_id, more) => ({
            client_id, application_type: 'native', token_endpoint_auth_method: 'private_key_jwt', jwks,
            redirect_uris: ['http://127.0.0.1/response'], grant_types: ['authorization_code'],
            response_types: ['code'], ...more,
        });
        const server = require('http').createServer();
        server.listen(0, '127.0.0.1', () => {
            const issuer = `http://127.0.0.1:${server.address().port}`;
            const provider = new Provider(issuer, {
                clients: [
                    client('plain'),
                    client('pushed', { require_pushed_authorization_requests: true }),
                    client('bound', { require_pushed_authorization_requests: true, dpop_bound_access_tokens: true }),
                    client('public', { token_endpoint_auth_method: 'none', jwks: undefined }),
                ],
                pkce: { required: () => true },
                features: {
                    dPoP: { enabled: true, nonceSecret: require('crypto').randomBytes(32), requireNonce: () => true },
                    resourceIndicators: {
                        enabled: true,
                        defaultResource: () => 'https://api.example',
                        useGrantedResource: () => true,
                        getResourceServerInfo: () => ({ scope: 'openid', accessTokenFormat: 'jwt' }),
                    },
                },
            });
            server.on('request', provider.callback());
            console.log(issuer);
        });
    })();";

/// A running server, which is killed when it is dropped.
struct OidcProvider {
    _process: Running,
    issuer: String,
    /// It writes warnings while it serves, and would end if nothing could read them.
    _stdout: BufReader<ChildStdout>,
    _folder: tempfile::TempDir,
}

impl OidcProvider {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("jwks.json");
        let public = maskinporten(["keys", "public", "--jwk", &testdata("jwk/rsa.json")]).run();
        assert_eq!(public.code, 0, "{}", public.stderr);
        std::fs::write(&keys, public.stdout).unwrap();
        let mut command = node_command(OIDC_PROVIDER, &[&keys]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut issuer = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut issuer).unwrap();
        Self { _process: Running(child), issuer: issuer.trim_end().to_owned(), _stdout: stdout, _folder: folder }
    }

    /// Logs in through the server's own pages, and returns the claims of the access token.
    #[track_caller]
    fn logged_in(&self, arguments: &[&str]) -> Value {
        let command = maskinporten(["login", "--idp-issuer", &self.issuer, "--no-browser"]).args(arguments);
        let login = Login::of(command);
        let browser = Browser::start(&Setup::default());
        browser.open(&login.url);
        browser.wait_for("document.querySelector('[name=login]')");
        browser
            .run("for (const name of ['login', 'password']) document.querySelector(`[name=${name}]`).value = 'kari'");
        browser.click("button[type=submit]");
        browser.wait_for("document.querySelector('[name=prompt][value=consent]')");
        browser.click("button[type=submit]");
        browser.wait_for(ANSWERED);
        let ended = login.end();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        claims(ended.stdout.trim_end())
    }
}

#[test]
fn a_person_logs_in_in_oidc_provider_with_a_key_pushed_bound_and_as_a_public_client() {
    let server = OidcProvider::start();
    let key = testdata("jwk/rsa.json");

    for (client, arguments) in [
        ("plain", &["--jwk", &key][..]),
        ("pushed", &["--jwk", &key, "--par"]),
        ("bound", &["--jwk", &key, "--par", "--dpop"]),
        ("public", &["--public"]),
    ] {
        let claims = server.logged_in(&[arguments, &["--client-id", client, "--scope", "openid"]].concat());

        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        assert_eq!((text("sub"), text("client_id"), text("iss")), ("kari", client, server.issuer.as_str()));
        assert_eq!(claims["cnf"]["jkt"].is_string(), client == "bound", "{claims}");
    }
}
