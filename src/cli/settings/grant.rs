//! Parses the settings of the grant: scopes, resources, claims, and how the server finds the key.

use std::path::Path;

use maskinporten::{
    environment::{Environment, is_maskinporten_issuer},
    file,
    grant::{
        AuthorizationDetails, ClientId, ConsentGiver, ConsentId, ExtraClaims, Grant, KeyReference, Lifetime,
        PersonIdentifier, Resource, Scopes, default_resource,
    },
    keystore::SignatureAlgorithm,
    organisation::OrganisationNumber,
    text::shown_path,
};

use super::{Problems, Setting, SettingSources, client_authentication, definition, sources::Found};
use crate::cli::report::{Exit, Failure};

/// The size limit of a file that a setting names with `@`; such files have a few kilobytes.
const MAXIMUM_TEXT_BYTES: u64 = 1024 * 1024;

/// The settings that name the key and the organisations. `check` reports them apart from the others, so each keeps its own
/// failure.
pub(crate) struct IdentitySettings {
    pub(crate) key_reference: Result<Option<Setting<KeyReference>>, Failure>,
    pub(crate) consumer_org: Result<Option<Setting<OrganisationNumber>>, Failure>,
    pub(crate) system_user: Result<Option<Setting<OrganisationNumber>>, Failure>,
}

impl IdentitySettings {
    pub(super) fn parse(sources: &SettingSources) -> Self {
        let parse = |found: Option<Found>| found.map(|found| found.parse(OrganisationNumber::parse)).transpose();
        // Details of a stronger source replace the system user of a weaker one.
        let details = sources.find_group(&["authorization-details", "system-user", "consent"]);
        Self {
            key_reference: key_reference(sources),
            consumer_org: parse(sources.find("consumer-org")),
            system_user: parse(details.into_iter().find(|found| found.name == "system-user")),
        }
    }

    pub(super) fn into_failures(self) -> impl Iterator<Item = Failure> {
        let organisations = [self.consumer_org, self.system_user];
        self.key_reference.err().into_iter().chain(organisations.into_iter().filter_map(Result::err))
    }
}

/// Parses every setting of the grant; `None` if there are problems.
pub(super) fn grant(
    sources: &SettingSources,
    audience: String,
    environment: Option<Environment>,
    identities: &IdentitySettings,
    problems: &mut Problems,
) -> Option<Grant> {
    let client_id = problems.keep(client_id(sources));
    let scopes = problems.keep(scopes(sources));
    let resources = scopes.as_ref().map(|scopes| problems.keep(resources(sources, environment, scopes)));
    let algorithm = problems.keep(algorithm(sources));
    let is_maskinporten = environment == Some(Environment::Local) || is_maskinporten_issuer(&audience);
    let parse = if is_maskinporten { Lifetime::parse } else { Lifetime::parse_elsewhere };
    let lifetime = problems.keep(sources.find_or_default("ttl").parse(parse));
    let person = problems.keep(sources.find("pid").map(|found| found.parse(PersonIdentifier::parse)).transpose());
    let system_user = identities.system_user.as_ref().ok();
    let authorization_details =
        system_user.and_then(|system_user| problems.keep(authorization_details(sources, system_user.as_ref())));
    let extra = problems.keep(extra_claims(sources));
    let authentication = problems.keep(client_authentication::client_authentication(sources));
    let parameters = problems.keep(client_authentication::request_parameters(sources));
    let key_reference = identities.key_reference.as_ref().ok()?;
    let consumer_org = identities.consumer_org.as_ref().ok()?;
    let grant = Grant::builder(audience, client_id?, scopes?)
        .resources(resources??)
        .lifetime(lifetime?.value)
        .consumer_org(consumer_org.as_ref().map(|number| number.value.clone()))
        .person(person?.map(|person| person.value))
        .authorization_details(authorization_details?)
        .extra(extra?)
        .client_authentication(authentication?)
        .request_parameters(parameters?)
        .algorithm(algorithm?)
        .key_reference(key_reference.as_ref().map(|reference| reference.value.clone()));
    Some(grant.build())
}

/// Parses the settings of the login of a person at an issuer.
pub(super) fn login_grant(sources: &SettingSources, issuer: &str, is_public: bool) -> Result<Grant, Failure> {
    const OPENID: &str = "openid profile";
    let scopes = match sources.find("scope") {
        Some(_) => scopes(sources)?,
        None => Scopes::parse(OPENID).map_err(|error| Failure::new(Exit::Other, &error))?,
    };
    let details = sources.find("authorization-details").map(|found| details(&found)).transpose()?;
    let key_reference = key_reference(sources)?.map(|reference| reference.value);
    let resources = resources(sources, None, &scopes)?;
    let grant = Grant::builder(issuer, client_id(sources)?, scopes)
        .resources(resources)
        .authorization_details(details)
        .client_authentication(Some(client_authentication::of_login(sources, is_public)?))
        .request_parameters(client_authentication::request_parameters(sources)?)
        .algorithm(algorithm(sources)?)
        .key_reference(key_reference);
    Ok(grant.build())
}

