//! The command line of Altinn's `MaskinportenTokenGenerator`, so that its scripts run unchanged.
//!
//! If there is no command and the first argument is one of its options, the program acts as that tool: it takes its
//! twenty options in every spelling that its parser accepts, and prints its output with `--only_token`, `--only_grant` or
//! neither. Its faults are not copied: errors go to stderr with the usual exit codes, bad numbers and unknown arguments
//! are refused, it does not wait for ENTER, and sends no `sub`, which Maskinporten does not document.

mod options;

use std::{
    ffi::OsString,
    io::{self, IsTerminal as _},
    sync::Arc,
};

use maskinporten::{
    client::AccessToken,
    http::Endpoint,
    printer::{TokenForm, print_banner, print_token},
    sessions::SessionStore,
    text::excerpt,
};
use zeroize::Zeroizing;

use self::options::{Meaning, Switch, help, in_its_words, options_in};
use super::{
    login::log_in,
    report::{self, ErrorFormat, Exit, Failure, Loudness, Report},
    serve::{self, OriginalLogin},
    settings::{self, PersonLoginSettings, SettingArguments, SettingSources, Settings},
    tokens::{SignedGrant, Tokens},
    usage::unexpected,
};

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
    /// Its options.
    Help,
}

/// A command line of the original, as settings of this program.
#[derive(Debug)]
pub(crate) struct LegacyCommandLine {
    settings: SettingArguments,
    output: Output,
    /// The login of a person, in its person mode.
    login: Option<OriginalLogin>,
    /// Whether the original would search the machine's certificate store.
    wants_machine_store: bool,
}

/// Whether the arguments are the original's: no command, and one of its options first. Help alone is this program's own.
pub(crate) fn is_legacy(arguments: &[OsString]) -> bool {
    let first = arguments.first().and_then(|first| first.to_str()).and_then(options_in);
    first.is_some_and(|options| options.iter().any(|((_, _, meaning, _), _)| *meaning != Meaning::Switch(Switch::Help)))
}

/// Parses a command line of the original.
pub(crate) fn parse(arguments: &[OsString]) -> Result<LegacyCommandLine, Failure> {
    let mut settings = SettingArguments::default();
    let mut switches = Vec::new();
    let (mut person_mode, mut user_store, mut authorize_endpoint) = (false, false, String::new());
    let mut port = serve::USUAL_PORT;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next().filter(|_| !switches.contains(&Switch::Help)) {
        let text = argument.to_str().ok_or_else(|| usage("an argument is not UTF-8".to_owned(), None))?;
        for ((_, long, meaning, _), attached) in options_in(text).ok_or_else(|| unknown(arguments, rest.len(), text))? {
            let mut value = || {
                attached.map(str::to_owned).or_else(|| rest.next()?.to_str().map(str::to_owned)).ok_or_else(|| {
                    usage(format!("--{long} needs a value"), Some(format!("write it as --{long}=VALUE")))
                })
            };
            match meaning {
                Meaning::Setting(name) => {
                    // The last value counts. An empty one counts as unset, unless it is a password.
                    settings.remove(name);
                    let value = Zeroizing::new(value()?);
                    if !value.is_empty() || *name == "keystore-password" {
                        settings.set(name, &value, format!("--{long}"));
                    }
                }
                Meaning::AuthorizeEndpoint => authorize_endpoint = value()?,
                Meaning::Port => port = read_port(&value()?)?,
                Meaning::PersonMode => person_mode = value()?.eq_ignore_ascii_case("true"),
                Meaning::UserStore => user_store = value()?.eq_ignore_ascii_case("true"),
                Meaning::Switch(switch) => switches.push(*switch),
            }
        }
    }
    // The original has no default resource.
    if !settings.has("resource") {
        settings.set("no-resource", "true", "--no-resource".to_owned());
    }
    // It caches tokens only in its server mode.
    settings.set("no-cache", "true", "--no-cache".to_owned());
    let wants_machine_store = settings.has("certificate-thumbprint") && !user_store;
    let output = output(&switches, port);
    let login = if person_mode && !matches!(output, Output::Help | Output::Grant) {
        Some(person_login(&mut settings, &authorize_endpoint, port)?)
    } else {
        None
    };
    Ok(LegacyCommandLine { settings, output, login, wants_machine_store })
}

