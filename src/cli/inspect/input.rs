//! Where the token comes from: the command line, or stdin, of which no more is read than a token has.

use std::io::{self, IsTerminal as _, Read as _};

use maskinporten_token_generator::inspect::{InspectError, Jwt, MAXIMUM_TOKEN_BYTES};
use zeroize::Zeroizing;

use crate::cli::report::{Exit, Failure, Report};

pub(super) fn read(typed: Option<&str>, report: &Report) -> Result<Jwt, Failure> {
    let parsed = match typed.filter(|typed| *typed != "-") {
        Some(typed) => {
            report.warning("the token shows in the process list; pipe it into maskinporten inspect instead");
            Jwt::parse(typed.as_bytes())
        }
        None => Jwt::parse(&stdin(report)?),
    };
    parsed.map_err(|error| unreadable(&error))
}

pub(super) fn unreadable(error: &InspectError) -> Failure {
    Failure::new(Exit::Other, error).about("could not read the token")
}

fn stdin(report: &Report) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if io::stdin().is_terminal() {
        report.note("paste the token, then press Enter and Ctrl-D");
    }
    let mut bytes = Zeroizing::new(Vec::new());
    // One octet more shows that there is too much; white space round a token may be as long again.
    let limit = u64::try_from(MAXIMUM_TOKEN_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(|error| {
        let message = format!("could not read the token from stdin: {error}");
        Failure::plain(Exit::Other, "stdin", message, Some("pipe the token in".to_owned()))
    })?;
    Ok(bytes)
}
