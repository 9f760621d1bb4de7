//! The records of the system register, with their members as they are on the wire.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::simulator::registry::{Orgno, Registry};

/// How long a request may wait for the customer.
const REQUEST_LIFETIME: TimeDelta = TimeDelta::days(10);

/// A system of a vendor, with its members as they are on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VendorSystem {
    pub(crate) id: String,
    pub(crate) vendor: VendorIdentifier,
    pub(crate) name: BTreeMap<String, String>,
    pub(crate) description: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) rights: Vec<RegisteredRight>,
    #[serde(default)]
    pub(crate) access_packages: Vec<AccessPackage>,
    pub(crate) client_id: Vec<String>,
    #[serde(default = "yes")]
    pub(crate) is_visible: bool,
    #[serde(default)]
    pub(crate) allowed_redirect_urls: Vec<String>,
    #[serde(skip)]
    pub(super) is_deleted: bool,
}

/// The organisation that offers a system: `0192:` and its organisation number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VendorIdentifier {
    #[serde(default = "authority")]
    pub(crate) authority: String,
    #[serde(rename = "ID", alias = "id")]
    pub(crate) id: String,
}

/// A right that a system needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RegisteredRight {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    #[serde(default)]
    pub(crate) resource: Vec<ResourceAttribute>,
}

/// An attribute that identifies a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResourceAttribute {
    pub(crate) id: String,
    pub(crate) value: String,
}

/// An access package that a system needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccessPackage {
    pub(crate) urn: String,
}

/// Whom a system user acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserType {
    /// The organisation that approves it.
    Standard,
    /// The clients of the organisation that approves it.
    Agent,
}

/// A request for a system user.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserRequest {
    pub(crate) id: String,
    pub(crate) integration_title: Option<String>,
    pub(crate) external_ref: String,
    pub(crate) system_id: String,
    pub(crate) party_org_no: String,
    pub(crate) rights: Vec<RegisteredRight>,
    pub(crate) access_packages: Vec<AccessPackage>,
    pub(crate) status: RequestStatus,
    pub(crate) redirect_url: Option<String>,
    #[serde(skip)]
    pub(crate) user_type: UserType,
    #[serde(skip)]
    pub(crate) created: DateTime<Utc>,
}

/// The status of a request for a system user. Altinn also has `Denied`, which no API sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum RequestStatus {
    New,
    Accepted,
    Rejected,
    Timedout,
}

/// A system user: a customer has approved that a system acts on its behalf.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisteredUser {
    pub(crate) id: String,
    pub(crate) integration_title: String,
    pub(crate) system_id: String,
    pub(crate) product_name: String,
    pub(crate) reportee_org_no: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) is_deleted: bool,
    #[serde(rename = "supplierOrgno")]
    pub(crate) supplier_org_no: String,
    pub(crate) external_ref: String,
    pub(crate) access_packages: Vec<AccessPackage>,
    pub(crate) user_type: UserType,
}

/// The parts that identify a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExternalId<'a> {
    pub(crate) user_type: UserType,
    pub(crate) system_id: &'a str,
    pub(crate) orgno: &'a str,
    pub(crate) external_ref: &'a str,
}

impl VendorIdentifier {
    /// Returns the organisation number.
    pub(crate) fn orgno(&self) -> Option<&str> {
        self.id.strip_prefix("0192:")
    }
}

impl VendorSystem {
    /// Returns the name in bokmål, or else in any language, or else the id.
    pub(crate) fn title(&self) -> &str {
        self.name.get("nb").or_else(|| self.name.values().next()).unwrap_or(&self.id)
    }
}

impl UserRequest {
    pub(crate) fn external_id(&self) -> ExternalId<'_> {
        ExternalId {
            user_type: self.user_type,
            system_id: &self.system_id,
            orgno: &self.party_org_no,
            external_ref: &self.external_ref,
        }
    }

    pub(super) fn at(&self, now: DateTime<Utc>) -> Self {
        let late = self.status == RequestStatus::New && now - self.created >= REQUEST_LIFETIME;
        Self { status: if late { RequestStatus::Timedout } else { self.status }, ..self.clone() }
    }
}

impl RegisteredUser {
    /// The system user has the id of its request.
    pub(super) fn new(request: &UserRequest, system: &VendorSystem, now: DateTime<Utc>) -> Self {
        Self {
            id: request.id.clone(),
            integration_title: request.integration_title.as_deref().unwrap_or(system.title()).to_owned(),
            system_id: system.id.clone(),
            product_name: system.title().to_owned(),
            reportee_org_no: request.party_org_no.clone(),
            created: now,
            is_deleted: false,
            supplier_org_no: system.vendor.orgno().unwrap_or_default().to_owned(),
            external_ref: request.external_ref.clone(),
            access_packages: request.access_packages.clone(),
            user_type: request.user_type,
        }
    }
}

/// Returns the system of the system users in `clients.json`, with one right.
pub(super) fn system_of_file(registry: &Registry, id: &str) -> Option<VendorSystem> {
    let users: Vec<_> = registry.system_users.iter().filter(|user| user.system_id == id).collect();
    let vendor = Orgno::parse(id.split('_').next()?).filter(|_| !users.is_empty())?;
    let mut client_id: Vec<String> = users.iter().flat_map(|user| user.client_ids.iter().cloned()).collect();
    client_id.sort();
    client_id.dedup();
    let texts = || BTreeMap::from(["nb", "nn", "en"].map(|language| (language.to_owned(), id.to_owned())));
    let resource = ResourceAttribute { id: "urn:altinn:resource".to_owned(), value: "simulert-tjeneste".to_owned() };
    Some(VendorSystem {
        id: id.to_owned(),
        vendor: VendorIdentifier { authority: authority(), id: format!("0192:{}", vendor.as_str()) },
        name: texts(),
        description: texts(),
        rights: vec![RegisteredRight { action: None, resource: vec![resource] }],
        access_packages: Vec::new(),
        client_id,
        is_visible: true,
        allowed_redirect_urls: Vec::new(),
        is_deleted: false,
    })
}

fn authority() -> String {
    "iso6523-actorid-upis".to_owned()
}

fn yes() -> bool {
    true
}
