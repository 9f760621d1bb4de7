//! Where the server listens, which scopes it allows, and the address in the form that applications need.

use std::net::{IpAddr, SocketAddr};

use maskinporten::{
    grant::Scopes,
    server::{AllowedScopes, Listen},
};

use super::USUAL_PORT;
use crate::cli::{
    args::ServeArguments,
    report::{Exit, Failure},
};

/// Returns the sockets to open: loopback, unless another address or only a Unix socket is named.
pub(super) fn sockets(arguments: &ServeArguments) -> Result<Vec<Listen>, Failure> {
    let port = arguments.port.unwrap_or(USUAL_PORT);
    let mut sockets = Vec::new();
    for text in &arguments.listen {
        sockets.push(Listen::Address(address(text, port)?));
    }
    if arguments.listen.is_empty() && (arguments.unix_socket.is_none() || arguments.port.is_some()) {
        sockets.push(Listen::Loopback(port));
    }
    sockets.extend(arguments.unix_socket.clone().map(Listen::Unix));
    Ok(sockets)
}

/// Parses an IP address, with or without a port.
fn address(text: &str, port: u16) -> Result<SocketAddr, Failure> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let alone = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port));
    alone.or_else(|_| text.trim().parse()).map_err(|_| {
        let message = "--listen is not an IP address, with or without a port".to_owned();
        let hint = "pass --listen 127.0.0.1, --listen 0.0.0.0:8080 or --listen [::1]:8080".to_owned();
        Failure::plain(Exit::Usage, "listen", message, Some(hint))
    })
}

/// Parses scopes and prefixes that end with `*`.
pub(super) fn allowed(texts: &[String]) -> Result<AllowedScopes, Failure> {
    if texts.is_empty() {
        return Ok(AllowedScopes::default());
    }
    let patterns = Scopes::parse(&texts.join(" "))
        .map_err(|error| Failure::new(Exit::Usage, &error).about("--allow-scopes cannot be used"))?;
    Ok(AllowedScopes::new(patterns.iter().map(str::to_owned)))
}

/// Returns the variables of the NAIS token API (<https://docs.nais.io/auth/reference/#texas>), for `eval` and `.env` files.
pub(super) fn variables(arguments: &ServeArguments, listen: &[Listen]) -> Result<String, Failure> {
    let (scheme, address) = fixed_address(arguments, listen, "--print-env")?;
    Ok(format!(
        "NAIS_TOKEN_ENDPOINT={scheme}://{address}/api/v1/token\n\
         NAIS_TOKEN_EXCHANGE_ENDPOINT={scheme}://{address}/api/v1/token/exchange\n\
         NAIS_TOKEN_INTROSPECTION_ENDPOINT={scheme}://{address}/api/v1/introspect\n"
    ))
}

/// Returns the script that makes an API client use tokens from this server, if an option asks for one. The server's secret,
/// if there is one, is a variable of the client.
pub(super) fn script(arguments: &ServeArguments, listen: &[Listen]) -> Result<Option<String>, Failure> {
    let wanted = &arguments.scripts;
    let scripts = [
        (wanted.print_postman, "--print-postman", include_str!("postman.js")),
        (wanted.print_bruno, "--print-bruno", include_str!("bruno.js")),
        (wanted.print_k6, "--print-k6", include_str!("k6.js")),
    ];
    let Some((_, option, script)) = scripts.into_iter().find(|(is_wanted, ..)| *is_wanted) else { return Ok(None) };
    let (scheme, address) = fixed_address(arguments, listen, option)?;
    let is_this_machine = address.ip().is_loopback() || address.ip().is_unspecified();
    let host = if is_this_machine { format!("localhost:{}", address.port()) } else { address.to_string() };
    Ok(Some(script.replace("SERVER", &format!("{scheme}://{host}/"))))
}

/// Returns the scheme and the address of a server that is not running yet.
fn fixed_address(
    arguments: &ServeArguments,
    listen: &[Listen],
    option: &str,
) -> Result<(&'static str, SocketAddr), Failure> {
    let address = listen.iter().find_map(|listen| match listen {
        Listen::Loopback(port) => Some(SocketAddr::from(([127, 0, 0, 1], *port))),
        Listen::Address(address) => Some(*address),
        Listen::Unix(_) => None,
    });
    let Some(address) = address.filter(|address| address.port() != 0) else {
        let message = format!("{option} needs a fixed port");
        return Err(Failure::plain(Exit::Usage, "port", message, Some(format!("pass --port {USUAL_PORT}"))));
    };
    Ok((if arguments.tls_cert.is_some() { "https" } else { "http" }, address))
}
