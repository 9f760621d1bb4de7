//! A strict local Maskinporten: it validates assertions like the real one and has the same responses.
//!
//! The rules: <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>,
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token> and
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>. It shares no code with the client that it
//! validates, so that a mistake in one does not hide the same mistake in the other. It listens on 127.0.0.1 only and
//! prints nothing.
//!
//! - [`Installation`]: the data folder, created on first start.
//! - [`registry`]: `clients.json`, the registered clients and scopes, which may be edited while it runs.
//! - [`Strictness`]: switches for undocumented behaviour.
//! - [`faults`]: deliberate faults, and how each refusal is provoked.
//!
//! Besides Maskinporten's own paths there is a sample API that requires a token, `GET /api/hello`: 401 without a valid
//! token, 403 when `?scope=NAME` names a scope that the token does not have. `GET /api/whoami` does the same with tokens of
//! Altinn, which is simulated too: the exchange of tokens, the system register with requests for system users and the page
//! on which a customer approves them, the test token generator, and the REST API of Altinn 2. So are Digdir's self-service
//! API for clients, keys, scopes and accesses, whose changes Maskinporten obeys, and the open register of business units.
//! The addresses are the real ones below the simulator's. `/idporten` and `/ansattporten` are the issuers for the login of
//! people, and `/api/person` is a sample API for their tokens.

mod algorithm;
mod altinn;
mod business_register;
mod client_certificates;
mod client_register;
mod clients_file;
mod error;
mod event;
pub mod faults;
mod idporten;
mod installation;
mod jwk;
mod lazy_issuer;
mod login_state;
mod numeric_date;
mod page;
pub mod registry;
mod request_body;
mod routes;
mod self_service;
mod server;
mod sessions;
mod state;
mod strictness;
mod system_register;
#[cfg(test)]
mod tests;
mod token;
mod validator;

use std::{
    fmt, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use openssl::x509::X509;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

pub use error::SimulatorError;
pub use event::{EventObserver, SimulatorEvent};
pub use faults::{AltinnFaults, FaultAnswer, Faults, IdTokenSignature, IdportenFaults, SelfServiceFaults};
pub use installation::{
    AltinnInstallation, FaultyKeystore, FolderState, Installation, RegisteredKey, SimulatorKeystore,
};
pub use strictness::Strictness;

use self::{
    client_certificates::OptionalCertificates,
    clients_file::ClientsFile,
    faults::FaultSequence,
    installation::files,
    lazy_issuer::LazyIssuer,
    login_state::{LoginService, LoginServiceKind},
    state::SimulatorState,
    token::TokenIssuer,
    validator::TrustAnchors,
};
use crate::{
    clock::{Clock, SystemClock},
    environment::LocalEnvironment,
};

/// The scope in the address file for `--env local`; every default client has it.
const EVERYDAY_SCOPE: &str = "difitest:test1";
/// The clients in the address file that people log in to; both sign with the certificate in `modern.p12`.
const IDPORTEN_CLIENT: &str = "2b6a1e9d-7c48-4f0b-9a35-c1d2e3f4a5b6";
const ANSATTPORTEN_CLIENT: &str = "97b3f5c8-6a0e-4d21-b8f7-2e5c1a9d0436";

/// How to start a simulator.
#[derive(Clone)]
pub struct SimulatorOptions {
    /// The data folder, which is created if it does not exist.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; 0 for any free port.
    pub port: u16,
    /// Whether to serve https.
    pub tls: bool,
    /// PEM files with additional roots for the certificates in `x5c`.
    pub trust: Vec<PathBuf>,
    /// The strictness, unless `clients.json` has one.
    pub strictness: Strictness,
    /// The faults, unless `clients.json` has some.
    pub faults: Faults,
    /// The path of the address file for `--env local`, if one is to be written.
    pub address_file: Option<PathBuf>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Receives events.
    pub observer: Option<EventObserver>,
}

impl SimulatorOptions {
    /// Returns options for a data folder: http on any free port, strict, without faults, address file or observer.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            port: 0,
            tls: false,
            trust: Vec::new(),
            strictness: Strictness::default(),
            faults: Faults::default(),
            address_file: None,
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }
}

