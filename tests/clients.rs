//! Clients made by others get tokens from the simulator with nothing but the address changed.
//!
//! `scripts/setup test` installs them, from `package.json`, `requirements.txt` and `pom.xml` in `testdata/clients`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{local::Local, support::program};

const REGISTERED: &str = "673d59a6-b427-49bc-b413-b51d7a8f05be";

/// An organisation that has delegated a scope to that of the registered key.
const CONSUMER: &str = "310700053";

/// Runs a script in Node.js, which finds the installed clients, and returns its output.
#[track_caller]
fn node(script: &str, arguments: &[&Path]) -> String {
    program(&mut node_command(script, arguments), b"")
}

/// Makes a command that runs a script in Node.js.
#[track_caller]
pub fn node_command(script: &str, arguments: &[&Path]) -> Command {
    let clients: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients");
    assert!(clients.join("installed.json").exists(), "{} is incomplete: run scripts/setup test", clients.display());
    // `newer_node` in scripts/setup installs one where the machine's is too old.
    let own = clients.join("node_modules/.bin/node");
    let mut command = Command::new(if own.exists() { own } else { "node".into() });
    command.args(["-e", script]).args(arguments).env("NODE_PATH", clients.join("node_modules"));
    command
}

#[test]
fn vtfk_maskinporten_auth_gets_a_token_with_each_keystore() {
    let script = "
        const [issuer, client, keystore, password] = process.argv.slice(1);
        const read = require('fs').readFileSync;
        require('@vtfk/maskinporten-auth')({
            url: `${issuer}token`, audience: issuer, issuer: client, scope: 'difitest:test1',
            pfxcert: read(keystore).toString('base64'), privateKeyPassphrase: read(password, 'utf8').trim(),
        }).then(response => console.log(response.token_type, response.scope));";
    let local = Local::start(&[]);
    for (name, client) in
        [("modern", "8d001e58-c758-4beb-a9ec-ae1d770fa35e"), ("legacy", "b894c5f4-3d09-4edc-94b2-2c1b5192be95")]
    {
        let [keystore, password] = ["p12", "password"].map(|extension| local.file(&format!("{name}.{extension}")));

        let printed = node(script, &[local.issuer().as_ref(), client.as_ref(), &keystore, &password]);

        assert_eq!(printed, "Bearer difitest:test1\n", "{name}: {}", local.log());
    }
}

#[test]
fn openid_client_discovers_the_simulator_and_gets_a_token() {
    let script = "
        const [issuer, id, file] = process.argv.slice(1);
        const crypto = require('crypto');
        const key = JSON.parse(require('fs').readFileSync(file));
        const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url');
        (async () => {
            const client = await import(require.resolve('openid-client'));
            const options = { algorithm: 'oauth2', execute: [client.allowInsecureRequests] };
            const config = await client.discovery(new URL(issuer), id, undefined, client.None(), options);
            const iat = Math.floor(Date.now() / 1000);
            const aud = config.serverMetadata().issuer;
            const claims = { iss: id, aud, scope: 'difitest:test1', iat, exp: iat + 100, jti: crypto.randomUUID() };
            const signed = `${encode({ alg: 'RS256', kid: key.kid })}.${encode(claims)}`;
            const signature = crypto.sign('sha256', signed, { key, format: 'jwk' }).toString('base64url');
            const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
            const response = await client.genericGrantRequest(config, grant, { assertion: `${signed}.${signature}` });
            console.log(response.token_type, response.scope);
        })();";
    let local = Local::start(&[]);

    let key = local.file("registered-key.jwk.json");
    let printed = node(script, &[local.issuer().as_ref(), REGISTERED.as_ref(), &key]);

    assert_eq!(printed, "bearer difitest:test1\n", "{}", local.log());
}

/// Runs a Python script, which finds the installed clients, and returns its output.
#[track_caller]
fn python(script: &str, arguments: &[&Path]) -> String {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients").join("python");
    assert!(python.join("installed.txt").exists(), "{} is incomplete: run scripts/setup test", python.display());
    let mut command = Command::new(python.join("bin/python"));
    program(command.args(["-W", "ignore", "-c", script]).args(arguments), b"")
}

#[test]
fn authlib_gets_a_token_with_and_without_a_subject() {
    let script = "
import json, sys
from authlib.integrations.httpx_client import AssertionClient
issuer, client, file = sys.argv[1:]
key = json.load(open(file))
for subject in [None, client]:
    session = AssertionClient(
        token_endpoint=issuer + 'token', issuer=client, subject=subject, audience=issuer, key=key,
        grant_type=AssertionClient.JWT_BEARER_GRANT_TYPE, header={'alg': 'RS256', 'kid': key['kid']},
        claims={'scope': 'difitest:test1'}, expires_in=100)
    token = session.refresh_token()
    print(token['token_type'], token['scope'])
";
    let local = Local::start(&[]);

    let printed =
        python(script, &[local.issuer().as_ref(), REGISTERED.as_ref(), &local.file("registered-key.jwk.json")]);

    assert_eq!(printed, "Bearer difitest:test1\nBearer difitest:test1\n", "{}", local.log());
}

