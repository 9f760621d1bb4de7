//! Opens sockets: loopback on both address families, other addresses, Unix sockets, and inherited ones.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use tokio::net::{TcpListener, TcpSocket};

use super::error::ServerError;
use crate::connections::ListeningSocket;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// How many free ports are tried if a port that is free on 127.0.0.1 is not free on `::1`.
const ATTEMPTS: usize = 10;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// 127.0.0.1 and `::1` at this port; 0 lets the system pick one.
    Loopback(u16),
    /// This address.
    Address(SocketAddr),
    /// A Unix socket that only its owner may use.
    Unix(PathBuf),
}

/// A socket that was opened before the program started, such as one of systemd's (`sd_listen_fds(3)`).
#[derive(Debug)]
pub enum InheritedSocket {
    /// A TCP socket.
    Tcp(std::net::TcpListener),
    /// A Unix socket; the program that made it removes its file.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// How a server is protected, which decides where it may listen.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListenPolicy {
    pub(super) has_secret: bool,
    /// By TLS, or by other means if the user says so.
    pub(super) is_encrypted: bool,
}

/// A socket that listens.
pub(super) struct OpenSocket {
    pub(super) socket: ListeningSocket,
    /// The path of a Unix socket.
    pub(super) path: Option<PathBuf>,
    /// The file to remove at the end.
    pub(super) file: Option<SocketFile>,
}

impl OpenSocket {
    fn tcp(listener: TcpListener) -> Self {
        Self { socket: ListeningSocket::Tcp(listener), path: None, file: None }
    }

    /// Returns where it listens, for people.
    pub(super) fn place(&self, scheme: &str) -> Option<String> {
        let path = self.path.as_ref().map(|path| path.display().to_string());
        path.or_else(|| self.address().map(|address| format!("{scheme}://{address}/")))
    }

    /// Returns the address of a TCP socket.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            ListeningSocket::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            ListeningSocket::Unix(_) => None,
        }
    }
}

/// The file of a Unix socket, removed on drop unless another server has replaced it.
#[cfg(unix)]
pub(super) struct SocketFile {
    path: PathBuf,
    device_and_inode: Option<(u64, u64)>,
}

#[cfg(not(unix))]
pub(super) type SocketFile = std::convert::Infallible;

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.device_and_inode.is_some() && self.device_and_inode == device_and_inode(&self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn device_and_inode(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    path.symlink_metadata().ok().map(|file| (file.dev(), file.ino()))
}

/// Takes over the inherited sockets and opens the others.
pub(super) fn open(
    inherited: Vec<InheritedSocket>,
    listen: &[Listen],
    policy: ListenPolicy,
) -> Result<Vec<OpenSocket>, ServerError> {
    let inherited = inherited.into_iter().map(|socket| socket.open(policy));
    let mut all = inherited.collect::<Result<Vec<_>, _>>()?;
    for listen in listen {
        match listen {
            Listen::Loopback(port) => all.extend(loopback(*port)?.into_iter().map(OpenSocket::tcp)),
            Listen::Address(address) => {
                policy.check(*address)?;
                all.push(OpenSocket::tcp(tcp(*address)?));
            }
            Listen::Unix(path) => all.push(unix(path)?),
        }
    }
    Ok(all)
}

impl ListenPolicy {
    /// Checks that an address which other machines can reach is protected.
    fn check(self, address: SocketAddr) -> Result<(), ServerError> {
        match self {
            _ if address.ip().is_loopback() => Ok(()),
            Self { has_secret: false, .. } => Err(ServerError::NoSecret(address)),
            Self { is_encrypted: false, .. } => Err(ServerError::NoTls(address)),
            Self { .. } => Ok(()),
        }
    }
}

/// Opens the same port on both address families; a machine without IPv6 has one of them.
fn loopback(port: u16) -> Result<Vec<TcpListener>, ServerError> {
    let mut last = None;
    for _ in 0..if port == 0 { ATTEMPTS } else { 1 } {
        let first = tcp((Ipv4Addr::LOCALHOST, port).into())?;
        let actual = first.local_addr().map_or(port, |address| address.port());
        match tcp((Ipv6Addr::LOCALHOST, actual).into()) {
            Ok(second) => return Ok(vec![first, second]),
            Err(error @ ServerError::Taken { .. }) => last = Some(error),
            Err(_) => return Ok(vec![first]),
        }
    }
    let address = (IpAddr::from(Ipv6Addr::LOCALHOST), port).into();
    Err(last.unwrap_or(ServerError::Taken { address, source: io::ErrorKind::AddrInUse.into() }))
}

fn tcp(address: SocketAddr) -> Result<TcpListener, ServerError> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // On Windows the option would let other programs take the port too.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ServerError::Taken { address, source },
        _ => ServerError::Listen { address, source },
    })
}

