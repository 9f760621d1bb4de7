//! Parses the settings of the grant: scopes, resources, claims, and how the server finds the key.

use std::{fs::File, io::Read as _};

use maskinporten_token_generator::{
    environment::Environment,
    grant::{
        AuthorizationDetails, ClientId, ExtraClaims, Grant, KeyReference, Lifetime, PersonIdentifier, Resource, Scopes,
        default_resource,
    },
    keystore::SignatureAlgorithm,
    organisation::OrganisationNumber,
    text::shown_path,
};

use super::{Problems, Setting, SettingSources, definition, sources::Found};
use crate::cli::report::{Exit, Failure};

/// The size limit of a file that a setting names with `@`; such files have a few kilobytes.
const MAXIMUM_TEXT_BYTES: u64 = 1024 * 1024;

/// Parses every setting of the grant; `None` if there are problems.
pub(super) fn grant(
    sources: &SettingSources,
    audience: String,
    environment: Option<Environment>,
    problems: &mut Problems,
) -> Option<Grant> {
    let client_id = problems.keep(client_id(sources));
    let scopes = problems.keep(scopes(sources));
    let resources = scopes.as_ref().map(|scopes| problems.keep(resources(sources, environment, scopes)));
    let algorithm = problems.keep(algorithm(sources));
    let key_reference = problems.keep(key_reference(sources));
    let lifetime = problems.keep(sources.find_or_default("ttl").parse(Lifetime::parse));
    let consumer_org = problems.keep(consumer_org(sources));
    let person = problems.keep(sources.find("pid").map(|found| found.parse(PersonIdentifier::parse)).transpose());
    let authorization_details = problems.keep(authorization_details(sources));
    let extra = problems.keep(extra_claims(sources));
    let grant = Grant::builder(audience, client_id?, scopes?)
        .resources(resources??)
        .lifetime(lifetime?.value)
        .consumer_org(consumer_org?.map(|number| number.value))
        .person(person?.map(|person| person.value))
        .authorization_details(authorization_details?)
        .extra(extra?)
        .algorithm(algorithm?)
        .key_reference(key_reference?.map(|reference| reference.value));
    Some(grant.build())
}

/// Whether the settings name resources, or that there are none.
pub(super) fn names_resource(sources: &SettingSources) -> bool {
    !sources.find_group(&["resource", "no-resource"]).is_empty()
}

fn client_id(sources: &SettingSources) -> Result<ClientId, Failure> {
    let found = sources.require("client-id", "pass --client-id ID")?;
    Ok(found.parse(ClientId::parse)?.value)
}

fn scopes(sources: &SettingSources) -> Result<Scopes, Failure> {
    let found = sources.require("scope", "pass --scope SCOPE")?;
    Scopes::parse(&found.texts().join(" ")).map_err(|error| found.origin.unusable(&error))
}

fn resources(
    sources: &SettingSources,
    environment: Option<Environment>,
    scopes: &Scopes,
) -> Result<Vec<Resource>, Failure> {
    let Some(found) = sources.find_one_of(&["resource", "no-resource"])? else {
        let default = environment.and_then(|known| default_resource(known, scopes));
        return Ok(default.into_iter().collect());
    };
    if found.name == "no-resource" {
        return Ok(Vec::new());
    }
    let values = found.texts().iter().flat_map(|value| value.split_whitespace());
    let parse = |value| Resource::parse(value).map_err(|error| found.origin.unusable(&error));
    values.map(parse).collect()
}

/// Parses `--kid` or `--x5c`.
pub(crate) fn key_reference(sources: &SettingSources) -> Result<Option<Setting<KeyReference>>, Failure> {
    let Some(found) = sources.find_one_of(&["kid", "x5c"])? else { return Ok(None) };
    let reference = match (found.name, found.text()) {
        ("kid", "thumbprint") => KeyReference::Thumbprint,
        ("kid", id) => KeyReference::KeyId(id.to_owned()),
        (_, "chain") => KeyReference::Chain,
        (_, "leaf") => KeyReference::Leaf,
        _ => {
            let message = format!("{} is neither `chain` nor `leaf`", found.origin.label);
            return Err(found.failure("x5c", message, "pass --x5c chain or --x5c leaf"));
        }
    };
    Ok(Some(found.setting(reference)))
}