/// A simulator that listens and is ready to serve.
pub struct Simulator {
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    installation: Installation,
    state: Arc<SimulatorState>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Simulator").field("issuer", &self.state.issuer).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Opens or creates the data folder, listens on 127.0.0.1 and writes the address file.
    ///
    /// Connections wait until [`Simulator::serve`] runs.
    ///
    /// # Errors
    /// [`SimulatorError::PortTaken`] and [`SimulatorError::Listen`] for the port; those of
    /// [`Installation::open_or_create`] for the folder; [`SimulatorError::Clients`] and
    /// [`SimulatorError::Contradiction`] for `clients.json`; [`SimulatorError::Trust`] for additional roots.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use maskinporten::simulator::{Simulator, SimulatorOptions};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let simulator = Simulator::start(SimulatorOptions::new(folder.path().join("simulator")))?;
    ///
    /// assert!(simulator.issuer().starts_with("http://127.0.0.1:"));
    /// assert_eq!(simulator.installation().keystores.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(options: SimulatorOptions) -> Result<Self, SimulatorError> {
        let listener = listen(options.port)?;
        let address = listener.local_addr();
        let port = address.map_err(|source| SimulatorError::Listen { port: options.port, source })?.port();
        let now = options.clock.now();
        let installation = Installation::open_or_create(&options.dir, now)?;
        let [root, intermediate] = installation.authorities()?;
        let mut roots = vec![root];
        for path in &options.trust {
            roots.extend(read_roots(path)?);
        }
        let anchors = TrustAnchors::new(roots, vec![intermediate]);
        let acceptor = if options.tls {
            let (certificate, key) = installation.tls()?;
            Some(server::acceptor(&certificate, &key, OptionalCertificates::new(&anchors)?)?)
        } else {
            None
        };
        let scheme = if options.tls { "https" } else { "http" };
        let issuer = format!("{scheme}://127.0.0.1:{port}/");
        let altinn =
            lazy_issuer(format!("{issuer}authentication/api/v1/openid/"), "Altinn", files::ALTINN_KEY, &installation);
        let [idporten, ansattporten] = login_services(&issuer, &installation);
        let state = Arc::new(SimulatorState {
            issuer,
            port,
            token_issuer: TokenIssuer::new(installation.token_key()?, now)?,
            anchors,
            clients_file: ClientsFile::open(installation.clients_file.clone())?,
            strictness: options.strictness,
            faults: FaultSequence::new(vec![options.faults]),
            no_faults: Faults::default(),
            used: Mutex::default(),
            altinn,
            idporten,
            ansattporten,
            system_register: Mutex::default(),
            client_register: Mutex::default(),
            sessions: Mutex::default(),
            form_secret: Uuid::new_v4().to_string(),
            clock: options.clock,
            observer: options.observer,
        });
        let simulator = Self { listener, acceptor, installation, state };
        if let Some(path) = &options.address_file {
            simulator.local_environment().write(path).map_err(SimulatorError::AddressFile)?;
        }
        Ok(simulator)
    }

    /// Returns the issuer identifier with its trailing slash, which is the audience of assertions.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// Returns the URL of the token endpoint.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        format!("{}token", self.state.issuer)
    }

    /// Returns the data folder and its files.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Returns the root of the certificate for https, if https is served.
    #[must_use]
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.acceptor.as_ref().map(|_| self.installation.tls_ca_file.clone())
    }

    /// Returns the content of the address file: the addresses, and the client and keystore of `modern.p12`.
    #[must_use]
    pub fn local_environment(&self) -> LocalEnvironment {
        let [modern, ..] = &self.installation.keystores;
        LocalEnvironment {
            issuer: self.state.issuer.clone(),
            token_endpoint: self.token_endpoint(),
            altinn_url: Some(self.state.issuer.trim_end_matches('/').to_owned()),
            admin_url: Some(self.state.issuer.trim_end_matches('/').to_owned()),
            business_register_url: Some(self.state.issuer.trim_end_matches('/').to_owned()),
            ca_file: self.ca_file(),
            client_id: modern.client_id.to_owned(),
            scope: EVERYDAY_SCOPE.to_owned(),
            idporten_client_id: Some(IDPORTEN_CLIENT.to_owned()),
            ansattporten_client_id: Some(ANSATTPORTEN_CLIENT.to_owned()),
            keystore: modern.file.clone(),
            keystore_password_file: modern.password_file.clone(),
        }
    }

    /// Serves until `stop` completes; in-flight requests then have two seconds to finish.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`] when the runtime cannot use the socket.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), SimulatorError> {
        let Self { listener, acceptor, state, .. } = self;
        let port = state.port;
        let served = server::serve(listener, acceptor, routes::router(state), stop).await;
        served.map_err(|source| SimulatorError::Listen { port, source })
    }
}

fn lazy_issuer(identifier: String, name: &str, file: &str, installation: &Installation) -> LazyIssuer {
    LazyIssuer::new(identifier, format!("{name} Simulator"), installation.dir.join(file))
}

fn login_services(issuer: &str, installation: &Installation) -> [LoginService; 2] {
    let service = |kind: LoginServiceKind, name, file| {
        LoginService::new(kind, lazy_issuer(format!("{issuer}{}", kind.name()), name, file, installation))
    };
    [
        service(LoginServiceKind::Idporten, "ID-porten", files::IDPORTEN_KEY),
        service(LoginServiceKind::Ansattporten, "Ansattporten", files::ANSATTPORTEN_KEY),
    ]
}

fn listen(port: u16) -> Result<TcpListener, SimulatorError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => SimulatorError::PortTaken { port, source },
        _ => SimulatorError::Listen { port, source },
    })
}

fn read_roots(path: &Path) -> Result<Vec<X509>, SimulatorError> {
    let text = files::read(path).map_err(|error| match error {
        SimulatorError::Incomplete(path) => SimulatorError::Unreadable { path, source: io::ErrorKind::NotFound.into() },
        // The file is not in the data folder, so the hint to remove the folder would be wrong.
        SimulatorError::Damaged { path, .. } => SimulatorError::Trust(path),
        other => other,
    })?;
    match X509::stack_from_pem(&text) {
        Ok(roots) if !roots.is_empty() => Ok(roots),
        Ok(_) | Err(_) => Err(SimulatorError::Trust(path.to_owned())),
    }
}