/// Sets what belongs to the login of a person: the redirect address, which the client must have registered, and the language.
fn person_login(
    settings: &mut SettingArguments,
    authorize_endpoint: &str,
    port: u16,
) -> Result<OriginalLogin, Failure> {
    if port == 0 {
        let message = "--person_mode needs a fixed port, which is in the registered redirect address".to_owned();
        return Err(usage(message, Some(format!("pass --server_port={}, or leave it out", serve::USUAL_PORT))));
    }
    settings.set("redirect-uri", &format!("http://localhost:{port}/response"), "--server_port".to_owned());
    settings.set("ui-locale", "nb", "--person_mode".to_owned());
    let endpoint = (!authorize_endpoint.is_empty()).then(|| Endpoint::parse(authorize_endpoint));
    let authorization_endpoint = endpoint
        .transpose()
        .map_err(|error| Failure::new(Exit::Usage, &error).about("--authorize_endpoint cannot be used"))?;
    Ok(OriginalLogin { authorization_endpoint, store: SessionStore::in_memory() })
}

impl LegacyCommandLine {
    /// Makes the report of this command line. Scripts of the original treat all that is on stderr as errors, so nothing else
    /// is written there unless it is a terminal, or the log of the server.
    pub(crate) fn report(parsed: Result<&Self, &Failure>, color: bool) -> Report {
        let is_server = parsed.is_ok_and(|own| matches!(own.output, Output::Server(_)));
        let loudness = if is_server || io::stderr().is_terminal() { Loudness::Usual } else { Loudness::Quiet };
        Report::new(ErrorFormat::Text, loudness, color).in_words(in_its_words)
    }
}

/// Does what the original does.
pub(crate) async fn run(command_line: LegacyCommandLine, report: &Arc<Report>) -> Result<(), Failure> {
    let wants_machine_store = command_line.wants_machine_store;
    run_as(command_line, report).await.map_err(|failure| {
        let hint = failure.parts().2.filter(|_| wants_machine_store && failure.exit == Exit::Key);
        let Some(hint) = hint else { return failure };
        let other = "without --use_current_user_store_location=true the original searches the machine's certificate store, \
                     which this program does not";
        let hint = format!("{hint}; {other}");
        failure.advising(hint)
    })
}

async fn run_as(command_line: LegacyCommandLine, report: &Arc<Report>) -> Result<(), Failure> {
    let LegacyCommandLine { output, settings, login, .. } = command_line;
    match output {
        Output::Server(port) => return serve::run_original(settings, port, login, report).await,
        Output::Help => return report::print(help().as_bytes()),
        Output::Banner | Output::Token | Output::Grant => {}
    }
    let mut sources = SettingSources::load_legacy(settings, report)?;
    if let Some(login) = login {
        return print(output, &person_token(&mut sources, login, report).await?);
    }
    let settings = Settings::from_sources(&mut sources, report)?;
    if output == Output::Grant {
        let mut artefact = Zeroizing::new(Vec::new());
        let signed = SignedGrant::sign(settings, report).await?;
        artefact.extend_from_slice(signed.assertion.expose().as_bytes());
        artefact.push(b'\n');
        return report::print(&artefact);
    }
    print(output, &Tokens::new(settings, report)?.token().await?)
}

/// Logs a person in, and returns the access token.
async fn person_token(
    sources: &mut SettingSources,
    login: OriginalLogin,
    report: &Arc<Report>,
) -> Result<AccessToken, Failure> {
    let mut settings = PersonLoginSettings::parse(sources, false, report)?;
    settings.server.authorization_endpoint = login.authorization_endpoint;
    let request = settings.request.clone();
    Ok(Box::pin(log_in(settings, request, None, None, false, report)).await?.access_token)
}

fn print(output: Output, token: &AccessToken) -> Result<(), Failure> {
    let mut artefact = Zeroizing::new(Vec::new());
    let printed = match output {
        Output::Banner => print_banner(token, &mut *artefact),
        _ => print_token(TokenForm::Token, token, &mut *artefact),
    };
    printed.map_err(|error| Failure::from_output(&error))?;
    report::print(&artefact)
}

