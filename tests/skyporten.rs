//! Skyporten: its addresses, the resource that its tokens need, and the forms in which clouds read tokens.

use serde_json::{Value, json};
use snapbox::str;

use crate::{
    registered::claims,
    server::{Server, TOKEN, asking, json as json_answer, token},
    support::{Maskinporten, maskinporten, testdata},
};

fn grant(environment: &str) -> Maskinporten {
    let grant = maskinporten(["grant", "--env", environment, "-c", "our-client", "-s", "entur:skyporten.demo"]);
    grant.args(["--jwk", &testdata("jwk/rsa.json")])
}

#[test]
fn the_audience_is_skyportens_issuer_without_a_slash() {
    for (environment, issuer) in
        [("sky", "https://sky.maskinporten.no"), ("test-sky", "https://test.sky.maskinporten.no")]
    {
        let resource = "https://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";

        let claims = claims(&grant(environment).args(["--resource", resource]).run().artefact());

        assert_eq!((&claims["aud"], &claims["resource"]), (&json!(issuer), &json!(resource)));
        let curl = grant(environment).args(["--resource", resource, "--format", "curl"]).run().artefact();
        assert!(curl.contains(&format!("{issuer}/token")), "{curl}");
    }
}

#[test]
fn skyporten_needs_a_resource() {
    for run in [grant("test-sky"), grant("sky").args(["--no-resource"])] {
        run.run().fails(
            3,
            str![[r#"
error: Skyporten needs a resource: the audience that the cloud provider requires of the token
hint: pass --resource, such as api://AzureADTokenExchange for Azure

"#]],
        );
    }
}

#[test]
fn googles_libraries_get_the_response_of_a_program() {
    let server = Server::start([token()]);
    let before = chrono::Utc::now().timestamp();

    let printed = asking("token", &server).args(["--format", "gcp-executable"]).run().artefact();

    let mut response: Value = serde_json::from_str(&printed).unwrap();
    let expires = response.as_object_mut().unwrap().remove("expiration_time").unwrap().as_i64().unwrap();
    assert!((before + 599..=before + 660).contains(&expires), "{expires} after {before}");
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    assert_eq!(response, json!({ "version": 1, "success": true, "token_type": jwt, "id_token": TOKEN }));
}

#[test]
fn the_program_of_google_prints_nothing_if_there_is_no_token() {
    let server = Server::start([json_answer("400 Bad Request", r#"{"error":"invalid_grant"}"#)]);

    let outcome = asking("token", &server).args(["--format", "gcp-executable"]).run();

    outcome.failure(5);
}

#[test]
fn a_token_file_of_aws_or_azure_is_the_token_without_a_line_break() {
    for form in ["aws-web-identity", "azure-federated"] {
        let server = Server::start([token()]);

        assert_eq!(asking("token", &server).args(["--format", form]).run().artefact(), TOKEN);
    }
}
