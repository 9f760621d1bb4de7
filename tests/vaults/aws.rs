//! Secrets Manager, Parameter Store, STS and policies in `moto`, which checks signatures; keys in a KMS that signs.

use std::{fs, process::Command};

use openssl::pkey::PKey;
use serde_json::Value;
use snapbox::str;

use super::{ServiceProcess, installed};
use crate::{
    clouds::{SIMULATOR, chain, pem_with_chain, token},
    registered::{BY_CERTIFICATE, BY_KEY, is_token_of},
    server::{Server, Step, answer, json, unused_address},
    support::{Maskinporten, assert_snapshot, program, testdata},
};

const REGION: &str = "eu-north-1";
const SECRET_KEY: &str = "secret-access-key-of-the-tests";
const RSA_KEY: &str = "11111111-1111-4111-8111-111111111111";
const EC_KEY: &str = "22222222-2222-4222-8222-222222222222";

/// Makes a user that may read secrets and parameters, another that may do nothing, and their keys; from then on every
/// request is checked.
const PREPARE: &str = r#"
import json, sys, urllib.request, boto3
url, jwk, pem = sys.argv[1:]
def client(name):
    return boto3.client(name, endpoint_url=url, region_name="eu-north-1", aws_access_key_id="a", aws_secret_access_key="b")
secrets, parameters, iam = client("secretsmanager"), client("ssm"), client("iam")
secrets.create_secret(Name="mp/jwk", SecretString=open(jwk).read())
secrets.create_secret(Name="mp/fields", SecretString=json.dumps({"jwk": open(jwk).read()}))
secrets.create_secret(Name="mp/pem", SecretBinary=open(pem, "rb").read())
parameters.put_parameter(Name="/mp/jwk", Value=open(jwk).read(), Type="SecureString")
iam.create_user(UserName="mp")
iam.put_user_policy(UserName="mp", PolicyName="mp", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Resource": "*",
     "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameter", "sts:GetCallerIdentity"]}]}))
key = iam.create_access_key(UserName="mp")["AccessKey"]
iam.create_user(UserName="nobody")
nobody = iam.create_access_key(UserName="nobody")["AccessKey"]
urllib.request.urlopen(urllib.request.Request(url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}))
print(json.dumps({"id": key["AccessKeyId"], "secret": key["SecretAccessKey"],
                  "other_id": nobody["AccessKeyId"], "other_secret": nobody["SecretAccessKey"]}))
"#;

/// A region of `moto`, with the key of a user.
struct Moto {
    process: ServiceProcess,
    id: String,
    secret: String,
    /// The key of a user without permissions.
    other: [String; 2],
}

impl Moto {
    fn start() -> Self {
        let process = ServiceProcess::start(|_, port| {
            let mut command = Command::new(installed("key-services/bin/moto_server"));
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            command
        });
        let pem = process.file("key.pem", pem_with_chain());
        let mut python = Command::new(installed("key-services/bin/python3"));
        python.args(["-c", PREPARE, &process.url(), &testdata("jwk/rsa.json"), &pem]);
        let key: Value = serde_json::from_str(&program(&mut python, b"")).unwrap();
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        Self { id: text("id"), secret: text("secret"), other: [text("other_id"), text("other_secret")], process }
    }

    /// Adds the address and the region, without credentials.
    fn at(&self, command: Maskinporten) -> Maskinporten {
        command.env("AWS_ENDPOINT_URL", self.process.url()).env("AWS_REGION", REGION)
    }

    fn used_by(&self, command: Maskinporten) -> Maskinporten {
        self.at(command).env("AWS_ACCESS_KEY_ID", &self.id).env("AWS_SECRET_ACCESS_KEY", &self.secret)
    }
}

