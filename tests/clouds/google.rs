//! A strict double of Google: its token endpoints, the metadata server, Secret Manager and Cloud KMS.
//!
//! It was written from Google's public descriptions of these APIs and has never been compared with the real services.
//! The services that take a token are one server and what issues tokens another, so that a token sent to the wrong one
//! is noticed.

use std::fs;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openssl::{hash::MessageDigest, sign::Verifier};
use serde_json::{Value, json};

use super::{
    double::{Call, Double, ok, only, reply, reply_with},
    ed25519, private_key, signature,
};
use crate::{
    registered::part,
    server::{Step, answer},
    support::{Maskinporten, testdata},
};

pub const SECRET: &str = "gcp-sm://our-project/maskinporten";
pub const KEY: &str =
    "projects/our-project/locations/europe-north1/keyRings/ring/cryptoKeys/maskinporten/cryptoKeyVersions/3";
const TOKEN: &str = "ya29.google-access-token-of-the-test_0123456789";
const EXCHANGED: &str = "ya29.federated-token-that-only-impersonates_01";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
pub const ACCOUNT: &str = "deploy@our-project.iam.gserviceaccount.com";
const REFRESH_TOKEN: &str = "1//0e-refresh-token-of-the-user_0123456789";
const CLIENT_SECRET: &str = "d-FL95Q19q7MQmFpd7hHD0Ty-of-gcloud";
pub const SUBJECT: &str = "subject-token-of-the-cluster-0123456789";
const AWS_REQUEST: &str = "urn:ietf:params:aws:token-type:aws4_request";
pub const AWS_KEY_ID: &str = "ASIAOFTHEROLE";
pub const AUDIENCE: &str = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";

/// What is stored and how it differs from what works.
#[derive(Clone)]
pub struct Contents {
    pub secret: Vec<u8>,
    /// The private key in testdata, and the algorithm of Cloud KMS.
    pub key: (&'static str, &'static str),
    pub fault: Fault,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    None,
    Forbidden,
    /// The token is not accepted.
    TokenRefused,
    /// The token endpoint refuses the credentials.
    Credentials,
    /// The secret or the key was changed on its way.
    Damaged,
    /// The signature was changed on its way.
    DamagedSignature,
    /// The service did not get the checksum of the digest.
    Unverified,
    /// The key version is disabled.
    Disabled,
    OtherKey,
    Slow,
    Unavailable,
}

impl Default for Contents {
    fn default() -> Self {
        let jwk = fs::read(testdata("jwk/rsa.json")).unwrap();
        Self { secret: jwk, key: ("keys/enterprise-key.pem", "RSA_SIGN_PKCS1_2048_SHA256"), fault: Fault::None }
    }
}

/// The services, with what issues tokens for them.
pub struct Google {
    pub services: Double,
    pub issuer: Double,
}

impl Google {
    pub fn start(contents: Contents) -> Self {
        let fault = contents.fault;
        let issuer = Double::start(move |own, call| issue(own, call, fault));
        Self { services: Double::start(move |_, call| service(call, &contents)), issuer }
    }

    /// Points a run to the services, without credentials.
    pub fn reached_by(&self, run: Maskinporten) -> Maskinporten {
        let url = self.services.url();
        run.env("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", format!("{url}/"))
            .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", format!("{url}/"))
    }

    /// Gives a run a file with credentials too.
    pub fn opened_with(&self, run: Maskinporten, credentials: &Value) -> Maskinporten {
        let file = run.home().join("google.json");
        fs::write(&file, credentials.to_string()).unwrap();
        self.reached_by(run).env("GOOGLE_APPLICATION_CREDENTIALS", file)
    }

    /// Gives a run the key of a service account too.
    pub fn opened_by(&self, run: Maskinporten) -> Maskinporten {
        self.opened_with(run, &self.service_account())
    }

    pub fn service_account(&self) -> Value {
        json!({
            "type": "service_account", "project_id": "our-project", "private_key_id": "key-id-of-the-account",
            "private_key": fs::read_to_string(testdata("keys/authentication-key.pem")).unwrap(),
            "client_email": ACCOUNT, "client_id": "1234", "token_uri": format!("{}/token", self.issuer.url()),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth", "universe_domain": "googleapis.com"
        })
    }

    pub fn user(&self) -> Value {
        json!({
            "type": "authorized_user", "client_id": "764086051850.apps.googleusercontent.com",
            "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN, "quota_project_id": "paying-project",
            "token_uri": format!("{}/token", self.issuer.url())
        })
    }

