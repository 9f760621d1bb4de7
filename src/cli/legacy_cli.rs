//! The command line of Altinn's `MaskinportenTokenGenerator`, so that its scripts run unchanged.
//!
//! If there is no command and the first argument is one of its options, the program acts as that tool: it takes its
//! twenty options in every spelling that its parser accepts, and prints its output with `--only_token`, `--only_grant` or
//! neither. Its faults are not copied: errors go to stderr with the usual exit codes, bad numbers and unknown arguments
//! are refused, it does not wait for ENTER, and sends no `sub`, which Maskinporten does not document.

use std::{ffi::OsString, sync::Arc};

use maskinporten_token_generator::printer::{TokenForm, print_banner, print_token};
use zeroize::Zeroizing;

use super::{
    report::{self, Exit, Failure, Report},
    serve,
    settings::{SettingArguments, SettingSources, Settings},
    tokens::{SignedGrant, Tokens},
};

/// What one of the original's options means here.
#[derive(Clone, Copy)]
enum Meaning {
    /// The setting with this name.
    Setting(&'static str),
    /// A value that is parsed and not used.
    Unused,
    Switch(Switch),
    /// A flag with a value, `true` or something else.
    PersonMode,
    /// The port of the token server.
    Port,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    ServerMode,
    OnlyToken,
    OnlyGrant,
}

/// Short name, long name, meaning. `-h` and `--help` are this program's own.
const OPTIONS: [(&str, &str, Meaning); 19] = [
    ("t", "certificate_thumbprint", Meaning::Setting("certificate-thumbprint")),
    ("u", "use_current_user_store_location", Meaning::Unused),
    ("k", "keystore_path", Meaning::Setting("keystore")),
    ("p", "keystore_password", Meaning::Setting("keystore-password")),
    ("j", "jwk_path", Meaning::Setting("jwk")),
    ("K", "kid", Meaning::Setting("kid")),
    ("c", "client_id", Meaning::Setting("client-id")),
    ("a", "audience", Meaning::Setting("audience")),
    ("r", "resource", Meaning::Setting("resource")),
    ("l", "token_ttl", Meaning::Setting("ttl")),
    ("s", "scopes", Meaning::Setting("scope")),
    ("e", "token_endpoint", Meaning::Setting("token-endpoint")),
    ("A", "authorize_endpoint", Meaning::Unused),
    ("C", "consumer_org", Meaning::Setting("consumer-org")),
    ("m", "server_mode", Meaning::Switch(Switch::ServerMode)),
    ("P", "server_port", Meaning::Port),
    ("i", "person_mode", Meaning::PersonMode),
    ("o", "only_token", Meaning::Switch(Switch::OnlyToken)),
    ("g", "only_grant", Meaning::Switch(Switch::OnlyGrant)),
];

/// What the original prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    /// The response between two lines.
    Banner,
    /// The access token alone.
    Token,
    /// The grant alone.
    Grant,
    /// Nothing: it serves tokens at this port.
    Server(u16),
}

/// A command line of the original, as settings of this program.
#[derive(Debug)]
pub(crate) struct LegacyCommandLine {
    settings: SettingArguments,
    output: Output,
}

/// Whether the arguments are the original's: no command, and one of its options first.
pub(crate) fn is_legacy(arguments: &[OsString]) -> bool {
    arguments.first().and_then(|first| first.to_str()).is_some_and(|first| find(first).is_some())
}

/// Parses a command line of the original.
pub(crate) fn parse(arguments: &[OsString]) -> Result<LegacyCommandLine, Failure> {
    let mut settings = SettingArguments::default();
    let mut switches = Vec::new();
    let mut person_mode = false;
    let mut port = serve::USUAL_PORT;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_str().ok_or_else(|| usage("an argument is not UTF-8".to_owned(), None))?;
        let (long, meaning, attached) = find(text).ok_or_else(|| unknown(text))?;
        let mut value = || {
            attached
                .map(str::to_owned)
                .or_else(|| rest.next()?.to_str().map(str::to_owned))
                .ok_or_else(|| usage(format!("--{long} needs a value"), Some(format!("write it as --{long}=VALUE"))))
        };
        match meaning {
            Meaning::Setting(name) => {
                // The last value counts. An empty one counts as unset, unless it is a password.
                settings.remove(name);
                let value = Zeroizing::new(value()?);
                if !value.is_empty() || name == "keystore-password" {
                    settings.set(name, &value, format!("--{long}"));
                }
            }
            Meaning::Unused => drop(value()?),
            Meaning::Port => port = read_port(&value()?)?,
            Meaning::PersonMode => person_mode = value()? == "true",
            Meaning::Switch(switch) => switches.push(switch),
        }
    }
    // The original has no default resource.
    if !settings.has("resource") {
        settings.set("no-resource", "true", "--no-resource".to_owned());
    }
    // It caches tokens only in its server mode.
    settings.set("no-cache", "true", "--no-cache".to_owned());
    Ok(LegacyCommandLine { output: output(&switches, person_mode, port)?, settings })
}