/// Starts a KMS with testdata's keys.
fn kms() -> ServiceProcess {
    ServiceProcess::start(|folder, port| {
        let indented = |name: &str| {
            let pem = fs::read(testdata(&format!("keys/{name}-key.pem"))).unwrap();
            let key = PKey::private_key_from_pem(&pem).unwrap();
            // Of EC keys it reads only the form of SEC 1.
            let pem = key.ec_key().map_or(pem, |key| key.private_key_to_pem().unwrap());
            String::from_utf8(pem)
                .unwrap()
                .lines()
                .map(|line| format!("          {line}\n"))
                .collect::<Vec<_>>()
                .concat()
        };
        let metadata =
            |id: &str| format!("      - Metadata:\n          KeyId: {id}\n          KeyUsage: SIGN_VERIFY\n");
        let seed = folder.join("seed.yaml");
        let keys = [("Rsa", RSA_KEY, "enterprise"), ("Ecc", EC_KEY, "ec")].map(|(kind, id, name)| {
            format!("    {kind}:\n{}        PrivateKeyPem: |\n{}", metadata(id), indented(name))
        });
        fs::write(&seed, format!("Keys:\n  Asymmetric:\n{}", keys.concat())).unwrap();
        let mut command = Command::new(installed("bin/local-kms"));
        command.env("KMS_SEED_PATH", seed).env("KMS_DATA_PATH", folder).env("PORT", port.to_string());
        command.env("KMS_REGION", REGION).env("KMS_ACCOUNT_ID", "111122223333");
        command
    })
}

fn kms_user(kms: &ServiceProcess, command: Maskinporten) -> Maskinporten {
    let command = command.env("AWS_ENDPOINT_URL_KMS", kms.url()).env("AWS_REGION", REGION);
    command.env("AWS_ACCESS_KEY_ID", "AKIDOFTHETESTS").env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
}

#[test]
fn a_key_in_a_secret_or_parameter_gets_a_token() {
    let moto = Moto::start();
    for (client, place) in [
        (BY_KEY, "aws-sm://mp/jwk"),
        (BY_KEY, "aws-sm://mp/fields#jwk"),
        (BY_CERTIFICATE, "aws-sm://mp/pem"),
        (BY_KEY, "aws-ssm:///mp/jwk"),
        (BY_KEY, "aws-ssm://mp/jwk"),
    ] {
        let got = moto.used_by(token(client, place)).run().artefact();

        is_token_of(client, &got);
    }
}

#[test]
fn a_key_in_kms_signs_with_its_certificate_or_key_id() {
    let kms = kms();
    let certificates = kms.file("chain.pem", chain());
    // Its salts for RSASSA-PSS are as long as possible, and not as long as the digest, as those of AWS are.
    for algorithm in ["RS256", "RS384", "RS512"] {
        let command = token(BY_CERTIFICATE, &format!("aws-kms://{RSA_KEY}"));
        let command = command.args(["--certificate", &certificates, "--alg", algorithm, "--quiet"]);

        is_token_of(BY_CERTIFICATE, &kms_user(&kms, command).run().artefact());
    }
    let command = token(BY_KEY, &format!("aws-kms://arn:aws:kms:{REGION}:111122223333:key/{EC_KEY}"));
    let command = command.args(["--kid", "ec", "--alg", "ES256", "--quiet"]);
    is_token_of(BY_KEY, &kms_user(&kms, command).run().artefact());
}

