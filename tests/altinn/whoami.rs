//! `altinn whoami` and `inspect`: tokens of every kind that Altinn issues or its tools make.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use snapbox::str;

use crate::support::{Outcome, maskinporten};

const TT02: &str = "https://platform.tt02.altinn.no/authentication/api/v1/openid/";

fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({ "alg": "RS256", "kid": "k", "typ": "JWT" })), part(claims))
}

fn whoami(claims: &Value) -> Outcome {
    maskinporten(["altinn", "whoami", "-q"]).stdin(token(claims)).run()
}

/// The claims of a real token of January 2025, and those that Altinn and its test tools make of others.
#[test]
fn the_holder_of_every_kind_of_token_is_named() {
    let organisation = json!({ "authority": "iso6523-actorid-upis", "ID": "0192:991825827" });
    for (claims, expected) in [
        (
            json!({
                "scope": "altinn:serviceowner/instances.write", "token_type": "Bearer", "client_id": "c", "exp": 4_102_444_800_i64,
                "consumer": organisation, "urn:altinn:org": "digdir", "urn:altinn:orgNumber": "991825827",
                "urn:altinn:authenticatemethod": "maskinporten", "urn:altinn:authlevel": 3, "iss": TT02,
            }),
            str![[r#"
token           exchanged Altinn token (tt02)
organisation    991825827 (digdir)
authentication  maskinporten (level 3)
client          c
scope           altinn:serviceowner/instances.write
valid until     2100-01-01 00:00:00 +00:00, in 73 years

"#]],
        ),
        (
            json!({
                "iss": TT02, "client_id": "c", "consumer": organisation,
                "authorization_details": {
                    "type": "urn:altinn:systemuser", "systemuser_id": ["a37ed29e-0000-4000-8000-000000000000"],
                    "systemuser_org": { "authority": "iso6523-actorid-upis", "ID": "0192:310547891" },
                    "system_id": "991825827_smartcloud",
                },
                "urn:altinn:authenticatemethod": "systemuser", "urn:altinn:authlevel": 3,
            }),
            str![[r#"
token           exchanged Altinn token (tt02)
organisation    991825827
system user     310547891 (a37ed29e-0000-4000-8000-000000000000)
system          991825827_smartcloud
authentication  systemuser (level 3)
client          c

"#]],
        ),
        (
            json!({
                "iss": TT02, "nameid": "1", "urn:altinn:userid": "1", "urn:altinn:username": "\u{1b}[31mOLA",
                "urn:altinn:partyid": 2, "urn:altinn:party:uuid": "u", "pid": "01017012345", "acr": "idporten-loa-high",
                "urn:altinn:authenticatemethod": "TestID", "urn:altinn:authlevel": 4, "scope": "openid altinn:portal/enduser",
            }),
            str![[r#"
token           exchanged Altinn token (tt02)
person          ***********
user            �[31mOLA (1)
party           2 (u)
authentication  TestID (level 4)
scope           openid altinn:portal/enduser

"#]],
        ),
        (
            json!({ "iss": "ttd", "urn:altinn:app": "frontend-test" }),
            str![[r#"
token  access token of an Altinn app
app    frontend-test

"#]],
        ),
        (
            json!({
                "iss": TT02, "actual_iss": "altinn-test-tools", "urn:altinn:org": "ttd", "consumer": organisation,
                "urn:altinn:orgNumber": "991825827", "supplier": { "authority": "iso6523-actorid-upis", "ID": "0192:310547891" },
            }),
            str![[r#"
token         token made by Altinn's test tools (tt02)
organisation  991825827 (ttd)
supplier      310547891

"#]],
        ),
    ] {
        let printed = whoami(&claims).artefact();

        crate::support::assert_snapshot(&printed, expected);
    }
}

#[test]
fn a_token_that_altinn_has_not_made_is_named() {
    let claims = json!({ "iss": "https://test.maskinporten.no/", "scope": "a:b", "client_id": "c" });

    whoami(&claims).fails(
        1,
        str![[r#"
error: the token is not one of Altinn's: Maskinporten access token
hint: pass a token of Altinn's exchange; maskinporten inspect shows any token

"#]],
    );
}

#[test]
fn inspect_shows_the_access_token_of_an_app_as_such() {
    let claims = json!({ "iss": "ttd", "urn:altinn:app": "frontend-test" });

    let shown = maskinporten(["inspect"]).stdin(token(&claims)).run().artefact();

    assert!(shown.starts_with("access token of an Altinn app\n"), "{shown}");
}
