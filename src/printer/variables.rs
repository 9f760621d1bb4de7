//! The token and its expiry as variables: assignments for a shell, or the lines of a `.env` file.

use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};

use super::quoting;
use crate::client::AccessToken;

const TOKEN: &str = "MASKINPORTEN_TOKEN";
const EXPIRES_AT: &str = "MASKINPORTEN_TOKEN_EXPIRES_AT";

/// The shell that evaluates the assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shell {
    /// A POSIX shell, for `eval "$(…)"`.
    #[default]
    Sh,
    /// fish, for `… | source`.
    Fish,
    /// PowerShell, for `… | Out-String | Invoke-Expression`.
    PowerShell,
}

impl Shell {
    const ALL: [Self; 3] = [Self::Sh, Self::Fish, Self::PowerShell];

    /// The names of the shells.
    pub const NAMES: [&str; 3] = ["sh", "fish", "powershell"];

    /// Finds the shell with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(_, own)| *own == name).map(|(shell, _)| shell)
    }

    /// Returns a command that sets a variable for the programs that the shell starts.
    fn set(self, name: &str, value: &str) -> io::Result<String> {
        Ok(match self {
            Self::Sh => format!("export {name}={}", quoting::shell(value)?),
            // The semicolon is for `eval (…)`, where fish replaces each line break with a space.
            Self::Fish => format!("set -gx {name} {};", quoting::fish(value)),
            Self::PowerShell => format!("$env:{name} = {}", quoting::powershell(value)),
        })
    }

    /// Returns a command that removes a variable.
    fn unset(self, name: &str) -> String {
        match self {
            Self::Sh => format!("unset {name}"),
            Self::Fish => format!("set -e {name};"),
            Self::PowerShell => format!("$env:{name} = $null"),
        }
    }
}

/// Writes assignments for a shell.
pub(super) fn print_env(shell: Shell, token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", shell.set(TOKEN, token.expose())?)?;
    match token.expires_at() {
        Some(at) => writeln!(out, "{}", shell.set(EXPIRES_AT, &rfc3339(at))?),
        // The expiry of an earlier token must not be mistaken for that of this token.
        None => writeln!(out, "{}", shell.unset(EXPIRES_AT)),
    }
}

/// Writes the lines of a `.env` file. Values are not quoted: programs that read such files disagree on quotes, and neither
/// a token (RFC 6750 §2.1) nor a time has characters that need them.
pub(super) fn print_dotenv(token: &AccessToken, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{TOKEN}={}", token.expose())?;
    token.expires_at().map_or(Ok(()), |at| writeln!(out, "{EXPIRES_AT}={}", rfc3339(at)))
}

/// Formats a time to the second, in UTC (RFC 3339).
pub(super) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_sets_and_unsets_variables_in_its_own_syntax() {
        for (shell, set, unset) in [
            (Shell::Sh, "export A='b c'", "unset A"),
            (Shell::Fish, "set -gx A 'b c';", "set -e A;"),
            (Shell::PowerShell, "$env:A = 'b c'", "$env:A = $null"),
        ] {
            assert_eq!((shell.set("A", "b c").unwrap().as_str(), shell.unset("A").as_str()), (set, unset));
        }
    }
}