fn algorithm(sources: &SettingSources) -> Result<Option<SignatureAlgorithm>, Failure> {
    let Some(found) = sources.find("alg") else { return Ok(None) };
    if let Some(algorithm) = SignatureAlgorithm::parse(found.text()) {
        return Ok(Some(algorithm));
    }
    let names = SignatureAlgorithm::ALL.map(SignatureAlgorithm::name).join(", ");
    let message = format!("{} is not a known signature algorithm", found.origin.label);
    Err(found.failure("alg", message, format!("use one of {names}")))
}

/// Parses `--consumer-org`.
pub(crate) fn consumer_org(sources: &SettingSources) -> Result<Option<Setting<OrganisationNumber>>, Failure> {
    sources.find("consumer-org").map(|found| found.parse(OrganisationNumber::parse)).transpose()
}

/// Parses `--system-user`.
pub(crate) fn system_user(sources: &SettingSources) -> Result<Option<Setting<OrganisationNumber>>, Failure> {
    sources.find("system-user").map(|found| found.parse(OrganisationNumber::parse)).transpose()
}

fn authorization_details(sources: &SettingSources) -> Result<Option<AuthorizationDetails>, Failure> {
    let found = sources.find_one_of(&["authorization-details", "system-user"])?;
    let reference = sources.find("external-ref");
    match (found, reference) {
        (Some(found), None) if found.name == "authorization-details" => {
            let text = match found.text().strip_prefix('@') {
                Some(file) => read_text_file(&found, file)?,
                None => found.text().to_owned(),
            };
            Ok(Some(found.parse(|_| AuthorizationDetails::parse(&text))?.value))
        }
        (Some(found), reference) if found.name == "system-user" => {
            let organisation = found.parse(OrganisationNumber::parse)?.value;
            let details = AuthorizationDetails::system_user(&organisation, reference.as_ref().map(Found::text));
            details.map(Some).map_err(|error| reference.as_ref().unwrap_or(&found).origin.unusable(&error))
        }
        (_, Some(reference)) => {
            let message = format!("{} needs a system user, and none was given", reference.origin.label);
            Err(reference.failure("conflict", message, "pass --system-user ORGNO with it"))
        }
        (_, None) => Ok(None),
    }
}

fn extra_claims(sources: &SettingSources) -> Result<ExtraClaims, Failure> {
    let mut extra = ExtraClaims::default();
    for found in [sources.find("claim"), sources.find("claim-json")].into_iter().flatten() {
        let label = &found.origin.label;
        for pair in found.texts() {
            let Some((name, text)) = pair.split_once('=') else {
                let form = if found.name == "claim" { "NAME=VALUE" } else { "NAME=JSON" };
                let hint = format!("pass {} {form}", definition::option(found.name));
                return Err(found.failure("claim", format!("{label} is not of the form {form}"), hint));
            };
            let value = if found.name == "claim" {
                text.into()
            } else {
                serde_json::from_str(text).map_err(|error| {
                    let message = format!("{label} cannot be used: the value of `{name}` is not JSON: {error}");
                    found.failure("claim", message, "pass text with --claim NAME=VALUE")
                })?
            };
            extra.add(name, value).map_err(|error| found.origin.unusable(&error))?;
        }
    }
    Ok(extra)
}

/// Reads a file that a setting names with `@`.
fn read_text_file(found: &Found, file: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(file).and_then(|opened| opened.take(MAXIMUM_TEXT_BYTES).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| {
        let message = format!("could not read `{}`, which {} names: {error}", shown_path(file), found.origin.label);
        Failure::plain(Exit::Configuration, "file", message, Some("check the path after the @".to_owned()))
    })
}
