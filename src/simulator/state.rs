//! The state that all requests share.

use std::{
    error::Error as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use chrono::{DateTime, Utc};

use super::{
    clients_file::{ClientsFile, ClientsSnapshot},
    event::{EventObserver, SimulatorEvent},
    faults::{AltinnFaults, FaultSequence, Faults, IdportenFaults},
    lazy_issuer::LazyIssuer,
    login_state::LoginService,
    sessions::Sessions,
    strictness::Strictness,
    system_register::SystemRegister,
    token::TokenIssuer,
    validator::{ReplayCache, TrustAnchors},
};
use crate::{clock::Clock, text::printable};

/// The state that all requests share.
pub(crate) struct SimulatorState {
    pub(crate) issuer: String,
    pub(crate) port: u16,
    pub(crate) token_issuer: TokenIssuer,
    pub(crate) anchors: TrustAnchors,
    pub(crate) clients_file: ClientsFile,
    pub(crate) strictness: Strictness,
    pub(crate) faults: FaultSequence,
    pub(crate) no_faults: Faults,
    pub(crate) used: Mutex<ReplayCache>,
    /// Altinn's platform.
    pub(crate) altinn: LazyIssuer,
    pub(crate) idporten: LoginService,
    pub(crate) ansattporten: LoginService,
    pub(crate) system_register: Mutex<SystemRegister>,
    pub(crate) sessions: Mutex<Sessions>,
    /// What the forms of the approval page contain, so that no other page can send them. Nonces for `DPoP` are made of it.
    pub(crate) form_secret: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<EventObserver>,
}

impl SimulatorState {
    pub(crate) fn report(&self, event: &SimulatorEvent) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }

    /// Returns the current content of `clients.json`, and reports a change that is not valid.
    pub(crate) fn clients(&self) -> Arc<ClientsSnapshot> {
        let (clients, error) = self.clients_file.current();
        if let Some(error) = error {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            // serde_json repeats names in the file as they are.
            self.report(&SimulatorEvent::ClientsFile { problem: printable(&format!("{error}{cause}")) });
        }
        clients
    }

    /// Returns the faults for the next token request: those in `clients.json`, otherwise those given at start.
    pub(crate) fn faults<'a>(&'a self, clients: &'a ClientsSnapshot) -> &'a Faults {
        self.faults_after(clients, clients.token_requests.load(Ordering::Relaxed))
    }

    /// Counts a token request and returns its faults.
    pub(crate) fn count_token_request<'a>(&'a self, clients: &'a ClientsSnapshot) -> &'a Faults {
        self.faults_after(clients, count(&clients.token_requests))
    }

    /// Counts a request to Altinn, and returns Altinn's faults and whether its response is replaced.
    pub(crate) fn count_altinn_request<'a>(&'a self, clients: &'a ClientsSnapshot) -> (&'a AltinnFaults, bool) {
        let faults = &self.faults(clients).altinn;
        (faults, faults.replaces(count(&clients.altinn_requests)))
    }

    /// Counts a token request to ID-porten, and returns its faults and whether its response is replaced.
    pub(crate) fn count_login_request<'a>(&'a self, clients: &'a ClientsSnapshot) -> (&'a IdportenFaults, bool) {
        let faults = &self.faults(clients).idporten;
        (faults, faults.replaces(count(&clients.login_requests)))
    }

    fn faults_after<'a>(&'a self, clients: &'a ClientsSnapshot, token_requests: u32) -> &'a Faults {
        let sequence = clients.registry.faults.as_ref().unwrap_or(&self.faults);
        sequence.after(token_requests).unwrap_or(&self.no_faults)
    }

    /// Returns the strictness in `clients.json`, otherwise the one given at start.
    pub(crate) fn strictness<'a>(&'a self, clients: &'a ClientsSnapshot) -> &'a Strictness {
        clients.registry.strictness.as_ref().unwrap_or(&self.strictness)
    }

    /// Returns the simulator's time, which a fault may shift.
    pub(crate) fn now(&self, clients: &ClientsSnapshot) -> DateTime<Utc> {
        self.faults(clients).shifted(self.clock.now())
    }
}

/// Adds one and returns the number before.
fn count(requests: &AtomicU32) -> u32 {
    let one_more = |count: u32| Some(count.saturating_add(1));
    requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).unwrap_or(u32::MAX)
}
