//! The options of `maskinporten agent`.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::{LogFormat, TokenArguments};

pub(super) const RENEWAL: &str = "A file is there once its first token is, and then holds a valid token: it is replaced before \
    the token expires, in one step, and only you can read it. A file that was removed is written again. While no token can \
    be obtained, the file stays as it is and the log says why. Config file, keys and passwords are read again when they \
    change, or on SIGHUP. Ctrl-C stops it; the files stay.";

/// `agent`
#[derive(Debug, Args)]
pub(crate) struct AgentArguments {
    /// Keep a token of this profile of the config file in this file; repeatable. A path with `=` begins with `./` or `/`
    #[arg(long, value_name = "[PROFILE=]FILE", required = true, action = ArgAction::Append, help_heading = "Output",
          value_parser = WriteTarget::parse)]
    pub(crate) write: Vec<WriteTarget>,
    /// The format of the log on stderr
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) log_format: LogFormat,
    #[command(flatten)]
    pub(crate) output: TokenArguments,
}

/// A file, and the profile whose token it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WriteTarget {
    /// `None` is that of `--profile`, else the default one.
    pub(crate) profile: Option<String>,
    pub(crate) file: PathBuf,
}

impl WriteTarget {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let named = text.split_once('=').filter(|(profile, _)| !profile.contains(['/', '\\']));
        let (profile, file) = named.map_or((None, text), |(profile, file)| (Some(profile), file));
        if file.is_empty() || profile.is_some_and(str::is_empty) {
            return Err("expected FILE or PROFILE=FILE");
        }
        Ok(Self { profile: profile.map(str::to_owned), file: file.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_named_before_an_equals_sign_and_a_folder_is_not_one() {
        let target = |profile: Option<&str>, file: &str| {
            Ok(WriteTarget { profile: profile.map(str::to_owned), file: file.into() })
        };
        for (text, expected) in [
            ("token", target(None, "token")),
            ("test=/run/a/token", target(Some("test"), "/run/a/token")),
            ("test=a=b", target(Some("test"), "a=b")),
            ("./a=b", target(None, "./a=b")),
            (r"C:\a=b", target(None, r"C:\a=b")),
            ("", Err("expected FILE or PROFILE=FILE")),
            ("test=", Err("expected FILE or PROFILE=FILE")),
            ("=file", Err("expected FILE or PROFILE=FILE")),
        ] {
            assert_eq!(WriteTarget::parse(text), expected, "{text}");
        }
    }
}
