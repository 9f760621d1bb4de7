//! What holds for every service that has keys: how it is refused, how long it is waited for, in which encodings it has keys.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use snapbox::file;

use super::{
    azure::az_token,
    double::{Call, Double, ok, reply, reply_with},
    google::with_gcloud,
};
use crate::{
    key_places::{ENCODINGS, grant, kinds, signs},
    server::{Server, Step, unused_address},
    support::{Maskinporten, assert_snapshot},
};

/// The longest that a run takes on a busy machine, besides the time that it waits.
const SLACK: Duration = Duration::from_secs(20);

/// A service, reached with credentials that take no request.
#[derive(Clone, Copy)]
struct Service {
    place: &'static str,
    name: &'static str,
    reached: fn(Maskinporten, &str) -> Maskinporten,
    /// The status and the body that refuse the credentials, the caller, and the name of the key.
    refusals: [(u16, fn() -> Value); 3],
    /// The response with the content of a key; `None` for a key that signs there.
    content: Option<fn(&[u8]) -> Value>,
}

fn azure(run: Maskinporten, url: &str) -> Maskinporten {
    run.with_program("az", &format!("cat <<'END'\n{}\nEND", az_token())).env("MASKINPORTEN_AZURE_KEY_VAULT_URL", url)
}

fn vault(run: Maskinporten, url: &str) -> Maskinporten {
    run.env("VAULT_ADDR", url).env("VAULT_TOKEN", "token-of-the-tests")
}

fn aws(run: Maskinporten, url: &str) -> Maskinporten {
    let run = run.env("AWS_ENDPOINT_URL", url).env("AWS_REGION", "eu-north-1");
    run.env("AWS_ACCESS_KEY_ID", "AKIDOFTHETESTS").env("AWS_SECRET_ACCESS_KEY", "secret-access-key-of-the-tests")
}

fn google(run: Maskinporten, url: &str) -> Maskinporten {
    with_gcloud(run)
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", url)
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", url)
}

fn of_azure(code: &str, inner: Option<&str>) -> Value {
    json!({ "error": { "code": code, "message": "m", "innererror": inner.map(|code| json!({ "code": code })) } })
}

fn of_aws(code: &str) -> Value {
    json!({ "__type": code, "message": "m" })
}

fn of_google(status: &str) -> Value {
    json!({ "error": { "status": status, "message": "m" } })
}

const AZURE: [(u16, fn() -> Value); 3] = [
    (401, || of_azure("Unauthorized", None)),
    (403, || of_azure("Forbidden", Some("AccessDenied"))),
    (404, || of_azure("SecretNotFound", None)),
];
const VAULT: [(u16, fn() -> Value); 3] = [
    (403, || json!({ "errors": ["permission denied"] })),
    (403, || json!({ "errors": ["permission denied"] })),
    (404, || json!({ "errors": [] })),
];
const AWS_CREDENTIALS: (u16, fn() -> Value) = (400, || of_aws("UnrecognizedClientException"));
const AWS_PERMISSION: (u16, fn() -> Value) = (400, || of_aws("AccessDeniedException"));
const GOOGLE: [(u16, fn() -> Value); 3] = [
    (401, || of_google("UNAUTHENTICATED")),
    (403, || of_google("PERMISSION_DENIED")),
    (404, || of_google("NOT_FOUND")),
];

const SERVICES: [Service; 10] = [
    Service {
        place: "azure-kv://our-vault/secrets/mp",
        name: "Azure Key Vault",
        reached: azure,
        refusals: AZURE,
        content: Some(|content| json!({ "value": text(content) })),
    },
    Service {
        place: "azure-kv://our-vault/certificates/mp",
        name: "Azure Key Vault",
        reached: azure,
        refusals: AZURE,
        content: None,
    },
    Service {
        place: "azure-kv://our-vault/keys/mp",
        name: "Azure Key Vault",
        reached: azure,
        refusals: AZURE,
        content: None,
    },
    Service {
        place: "vault://secret/mp#jwk",
        name: "Vault",
        reached: vault,
        refusals: VAULT,
        content: Some(|content| json!({ "data": { "data": { "jwk": text(content) } } })),
    },
    Service { place: "vault-transit://transit/mp", name: "Vault", reached: vault, refusals: VAULT, content: None },
    Service {
        place: "aws-sm://mp",
        name: "AWS Secrets Manager",
        reached: aws,
        refusals: [AWS_CREDENTIALS, AWS_PERMISSION, (400, || of_aws("ResourceNotFoundException"))],
        content: Some(|content| match str::from_utf8(content) {
            Ok(text) => json!({ "SecretString": text }),
            Err(_) => json!({ "SecretBinary": STANDARD.encode(content) }),
        }),
    },
    Service {
        place: "aws-ssm:///mp",
        name: "AWS Parameter Store",
        reached: aws,
        refusals: [AWS_CREDENTIALS, AWS_PERMISSION, (400, || of_aws("ParameterNotFound"))],
        content: Some(|content| json!({ "Parameter": { "Value": text(content) } })),
    },
    Service {
        place: "aws-kms://alias/mp",
        name: "AWS KMS",
        reached: aws,
        refusals: [AWS_CREDENTIALS, AWS_PERMISSION, (400, || of_aws("NotFoundException"))],
        content: None,
    },
    Service {
        place: "gcp-sm://our-project/mp",
        name: "Google Secret Manager",
        reached: google,
        refusals: GOOGLE,
        content: Some(|content| json!({ "payload": { "data": STANDARD.encode(content) } })),
    },
    Service {
        place: "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/mp/cryptoKeyVersions/1",
        name: "Google Cloud KMS",
        reached: google,
        refusals: GOOGLE,
        content: None,
    },
];

