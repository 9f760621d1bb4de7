//! Altinn's system register: systems of vendors, requests for system users, and system users.
//!
//! It is kept in memory, and is empty when the simulator starts. The systems and system users of `clients.json` are
//! part of it, as long as they are in that file.

mod records;

use chrono::{DateTime, Utc};

pub(crate) use records::{
    AccessPackage, ExternalId, RegisteredRight, RegisteredUser, RequestStatus, UserRequest, UserType, VendorIdentifier,
    VendorSystem,
};

use super::registry::Registry;
use records::system_of_file;

/// Maximum number of systems, of requests and of system users.
const MAXIMUM_ENTRIES: usize = 1000;

/// The systems, requests and system users.
#[derive(Debug, Default)]
pub(crate) struct SystemRegister {
    systems: Vec<VendorSystem>,
    requests: Vec<UserRequest>,
    users: Vec<RegisteredUser>,
}

impl SystemRegister {
    /// Returns the system with this id, unless it has been deleted.
    pub(crate) fn system(&self, registry: &Registry, id: &str) -> Option<VendorSystem> {
        match self.systems.iter().find(|system| system.id == id) {
            Some(system) => Some(system).filter(|system| !system.is_deleted).cloned(),
            None => system_of_file(registry, id),
        }
    }

    /// Returns the systems of a vendor.
    pub(crate) fn systems_of(&self, registry: &Registry, vendor: &str) -> Vec<VendorSystem> {
        let mut ids: Vec<&str> = registry.system_users.iter().map(|user| user.system_id.as_str()).collect();
        ids.extend(self.systems.iter().map(|system| system.id.as_str()));
        let mut seen = Vec::new();
        ids.retain(|id| {
            !seen.contains(id) && {
                seen.push(*id);
                true
            }
        });
        let systems = ids.into_iter().filter_map(|id| self.system(registry, id));
        systems.filter(|system| system.vendor.orgno() == Some(vendor)).collect()
    }

    /// Whether a client belongs to a system other than this one.
    pub(crate) fn has_client(&self, registry: &Registry, client_id: &str, except: &str) -> bool {
        let is_same = |id: &String| id.eq_ignore_ascii_case(client_id);
        let in_memory = self
            .systems
            .iter()
            .any(|system| !system.is_deleted && system.id != except && system.client_id.iter().any(is_same));
        in_memory
            || registry.system_users.iter().any(|user| {
                let replaced = self.systems.iter().any(|system| system.id == user.system_id);
                !replaced && user.system_id != except && user.client_ids.iter().any(is_same)
            })
    }

    /// Adds a system or replaces the one with the same id; `false` if there are too many.
    pub(crate) fn put_system(&mut self, system: VendorSystem) -> bool {
        match self.systems.iter().position(|other| other.id == system.id) {
            Some(index) => self.systems[index] = system,
            None if self.systems.len() == MAXIMUM_ENTRIES => return false,
            None => self.systems.push(system),
        }
        true
    }

    /// Marks a system as deleted. Its id cannot be used again.
    pub(crate) fn delete_system(&mut self, system: VendorSystem) -> bool {
        self.put_system(VendorSystem { is_deleted: true, ..system })
    }

    /// Whether a system with this id exists or has existed.
    pub(crate) fn has_system(&self, registry: &Registry, id: &str) -> bool {
        self.systems.iter().any(|system| system.id == id) || system_of_file(registry, id).is_some()
    }

    /// Returns a request, whose status is `Timedout` when the customer has not answered in time.
    pub(crate) fn request(&self, id: &str, now: DateTime<Utc>) -> Option<UserRequest> {
        let request = self.requests.iter().find(|request| request.id.eq_ignore_ascii_case(id));
        request.map(|request| request.at(now))
    }

    /// Returns the requests for a system.
    pub(crate) fn requests_of(&self, system_id: &str, user_type: UserType, now: DateTime<Utc>) -> Vec<UserRequest> {
        let of_system = self.requests.iter().filter(|request| request.system_id == system_id);
        of_system.filter(|request| request.user_type == user_type).map(|request| request.at(now)).collect()
    }

    /// Returns the request with these parts.
    pub(crate) fn request_by_external_id(&self, id: ExternalId<'_>, now: DateTime<Utc>) -> Option<UserRequest> {
        self.requests.iter().find(|request| request.external_id() == id).map(|request| request.at(now))
    }

    /// Adds a request, in place of one with the same parts; `false` if there are too many.
    pub(crate) fn add_request(&mut self, request: UserRequest) -> bool {
        self.requests.retain(|other| other.external_id() != request.external_id());
        let has_room = self.requests.len() < MAXIMUM_ENTRIES;
        if has_room {
            self.requests.push(request);
        }
        has_room
    }

    /// Deletes a request; `false` if there is none.
    pub(crate) fn delete_request(&mut self, id: &str) -> bool {
        let before = self.requests.len();
        self.requests.retain(|request| request.id != id);
        self.requests.len() < before
    }

    /// Records the customer's answer to a request that is new; an accepted request makes a system user.
    pub(crate) fn answer(&mut self, registry: &Registry, id: &str, accepted: bool, now: DateTime<Utc>) -> bool {
        let Some(request) = self.request(id, now).filter(|request| request.status == RequestStatus::New) else {
            return false;
        };
        let Some(system) = self.system(registry, &request.system_id) else { return false };
        if accepted {
            if self.users.len() == MAXIMUM_ENTRIES {
                return false;
            }
            self.users.push(RegisteredUser::new(&request, &system, now));
        }
        for own in self.requests.iter_mut().filter(|own| own.id == request.id) {
            own.status = if accepted { RequestStatus::Accepted } else { RequestStatus::Rejected };
        }
        true
    }

    /// Returns the system users of a system.
    pub(crate) fn users_of(&self, registry: &Registry, system: &VendorSystem) -> Vec<RegisteredUser> {
        let in_file = registry.system_users.iter().filter(|user| user.system_id == system.id);
        let in_file = in_file.map(|user| RegisteredUser {
            id: user.systemuser_id.clone(),
            integration_title: system.title().to_owned(),
            system_id: user.system_id.clone(),
            product_name: system.title().to_owned(),
            reportee_org_no: user.orgno.as_str().to_owned(),
            created: DateTime::UNIX_EPOCH,
            is_deleted: false,
            supplier_org_no: system.vendor.orgno().unwrap_or_default().to_owned(),
            external_ref: user.external_ref.as_deref().unwrap_or(user.orgno.as_str()).to_owned(),
            access_packages: Vec::new(),
            user_type: UserType::Standard,
        });
        in_file.chain(self.users.iter().filter(|user| user.system_id == system.id).cloned()).collect()
    }

    /// Returns the system user of a customer that a client may use, as Maskinporten asks for it.
    pub(crate) fn user_for_client(
        &self,
        registry: &Registry,
        client_id: &str,
        orgno: &str,
        external_ref: &str,
    ) -> Option<&RegisteredUser> {
        self.users.iter().find(|user| {
            let has_client =
                |system: VendorSystem| system.client_id.iter().any(|id| id.eq_ignore_ascii_case(client_id));
            user.reportee_org_no == orgno
                && user.external_ref == external_ref
                && self.system(registry, &user.system_id).is_some_and(has_client)
        })
    }
}
