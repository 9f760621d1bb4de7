//! Sockets: loopback on both families, another address when it is guarded, or a Unix socket for its owner alone.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::{Options, ServerError};

/// As many callers at once may wait to be let in.
const BACKLOG: u32 = 1024;

/// How many free ports are tried, should one be free on 127.0.0.1 and not on `::1`.
const ATTEMPTS: usize = 10;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// 127.0.0.1 and `::1` at this port; 0 lets the system pick one.
    Loopback(u16),
    /// This address.
    Address(SocketAddr),
    /// A Unix socket, which its owner alone may use.
    Unix(PathBuf),
}

/// A socket that listens.
pub(super) enum Listening {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix {
        listener: tokio::net::UnixListener,
        place: PathBuf,
        /// Its file, where it is ours to remove.
        #[expect(dead_code, reason = "it is there to be dropped")]
        file: Option<SocketFile>,
    },
}

/// An accepted connection.
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Listening {
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Answers are written in one go: waiting for more octets only delays them.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
            #[cfg(unix)]
            Self::Unix { listener, .. } => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }

    /// Where it listens, for people.
    pub(super) fn place(&self, scheme: &str) -> Option<String> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(|address| format!("{scheme}://{address}/")),
            #[cfg(unix)]
            Self::Unix { place, .. } => Some(place.display().to_string()),
        }
    }

    /// The address, of which a Unix socket has none.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix { .. } => None,
        }
    }
}

/// The file of a Unix socket, removed at the end unless another server has put its own in its place.
#[cfg(unix)]
pub(super) struct SocketFile {
    path: PathBuf,
    device_and_inode: Option<(u64, u64)>,
}

#[cfg(unix)]
impl SocketFile {
    fn at(path: &std::path::Path) -> Self {
        Self { path: path.to_owned(), device_and_inode: device_and_inode(path) }
    }
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.device_and_inode.is_some() && self.device_and_inode == device_and_inode(&self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn device_and_inode(path: &std::path::Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    path.symlink_metadata().ok().map(|file| (file.dev(), file.ino()))
}

/// Takes every socket that was passed on, and opens every other that is asked for.
pub(super) fn open(options: &mut Options) -> Result<Vec<Listening>, ServerError> {
    let passed = std::mem::take(&mut options.passed);
    let mut all = passed.into_iter().map(|passed| passed.listening(options)).collect::<Result<Vec<_>, _>>()?;
    for listen in &options.listen {
        match listen {
            Listen::Loopback(port) => all.extend(loopback(*port)?),
            Listen::Address(address) => {
                check(*address, options)?;
                all.push(Listening::Tcp(tcp(*address)?));
            }
            Listen::Unix(path) => all.push(unix(path)?),
        }
    }
    Ok(all)
}

/// What others can reach wants a secret and TLS.
pub(super) fn check(address: SocketAddr, options: &Options) -> Result<(), ServerError> {
    match () {
        () if address.ip().is_loopback() => Ok(()),
        () if options.secret.is_none() => Err(ServerError::NoSecret(address)),
        () if options.tls.is_none() && !options.insecure_plain_http => Err(ServerError::NoTls(address)),
        () => Ok(()),
    }
}

/// The same port on both families; a machine without IPv6 has one of them.
fn loopback(port: u16) -> Result<Vec<Listening>, ServerError> {
    let mut last = None;
    for _ in 0..if port == 0 { ATTEMPTS } else { 1 } {
        let first = tcp((Ipv4Addr::LOCALHOST, port).into())?;
        let own = first.local_addr().map_or(port, |address| address.port());
        match tcp((Ipv6Addr::LOCALHOST, own).into()) {
            Ok(second) => return Ok(vec![Listening::Tcp(first), Listening::Tcp(second)]),
            Err(error @ ServerError::Taken { .. }) => last = Some(error),
            Err(_) => return Ok(vec![Listening::Tcp(first)]),
        }
    }
    let address = (IpAddr::from(Ipv6Addr::LOCALHOST), port).into();
    Err(last.unwrap_or(ServerError::Taken { address, source: io::ErrorKind::AddrInUse.into() }))
}

fn tcp(address: SocketAddr) -> Result<TcpListener, ServerError> {
    let listening = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // On Windows the option would let others take the port too.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listening().map_err(|source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ServerError::Taken { address, source },
        _ => ServerError::Listen { address, source },
    })
}

/// Makes the socket where nobody else can look and moves it into place, so that it is never open to others. What a
/// server that was killed has left behind is replaced.
#[cfg(unix)]
fn unix(path: &std::path::Path) -> Result<Listening, ServerError> {
    use std::{
        fs::Permissions,
        os::unix::{fs::FileTypeExt as _, fs::PermissionsExt as _, net::UnixStream},
    };

    if let Ok(there) = path.symlink_metadata() {
        if !there.file_type().is_socket() {
            return Err(ServerError::NoSocket(path.to_owned()));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(ServerError::SocketTaken(path.to_owned()));
        }
    }
    let made = || {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(".".as_ref());
        parent.metadata()?;
        // Its error would name a file that nobody has heard of.
        let hidden = tempfile::Builder::new().prefix(".m").tempdir_in(parent).map_err(|error| error.kind())?;
        let first = hidden.path().join("s");
        let listener = tokio::net::UnixListener::bind(&first)?;
        std::fs::set_permissions(&first, Permissions::from_mode(0o600))?;
        std::fs::rename(&first, path)?;
        Ok(Listening::Unix { listener, place: path.to_owned(), file: Some(SocketFile::at(path)) })
    };
    made().map_err(|source: io::Error| ServerError::Socket { path: path.to_owned(), source })
}

#[cfg(not(unix))]
fn unix(path: &std::path::Path) -> Result<Listening, ServerError> {
    let source = io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets");
    Err(ServerError::Socket { path: path.to_owned(), source })
}
