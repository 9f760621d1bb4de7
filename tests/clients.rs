//! Clients made by others get tokens from the simulator with nothing but the address changed.
//!
//! `scripts/setup test` installs them, from `package.json` and `requirements.txt` in `testdata/clients`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{local::Local, support::program};

const REGISTERED: &str = "673d59a6-b427-49bc-b413-b51d7a8f05be";

/// Runs a script in Node.js, which finds the installed clients, and returns its output.
#[track_caller]
fn node(script: &str, arguments: &[&Path]) -> String {
    let clients: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("clients");
    assert!(clients.join("installed.json").exists(), "{} is incomplete: run scripts/setup test", clients.display());
    // `newer_node` in scripts/setup installs one where the machine's is too old.
    let own = clients.join("node_modules/.bin/node");
    let mut command = Command::new(if own.exists() { own } else { "node".into() });
    command.args(["-e", script]).args(arguments).env("NODE_PATH", clients.join("node_modules"));
    program(&mut command, b"")
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
    let jwk = std::fs::read(local.file("registered-key.jwk.json")).unwrap();
    let kid = serde_json::from_slice::<serde_json::Value>(&jwk).unwrap()["kid"].as_str().unwrap().to_owned();
    let pem = local.file("registered-key.pem");
    let convert = "
        const [file, pem] = process.argv.slice(1), fs = require('fs');
        const key = require('crypto').createPrivateKey({ key: JSON.parse(fs.readFileSync(file)), format: 'jwk' });
        fs.writeFileSync(pem, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });";
    node(convert, &[&local.file("registered-key.jwk.json"), &pem]);

    let printed = python(script, &[local.issuer().as_ref(), REGISTERED.as_ref(), &pem, kid.as_ref()]);

    assert_eq!(printed, "2\n", "{}", local.log());
    // This also waits until the log is complete.
    assert_eq!(local.grants(), 1);
    assert!(local.log().contains("accepted the undocumented sub"), "{}", local.log());
}