    /// An external account whose subject token is in a file that is written here, as plain text.
    pub fn external(&self, run: &Maskinporten) -> Value {
        let file = run.home().join("subject");
        fs::write(&file, SUBJECT).unwrap();
        self.external_with(&json!({ "file": file }))
    }

    /// An external account whose subject token is at a URL, as a member of JSON.
    pub fn external_at_url(&self) -> Value {
        let url = format!("{}/subject?for=us", self.issuer.url());
        let format = json!({ "type": "json", "subject_token_field_name": "token" });
        self.external_with(&json!({ "url": url, "headers": { "X-Pod": "ours" }, "format": format }))
    }

    /// An external account of AWS, whose metadata service is this one.
    pub fn external_at_aws(&self) -> Value {
        let url = self.issuer.url();
        let mut account = self.external_with(&json!({
            "environment_id": "aws1", "url": format!("{url}/latest/meta-data/iam/security-credentials"),
            "region_url": format!("{url}/latest/meta-data/placement/availability-zone"),
            "imdsv2_session_token_url": format!("{url}/latest/api/token"),
            "regional_cred_verification_url":
                "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
        }));
        account["subject_token_type"] = json!(AWS_REQUEST);
        account
    }

    /// A service account that another account acts for.
    pub fn impersonating(&self, source: &Value) -> Value {
        json!({
            "type": "impersonated_service_account", "source_credentials": source, "delegates": [],
            "service_account_impersonation_url":
                format!("{}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken", self.issuer.url())
        })
    }

    pub fn external_with(&self, source: &Value) -> Value {
        let url = self.issuer.url();
        json!({
            "type": "external_account", "audience": AUDIENCE, "token_url": format!("{url}/v1/token"),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": source,
            "service_account_impersonation_url":
                format!("{url}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken")
        })
    }
}

/// Puts a program `gcloud` that prints a token before the others in the `PATH` of a run.
pub fn with_gcloud(run: Maskinporten) -> Maskinporten {
    run.with_program("gcloud", &format!("[ \"$*\" = 'auth print-access-token --quiet' ] || exit 9\necho {TOKEN}"))
}

// What issues tokens.

