//! What shapes the token that is asked for, as the cache must know it before a key is opened or a server asked.

use maskinporten_token_generator::{
    cache::{KeySource, KeyThumbprint, Shape},
    grant::{AuthorizationDetails, KeyReference, PersonIdentifier, Resource},
    organisation::OrganisationNumber,
};

use super::Asked;
use crate::cli::layers::Layers;

impl Asked {
    /// The shape of the token that a key would be given.
    pub(crate) fn shape(&self, layers: &Layers, key: KeyThumbprint, source: &KeySource) -> Shape {
        let text = |name| layers.find(name).map(|found| found.value().to_owned()).unwrap_or_default();
        let discover = text("discover");
        // What the key itself decides (its id, its certificates, its algorithm) stands where the key does.
        let of_the_key = || format!("of the key in {}", source.hash());
        Shape {
            environment: text("env"),
            // Metadata may stand in for either of the other two; and who vouches for a server decides which one answers.
            endpoint: [text("token-endpoint"), discover.clone(), text("ca-file")].join(" "),
            audience: if discover.is_empty() { text("audience") } else { discover },
            client_id: self.client_id.as_str().to_owned(),
            key,
            key_reference: self.key_reference.as_ref().map_or_else(of_the_key, reference),
            algorithm: self.algorithm.map_or_else(of_the_key, |algorithm| algorithm.name().to_owned()),
            scopes: self.scopes.iter().map(str::to_owned).collect(),
            resources: self.resources.iter().map(Resource::as_str).map(str::to_owned).collect(),
            consumer_org: self.consumer_org.as_ref().map(OrganisationNumber::digits).map(str::to_owned),
            person: self.person.as_ref().map(PersonIdentifier::digits).map(str::to_owned),
            authorization_details: self.authorization_details.as_ref().map(AuthorizationDetails::to_value),
            extra_claims: self.extra.members().clone(),
            exchange: None,
        }
    }
}

fn reference(reference: &KeyReference) -> String {
    match reference {
        KeyReference::KeyId(id) => format!("kid {id}"),
        KeyReference::Thumbprint => "kid of the certificate".to_owned(),
        KeyReference::Chain => "x5c chain".to_owned(),
        KeyReference::Leaf => "x5c leaf".to_owned(),
    }
}
