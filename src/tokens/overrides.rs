//! What a derived source requests in place of its source's own grant.

use crate::{
    grant::{AuthorizationDetails, Grant, Resource, Scopes},
    organisation::OrganisationNumber,
};

/// What a request names in place of a source's own grant; what it does not name stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GrantOverrides {
    /// The scopes.
    pub scopes: Option<Scopes>,
    /// The resource.
    pub resource: Option<Resource>,
    /// The authorization details.
    pub authorization_details: Option<AuthorizationDetails>,
    /// The organisation that has delegated the scope.
    pub consumer_org: Option<OrganisationNumber>,
    /// Whether a resource and authorization details that are not named here are left out, instead of the source's own.
    pub leaves_out_others: bool,
}

impl GrantOverrides {
    /// Returns these overrides, completed by others.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            scopes: self.scopes.or_else(|| other.scopes.clone()),
            resource: self.resource.or_else(|| other.resource.clone()),
            authorization_details: self.authorization_details.or_else(|| other.authorization_details.clone()),
            consumer_org: self.consumer_org.or_else(|| other.consumer_org.clone()),
            leaves_out_others: self.leaves_out_others || other.leaves_out_others,
        }
    }

    /// Changes a grant for the same scopes.
    pub(super) fn apply(&self, grant: &mut Grant) {
        if self.leaves_out_others {
            grant.resources.clear();
            grant.authorization_details = None;
        }
        if let Some(resource) = &self.resource {
            grant.resources = vec![resource.clone()];
        }
        if let Some(details) = &self.authorization_details {
            grant.authorization_details = Some(details.clone());
        }
        if let Some(organisation) = &self.consumer_org {
            grant.consumer_org = Some(organisation.clone());
        }
    }
}