/// Does what the original does.
pub(crate) async fn run(command_line: LegacyCommandLine, report: &Arc<Report>) -> Result<(), Failure> {
    if let Output::Server(port) = command_line.output {
        return serve::run_original(command_line.settings, port, report).await;
    }
    let settings = Settings::from_sources(&mut SettingSources::load_legacy(command_line.settings, report)?, report)?;
    let mut artefact = Zeroizing::new(Vec::new());
    if command_line.output == Output::Grant {
        let signed = SignedGrant::sign(settings, report).await?;
        artefact.extend_from_slice(signed.assertion.expose().as_bytes());
        artefact.push(b'\n');
        return report::print(&artefact);
    }
    let token = Tokens::new(settings, report)?.token().await?;
    let printed = match command_line.output {
        Output::Banner => print_banner(&token, &mut *artefact),
        _ => print_token(TokenForm::Token, &token, &mut *artefact),
    };
    printed.map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)
}

fn output(switches: &[Switch], person_mode: bool, port: u16) -> Result<Output, Failure> {
    if person_mode {
        let hint = "log in another way: this version does not support logins through ID-porten yet".to_owned();
        return Err(usage("--person_mode is not supported yet".to_owned(), Some(hint)));
    }
    // The original checks its server mode first, then the grant.
    Ok(if switches.contains(&Switch::ServerMode) {
        Output::Server(port)
    } else if switches.contains(&Switch::OnlyGrant) {
        Output::Grant
    } else if switches.contains(&Switch::OnlyToken) {
        Output::Token
    } else {
        Output::Banner
    })
}

fn read_port(value: &str) -> Result<u16, Failure> {
    value.trim().parse().map_err(|_| {
        let hint = format!("pass --server_port={}, or leave it out", serve::USUAL_PORT);
        usage("--server_port must be a number from 0 to 65535".to_owned(), Some(hint))
    })
}

/// Finds an option: its long name, its meaning, and the value attached with `=` or `:`.
///
/// The spellings are those of its parser, Mono.Options: `-x`, `--long`, `-long`, `/long`, and `=` or `:` before a
/// value.
fn find(argument: &str) -> Option<(&'static str, Meaning, Option<&str>)> {
    let name = ["--", "-", "/"].iter().find_map(|dash| argument.strip_prefix(dash))?;
    let (name, value) = match name.find(['=', ':']) {
        Some(at) => (&name[..at], Some(&name[at + 1..])),
        None => (name, None),
    };
    let short_allowed = !argument.starts_with("--");
    let option = OPTIONS.iter().find(|(short, long, _)| name == *long || short_allowed && name == *short);
    option.map(|(_, long, meaning)| (*long, *meaning, value))
}

fn unknown(argument: &str) -> Failure {
    let shown: String = argument.split(['=', ':']).next().unwrap_or_default().chars().take(60).collect();
    let hint = "separate scopes with commas, and put paths with spaces in quotes".to_owned();
    usage(format!("`{shown}` is not an option of MaskinportenTokenGenerator"), Some(hint))
}

fn usage(message: String, hint: Option<String>) -> Failure {
    Failure::plain(Exit::Usage, "usage", message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<LegacyCommandLine, Failure> {
        parse(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn every_spelling_of_every_option_is_accepted() {
        for (short, long, meaning) in OPTIONS {
            let Meaning::Setting(name) = meaning else { continue };
            for spelling in [
                vec![format!("-{short}"), "VALUE".to_owned()],
                vec![format!("-{short}=VALUE")],
                vec![format!("--{long}=VALUE")],
                vec![format!("--{long}"), "VALUE".to_owned()],
                vec![format!("-{long}=VALUE")],
                vec![format!("/{long}:VALUE")],
            ] {
                let words: Vec<&str> = spelling.iter().map(String::as_str).collect();
                let command_line = parsed(&words).unwrap();
                let texts = command_line.settings.into_texts();
                assert_eq!(texts[0], (name, vec!["VALUE".to_owned()]), "{spelling:?}");
            }
        }
    }

    #[test]
    fn the_first_argument_decides_which_command_line_it_is() {
        for (argument, is_first) in [
            ("--client_id=x", true),
            ("-c", true),
            ("-client_id", true),
            ("--only_token", true),
            ("/audience:x", true),
            ("token", false),
            ("--client-id", false),
            ("-h", false),
            ("--help", false),
            ("-V", false),
            ("--c", false),
        ] {
            assert_eq!(is_legacy(&[OsString::from(argument)]), is_first, "{argument}");
        }
    }

    #[test]
    fn the_grant_has_precedence_over_the_token_and_both_over_the_banner() {
        for (arguments, output) in [
            (&["-c=x"][..], Output::Banner),
            (&["-c=x", "-o"], Output::Token),
            (&["-c=x", "-g"], Output::Grant),
            (&["-c=x", "-o", "--only_grant"], Output::Grant),
            (&["-c=x", "-m"], Output::Server(17823)),
            (&["-c=x", "-g", "--server_mode", "-P", "0"], Output::Server(0)),
        ] {
            assert_eq!(parsed(arguments).unwrap().output, output);
        }
    }

    #[test]
    fn an_empty_value_counts_as_unset_except_for_a_password() {
        let command_line = parsed(&["--kid=", "--resource=", "--keystore_password="]).unwrap();
        let names: Vec<&str> = command_line.settings.into_texts().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["keystore-password", "no-resource", "no-cache"]);
    }

    #[test]
    fn unknown_arguments_and_wrong_values_are_errors() {
        for arguments in [&["-c=x", "stray"][..], &["-c=x", "--nonsense=1"], &["-c"], &["-m", "-P=x"], &["-i=true"]] {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
        assert!(parsed(&["-c=x", "-i=false", "-u=true", "-A=https://x", "-P=17823"]).is_ok());
    }
}