/// Creates the socket in a private folder and moves it into place, so that no other user can ever connect. The socket of
/// a server that was killed is replaced.
#[cfg(unix)]
fn unix(path: &Path) -> Result<OpenSocket, ServerError> {
    use std::{
        fs::Permissions,
        os::unix::{fs::FileTypeExt as _, fs::PermissionsExt as _, net::UnixStream},
    };

    if let Ok(existing) = path.symlink_metadata() {
        if !existing.file_type().is_socket() {
            return Err(ServerError::NotASocket(path.to_owned()));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(ServerError::SocketTaken(path.to_owned()));
        }
    }
    let create = || {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(".".as_ref());
        parent.metadata()?;
        // The error itself would name the temporary folder.
        let private = tempfile::Builder::new().prefix(".m").tempdir_in(parent).map_err(|error| error.kind())?;
        let temporary = private.path().join("s");
        let listener = tokio::net::UnixListener::bind(&temporary)?;
        std::fs::set_permissions(&temporary, Permissions::from_mode(0o600))?;
        std::fs::rename(&temporary, path)?;
        let file = SocketFile { path: path.to_owned(), device_and_inode: device_and_inode(path) };
        Ok(OpenSocket { socket: ListeningSocket::Unix(listener), path: Some(path.to_owned()), file: Some(file) })
    };
    create().map_err(|source: io::Error| ServerError::Socket { path: path.to_owned(), source })
}

#[cfg(not(unix))]
fn unix(path: &Path) -> Result<OpenSocket, ServerError> {
    let source = io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets");
    Err(ServerError::Socket { path: path.to_owned(), source })
}

impl InheritedSocket {
    fn open(self, policy: ListenPolicy) -> Result<OpenSocket, ServerError> {
        self.check_that_it_listens().map_err(ServerError::InheritedSocket)?;
        match self {
            Self::Tcp(listener) => {
                policy.check(listener.local_addr().map_err(ServerError::InheritedSocket)?)?;
                let listener = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
                listener.map(OpenSocket::tcp).map_err(ServerError::InheritedSocket)
            }
            #[cfg(unix)]
            Self::Unix(listener) => inherited_unix(listener, policy),
        }
    }

    /// With `Accept=yes`, systemd passes on a connection, which is a socket too.
    #[cfg(all(unix, not(target_vendor = "apple")))]
    fn check_that_it_listens(&self) -> io::Result<()> {
        let listens = match self {
            Self::Tcp(listener) => rustix::net::sockopt::socket_acceptconn(listener),
            Self::Unix(listener) => rustix::net::sockopt::socket_acceptconn(listener),
        };
        if listens? { Ok(()) } else { Err(io::Error::other("it is not listening")) }
    }

    /// Other systems report it at the first `accept`.
    #[cfg(not(all(unix, not(target_vendor = "apple"))))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same signature as elsewhere")]
    fn check_that_it_listens(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes over a Unix socket. Any user who may write to its file may connect; if that is more than its owner and group, a
/// secret is required.
#[cfg(unix)]
fn inherited_unix(listener: std::os::unix::net::UnixListener, policy: ListenPolicy) -> Result<OpenSocket, ServerError> {
    use std::os::unix::fs::PermissionsExt as _;

    const WRITABLE_BY_OTHERS: u32 = 0o002;
    let take_over = || {
        let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
        let mode = path.as_ref().map(|path| path.symlink_metadata()).transpose()?.map(|file| file.permissions().mode());
        listener.set_nonblocking(true)?;
        let listener = tokio::net::UnixListener::from_std(listener)?;
        // A socket without a file has no mode either: every user of this machine may connect.
        let is_open = mode.is_none_or(|mode| mode & WRITABLE_BY_OTHERS != 0);
        Ok((listener, path.unwrap_or_else(|| "a socket without a file".into()), is_open))
    };
    let (listener, path, is_open) = take_over().map_err(ServerError::InheritedSocket)?;
    if is_open && !policy.has_secret {
        return Err(ServerError::OpenSocket(path));
    }
    Ok(OpenSocket { socket: ListeningSocket::Unix(listener), path: Some(path), file: None })
}
