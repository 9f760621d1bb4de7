//! A strict Maskinporten on this machine: it judges grants as the real one does and answers in its words.
//!
//! The rules: <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant>,
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token> and
//! <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>. It shares no code with the flow that it
//! judges, so that a mistake of the one does not pass with the other. It listens on 127.0.0.1 and nowhere else,
//! prints nothing, and is neither ID-porten nor Altinn.
//!
//! - [`Installation`]: what it makes in its data folder on first start, and the files there.
//! - [`registry`]: `clients.json`, which says who may ask for what and may be edited while it runs.
//! - [`Strictness`]: switches for what is not documented.
//! - [`faults`]: faulty answers on purpose, and how each refusal is provoked.
//!
//! Besides Maskinporten's own paths there is `GET /api/hello`, an API that wants a token: 401 without a valid one,
//! 403 when `?scope=NAME` names a scope that the token lacks.

mod error;
mod explanations;
pub mod faults;
mod installation;
mod judge;
mod jwk;
pub mod registry;
mod routes;
mod server;
mod strictness;
#[cfg(test)]
mod tests;
mod token;

use std::{
    fmt, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use openssl::x509::X509;
use tokio_rustls::TlsAcceptor;

pub use error::Error;
pub use faults::{Answer, Faults};
pub use installation::{FaultyKeystore, Installation, Keystore, Made, RegisteredKey};
pub use strictness::Strictness;

use self::{installation::files, judge::Anchors, registry::Watching, routes::Shared, token::TokenIssuer};
use crate::{
    clock::{Clock, SystemClock},
    environment::LocalEnvironment,
};

/// The scope that the note for `--env local` names; every default client has it.
const EVERYDAY_SCOPE: &str = "difitest:test1";

/// How to start a simulator.
#[derive(Clone)]
pub struct Options {
    /// The data folder; made when it is not there.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; 0 lets the system pick one.
    pub port: u16,
    /// Whether to serve https.
    pub tls: bool,
    /// PEM files with more roots that `x5c` may lead to.
    pub trust: Vec<PathBuf>,
    /// How strict to be, unless `clients.json` says.
    pub strictness: Strictness,
    /// The faults to show, unless `clients.json` says.
    pub faults: Faults,
    /// Where to leave the note for `--env local`.
    pub note: Option<PathBuf>,
    /// The clock to judge by.
    pub clock: Arc<dyn Clock>,
    /// Who is told what happens.
    pub observer: Option<Observer>,
}

/// Is told what happens, one event at a time; called from where requests are served, so it must be quick.
pub type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// What happened. `Display` makes one line for a log; no event holds a grant, a token or a password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A request was answered.
    Request {
        /// The method.
        method: String,
        /// The path, without its query.
        path: String,
        /// The status of the answer.
        status: u16,
        /// What was decided, such as `client X: MP-200` or `client X: token issued for Y`.
        decision: String,
    },
    /// `clients.json` was changed and cannot be read; what was read last stays in force.
    ClientsFile {
        /// What is wrong with it.
        problem: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { method, path, status, decision } => {
                write!(formatter, "{method} {path} {status} {decision}")
            }
            Self::ClientsFile { problem } => write!(formatter, "{problem}; what was read before stays in force"),
        }
    }
}

