//! Sockets that systemd has opened for `serve` (`sd_listen_fds(3)`), which starts the server at the first request.

use maskinporten::server::InheritedSocket;

#[cfg(unix)]
use crate::cli::report::Exit;
use crate::cli::{args::ServeArguments, report::Failure};

/// Returns the sockets that this process was started with; usually there are none.
#[cfg(unix)]
pub(super) fn sockets(arguments: &ServeArguments) -> Result<Vec<InheritedSocket>, Failure> {
    use maskinporten::server::ServerError;

    /// No server needs more.
    const MAXIMUM: usize = 16;
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    // Variables for another process, such as the parent, are ignored.
    let is_ours = number("LISTEN_PID") == Some(std::process::id());
    let count = number("LISTEN_FDS").filter(|_| is_ours).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    if count == 0 {
        return Ok(Vec::new());
    }
    if arguments.port.is_some() || !arguments.listen.is_empty() || arguments.unix_socket.is_some() {
        let message = "systemd has opened the sockets, but the command line names others".to_owned();
        let hint =
            "remove --port, --listen and --unix-socket, and configure the sockets in the .socket unit".to_owned();
        return Err(Failure::plain(Exit::Usage, "passed_socket", message, Some(hint)));
    }
    if count > MAXIMUM {
        let message = format!("{count} sockets were inherited, more than the maximum of {MAXIMUM}");
        return Err(Failure::plain(Exit::Usage, "passed_socket", message, None));
    }
    let mut inherited = listenfd::ListenFd::from_env();
    let taken = (0..count).map(|index| match inherited.take_tcp_listener(index) {
        Ok(taken) => Ok(taken.map(InheritedSocket::Tcp)),
        Err(_) => Ok(inherited.take_unix_listener(index)?.map(InheritedSocket::Unix)),
    });
    let taken: Result<Vec<_>, std::io::Error> = taken.filter_map(Result::transpose).collect();
    taken.map_err(|error| Failure::new(Exit::Configuration, &ServerError::InheritedSocket(error)))
}

/// Other systems have no such sockets.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
pub(super) fn sockets(_: &ServeArguments) -> Result<Vec<InheritedSocket>, Failure> {
    Ok(Vec::new())
}
