//! What is asked for, before any key is opened and any server spoken to.

use maskinporten_token_generator::{
    client::RetryPolicy,
    grant::{
        AuthorizationDetails, ClientId, ExtraClaims, Grant, KeyReference, Lifetime, PersonIdentifier, Resource, Scopes,
    },
    http::{Endpoint, HttpOptions},
    keystore::{SignatureAlgorithm, SigningKey},
    organisation::OrganisationNumber,
};

use super::{claims, network, optional, refuse_empty, server};
use crate::cli::{
    key,
    layers::Layers,
    report::{Failure, Report},
};

/// Every setting, read and checked.
pub(crate) struct Asked {
    pub(crate) http: HttpOptions,
    pub(crate) retry_policy: RetryPolicy,
    pub(crate) client_id: ClientId,
    pub(crate) scopes: Scopes,
    pub(super) resources: Vec<Resource>,
    pub(super) lifetime: Lifetime,
    pub(super) consumer_org: Option<OrganisationNumber>,
    pub(super) person: Option<PersonIdentifier>,
    pub(super) authorization_details: Option<AuthorizationDetails>,
    pub(super) extra: ExtraClaims,
    pub(super) algorithm: Option<SignatureAlgorithm>,
    pub(super) key_reference: Option<KeyReference>,
}

/// What is wrong with the settings: never empty.
pub(crate) struct Problems(pub(crate) Vec<Failure>);

impl Asked {
    /// Reads every setting, and adds what belongs to the environment to the layers. It goes on past what is wrong, so
    /// that all of it can be told.
    pub(crate) fn of(layers: &mut Layers, report: &Report) -> Result<Self, Problems> {
        let mut wrong = Problems(Vec::new());
        let none_empty = wrong.keep(refuse_empty(layers));
        // It brings values of its own: without it nobody can say what is missing.
        let Some(environment) = wrong.keep(server::add_environment(layers, report)) else { return Err(wrong) };
        let layers = &*layers;
        let http = wrong.keep(network::http_options(layers));
        let retry_policy = wrong.keep(network::retry_policy(layers));
        let client_id = wrong.keep(claims::client_id(layers));
        let scopes = wrong.keep(claims::scopes(layers));
        let resources = scopes.as_ref().map(|scopes| wrong.keep(claims::resources(layers, environment, scopes)));
        let algorithm = wrong.keep(claims::algorithm(layers));
        let key_reference = wrong.keep(claims::key_reference(layers));
        let lifetime = wrong.keep(optional(layers, "ttl", Lifetime::parse));
        let consumer_org = wrong.keep(optional(layers, "consumer-org", OrganisationNumber::parse));
        let person = wrong.keep(optional(layers, "pid", PersonIdentifier::parse));
        let authorization_details = wrong.keep(claims::authorization_details(layers));
        let extra = wrong.keep(claims::extra_claims(layers));
        let asked = || {
            none_empty?;
            Some(Self {
                http: http?,
                retry_policy: retry_policy?,
                client_id: client_id?,
                scopes: scopes?,
                resources: resources??,
                lifetime: lifetime?.unwrap_or(Lifetime::MAXIMUM),
                consumer_org: consumer_org?,
                person: person?,
                authorization_details: authorization_details?,
                extra: extra?,
                algorithm: algorithm?,
                key_reference: key_reference?,
            })
        };
        asked().ok_or(wrong)
    }

    /// Audience and token endpoint; asks the server's metadata when the settings say so.
    pub(crate) async fn addresses(&self, layers: &Layers) -> Result<(String, Endpoint), Failure> {
        server::addresses(layers, &self.http, self.retry_policy).await
    }

    /// What is signed, once it is known with which key and for whom.
    pub(crate) fn grant(&self, audience: String, key: &SigningKey, report: &Report) -> Result<Grant, Failure> {
        let grant = self.unsigned_grant(audience);
        key::warn_of_algorithm(&grant, report);
        grant.algorithm_for(key)?;
        Ok(grant)
    }

    /// Returns the grant; what it leaves open, the key decides.
    pub(crate) fn unsigned_grant(&self, audience: String) -> Grant {
        Grant::builder(audience, self.client_id.clone(), self.scopes.clone())
            .resources(self.resources.clone())
            .lifetime(self.lifetime)
            .consumer_org(self.consumer_org.clone())
            .person(self.person.clone())
            .authorization_details(self.authorization_details.clone())
            .extra(self.extra.clone())
            .key_reference(self.key_reference.clone())
            .algorithm(self.algorithm)
            .build()
    }
}

impl Problems {
    /// Takes what is right on, and keeps what is not.
    fn keep<T>(&mut self, read: Result<T, Failure>) -> Option<T> {
        read.map_err(|failure| self.0.push(failure)).ok()
    }

    /// The one that a command fails with, which goes no further than to it.
    pub(crate) fn first(mut self) -> Failure {
        self.0.swap_remove(0)
    }
}
