//! Sockets that systemd has opened for `serve` (`sd_listen_fds(3)`): it listens from the machine's start on, and the server is
//! started by the first request.

use maskinporten_token_generator::server::InheritedSocket;

use crate::cli::{
    args::ServeArguments,
    report::{Exit, Failure},
};

/// What was passed on to this process; nothing, as a rule.
#[cfg(unix)]
pub(super) fn sockets(arguments: &ServeArguments) -> Result<Vec<InheritedSocket>, Failure> {
    use maskinporten_token_generator::server::ServerError;

    /// More than one server has use for.
    const MAXIMUM: usize = 16;
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    // Variables that were meant for another process, such as the one that started this one, mean nothing.
    let is_ours = number("LISTEN_PID") == Some(std::process::id());
    let count = number("LISTEN_FDS").filter(|_| is_ours).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    if count == 0 {
        return Ok(Vec::new());
    }
    if arguments.port.is_some() || !arguments.listen.is_empty() || arguments.unix_socket.is_some() {
        let message = "systemd has opened the sockets, and the command line names others".to_owned();
        let hint = "leave --port, --listen and --unix-socket out, and name the sockets in the .socket unit".to_owned();
        return Err(Failure::plain(Exit::Usage, "passed_socket", message, Some(hint)));
    }
    if count > MAXIMUM {
        let message = format!("{count} sockets were passed on, which is more than {MAXIMUM}");
        return Err(Failure::plain(Exit::Usage, "passed_socket", message, None));
    }
    let mut given = listenfd::ListenFd::from_env();
    let taken = (0..count).map(|index| match given.take_tcp_listener(index) {
        Ok(taken) => Ok(taken.map(InheritedSocket::Tcp)),
        Err(_) => Ok(given.take_unix_listener(index)?.map(InheritedSocket::Unix)),
    });
    let taken: Result<Vec<_>, std::io::Error> = taken.filter_map(Result::transpose).collect();
    taken.map_err(|error| Failure::new(Exit::Configuration, &ServerError::InheritedSocket(error)))
}

/// There is no such thing on this system.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on other systems it can fail")]
pub(super) fn sockets(_: &ServeArguments) -> Result<Vec<InheritedSocket>, Failure> {
    Ok(Vec::new())
}
