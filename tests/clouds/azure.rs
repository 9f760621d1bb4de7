//! A strict double of Azure: a vault of Key Vault (REST API 7.4), Entra ID's token endpoint, and both forms of managed
//! identities.
//!
//! It was written from Microsoft's public descriptions of these APIs and has never been compared with the real services.
//! The vault is one server and everything that issues tokens another, so that a token sent to the wrong one is noticed.

use std::fs;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openssl::{
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    rsa::Padding,
    sign::{RsaPssSaltlen, Verifier},
    x509::X509,
};
use serde_json::{Value, json};

use super::{
    double::{Call, Double, ok, only, reply, reply_with},
    private_key, signature,
};
use crate::{
    registered::part,
    server::{Step, answer},
    support::{Maskinporten, testdata},
};

pub const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
pub const CLIENT: &str = "f8bc9dcf-4a3c-4d1e-8f7b-6f2f0a6f2a11";
pub const CLIENT_SECRET: &str = "3bv8Q~hemmeligheten-til-tjenesten.i-Azure";
const TOKEN: &str = "azure-access-token-of-the-test-0123456789";
const FEDERATED: &str =
    "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.c2lnbmF0dXJlLW9mLXRoZS1jbHVzdGVy";
const IDENTITY_HEADER: &str = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a";
const RUNNER_TOKEN: &str = "token-of-the-github-runner";
const VERSION: &str = "4387e9f3d6e14c459867679a90fd0f79";
const VAULT: &str = "https://our-vault.vault.azure.net";
const RESOURCE: &str = "https://vault.azure.net";

