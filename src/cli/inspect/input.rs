//! Reads the token from the command line or stdin, up to the size limit of tokens.

use std::io::{self, IsTerminal as _, Read as _};

use maskinporten_token_generator::inspect::{InspectError, Jwt, MAXIMUM_TOKEN_BYTES};
use zeroize::Zeroizing;

use crate::cli::{
    report::{Exit, Failure, Report},
    signals,
};

pub(super) async fn read(given: Option<&str>, report: &Report) -> Result<Jwt, Failure> {
    let parsed = if let Some(token) = given.filter(|given| *given != "-") {
        report.warning("the token shows in the process list; pipe it into maskinporten inspect instead");
        Jwt::parse(token.as_bytes())
    } else {
        if io::stdin().is_terminal() {
            report.note("paste the token, then press Enter and Ctrl-D");
        }
        Jwt::parse(&signals::blocking(read_stdin).await?)
    };
    parsed.map_err(|error| unreadable(&error))
}

pub(super) fn unreadable(error: &InspectError) -> Failure {
    Failure::new(Exit::Other, error).about("could not read the token")
}

fn read_stdin() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    // One byte more than the limit shows that the input is too long.
    let limit = u64::try_from(MAXIMUM_TOKEN_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(|error| {
        let message = format!("could not read the token from stdin: {error}");
        Failure::plain(Exit::Other, "stdin", message, Some("pipe the token in".to_owned()))
    })?;
    Ok(bytes)
}
