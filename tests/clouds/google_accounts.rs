//! Google's accounts that get their token through another one: of AWS, of a program, and service accounts that they act for.

use serde_json::{Value, json};
use snapbox::str;

use super::{
    google::{ACCOUNT, AUDIENCE, AWS_KEY_ID, Contents, Google, SECRET, SUBJECT},
    token,
};
use crate::{
    registered::{BY_KEY, is_token_of},
    support::{Expected, Maskinporten},
};

/// Gets a token with the key in Secret Manager, and returns the paths that were asked for tokens.
#[track_caller]
fn gets_a_token(
    account: impl FnOnce(&Google) -> Value,
    more: impl FnOnce(Maskinporten) -> Maskinporten,
) -> Vec<String> {
    let google = Google::start(Contents::default());
    let run = google.opened_with(token(BY_KEY, SECRET), &account(&google));
    is_token_of(BY_KEY, &more(run).run().artefact());
    let path = |line: &String| line.split([' ', '?']).nth(1).unwrap().rsplit('/').next().unwrap().to_owned();
    google.issuer.lines().iter().map(path).collect()
}

fn impersonation() -> String {
    format!("{ACCOUNT}:generateAccessToken")
}

#[test]
fn a_machine_of_aws_proves_its_role_with_a_signed_request() {
    let lines = gets_a_token(Google::external_at_aws, |run| run);

    let zone = ["token", "availability-zone"];
    let role = ["token", "", "our-role"];
    assert_eq!(lines, [&zone[..], &role, &["token", &impersonation()]].concat());
}

#[test]
fn the_variables_of_aws_go_before_its_metadata_service() {
    let of_variables = |run: Maskinporten| {
        let run = run.env("AWS_ACCESS_KEY_ID", AWS_KEY_ID).env("AWS_SECRET_ACCESS_KEY", "secret-of-the-role");
        run.env("AWS_SESSION_TOKEN", "session-of-the-role").env("AWS_REGION", "eu-north-1")
    };

    assert_eq!(gets_a_token(Google::external_at_aws, of_variables), ["token", &impersonation()]);
}

#[test]
fn an_account_acts_for_a_service_account() {
    for source in [Google::service_account, Google::user] {
        let lines = gets_a_token(|google| google.impersonating(&source(google)), |run| run);

        assert_eq!(lines, ["token", &impersonation()]);
    }
}

/// What the program of the tests prints.
fn printed(success: bool) -> String {
    let kind = "urn:ietf:params:oauth:token-type:jwt";
    json!({
        "version": 1, "success": success, "token_type": kind, "id_token": SUBJECT, "expiration_time": 4_070_908_800_u64,
        "code": "401", "message": "the session has ended"
    })
    .to_string()
}

fn of_program(google: &Google) -> Value {
    google.external_with(
        &json!({ "executable": { "command": "our-tokens --for 'this program'", "timeout_millis": 9000 } }),
    )
}

fn with_program(run: Maskinporten, printed: &str) -> Maskinporten {
    let checks = format!(
        "[ \"$#-$2\" = '2-this program' ] || exit 8\n\
         [ \"$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE\" = '{AUDIENCE}' ] || exit 7\n\
         [ \"$GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL\" = '{ACCOUNT}' ] || exit 6\n\
         [ \"$GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE\" = 0 ] || exit 5\n\
         env | grep -q '^MASKINPORTEN_' && exit 4\n"
    );
    run.with_program("our-tokens", &format!("{checks}cat <<'END'\n{printed}\nEND"))
}

#[test]
fn a_program_prints_the_token_of_the_account_where_that_is_allowed() {
    let allowed =
        |run: Maskinporten| with_program(run, &printed(true)).env("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1");

    assert_eq!(gets_a_token(of_program, allowed), ["token", &impersonation()]);
}

#[track_caller]
fn fails(account: &Value, more: impl FnOnce(Maskinporten) -> Maskinporten, expected: impl Expected) {
    let google = Google::start(Contents::default());
    more(google.opened_with(token(BY_KEY, SECRET), account)).run().fails(3, expected);
}

#[test]
fn a_program_that_is_not_allowed_or_gives_no_token_is_named() {
    let google = Google::start(Contents::default());
    let account = of_program(&google);
    let allowed = |run: Maskinporten| run.env("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1");
    fails(
        &account,
        |run| with_program(run, &printed(true)),
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: it runs a program, which it may only if GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is 1
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    fails(
        &account,
        allowed,
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its program is not installed
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    fails(
        &account,
        |run| allowed(with_program(run, &printed(false))),
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its program failed: the session has ended
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    fails(
        &account,
        |run| allowed(with_program(run, "no JSON")),
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its program did not print a JSON object
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    fails(
        &account,
        |run| allowed(run.with_program("our-tokens", "echo 'not logged in' >&2; exit 3")),
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its program failed: not logged in
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
}

#[test]
fn an_account_whose_members_cannot_be_used_is_named() {
    let google = Google::start(Contents::default());
    let keeps = |run| run;
    for verification in [
        "https://sts.{region}.example.com?Action=GetCallerIdentity&Version=2011-06-15",
        "https://sts.{region}.amazonaws.com?Action=AssumeRole&Version=2011-06-15",
        "https://sts.{region}.amazonaws.com?Action=AssumeRole&Action=GetCallerIdentity&Version=2011-06-15",
    ] {
        let mut other = google.external_at_aws();
        other["credential_source"]["regional_cred_verification_url"] = json!(verification);
        fails(
            &other,
            keeps,
            str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its `regional_cred_verification_url` is not AWS' address for GetCallerIdentity
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
        );
    }
    let mut machine = google.external_at_aws();
    machine["credential_source"]["url"] =
        json!("http://metadata.example.com/latest/meta-data/iam/security-credentials");
    fails(
        &machine,
        keeps,
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its `credential_source.url` is not that of EC2, which ends with /latest/meta-data/iam/security-credentials
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    fails(
        &google.impersonating(&google.impersonating(&google.user())),
        keeps,
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its `type` is `impersonated_service_account`, which is not supported
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    let mut alone = google.impersonating(&google.user());
    alone.as_object_mut().unwrap().remove("service_account_impersonation_url");
    fails(
        &alone,
        keeps,
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: it has no `service_account_impersonation_url`
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    fails(
        &google.external_with(&json!({})),
        keeps,
        str![[r#"
error: GOOGLE_APPLICATION_CREDENTIALS cannot be used for Google Secret Manager: its `credential_source` has no `file`, `url`, `executable` or `environment_id`
hint: correct GOOGLE_APPLICATION_CREDENTIALS

"#]],
    );
    assert_eq!(google.issuer.lines(), [""; 0]);
}