/// What is in the vault and how it differs from one that works.
#[derive(Clone)]
pub struct Contents {
    /// The value and the content type of the secret.
    pub secret: (String, Option<&'static str>),
    /// The private key of the key and the certificate, in PEM in testdata.
    pub key: &'static str,
    /// The type that the vault gives the key.
    pub kty: &'static str,
    /// The certificate in testdata, and whether its key may leave the vault.
    pub certificate: (&'static str, bool),
    pub fault: Fault,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    None,
    /// Requests with a token for an operation get 403.
    Forbidden,
    /// As before, from a vault with role-based access.
    ForbiddenByRbac,
    /// The firewall of the vault.
    Firewall,
    /// The secret is disabled.
    Disabled,
    /// The vault asks for a token of another service.
    OtherResource,
    /// The vault names an authority that is not Microsoft's.
    OtherAuthority,
    /// The token endpoint refuses the credentials.
    Credentials,
    /// The vault does not accept the token.
    TokenRefused,
    Slow,
    Unavailable,
    /// The vault answers with a page of a proxy.
    Page,
    /// The vault signs with another key.
    OtherKey,
    /// A secret without its value.
    NoValue,
}

impl Default for Contents {
    fn default() -> Self {
        let jwk = fs::read_to_string(testdata("jwk/rsa.json")).unwrap();
        Self {
            secret: (STANDARD.encode(jwk), None),
            key: "keys/enterprise-key.pem",
            kty: "RSA",
            certificate: ("keys/enterprise.pem", true),
            fault: Fault::None,
        }
    }
}

/// A vault with a token endpoint.
pub struct Azure {
    pub vault: Double,
    pub login: Double,
}

impl Azure {
    pub fn start(contents: Contents) -> Self {
        let fault = contents.fault;
        let login = Double::start(move |own, call| issue(own, call, fault));
        let authority = login.url();
        let vault = Double::start(move |_, call| vault(&authority, call, &contents));
        Self { vault, login }
    }

    /// Points a run to the vault and the token endpoint, without credentials.
    pub fn reached_by(&self, run: Maskinporten) -> Maskinporten {
        run.env("MASKINPORTEN_AZURE_KEY_VAULT_URL", self.vault.url()).env("AZURE_AUTHORITY_HOST", self.login.url())
    }

    /// Gives a run the client secret of an application too.
    pub fn opened_by(&self, run: Maskinporten) -> Maskinporten {
        application(self.reached_by(run)).env("AZURE_CLIENT_SECRET", CLIENT_SECRET)
    }

    /// Gives a run the address of App Service's identity.
    pub fn app_service(&self, run: Maskinporten) -> Maskinporten {
        let run = run.env("IDENTITY_ENDPOINT", format!("{}/msi/token", self.login.url()));
        self.reached_by(run).env("IDENTITY_HEADER", IDENTITY_HEADER)
    }

    /// Gives a run what GitHub gives a job that may ask for an identity.
    pub fn github(&self, run: Maskinporten) -> Maskinporten {
        let run = run.env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/github/token?api-version=2.0", self.login.url()));
        application(self.reached_by(run)).env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", RUNNER_TOKEN)
    }

    /// Writes the token file of a workload identity into the home of a run.
    pub fn workload(&self, run: Maskinporten) -> Maskinporten {
        let file = run.home().join("azure-identity-token");
        fs::write(&file, format!("{FEDERATED}\n")).unwrap();
        application(self.reached_by(run)).env("AZURE_FEDERATED_TOKEN_FILE", file)
    }
}

fn application(run: Maskinporten) -> Maskinporten {
    run.env("AZURE_TENANT_ID", TENANT).env("AZURE_CLIENT_ID", CLIENT)
}

/// What `az` prints, for a logged-in user.
pub fn az_token() -> String {
    let expires = (chrono::Utc::now() + chrono::TimeDelta::hours(1)).timestamp();
    json!({
        "accessToken": TOKEN, "expiresOn": "2026-11-29 12:00:00.000000", "expires_on": expires,
        "subscription": "b1f2", "tenant": TENANT, "tokenType": "Bearer"
    })
    .to_string()
}

// The token endpoint and the identities.

fn issue(own: &str, call: &Call<'_>, fault: Fault) -> Step {
    match call.path {
        "/msi/token" => {
            call.is_bare_get();
            call.has_query(&[("api-version", "2019-08-01"), ("resource", RESOURCE)]);
            assert_eq!(call.header("x-identity-header"), Some(IDENTITY_HEADER));
            assert_eq!(call.header("authorization"), None);
            ok(&managed("1795341600"))
        }
        "/metadata/identity/oauth2/token" => {
            call.is_bare_get();
            call.has_query(&[("api-version", "2018-02-01"), ("resource", RESOURCE), ("client_id", CLIENT)]);
            assert_eq!(call.header("metadata"), Some("true"));
            ok(&managed("1795341600"))
        }
        "/github/token" => {
            call.is_bare_get();
            call.has_query(&[("api-version", "2.0"), ("audience", "api://AzureADTokenExchange")]);
            assert_eq!(call.header("authorization"), Some(format!("Bearer {RUNNER_TOKEN}").as_str()));
            ok(&json!({ "count": 1, "value": FEDERATED }))
        }
        path => {
            assert_eq!(path, format!("/{TENANT}/oauth2/v2.0/token"));
            let form = call.form();
            assert_eq!(only(&form, "grant_type"), "client_credentials");
            assert_eq!(only(&form, "scope"), format!("{RESOURCE}/.default"));
            assert_eq!(only(&form, "client_id"), CLIENT);
            if fault == Fault::Credentials {
                return reply(401, &refused());
            }
            if form.iter().any(|(name, _)| name == "client_secret") {
                assert_eq!((form.len(), only(&form, "client_secret").as_str()), (4, CLIENT_SECRET));
            } else {
                assert_eq!(form.len(), 5);
                let kind = only(&form, "client_assertion_type");
                assert_eq!(kind, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                let assertion = only(&form, "client_assertion");
                if assertion != FEDERATED {
                    is_signed_by_the_certificate(&assertion, &format!("{own}{path}"));
                }
            }
            ok(&json!({ "token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": TOKEN }))
        }
    }
}

fn managed(expires_on: &str) -> Value {
    json!({
        "access_token": TOKEN, "client_id": CLIENT, "expires_on": expires_on, "not_before": "1795255200",
        "resource": RESOURCE, "token_type": "Bearer"
    })
}

fn refused() -> Value {
    json!({
        "error": "invalid_client",
        "error_description": "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request \
                              is the client secret value, not the client secret ID, for a secret added to app \
                              'f8bc9dcf-4a3c-4d1e-8f7b-6f2f0a6f2a11'. Trace ID: 6d2f Correlation ID: 9a1b Timestamp: \
                              2026-11-29 08:00:00Z",
        "error_codes": [7_000_215], "timestamp": "2026-11-29 08:00:00Z",
        "trace_id": "6d2f3a3e-8b1f-4f0d-9c53-2f6d2b0e1100", "correlation_id": "9a1b",
        "error_uri": "https://login.microsoftonline.com/error?code=7000215"
    })
}

/// Checks an assertion that an application signs with its certificate: PS256, with the SHA-256 thumbprint.
fn is_signed_by_the_certificate(assertion: &str, audience: &str) {
    let certificate = certificate("keys/authentication.pem");
    let thumbprint = URL_SAFE_NO_PAD.encode(certificate.digest(MessageDigest::sha256()).unwrap());
    assert_eq!(part(assertion, 0), json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint }));
    let claims = part(assertion, 1);
    assert_eq!((&claims["aud"], &claims["iss"], &claims["sub"]), (&json!(audience), &json!(CLIENT), &json!(CLIENT)));
    assert!(claims["jti"].as_str().unwrap().len() >= 32);
    let (from, until) = (claims["nbf"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    let now = chrono::Utc::now().timestamp();
    assert!(from <= now && (now..=now + 600).contains(&until), "{claims}");
    let key = certificate.public_key().unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    verifier.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
    verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    assert!(verifier.verify_oneshot(&URL_SAFE_NO_PAD.decode(signature).unwrap(), signed.as_bytes()).unwrap());
}

// The vault.

fn vault(authority: &str, call: &Call<'_>, contents: &Contents) -> Step {
    call.has_query(&[("api-version", "7.4")]);
    match contents.fault {
        Fault::Slow => return Step::Hang(Vec::new()),
        Fault::Unavailable => return reply(503, &error("ServiceUnavailable", "The service is busy.", None)),
        Fault::Page => {
            return answer("200 OK", &["Content-Type: text/html"], "<html>Proxy</html>\r\n");
        }
        _ => {}
    }
    let Some(authorization) = call.header("authorization") else {
        assert_eq!(call.request.body, "", "a request without a token must carry nothing");
        return challenge(authority, contents.fault);
    };
    assert_eq!(authorization, format!("Bearer {TOKEN}"));
    let parts: Vec<&str> = call.path.split('/').skip(1).collect();
    match contents.fault {
        Fault::TokenRefused => return challenge(authority, Fault::None),
        Fault::Forbidden => {
            let message = format!(
                "The user, group or application 'appid={CLIENT};oid=9d1e;iss=https://sts.windows.net/{TENANT}/' does not \
                 have {} {} permission on key vault 'our-vault;location=norwayeast'. For help resolving this issue, \
                 please see https://go.microsoft.com/fwlink/?linkid=2125287",
                parts[0],
                parts.get(3).unwrap_or(&"get")
            );
            return reply(403, &error("Forbidden", &message, Some("AccessDenied")));
        }
        Fault::ForbiddenByRbac => {
            let message = "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny \
                           assignments or role definitions were changed recently, please observe propagation time.\r\n\
                           Caller: appid=f8bc;oid=9d1e\r\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\
                           \r\nResource: '/subscriptions/b1f2/our-vault'\r\nAssignment: (not found)\r\n";
            return reply(403, &error("Forbidden", message, Some("ForbiddenByRbac")));
        }
        Fault::Firewall => {
            let message = "Client address is not authorized and caller is not a trusted service.\r\nClient address: \
                           10.0.0.4\r\n";
            return reply(403, &error("Forbidden", message, Some("ForbiddenByFirewall")));
        }
        Fault::Disabled => {
            let message = "Operation get is not allowed on a disabled secret.";
            return reply(403, &error("Forbidden", message, Some("SecretDisabled")));
        }
        _ => {}
    }
    match parts.as_slice() {
        ["secrets", "maskinporten"] => get(call, || secret(contents, false)),
        // The secret under the certificate.
        ["secrets", "enterprise", VERSION] => get(call, || secret(contents, true)),
        ["certificates", "enterprise"] => get(call, || certificate_bundle(contents)),
        ["keys", "enterprise"] | ["keys", "enterprise", VERSION] => get(call, || key_bundle(contents)),
        ["keys", "enterprise", VERSION, "sign"] => sign(call, contents),
        [kind, name, ..] => {
            let (code, noun) = match *kind {
                "secrets" => ("SecretNotFound", "A secret"),
                "certificates" => ("CertificateNotFound", "A certificate"),
                "keys" => ("KeyNotFound", "A key"),
                other => panic!("there is no /{other}"),
            };
            let message = format!(
                "{noun} with (name/id) {name} was not found in this key vault. If you recently deleted this secret you \
                 may be able to recover it using the correct recovery command."
            );
            reply(404, &error(code, &message, None))
        }
        _ => panic!("there is no {}", call.path),
    }
}

fn get(call: &Call<'_>, body: impl FnOnce() -> Value) -> Step {
    call.is_bare_get();
    ok(&body())
}

fn challenge(authority: &str, fault: Fault) -> Step {
    let resource = if fault == Fault::OtherResource { "https://graph.microsoft.com" } else { RESOURCE };
    let authority = if fault == Fault::OtherAuthority { "https://login.example.com" } else { authority };
    let value = format!("WWW-Authenticate: Bearer authorization=\"{authority}/{TENANT}\", resource=\"{resource}\"");
    let body = error("Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.", None);
    reply_with(401, &[&value], &body)
}

fn error(code: &str, message: &str, inner: Option<&str>) -> Value {
    let inner = inner.map(|code| json!({ "code": code }));
    let mut error = json!({ "code": code, "message": message });
    if let Some(inner) = inner {
        error["innererror"] = inner;
    }
    json!({ "error": error })
}

fn attributes() -> Value {
    let expires = (chrono::Utc::now() + chrono::TimeDelta::days(20)).timestamp();
    json!({ "enabled": true, "created": 1_764_000_000, "updated": 1_764_000_000, "exp": expires,
            "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90 })
}

fn secret(contents: &Contents, of_certificate: bool) -> Value {
    let name = if of_certificate { "enterprise" } else { "maskinporten" };
    let mut bundle = json!({ "id": format!("{VAULT}/secrets/{name}/{VERSION}"), "attributes": attributes() });
    if contents.fault != Fault::NoValue {
        bundle["value"] = json!(contents.secret.0);
    }
    if let Some(media_type) = contents.secret.1 {
        bundle["contentType"] = json!(media_type);
    }
    if of_certificate {
        bundle["managed"] = json!(true);
        bundle["kid"] = json!(format!("{VAULT}/keys/enterprise/{VERSION}"));
    }
    bundle
}

fn certificate_bundle(contents: &Contents) -> Value {
    let (file, exportable) = contents.certificate;
    let leaf = certificate(file);
    json!({
        "id": format!("{VAULT}/certificates/enterprise/{VERSION}"),
        "kid": format!("{VAULT}/keys/enterprise/{VERSION}"),
        "sid": format!("{VAULT}/secrets/enterprise/{VERSION}"),
        "x5t": URL_SAFE_NO_PAD.encode(leaf.digest(MessageDigest::sha1()).unwrap()),
        "cer": STANDARD.encode(leaf.to_der().unwrap()),
        "attributes": attributes(),
        "policy": {
            "id": format!("{VAULT}/certificates/enterprise/policy"),
            "key_props": { "exportable": exportable, "kty": contents.kty, "key_size": 2048, "reuse_key": false },
            "secret_props": { "contentType": contents.secret.1 },
            "x509_props": { "subject": "CN=testdata", "key_usage": ["digitalSignature"], "validity_months": 12 },
            "issuer": { "name": "Unknown" }
        }
    })
}

fn key_bundle(contents: &Contents) -> Value {
    let key = private_key(contents.key);
    let encoded = |number: &openssl::bn::BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
    let mut members = json!({
        "kid": format!("{VAULT}/keys/enterprise/{VERSION}"), "kty": contents.kty, "key_ops": ["sign", "verify"]
    });
    if let Ok(rsa) = key.rsa() {
        members["n"] = json!(encoded(rsa.n()));
        members["e"] = json!(encoded(rsa.e()));
    } else {
        let ec = key.ec_key().unwrap();
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
        let point = ec.public_key().to_bytes(ec.group(), form, &mut context).unwrap();
        let (x, y) = point[1..].split_at(point.len() / 2);
        members["crv"] = json!(match x.len() {
            32 => "P-256",
            48 => "P-384",
            _ => "P-521",
        });
        members["x"] = json!(URL_SAFE_NO_PAD.encode(x));
        members["y"] = json!(URL_SAFE_NO_PAD.encode(y));
    }
    json!({ "key": members, "attributes": attributes() })
}

fn sign(call: &Call<'_>, contents: &Contents) -> Step {
    let body = call.json();
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    let digest = URL_SAFE_NO_PAD.decode(body["value"].as_str().unwrap()).unwrap();
    let file = if contents.fault == Fault::OtherKey { "keys/other-key.pem" } else { contents.key };
    let algorithm = body["alg"].as_str().unwrap();
    let mut signature = signature(file, algorithm, &digest);
    if let Some(length) = coordinate_length(algorithm) {
        let numbers = EcdsaSig::from_der(&signature).unwrap();
        signature = [numbers.r(), numbers.s()].map(|number| number.to_vec_padded(length).unwrap()).concat();
    }
    ok(&json!({
        "kid": format!("{VAULT}/keys/enterprise/{VERSION}"), "value": URL_SAFE_NO_PAD.encode(signature)
    }))
}

/// Returns the length of each number in a signature of ECDSA.
fn coordinate_length(algorithm: &str) -> Option<i32> {
    [("ES256", 32), ("ES384", 48), ("ES512", 66)].iter().find(|(name, _)| *name == algorithm).map(|(_, length)| *length)
}

fn certificate(file: &str) -> X509 {
    X509::stack_from_pem(&fs::read(testdata(file)).unwrap()).unwrap().remove(0)
}
