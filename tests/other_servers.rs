//! Servers made by others accept our grants, with each way of client authentication that they know.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    clients::{java, node_command},
    support::{Maskinporten, Running, maskinporten, testdata, wait_until},
};

const METHODS: [&str; 4] = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];

/// A secret that is changed by each encoding that it can meet.
const SECRET: &str = "p:+ ~&%/=";

fn token(client: &str, method: &str, addresses: &[&str]) -> Maskinporten {
    maskinporten(["token", "--client-id", client, "--scope", "difitest:test1", "--no-cache"])
        .args(["--jwk", &testdata("jwk/rsa.json"), "--client-auth", method])
        .args(addresses)
        .env("MASKINPORTEN_CLIENT_SECRET", SECRET)
}

/// An authorization server with the grant type of RFC 7523, which oidc-provider leaves to its users. Its clients are
/// named after how they authenticate.
const OIDC_PROVIDER: &str = "
    const [file, secret] = process.argv.slice(1);
    const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    (async () => {
        const { default: Provider, errors } = await import(require.resolve('oidc-provider'));
        const { jwtVerify, createLocalJWKSet } = await import(require.resolve('jose'));
        const jwks = JSON.parse(require('fs').readFileSync(file));
        const client = (method, more) => ({
            client_id: method, token_endpoint_auth_method: method, grant_types: [grantType],
            redirect_uris: [], response_types: [], ...more,
        });
        const server = require('http').createServer();
        server.listen(0, '127.0.0.1', () => {
            const issuer = `http://127.0.0.1:${server.address().port}`;
            const provider = new Provider(issuer, {
                clients: [
                    client('none'),
                    client('client_secret_basic', { client_secret: secret }),
                    client('client_secret_post', { client_secret: secret }),
                    client('private_key_jwt', { jwks }),
                ],
                scopes: ['difitest:test1'],
                features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
            });
            provider.registerGrantType(grantType, async ctx => {
                const { client, params } = ctx.oidc;
                const expected = {
                    audience: issuer, issuer: client.clientId, requiredClaims: ['exp', 'iat', 'jti'],
                };
                const verified = await jwtVerify(params.assertion, createLocalJWKSet(jwks), expected)
                    .catch(error => { throw new errors.InvalidGrant(error.message); });
                const token = new provider.ClientCredentials({ client, scope: verified.payload.scope });
                ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: 60 };
            }, ['assertion']);
            server.on('request', provider.callback());
            console.log(issuer);
        });
    })();";

#[test]
fn oidc_provider_accepts_each_method_of_client_authentication() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("jwks.json");
    let public = maskinporten(["keys", "public", "--jwk", &testdata("jwk/rsa.json")]).run();
    assert_eq!(public.code, 0, "{}", public.stderr);
    std::fs::write(&keys, public.stdout).unwrap();
    let mut command = node_command(OIDC_PROVIDER, &[&keys, Path::new(SECRET)]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut issuer = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut issuer).unwrap();
    let _server = Running(child);
    let issuer = issuer.trim_end();

    for method in METHODS {
        let granted = token(method, method, &["--discover", issuer]).run().artefact();
        assert!(granted.trim_end().len() > 20, "{method}: {granted}");
    }

    let addresses = ["--audience", issuer, "--token-endpoint", &format!("{issuer}/token")];
    let refused = token("private_key_jwt", "none", &addresses).run();
    assert!(refused.failure(5).starts_with("error: the token endpoint refused the grant: HTTP 401, invalid_client\n"));
    let longer = token("none", "none", &addresses).args(["--ttl", "5m"]).run();
    assert_eq!(longer.code, 0, "{}", longer.stderr);
}

#[test]
fn mock_oauth2_server_accepts_each_method_of_client_authentication() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command: Command = java();
    command.arg("no.nav.security.mock.oauth2.StandaloneMockOAuth2ServerKt");
    command.env("SERVER_HOSTNAME", "127.0.0.1").env("SERVER_PORT", port.to_string());
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _server = Running(child);
    let issuer = format!("http://127.0.0.1:{port}/default");
    wait_until("the server listens", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());

    let metadata = format!("{issuer}/.well-known/openid-configuration");
    for method in METHODS {
        let granted = token("our-client", method, &["--discover", &metadata]).run().artefact();
        assert_eq!(granted.matches('.').count(), 2, "{method}");
    }
    let addresses = ["--audience", &issuer, "--token-endpoint", &format!("{issuer}/token")];
    let extra = ["--token-request-param", "scope=difitest:test2", "--token-request-param", "client_id=other"];
    let granted = token("our-client", "none", &addresses).args(extra).run().artefact();
    assert_eq!(granted.matches('.').count(), 2);
}