impl Options {
    /// Options for a data folder: http on a free port, strict, without faults, note or observer.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            port: 0,
            tls: false,
            trust: Vec::new(),
            strictness: Strictness::default(),
            faults: Faults::default(),
            note: None,
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("dir", &self.dir)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// A simulator that listens and is ready to serve.
pub struct Simulator {
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    installation: Installation,
    shared: Arc<Shared>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Simulator").field("issuer", &self.shared.issuer).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Opens or makes the data folder, listens on 127.0.0.1 and leaves the note; connections wait until
    /// [`Simulator::serve`] runs.
    ///
    /// # Errors
    /// [`Error::PortTaken`] and [`Error::Listen`] for the port; those of [`Installation::open_or_make`] for the
    /// folder; [`Error::Clients`] and [`Error::Contradiction`] for `clients.json`; [`Error::Trust`] for
    /// extra roots.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use maskinporten_token_generator::simulator::{Options, Simulator};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let simulator = Simulator::start(Options::new(folder.path().join("simulator")))?;
    ///
    /// assert!(simulator.issuer().starts_with("http://127.0.0.1:"));
    /// assert_eq!(simulator.installation().keystores.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(options: Options) -> Result<Self, Error> {
        let listener = listen(options.port)?;
        let port = listener.local_addr().map_err(|source| Error::Listen { port: options.port, source })?.port();
        let installation = Installation::open_or_make(&options.dir, options.clock.now())?;
        let acceptor = if options.tls {
            let (certificate, key) = installation.tls()?;
            Some(server::acceptor(&certificate, &key)?)
        } else {
            None
        };
        let [root, intermediate] = installation.authorities()?;
        let mut roots = vec![root];
        for path in &options.trust {
            roots.extend(certificates(path)?);
        }
        let scheme = if options.tls { "https" } else { "http" };
        let shared = Arc::new(Shared {
            issuer: format!("{scheme}://127.0.0.1:{port}/"),
            port,
            mint: TokenIssuer::new(installation.token_key()?)?,
            anchors: Anchors { roots, intermediates: vec![intermediate] },
            watching: Watching::open(installation.clients_file.clone())?,
            strictness: options.strictness,
            faults: options.faults,
            used: Mutex::default(),
            clock: options.clock,
            observer: options.observer,
        });
        let simulator = Self { listener, acceptor, installation, shared };
        if let Some(note) = &options.note {
            simulator.local_environment().write(note).map_err(Error::Note)?;
        }
        Ok(simulator)
    }

    /// The issuer identifier, with its slash at the end: the audience of a grant.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    /// Where a grant is swapped for an access token.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        format!("{}token", self.shared.issuer)
    }

    /// What is in the data folder.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The root above the certificate for https, when that is served.
    #[must_use]
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.acceptor.as_ref().map(|_| self.installation.tls_ca_file.clone())
    }

    /// What `--env local` needs to know: the addresses, and the client of the modern keystore.
    #[must_use]
    pub fn local_environment(&self) -> LocalEnvironment {
        let dir = &self.installation.dir;
        let keystore = self.installation.keystores.first();
        LocalEnvironment {
            issuer: self.shared.issuer.clone(),
            token_endpoint: self.token_endpoint(),
            ca_file: self.ca_file(),
            client_id: keystore.map(|keystore| keystore.client_id.to_owned()).unwrap_or_default(),
            scope: EVERYDAY_SCOPE.to_owned(),
            keystore: keystore.map_or_else(|| dir.clone(), |keystore| keystore.file.clone()),
            keystore_password_file: keystore.map_or_else(|| dir.clone(), |keystore| keystore.password_file.clone()),
        }
    }

    /// Serves until `stop` is ready; requests that are open then have two seconds to finish.
    ///
    /// # Errors
    /// [`Error::Listen`] when the runtime cannot take over the port.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let Self { listener, acceptor, shared, .. } = self;
        let port = shared.port;
        let served = server::serve(listener, acceptor, routes::router(shared), stop).await;
        served.map_err(|source| Error::Listen { port, source })
    }
}

fn listen(port: u16) -> Result<TcpListener, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port, source },
        _ => Error::Listen { port, source },
    })
}

fn certificates(path: &Path) -> Result<Vec<X509>, Error> {
    let unreadable = |error| match error {
        Error::Incomplete(path) => Error::Unreadable { path, source: io::ErrorKind::NotFound.into() },
        // The file is somebody else's: nothing is to be removed.
        Error::Damaged { path, .. } => Error::Trust(path),
        other => other,
    };
    let found = X509::stack_from_pem(&files::read(path).map_err(unreadable)?).unwrap_or_default();
    if found.is_empty() { Err(Error::Trust(path.to_owned())) } else { Ok(found) }
}
