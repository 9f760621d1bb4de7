//! Sockets that were opened before the program began, such as systemd's (`sd_listen_fds(3)`). They are guarded like its own.

use std::{io, net};

use tokio::net::TcpListener;

use super::{
    Options, ServerError,
    listen::{self, Listening},
};

/// A socket that listens already.
#[derive(Debug)]
pub enum InheritedSocket {
    /// A TCP socket.
    Tcp(net::TcpListener),
    /// A Unix socket; whoever made it removes its file.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

impl InheritedSocket {
    pub(super) fn listening(self, options: &Options) -> Result<Listening, ServerError> {
        self.check_that_it_listens().map_err(ServerError::InheritedSocket)?;
        match self {
            Self::Tcp(listener) => {
                listen::check(listener.local_addr().map_err(ServerError::InheritedSocket)?, options)?;
                tcp(listener).map(Listening::Tcp).map_err(ServerError::InheritedSocket)
            }
            #[cfg(unix)]
            Self::Unix(listener) => unix(listener, options),
        }
    }

    /// A connection, which systemd passes on with `Accept=yes`, is a socket too.
    #[cfg(unix)]
    fn check_that_it_listens(&self) -> io::Result<()> {
        let listens = match self {
            Self::Tcp(listener) => rustix::net::sockopt::socket_acceptconn(listener),
            Self::Unix(listener) => rustix::net::sockopt::socket_acceptconn(listener),
        };
        if listens? { Ok(()) } else { Err(io::Error::other("it does not listen")) }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "on other systems it is looked at")]
    fn check_that_it_listens(&self) -> io::Result<()> {
        Ok(())
    }
}

fn tcp(listener: net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Whoever may write to the socket's file may ask. Others than its owner and his group want a secret.
#[cfg(unix)]
fn unix(listener: std::os::unix::net::UnixListener, options: &Options) -> Result<Listening, ServerError> {
    use std::os::unix::fs::PermissionsExt as _;

    const WRITABLE_BY_OTHERS: u32 = 0o002;
    let made = || {
        let place = listener.local_addr()?.as_pathname().map(std::path::Path::to_owned);
        let mode =
            place.as_ref().map(|path| path.symlink_metadata()).transpose()?.map(|file| file.permissions().mode());
        listener.set_nonblocking(true)?;
        let listener = tokio::net::UnixListener::from_std(listener)?;
        // A socket without a file has no mode either: anybody on this machine may use it.
        let is_open = mode.is_none_or(|mode| mode & WRITABLE_BY_OTHERS != 0);
        Ok((listener, place.unwrap_or_else(|| "a socket without a file".into()), is_open))
    };
    let (listener, place, is_open) = made().map_err(ServerError::InheritedSocket)?;
    if is_open && options.secret.is_none() {
        return Err(ServerError::OpenSocket(place));
    }
    Ok(Listening::Unix { listener, place, file: None })
}
