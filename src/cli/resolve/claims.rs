//! What is asked for: scopes, resources, claims, and how the server finds the key.

use maskinporten_token_generator::{
    environment::Environment,
    grant::{self, AuthorizationDetails, ClientId, ExtraClaims, KeyReference, Resource, Scopes},
    keystore::SignatureAlgorithm,
    organisation::OrganisationNumber,
};

use super::{exit_of, only, read, required};
use crate::cli::{
    key,
    layers::{Found, Layers},
    report::Failure,
    settings,
};

pub(super) fn client_id(layers: &Layers) -> Result<ClientId, Failure> {
    let found = required(layers, "client-id", "pass --client-id ID")?;
    read(&found, ClientId::parse(found.value()))
}

pub(super) fn scopes(layers: &Layers) -> Result<Scopes, Failure> {
    let found = required(layers, "scope", "pass --scope SCOPE")?;
    read(&found, Scopes::parse(&found.values.join(" ")))
}

pub(super) fn resources(
    layers: &Layers,
    environment: Option<Environment>,
    scopes: &Scopes,
) -> Result<Vec<Resource>, Failure> {
    let Some(found) = only(layers.find_group(&["resource", "no-resource"]))? else {
        return Ok(environment.and_then(|known| grant::default_resource(known, scopes)).into_iter().collect());
    };
    if found.name == "no-resource" {
        return Ok(Vec::new());
    }
    found
        .values
        .iter()
        .flat_map(|value| value.split_whitespace())
        .map(|value| read(&found, Resource::parse(value)))
        .collect()
}

pub(super) fn key_reference(layers: &Layers) -> Result<Option<KeyReference>, Failure> {
    let Some(found) = only(layers.find_group(&["kid", "x5c"]))? else { return Ok(None) };
    match (found.name, found.value()) {
        ("kid", "thumbprint") => Ok(Some(KeyReference::Thumbprint)),
        ("kid", id) => Ok(Some(KeyReference::KeyId(id.to_owned()))),
        (_, "chain") => Ok(Some(KeyReference::Chain)),
        (_, "leaf") => Ok(Some(KeyReference::Leaf)),
        _ => {
            let message = format!("{} is neither `chain` nor `leaf`", found.label);
            let hint = Some("pass --x5c chain or --x5c leaf".to_owned());
            Err(Failure::plain(exit_of(found.origin), "x5c", message, hint))
        }
    }
}

pub(super) fn algorithm(layers: &Layers) -> Result<Option<SignatureAlgorithm>, Failure> {
    let Some(found) = layers.find("alg") else { return Ok(None) };
    if let Some(algorithm) = SignatureAlgorithm::parse(found.value()) {
        return Ok(Some(algorithm));
    }
    let names = SignatureAlgorithm::ALL.map(SignatureAlgorithm::name).join(", ");
    let message = format!("{} names no signature algorithm that is known", found.label);
    Err(Failure::plain(exit_of(found.origin), "alg", message, Some(format!("use one of {names}"))))
}

pub(super) fn authorization_details(layers: &Layers) -> Result<Option<AuthorizationDetails>, Failure> {
    let found = only(layers.find_group(&["authorization-details", "system-user"]))?;
    let reference = layers.find("external-ref");
    match (found, reference) {
        (Some(found), None) if found.name == "authorization-details" => {
            let text = match found.value().strip_prefix('@') {
                Some(file) => key::read_text_file(&found, file)?,
                None => found.value().to_owned(),
            };
            read(&found, AuthorizationDetails::parse(&text)).map(Some)
        }
        (Some(found), reference) if found.name == "system-user" => {
            let organisation = read(&found, OrganisationNumber::parse(found.value()))?;
            let details = AuthorizationDetails::system_user(&organisation, reference.as_ref().map(Found::value));
            read(reference.as_ref().unwrap_or(&found), details).map(Some)
        }
        (_, Some(reference)) => {
            let message = format!("{} belongs to a system user, and none was asked for", reference.label);
            let hint = Some("pass --system-user ORGNO with it".to_owned());
            Err(Failure::plain(exit_of(reference.origin), "conflict", message, hint))
        }
        (_, None) => Ok(None),
    }
}

pub(super) fn extra_claims(layers: &Layers) -> Result<ExtraClaims, Failure> {
    let mut extra = ExtraClaims::default();
    for found in [layers.find("claim"), layers.find("claim-json")].into_iter().flatten() {
        for pair in &found.values {
            let Some((name, text)) = pair.split_once('=') else {
                let form = if found.name == "claim" { "NAME=VALUE" } else { "NAME=JSON" };
                let message = format!("{} is not of the form {form}", found.label);
                let hint = Some(format!("pass {} {form}", settings::option(found.name)));
                return Err(Failure::plain(exit_of(found.origin), "claim", message, hint));
            };
            let value = if found.name == "claim" {
                text.into()
            } else {
                serde_json::from_str(text).map_err(|error| {
                    let message = format!("{} cannot be used: the value of `{name}` is no JSON: {error}", found.label);
                    let hint = Some("pass text with --claim NAME=VALUE".to_owned());
                    Failure::plain(exit_of(found.origin), "claim", message, hint)
                })?
            };
            read(&found, extra.add(name, value))?;
        }
    }
    Ok(extra)
}