fn text(content: &[u8]) -> &str {
    str::from_utf8(content).unwrap()
}

/// Starts a double of a service; Azure answers a request without a token with where one is issued.
fn double(service: Service, mut answer: impl FnMut(&Call<'_>) -> Step + Send + 'static) -> Double {
    Double::start(move |_, call| {
        if service.name == "Azure Key Vault" && call.header("authorization").is_none() {
            return challenge();
        }
        answer(call)
    })
}

fn challenge() -> Step {
    let (authority, resource) = ("https://login.microsoftonline.com/our-tenant", "https://vault.azure.net");
    let value = format!("WWW-Authenticate: Bearer authorization=\"{authority}\", resource=\"{resource}\"");
    reply_with(401, &[&value], &of_azure("Unauthorized", None))
}

fn refused(service: Service, which: usize) -> Step {
    let (status, body) = service.refusals[which];
    if service.name == "Azure Key Vault" && status == 401 { challenge() } else { reply(status, &body()) }
}

impl Service {
    fn run(self, url: &str) -> Maskinporten {
        (self.reached)(grant().args(["--key-from", self.place]), url)
    }
}

/// Runs something for each service, side by side.
fn each(test: impl Fn(Service) + Copy + Send + Sync) {
    std::thread::scope(|threads| {
        for service in SERVICES {
            threads.spawn(move || test(service));
        }
    });
}

#[test]
fn each_refusal_has_its_sentence_and_exit_code() {
    let mut found = Vec::new();
    for service in SERVICES {
        for (which, code) in [(0, 5), (1, 5), (2, 4)] {
            // Vault refuses an unknown token and a missing permission with the same words, and says what it knows of a token.
            let double = double(service, move |call| {
                let knows_token = call.path.ends_with("/lookup-self") && which > 0;
                if knows_token { ok(&json!({ "data": {} })) } else { refused(service, which) }
            });
            let outcome = service.run(&double.url()).run();
            found.push(format!("{}: {code}\n{}\n", service.place, outcome.failure(code)));
        }
    }
    assert_snapshot(&found.concat(), file!["refusals.txt"]);
}

#[test]
fn a_slow_service_is_named_and_not_waited_for_any_longer() {
    each(|service| {
        let slow = Server::start([Step::Hang(Vec::new())]);
        let started = Instant::now();

        let outcome = service.run(&slow.url("/")).args(["--timeout", "1"]).run();

        let stderr = outcome.failure(6);
        assert!(stderr.starts_with(&format!("error: could not reach {}\ncaused by: ", service.name)), "{stderr}");
        assert!(
            stderr.ends_with(" did not answer in time\nhint: try again later; --timeout waits longer\n"),
            "{stderr}"
        );
        assert!(started.elapsed() < SLACK);
    });
}

#[test]
fn a_dead_service_is_named() {
    each(|service| {
        let outcome = service.run(&format!("http://{}/", unused_address())).run();

        let stderr = outcome.failure(6);
        assert!(stderr.starts_with(&format!("error: could not reach {}\ncaused by: could not connect", service.name)));
        let hint =
            format!("connection refused\nhint: check the address of {}, the network and the proxy\n", service.name);
        assert!(stderr.ends_with(&hint), "{stderr}");
    });
}

#[test]
fn a_busy_service_is_asked_again_after_the_time_that_it_names() {
    each(|service| {
        let mut answers =
            vec![refused(service, 2), reply_with(429, &["Retry-After: 1"], &json!({})), reply(503, &json!({}))];
        let double = double(service, move |_| answers.pop().unwrap());
        let started = Instant::now();

        let outcome = service.run(&double.url()).run();

        let waited = started.elapsed();
        assert!(outcome.failure(4).contains(&format!("error: {} has no ", service.name)), "{}", outcome.stderr);
        assert!((Duration::from_secs(1)..SLACK).contains(&waited), "{waited:?}");
    });
}

#[test]
fn a_service_that_stays_busy_is_named_with_the_time_to_wait() {
    each(|service| {
        let double = double(service, |_| reply_with(429, &["Retry-After: 3600"], &json!({})));

        service.run(&double.url()).run().fails(
            6,
            &format!("error: {} received too many requests: HTTP 429\nhint: try again in 3600 s\n", service.name),
        );
    });
    each(|service| {
        let double = double(service, |_| reply(503, &json!({})));

        service
            .run(&double.url())
            .args(["--retries", "1"])
            .run()
            .fails(6, &format!("error: {} is out of order: HTTP 503\nhint: try again later\n", service.name));
        let of_azure = usize::from(service.name == "Azure Key Vault");
        assert_eq!(double.lines().len(), 2 + of_azure);
    });
}

#[test]
fn each_key_is_read_in_each_encoding_from_each_service() {
    each(|service| {
        let Some(content) = service.content else { return };
        for kind in kinds() {
            let plain = [("as it is", kind.content.clone())].into_iter();
            let plain = plain.filter(|(_, key)| str::from_utf8(key).is_ok() || is_binary(service));
            let encoded = ENCODINGS.map(|(name, encode)| (name, encode(&kind.content).into_bytes()));
            for (encoding, key) in plain.chain(encoded) {
                let answer = content(&key);
                let double = double(service, move |_| ok(&answer));
                let run = service.run(&double.url()).args(kind.more).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret");

                signs(&run.run(), &format!("{}, {encoding}, {}", kind.name, service.place));
            }
        }
    });
}

/// Whether a service keeps bytes that are not text.
fn is_binary(service: Service) -> bool {
    ["aws-sm:", "gcp-sm:"].iter().any(|scheme| service.place.starts_with(scheme))
}
