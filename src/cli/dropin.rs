//! The command line of Altinn's `MaskinportenTokenGenerator`, so that its scripts run unchanged.
//!
//! Without a command, and with one of its options as the first argument, the program is that tool: its twenty
//! options in every spelling that its parser takes, its output with `--only_token`, `--only_grant` or neither.
//! What was wrong there is right here: errors on stderr with the usual exit codes, bad numbers refused, nothing
//! ignored without a word, no pause for ENTER, and no `sub`, which Maskinporten does not document.

use std::{ffi::OsString, sync::Arc};

use maskinporten_token_generator::{
    clock::SystemClock,
    printer::{TokenForm, print_banner, print_token},
};
use zeroize::Zeroizing;

use super::{
    fetch::{self, Freshness},
    layers::Layers,
    report::{self, Exit, Failure, Report},
    resolve, serve,
    settings::Typed,
};

/// What one of the original's options means here.
#[derive(Clone, Copy)]
enum Meaning {
    /// A value of the setting with this name.
    Setting(&'static str),
    /// A value that is read and has no meaning here.
    Unused,
    /// Something that is there or not.
    Switch(Switch),
    /// A value that is `true` or something else.
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

/// What the original would have printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// The answer between two rules.
    Banner,
    /// The access token alone.
    Token,
    /// The grant alone.
    Grant,
    /// Nothing: tokens are handed out at this port.
    Server(u16),
}

/// A command line of the original, in this program's words.
#[derive(Debug)]
pub(crate) struct DropIn {
    pub(crate) settings: Typed,
    pub(crate) output: Output,
}

/// The original's option for a setting, `--token_ttl`.
pub(crate) fn option(name: &str) -> String {
    let means = |meaning: Meaning| matches!(meaning, Meaning::Setting(own) if own == name);
    let long = OPTIONS.iter().find(|(_, _, meaning)| means(*meaning)).map_or(name, |(_, long, _)| long);
    format!("--{long}")
}

/// Whether these arguments are the original's: no command, and one of its options first.
pub(crate) fn is_meant(arguments: &[OsString]) -> bool {
    arguments.first().and_then(|first| first.to_str()).is_some_and(|first| find(first).is_some())
}

/// Reads a command line of the original.
pub(crate) fn parse(arguments: &[OsString]) -> Result<DropIn, Failure> {
    let mut settings: Vec<(&'static str, Vec<String>)> = Vec::new();
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
            Meaning::Setting(name) => add(&mut settings, name, value()?),
            Meaning::Unused => drop(value()?),
            Meaning::Port => port = read_port(&value()?)?,
            Meaning::PersonMode => person_mode = value()? == "true",
            Meaning::Switch(switch) => switches.push(switch),
        }
    }
    // The original leaves `resource` out when nobody asks for it.
    if !settings.iter().any(|(name, _)| *name == "resource") {
        settings.push(("no-resource", vec!["true".to_owned()]));
    }
    // It keeps no token outside its server mode.
    settings.push(("no-cache", vec!["true".to_owned()]));
    Ok(DropIn { output: output(&switches, person_mode, port)?, settings: Typed(settings) })
}

/// Does what the original does.
pub(crate) async fn run(drop_in: DropIn, report: &Arc<Report>) -> Result<(), Failure> {
    if let Output::Server(port) = drop_in.output {
        return serve::run_original(drop_in.settings, port, report).await;
    }
    let layers = Layers::of_original(drop_in.settings)?;
    let mut artefact = Zeroizing::new(Vec::new());
    if drop_in.output == Output::Grant {
        let wanted = resolve::resolve(layers, &SystemClock, report).await?;
        let assertion = wanted.grant.sign(&wanted.key, &SystemClock)?;
        artefact.extend_from_slice(assertion.expose().as_bytes());
        artefact.push(b'\n');
        return report::print(&artefact);
    }
    let token = fetch::access_token(layers, report, Freshness::Usual).await?;
    let printed = match drop_in.output {
        Output::Banner => print_banner(&token, &mut *artefact),
        _ => print_token(TokenForm::Token, &token, &mut *artefact),
    };
    printed.map_err(|error| Failure::of_output(&error))?;
    report::print(&artefact)
}

fn output(switches: &[Switch], person_mode: bool, port: u16) -> Result<Output, Failure> {
    if person_mode {
        let hint = "log in another way: this version does not log people in through ID-porten yet".to_owned();
        return Err(usage("--person_mode is not there yet".to_owned(), Some(hint)));
    }
    // The original looks at its server mode first, then at the grant.
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
        usage("--server_port is no number from 0 to 65535".to_owned(), Some(hint))
    })
}

/// The last value counts, and an empty one is none; but a password may be empty.
fn add(settings: &mut Vec<(&'static str, Vec<String>)>, name: &'static str, value: String) {
    settings.retain(|(own, _)| *own != name);
    if !value.is_empty() || name == "keystore-password" {
        settings.push((name, vec![value]));
    }
}

/// Finds an option: its long name, its meaning, and the value that is attached with `=` or `:`.
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
    let hint = "part several scopes with commas, and put paths with blanks in quotes".to_owned();
    usage(format!("`{shown}` is none of the options of MaskinportenTokenGenerator"), Some(hint))
}

fn usage(message: String, hint: Option<String>) -> Failure {
    Failure::plain(Exit::Usage, "usage", message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<DropIn, Failure> {
        parse(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn every_spelling_of_every_option_is_taken() {
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
                let drop_in = parsed(&words).unwrap();
                assert_eq!(drop_in.settings.0[0], (name, vec!["VALUE".to_owned()]), "{spelling:?}");
            }
        }
    }

    #[test]
    fn the_first_argument_decides_whose_command_line_it_is() {
        for (argument, wanted) in [
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
            assert_eq!(is_meant(&[OsString::from(argument)]), wanted, "{argument}");
        }
    }

    #[test]
    fn the_grant_goes_before_the_token_and_both_before_the_banner() {
        for (arguments, wanted) in [
            (&["-c=x"][..], Output::Banner),
            (&["-c=x", "-o"], Output::Token),
            (&["-c=x", "-g"], Output::Grant),
            (&["-c=x", "-o", "--only_grant"], Output::Grant),
            (&["-c=x", "-m"], Output::Server(17823)),
            (&["-c=x", "-g", "--server_mode", "-P", "0"], Output::Server(0)),
        ] {
            assert_eq!(parsed(arguments).unwrap().output, wanted);
        }
    }

    #[test]
    fn an_empty_value_is_none_but_a_password_may_be_empty() {
        let drop_in = parsed(&["--kid=", "--resource=", "--keystore_password="]).unwrap();
        let names: Vec<&str> = drop_in.settings.0.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["keystore-password", "no-resource", "no-cache"]);
    }

    #[test]
    fn nothing_is_ignored_without_a_word() {
        for arguments in [&["-c=x", "stray"][..], &["-c=x", "--nonsense=1"], &["-c"], &["-m", "-P=x"], &["-i=true"]] {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
        assert!(parsed(&["-c=x", "-i=false", "-u=true", "-A=https://x", "-P=17823"]).is_ok());
    }
}