fn issue(own: &str, call: &Call<'_>, fault: Fault) -> Step {
    let token = |token: &str| ok(&json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" }));
    if fault == Fault::Credentials {
        let description = "Invalid JWT Signature.";
        return reply(400, &json!({ "error": "invalid_grant", "error_description": description }));
    }
    match call.path {
        "/token" => {
            let form = call.form();
            if only(&form, "grant_type") == "refresh_token" {
                assert_eq!(form.len(), 4);
                assert_eq!(only(&form, "client_id"), "764086051850.apps.googleusercontent.com");
                assert_eq!(only(&form, "client_secret"), CLIENT_SECRET);
                assert_eq!(only(&form, "refresh_token"), REFRESH_TOKEN);
            } else {
                assert_eq!(form.len(), 2);
                assert_eq!(only(&form, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
                is_signed_by_the_account(&only(&form, "assertion"), &format!("{own}/token"));
            }
            token(TOKEN)
        }
        "/subject" => {
            call.is_bare_get();
            call.has_query(&[("for", "us")]);
            assert_eq!((call.header("x-pod"), call.header("authorization")), (Some("ours"), None));
            ok(&json!({ "token": SUBJECT }))
        }
        "/v1/token" => {
            let form = call.form();
            assert_eq!(form.len(), 6);
            for (name, value) in [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("audience", AUDIENCE),
                ("scope", SCOPE),
            ] {
                assert_eq!(only(&form, name), value);
            }
            let subject = only(&form, "subject_token");
            if only(&form, "subject_token_type") == AWS_REQUEST {
                is_signed_for_google(&subject);
            } else {
                assert_eq!(only(&form, "subject_token_type"), "urn:ietf:params:oauth:token-type:jwt");
                assert_eq!(subject, SUBJECT);
            }
            assert_eq!(call.header("authorization"), None);
            let kind = "urn:ietf:params:oauth:token-type:access_token";
            ok(&json!({
                "access_token": EXCHANGED, "issued_token_type": kind, "token_type": "Bearer", "expires_in": 3600
            }))
        }
        "/computeMetadata/v1/instance/service-accounts/default/token" => {
            call.is_bare_get();
            call.has_query(&[("scopes", SCOPE)]);
            assert_eq!(call.header("metadata-flavor"), Some("Google"));
            let body = json!({ "access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer" });
            reply_with(200, &["Metadata-Flavor: Google"], &body)
        }
        path if path.starts_with("/latest/") => of_aws_machine(call),
        path => {
            assert_eq!(path, format!("/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"));
            call.has_query(&[]);
            let own = call.header("authorization").unwrap();
            assert!([EXCHANGED, TOKEN].iter().any(|token| own == format!("Bearer {token}")), "{own}");
            assert_eq!(call.json(), json!({ "scope": [SCOPE] }));
            ok(&json!({ "accessToken": TOKEN, "expireTime": "2036-11-29T12:00:00Z" }))
        }
    }
}

/// Answers like the metadata service of EC2, version 2.
fn of_aws_machine(call: &Call<'_>) -> Step {
    let text = |text: &str| answer("200 OK", &["Content-Type: text/plain"], text);
    if call.path == "/latest/api/token" {
        assert_eq!((call.method, call.header("x-aws-ec2-metadata-token-ttl-seconds")), ("PUT", Some("300")));
        return text("token-of-the-metadata-service");
    }
    call.is_bare_get();
    assert_eq!(call.header("x-aws-ec2-metadata-token"), Some("token-of-the-metadata-service"));
    match call.path {
        "/latest/meta-data/placement/availability-zone" => text("eu-north-1b"),
        "/latest/meta-data/iam/security-credentials/" => text("our-role"),
        "/latest/meta-data/iam/security-credentials/our-role" => ok(&json!({
            "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": AWS_KEY_ID, "SecretAccessKey": "secret-of-the-role",
            "Token": "session-of-the-role", "Expiration": "2099-01-01T00:00:00Z"
        })),
        other => panic!("there is no {other}"),
    }
}

/// Checks a request that Google would send to AWS to learn who signed it.
fn is_signed_for_google(subject: &str) {
    assert!(!subject.contains('+'), "{subject}");
    let form = format!("subject={subject}");
    let (_, decoded) = url::form_urlencoded::parse(form.as_bytes()).next().unwrap();
    let request: Value = serde_json::from_str(&decoded).unwrap();
    assert_eq!(request["method"], "POST");
    assert_eq!(request["url"], "https://sts.eu-north-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15");
    let headers: Vec<(&str, &str)> = request["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| (header["key"].as_str().unwrap(), header["value"].as_str().unwrap()))
        .collect();
    let header = |name: &str| headers.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
    assert_eq!(header("host"), Some("sts.eu-north-1.amazonaws.com"));
    assert_eq!(header("x-goog-cloud-target-resource"), Some(AUDIENCE));
    assert_eq!(header("x-amz-security-token"), Some("session-of-the-role"));
    let authorization = header("authorization").unwrap();
    let date = &header("x-amz-date").unwrap()[..8];
    let scope = format!("AWS4-HMAC-SHA256 Credential={AWS_KEY_ID}/{date}/eu-north-1/sts/aws4_request, ");
    let signed = "SignedHeaders=host;x-amz-date;x-amz-security-token;x-goog-cloud-target-resource, ";
    assert!(authorization.starts_with(&format!("{scope}{signed}Signature=")), "{authorization}");
}

fn is_signed_by_the_account(assertion: &str, audience: &str) {
    assert_eq!(part(assertion, 0), json!({ "alg": "RS256", "typ": "JWT", "kid": "key-id-of-the-account" }));
    let claims = part(assertion, 1);
    assert_eq!((&claims["iss"], &claims["aud"], &claims["scope"]), (&json!(ACCOUNT), &json!(audience), &json!(SCOPE)));
    let (from, until) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    let now = chrono::Utc::now().timestamp();
    assert!(from <= now && until > now && until - from <= 3600, "{claims}");
    let key = private_key("keys/authentication-key.pem");
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    assert!(verifier.verify_oneshot(&URL_SAFE_NO_PAD.decode(signature).unwrap(), signed.as_bytes()).unwrap());
}

// Secret Manager and Cloud KMS.

fn service(call: &Call<'_>, contents: &Contents) -> Step {
    let fault = contents.fault;
    let failed = |status: u16, name: &str, message: &str| {
        reply(status, &json!({ "error": { "code": status, "message": message, "status": name } }))
    };
    call.has_query(&[]);
    assert_eq!(call.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    let resource = call.path.strip_prefix("/v1/").unwrap();
    match fault {
        Fault::Slow => return Step::Hang(Vec::new()),
        Fault::Unavailable => return failed(503, "UNAVAILABLE", "The service is currently unavailable."),
        Fault::TokenRefused => {
            let message = "Request had invalid authentication credentials. Expected OAuth 2 access token.";
            return failed(401, "UNAUTHENTICATED", message);
        }
        Fault::Forbidden => {
            let permission = if resource.ends_with(":access") {
                "secretmanager.versions.access"
            } else {
                "cloudkms.cryptoKeyVersions.viewPublicKey"
            };
            let message = format!("Permission '{permission}' denied on resource '{resource}' (or it may not exist).");
            return failed(403, "PERMISSION_DENIED", &message);
        }
        Fault::Disabled => {
            let message = format!("{KEY} is not enabled, current state is: DISABLED.");
            return failed(400, "FAILED_PRECONDITION", &message);
        }
        _ => {}
    }
    let public = format!("{KEY}/publicKey");
    let sign = format!("{KEY}:asymmetricSign");
    match resource {
        "projects/our-project/secrets/maskinporten/versions/latest:access"
        | "projects/our-project/secrets/maskinporten/versions/7:access" => {
            call.is_bare_get();
            let sum = checksum(&contents.secret);
            let data =
                if fault == Fault::Damaged { [&contents.secret, &b" "[..]].concat() } else { contents.secret.clone() };
            ok(&json!({
                "name": "projects/1/secrets/maskinporten/versions/7",
                "payload": { "data": STANDARD.encode(data), "dataCrc32c": sum.to_string() }
            }))
        }
        path if path == public => {
            call.is_bare_get();
            let pem = String::from_utf8(private_key(contents.key.0).public_key_to_pem().unwrap()).unwrap();
            let sum = checksum(pem.as_bytes()) + u32::from(fault == Fault::Damaged);
            ok(&json!({
                "pem": pem, "algorithm": contents.key.1, "pemCrc32c": sum.to_string(), "name": KEY,
                "protectionLevel": "HSM"
            }))
        }
        path if path == sign => {
            let body = call.json();
            assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
            let (signature, verified) = signed(contents, &body);
            let sum = checksum(&signature) ^ u32::from(fault == Fault::DamagedSignature);
            ok(&json!({
                "signature": STANDARD.encode(&signature), "signatureCrc32c": sum.to_string(),
                verified: fault != Fault::Unverified, "name": KEY, "protectionLevel": "HSM"
            }))
        }
        other => failed(404, "NOT_FOUND", &format!("Secret [{other}] not found or has no versions.")),
    }
}

/// Signs the digest or, for Ed25519, the data in a request; returns the signature and the name of the member that confirms
/// the checksum.
fn signed(contents: &Contents, body: &Value) -> (Vec<u8>, &'static str) {
    let (file, algorithm) = contents.key;
    let file = if contents.fault == Fault::OtherKey { "keys/other-key.pem" } else { file };
    if algorithm == "EC_SIGN_ED25519" {
        let data = STANDARD.decode(body["data"].as_str().unwrap()).unwrap();
        assert_eq!(body["dataCrc32c"], json!(checksum(&data).to_string()));
        return (ed25519(file, &data), "verifiedDataCrc32c");
    }
    let (hash, digest) = body["digest"].as_object().unwrap().iter().next().unwrap();
    let digest = STANDARD.decode(digest.as_str().unwrap()).unwrap();
    assert_eq!(body["digestCrc32c"], json!(checksum(&digest).to_string()));
    assert!(algorithm.ends_with(&format!("_{}", hash.to_uppercase())), "{algorithm} does not take {hash}");
    let family = match &algorithm[..11] {
        "RSA_SIGN_PK" => "RS",
        "RSA_SIGN_PS" => "PS",
        _ => "ES",
    };
    (signature(file, &format!("{family}{}", &hash[3..]), &digest), "verifiedDigestCrc32c")
}

/// CRC-32C, bit by bit (RFC 3720 §B.4 has the test vectors).
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ (0x82f6_3b78 & (sum & 1).wrapping_neg()))
    })
}

#[test]
fn the_checksum_of_the_double_is_that_of_the_published_examples() {
    assert_eq!(checksum(&[0; 32]), 0x8a91_36aa);
    assert_eq!(checksum(&[0xff; 32]), 0x62a8_ab43);
}