#[test]
fn wenche_gets_a_token_although_it_sends_sub() {
    let script = "
import sys
from wenche import auth
issuer, client, key_file, kid = sys.argv[1:]
auth._maskinporten_token_url = lambda env=None: issuer + 'token'
auth._maskinporten_aud = lambda env=None: issuer
token = auth._hent_maskinporten_token(client, open(key_file, 'rb').read(), kid, scopes='difitest:test1')
print(token.count('.'))
";
    let local = Local::start(&[]);
    let (kid, pem) = registered_pem(&local);

    let printed = python(script, &[local.issuer().as_ref(), REGISTERED.as_ref(), &pem, kid.as_ref()]);

    assert_eq!(printed, "2\n", "{}", local.log());
    // This also waits until the log is complete.
    assert_eq!(local.grants(), 1);
    assert!(local.log().contains("accepted the undocumented sub"), "{}", local.log());
}

/// Returns the key id and the PEM of the registered key, in a file.
fn registered_pem(local: &Local) -> (String, PathBuf) {
    let jwk = local.file("registered-key.jwk.json");
    let pem = local.file("registered-key.pem");
    let convert = "
        const [file, pem] = process.argv.slice(1), fs = require('fs');
        const key = JSON.parse(fs.readFileSync(file));
        const pkcs8 = require('crypto').createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
        fs.writeFileSync(pem, pkcs8, { mode: 0o600 });
        console.log(key.kid);";
    (node(convert, &[&jwk, &pem]).trim_end().to_owned(), pem)
}

#[test]
fn dlt_source_elhub_gets_a_token_and_one_for_a_customer() {
    let script = r"
import sys
import requests
from dlt_source_elhub import MaskinportenAuth, MaskinportenCredentials
issuer, client, kid, file, consumer = sys.argv[1:]
credentials = MaskinportenCredentials()
credentials.client_id, credentials.kid, credentials.maskinporten_url = client, kid, issuer.rstrip('/')
credentials.private_key = open(file).read().replace('\n', r'\n')
for scope, consumer in [('difitest:test1', None), ('simulator:delegated', consumer)]:
    request = requests.Request('GET', issuer).prepare()
    print(MaskinportenAuth(credentials, scope, consumer)(request).headers['Authorization'].split(' ')[0])
";
    let local = Local::start(&[]);
    let (kid, pem) = registered_pem(&local);

    let arguments = [local.issuer().as_ref(), REGISTERED.as_ref(), kid.as_ref(), pem.as_path(), CONSUMER.as_ref()];
    let printed = python(script, &arguments);

    assert_eq!(printed, "Bearer\nBearer\n", "{}", local.log());
    assert_eq!(local.grants(), 2);
}

#[test]
fn pymaskinporten_gets_a_token_and_its_doctor_finds_no_fault() {
    let script = "
import os, sys
from pymaskinporten import MaskinportenClient
from pymaskinporten.cli import main
issuer, client, kid, file = sys.argv[1:]
own = {'PRIVATE_KEY': open(file).read(), 'MASKINPORTEN_CLIENT_ID': client, 'KID': kid, 'SCOPE': 'difitest:test1'}
os.environ.update(own)
print(MaskinportenClient(token_url=issuer + 'token', audience=issuer).get_token().count('.'))
print(main(['doctor', '--token-url', issuer + 'token', '--audience', issuer]))
";
    if python("import sys; print(sys.version_info >= (3, 13))", &[]) == "False\n" {
        eprintln!("pymaskinporten needs Python 3.13, which scripts/setup did not find");
        return;
    }
    let local = Local::start(&[]);
    let (kid, pem) = registered_pem(&local);

    let printed = python(script, &[local.issuer().as_ref(), REGISTERED.as_ref(), kid.as_ref(), &pem]);

    assert!(printed.starts_with("2\n"), "{printed}");
    assert!(printed.ends_with("OK: got an access token, valid for 599 seconds.\n0\n"), "{printed}");
    assert_eq!(local.grants(), 2);
}

/// Makes a command that runs Java with the installed libraries.
pub fn java() -> Command {
    let libraries = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients").join("java");
    assert!(libraries.join("installed.xml").exists(), "{} is incomplete: run scripts/setup test", libraries.display());
    let mut command = Command::new("java");
    // Starting fast matters more than running fast.
    command.args(["-XX:TieredStopAtLevel=1", "-cp"]).arg(libraries.join("*"));
    command
}

#[test]
fn ks_fiks_maskinporten_client_gets_tokens_by_certificate_and_by_key() {
    let local = Local::start(&[]);
    let source = crate::support::testdata("clients/FiksClient.java");
    let folder = local.file("");

    let mut command = java();
    command.args([&source, local.issuer()]).arg(folder);
    let printed = program(command.args(["8d001e58-c758-4beb-a9ec-ae1d770fa35e", REGISTERED, CONSUMER]), b"");

    // Its log is on stdout too.
    let tokens: Vec<_> = printed.lines().filter_map(|line| line.strip_prefix("token: ")).collect();
    let expected = [
        "difitest:test1 difitest:test2 [] 0192:310700010 null",
        "difitest:test1 [https://api.example/] 0192:310700010 null",
        "simulator:delegated [] 0192:310700053 null",
        "difitest:test1 [] 0192:310700045 01017012345",
    ];
    assert_eq!(tokens, expected, "{}", local.log());
}