#[test]
fn the_error_says_what_aws_lacks_or_refuses() {
    let (moto, kms) = (Moto::start(), kms());
    let report = |command: Maskinporten, code: i32| command.args(["--kid", "a"]).run().failure(code).to_owned();
    let secret = |name: &str| moto.used_by(token(BY_KEY, &format!("aws-sm://{name}")));
    let [other_id, other_secret] = &moto.other;
    let other =
        |command: Maskinporten| command.env("AWS_ACCESS_KEY_ID", other_id).env("AWS_SECRET_ACCESS_KEY", other_secret);
    let found = [
        report(secret("mp/jwk").env("AWS_SECRET_ACCESS_KEY", SECRET_KEY), 5),
        report(secret("mp/jwk").env("AWS_ACCESS_KEY_ID", "AKIDOFNOBODY"), 5),
        report(other(secret("mp/jwk")), 5),
        report(other(moto.used_by(token(BY_KEY, "aws-ssm:///mp/jwk"))), 5),
        report(secret("mp/none"), 4),
        report(secret("mp/fields#none"), 4),
        report(moto.used_by(token(BY_KEY, "aws-ssm:///mp/none")), 4),
        report(kms_user(&kms, token(BY_KEY, "aws-kms://alias/none")), 4),
    ];

    assert_snapshot(
        &found.join("\n").replace(&moto.id, "[ID]"),
        str![[r#"
error: AWS Secrets Manager did not accept the credentials: SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details. (HTTP 403)
hint: run `aws configure`, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION

error: AWS Secrets Manager did not accept the credentials: InvalidClientTokenId: The security token included in the request is invalid. (HTTP 403)
hint: run `aws configure`, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION

error: AWS Secrets Manager denied access: AccessDenied: User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: secretsmanager:GetSecretValue (HTTP 403)
hint: give this identity the permission secretsmanager:GetSecretValue

error: AWS Parameter Store denied access: AccessDenied: User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: ssm:GetParameter (HTTP 403)
hint: give this identity the permission ssm:GetParameter

error: AWS Secrets Manager has no secret mp/none: ResourceNotFoundException: Secrets Manager can't find the specified secret. (HTTP 404)
hint: check the name, and which account or address the credentials are for

error: the secret in AWS Secrets Manager cannot be used: mp/fields has no `none`
hint: name a field of the secret that is a text, after #

error: AWS Parameter Store has no parameter /mp/none: ParameterNotFound: Parameter /mp/none not found. (HTTP 400)
hint: check the name, and which account or address the credentials are for

error: AWS KMS has no key alias/none: NotFoundException: Alias arn:aws:kms:eu-north-1:111122223333:alias/none is not found. (HTTP 400)
hint: check the name, and which account or address the credentials are for

"#]],
    );
}

#[test]
fn credentials_are_found_where_the_tools_of_aws_find_them() {
    let moto = Moto::start();
    let command = || moto.at(token(BY_KEY, "aws-sm://mp/jwk")).args(["--no-cache"]);
    let credentials = format!(
        r#"{{"AccessKeyId":"{}","SecretAccessKey":"{}","Expiration":"2099-01-01T00:00:00Z"}}"#,
        moto.id, moto.secret
    );

    let of_file = command();
    fs::create_dir(of_file.home().join(".aws")).unwrap();
    let file = format!("[profile]\n[x]\naws_access_key_id = {}\naws_secret_access_key={}\n", moto.id, moto.secret);
    fs::write(of_file.home().join(".aws/credentials"), file).unwrap();
    is_token_of(BY_KEY, &of_file.env("AWS_PROFILE", "x").run().artefact());

    let container = Server::start([json("200 OK", &credentials)]);
    let of_container = command().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url("/credentials"));
    is_token_of(BY_KEY, &of_container.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-container").run().artefact());
    assert!(container.request().head.contains("authorization: a-container\r\n"));

    let text = |body: &str| answer("200 OK", &[], body);
    let machine = Server::start([text("a-token"), text("a-role"), json("200 OK", &credentials)]);
    let of_machine = command().env("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.url("/"));
    is_token_of(BY_KEY, &of_machine.run().artefact());
    let heads: Vec<String> = machine.requests().into_iter().map(|request| request.head).collect();
    assert!(heads[0].starts_with("PUT /latest/api/token HTTP/1.1\r\n"), "{}", heads[0]);
    assert!(heads[0].contains("x-aws-ec2-metadata-token-ttl-seconds: 300\r\n"), "{}", heads[0]);
    assert!(heads[1].starts_with("GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"), "{}", heads[1]);
    assert!(heads[2].starts_with("GET /latest/meta-data/iam/security-credentials/a-role HTTP/1.1\r\n"), "{}", heads[2]);
    assert!(heads[1..].iter().all(|head| head.contains("x-aws-ec2-metadata-token: a-token\r\n")), "{heads:?}");

    let script = format!("[ \"$*\" = 'configure export-credentials --format process' ] && echo '{credentials}'");
    is_token_of(BY_KEY, &command().with_program("aws", &script).run().artefact());
}

#[test]
fn a_web_identity_is_exchanged_for_the_credentials_of_a_role() {
    let kms = kms();
    let response = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
                    <AccessKeyId>ASIAOFTHEROLE</AccessKeyId><SecretAccessKey>a-secret</SecretAccessKey>\
                    <SessionToken>a-session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
                    </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
    let sts = Server::start([answer("200 OK", &["Content-Type: text/xml"], response)]);
    let file = kms.file("token", "a.web.identity\n");
    let role = "arn:aws:iam::111122223333:role/mp";
    let command = token(BY_KEY, &format!("aws-kms://{EC_KEY}")).args(["--kid", "ec", "--alg", "ES256", "--quiet"]);
    let command = command.env("AWS_ENDPOINT_URL_KMS", kms.url()).env("AWS_REGION", REGION);
    let command = command.env("AWS_WEB_IDENTITY_TOKEN_FILE", file).env("AWS_ROLE_ARN", role);

    let got = command.env("AWS_ENDPOINT_URL_STS", sts.url("/")).run().artefact();

    is_token_of(BY_KEY, &got);
    let request = sts.request();
    assert_eq!(
        request.body,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fmp&\
         RoleSessionName=maskinporten&WebIdentityToken=a.web.identity"
    );
    assert!(!request.head.contains("authorization"), "{}", request.head);
}

#[test]
fn an_aws_that_is_not_configured_slow_or_dead_is_named() {
    let place = "aws-kms://alias/mp";
    let slow = Server::start([Step::Hang(Vec::new())]);
    let with_key =
        || token(BY_KEY, place).env("AWS_ACCESS_KEY_ID", "AKIDOFTHETESTS").env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    let no_tool = tempfile::tempdir().unwrap();

    with_key().run().fails(
        3,
        str![[r#"
error: AWS KMS needs AWS_REGION, which is not set
hint: set AWS_REGION, and export it

"#]],
    );
    let without_credentials = token(BY_KEY, place).env("AWS_REGION", REGION).env("PATH", no_tool.path());
    without_credentials.run().fails(3, str![[r#"
error: no credentials were found for AWS KMS: AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set, the profile has no key, and the command aws is not installed
hint: run `aws configure`, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION

"#]]);
    token(BY_KEY, place).env("AWS_REGION", REGION).env("AWS_PROFILE", "none").run().fails(
        3,
        str![[r#"
error: AWS_PROFILE cannot be used for AWS KMS: there is no profile `none`
hint: correct AWS_PROFILE

"#]],
    );
    with_key().env("AWS_REGION", "evil.example/").run().fails(
        3,
        str![[r#"
error: AWS_REGION cannot be used for AWS KMS: it is not the name of a region
hint: correct AWS_REGION

"#]],
    );
    let at = |url: &str| with_key().env("AWS_REGION", REGION).env("AWS_ENDPOINT_URL", url).args(["--timeout", "1"]);
    at(&slow.url("/")).run().replacing(slow.url("/"), "[URL]").fails(
        6,
        str![[r#"
error: could not reach AWS KMS
caused by: [URL] did not answer in time
hint: try again later; --timeout waits longer

"#]],
    );
    let dead = format!("http://{}/", unused_address());
    at(&dead).run().replacing(&dead, "[URL]").fails(
        6,
        str![[r#"
error: could not reach AWS KMS
caused by: could not connect to [URL]: connection refused
hint: check the address of AWS KMS, the network and the proxy

"#]],
    );
}

#[test]
fn check_shows_who_we_are_and_that_the_key_may_sign() {
    let (moto, kms) = (Moto::start(), kms());
    let command = SIMULATOR.maskinporten(&["check", "--env", "local", "-s", crate::registered::SCOPE]);
    let place = format!("aws-kms://{EC_KEY}");
    let command =
        command.args(["-c", BY_KEY, "--key-from", &place, "--kid", "ec", "--alg", "ES256", "--format", "json"]);

    let outcome = moto.used_by(command).env("AWS_ENDPOINT_URL_KMS", kms.url()).run();

    let place = super::place_lines(&outcome.stdout).replace(&kms.url(), "[URL]");
    assert_snapshot(
        &place,
        str![[r#"
"found": "22222222-2222-4222-8222-222222222222 in eu-north-1, [URL]/",
"authenticated as arn:aws:iam::123456789012:user/mp, by the variables",
"permission: kms:GetPublicKey",
"permission: kms:Sign"

"#]],
    );
}