/// Parses `--authorization-details`.
fn details(found: &Found) -> Result<AuthorizationDetails, Failure> {
    let text = match found.text().strip_prefix('@') {
        Some(file) => read_text_file(found, file)?,
        None => found.text().to_owned(),
    };
    Ok(found.parse(|_| AuthorizationDetails::parse(&text))?.value)
}

/// Whether the settings name resources, or that there are none.
pub(super) fn names_resource(sources: &SettingSources) -> bool {
    !sources.find_group(&["resource", "no-resource"]).is_empty()
}

/// Returns the failures that there is no client id or no scope.
pub(super) fn missing(sources: &SettingSources) -> impl Iterator<Item = Failure> {
    [given_client_id(sources), given_scopes(sources)].into_iter().filter_map(Result::err)
}

fn given_client_id(sources: &SettingSources) -> Result<Found<'_>, Failure> {
    sources.require("client-id", "pass --client-id ID")
}

fn given_scopes(sources: &SettingSources) -> Result<Found<'_>, Failure> {
    sources.require("scope", "pass --scope SCOPE")
}

fn client_id(sources: &SettingSources) -> Result<ClientId, Failure> {
    Ok(given_client_id(sources)?.parse(ClientId::parse)?.value)
}

pub(super) fn scopes(sources: &SettingSources) -> Result<Scopes, Failure> {
    let found = given_scopes(sources)?;
    Scopes::parse(&found.texts().join(" ")).map_err(|error| found.origin.unusable(&error))
}

fn resources(
    sources: &SettingSources,
    environment: Option<Environment>,
    scopes: &Scopes,
) -> Result<Vec<Resource>, Failure> {
    let given = sources.find_one_of(&["resource", "no-resource"])?;
    if environment.is_some_and(Environment::is_skyporten) && given.as_ref().is_none_or(|given| given.name != "resource")
    {
        let message =
            "Skyporten needs a resource: the audience that the cloud provider requires of the token".to_owned();
        let hint = "pass --resource, such as api://AzureADTokenExchange for Azure".to_owned();
        return Err(Failure::plain(Exit::Configuration, "resource", message, Some(hint)));
    }
    let Some(found) = given else {
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
fn key_reference(sources: &SettingSources) -> Result<Option<Setting<KeyReference>>, Failure> {
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

fn authorization_details(
    sources: &SettingSources,
    system_user: Option<&Setting<OrganisationNumber>>,
) -> Result<Option<AuthorizationDetails>, Failure> {
    let found = sources.find_one_of(&["authorization-details", "system-user", "consent"])?;
    let giver = sources.find("consent-from");
    if let Some(giver) = giver.filter(|_| found.as_ref().is_none_or(|found| found.name != "consent")) {
        let message = format!("{} needs a consent, and none was given", giver.origin.label);
        return Err(giver.failure("conflict", message, "pass --consent ID with it"));
    }
    let reference = sources.find("external-ref");
    if let Some(Setting { value: organisation, origin }) = system_user {
        let details = AuthorizationDetails::system_user(organisation, reference.as_ref().map(Found::text));
        return details
            .map(Some)
            .map_err(|error| reference.as_ref().map_or(origin, |found| &found.origin).unusable(&error));
    }
    match (found, reference) {
        (Some(found), None) => {
            if found.name == "consent" {
                return consent(sources, &found).map(Some);
            }
            details(&found).map(Some)
        }
        (_, Some(reference)) => {
            let message = format!("{} needs a system user, and none was given", reference.origin.label);
            Err(reference.failure("conflict", message, "pass --system-user ORGNO with it"))
        }
        (None, None) => Ok(None),
    }
}

/// Parses `--consent` and the party that gave it.
fn consent(sources: &SettingSources, found: &Found) -> Result<AuthorizationDetails, Failure> {
    let id = found.parse(ConsentId::parse)?.value;
    let Some(giver) = sources.find("consent-from") else {
        let message = format!("{} needs the party that gave the consent", found.origin.label);
        return Err(found.failure(
            "conflict",
            message,
            "pass --consent-from with the number of that organisation or person",
        ));
    };
    Ok(AuthorizationDetails::consent(&id, &giver.parse(ConsentGiver::parse)?.value))
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
fn read_text_file(found: &Found, path: &str) -> Result<String, Failure> {
    let read = file::read_text(Path::new(path), MAXIMUM_TEXT_BYTES);
    read.map(|text| text.to_string()).map_err(|error| {
        let message = format!("could not read `{}`, which {} names: {error}", shown_path(path), found.origin.label);
        Failure::plain(Exit::Configuration, "file", message, Some("check the path after the @".to_owned()))
    })
}