fn output(switches: &[Switch], port: u16) -> Output {
    if switches.contains(&Switch::Help) {
        return Output::Help;
    }
    // The original checks its server mode first, then the grant.
    if switches.contains(&Switch::ServerMode) {
        Output::Server(port)
    } else if switches.contains(&Switch::OnlyGrant) {
        Output::Grant
    } else if switches.contains(&Switch::OnlyToken) {
        Output::Token
    } else {
        Output::Banner
    }
}

fn read_port(value: &str) -> Result<u16, Failure> {
    value.trim().parse().map_err(|_| {
        let hint = format!("pass --server_port={}, or leave it out", serve::USUAL_PORT);
        usage("--server_port must be a number from 0 to 65535".to_owned(), Some(hint))
    })
}

/// Describes an argument that is not an option; `left` is the number of those after it.
fn unknown(arguments: &[OsString], left: usize, argument: &str) -> Failure {
    let hint = "separate scopes with commas, and put paths with spaces in quotes; --help lists the options".to_owned();
    let Some(name) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else {
        let before = &arguments[..arguments.len() - left - 1];
        return usage(unexpected(before, argument), Some(hint));
    };
    let name = name.split(['=', ':']).next().unwrap_or_default();
    let meant = settings::is_option(name).then(|| {
        let own = options::long_name(name).map(|long| format!("--{long}"));
        format!("did you mean {}?", own.unwrap_or_else(|| "an option of `maskinporten token`".to_owned()))
    });
    let shown = excerpt(argument.split(['=', ':']).next().unwrap_or_default(), 60);
    usage(format!("`{shown}` is not an option of MaskinportenTokenGenerator"), Some(meant.unwrap_or(hint)))
}

fn usage(message: String, hint: Option<String>) -> Failure {
    Failure::plain(Exit::Usage, "usage", message, hint)
}

#[cfg(test)]
mod tests {
    use super::{options::OPTIONS, *};

    fn parsed(arguments: &[&str]) -> Result<LegacyCommandLine, Failure> {
        parse(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn every_spelling_of_every_option_is_accepted() {
        for (short, long, meaning, _) in OPTIONS {
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
            ("-cID", true),
            ("-og", true),
            ("-ocID", true),
            // This program's own, with one hyphen too few; help; an option that neither has.
            ("-env", false),
            ("-scope=a:b", false),
            ("-v", false),
            ("-vc", false),
            ("-x", false),
            ("-", false),
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
    fn short_options_may_share_a_hyphen_and_have_their_value_attached() {
        for (arguments, output) in [
            (&["-cID", "-og"][..], Output::Grant),
            (&["-ocID"], Output::Token),
            (&["-oc", "ID"], Output::Token),
            (&["-ogmcID", "-P80"], Output::Server(80)),
            (&["-cID", "--help"], Output::Help),
            (&["-oh", "-cID"], Output::Help),
            (&["-cID", "/?"], Output::Help),
        ] {
            let command_line = parsed(arguments).unwrap();
            assert_eq!(command_line.output, output, "{arguments:?}");
            if output != Output::Help {
                assert_eq!(
                    command_line.settings.into_texts()[0],
                    ("client-id", vec!["ID".to_owned()]),
                    "{arguments:?}"
                );
            }
        }
        for arguments in [&["-cID", "-ox"][..], &["-cID", "-oc"], &["-cID", "-env"]] {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn the_machines_certificate_store_is_meant_unless_an_option_says_otherwise() {
        for (arguments, machine) in [
            (&["-t=ab", "-c=x"][..], true),
            (&["-t=ab", "-u=true"], false),
            (&["-t=ab", "--use_current_user_store_location=True"], false),
            (&["-t=ab", "-u=false"], true),
            (&["-k=x.p12", "-u=false"], false),
        ] {
            assert_eq!(parsed(arguments).unwrap().wants_machine_store, machine, "{arguments:?}");
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
        for arguments in
            [&["-c=x", "stray"][..], &["-c=x", "--nonsense=1"], &["-c"], &["-m", "-P=x"], &["-i=true", "-P0"]]
        {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
        assert!(parsed(&["-c=x", "-i=false", "-u=true", "-A=not a URL", "-P=17823"]).is_ok());
        assert!(parsed(&["-c=x", "-i=true", "-A=not a URL"]).is_err());
    }
}
