//! `maskinporten curl`: curl with the headers of `maskinporten headers`, which show nowhere.
//!
//! What the user gives to curl wins, and stdout and exit code are curl's. The token goes to one host a call, over https or
//! on this machine. An API that answers 401 is asked once more, with a new token: RFC 6750 §3.1.

mod answer;
mod call;
mod fit;
mod options;
mod process;
mod target;

use std::{ffi::OsString, io, io::IsTerminal as _, path::PathBuf, process::ExitCode, sync::Arc};

use maskinporten_token_generator::{
    client::AccessToken,
    printer::{Header, print_curl_config},
};
use zeroize::Zeroizing;

use self::{
    call::{Call, Unread},
    options::Options,
    process::{CURL, Ended, Watch},
    target::Target,
};
use super::{
    args::CurlArguments,
    child, headers,
    report::{Exit, Failure, Report},
    settings::{SettingSources, Settings},
    tokens::Tokens,
};

pub(crate) async fn run(
    arguments: CurlArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<ExitCode, Failure> {
    let typed = headers::parse_options(&arguments.header)?;
    let call = read(&arguments.arguments)?;
    let target = Target::of(&call)?;
    process::check_version()?;
    let sources = SettingSources::load(arguments.settings, config, report)?;
    let mut along = headers::merge(&sources.headers, typed)?;
    along.retain(|header| !call.gives_header(header.name()));
    check_stdin(&call, &sources)?;
    warn_of_redirects(&call, &along, report);
    let calling = Calling { call, target, along, arguments: arguments.arguments, sources };
    calling.make(report).await.map(|ended| ExitCode::from(ended.code))
}

/// Everything about a call but the token.
struct Calling {
    call: Call,
    target: Option<Target>,
    along: Vec<Header>,
    arguments: Vec<OsString>,
    sources: SettingSources,
}

impl Calling {
    /// Makes the call, and once more when the token is refused and that can do no harm.
    async fn make(mut self, report: &Arc<Report>) -> Result<Ended, Failure> {
        if self.call.gives_header("Authorization") {
            report.warning("curl's arguments bring an Authorization of their own: no token is fetched");
            return self.once(None, Watch::Nothing).await;
        }
        let tokens = Tokens::new(Settings::from_sources(&mut self.sources, report)?, report)?;
        let token = tokens.token().await?;
        for fault in self.target.iter().flat_map(|target| fit::faults(&token, target)) {
            report.warning(&fault);
        }
        let obstacle = self.obstacle();
        let ended = self.once(Some(&token), self.watch(obstacle.is_some())).await?;
        if !ended.refused {
            return Ok(ended);
        }
        if let Some(obstacle) = obstacle {
            // A key from stdin cannot be read again to find the stored token.
            if !self.sources.takes_stdin() {
                tokens.forget(&token)?;
            }
            report.warning(&format!("the API refused the token (401), and was not asked again: {obstacle}"));
            return Ok(ended);
        }
        report.warning("the API refused the token (401): asking once more with a new one");
        let token = tokens.instead_of(&token).await?;
        let ended = self.once(Some(&token), self.watch(true)).await?;
        if ended.refused {
            report.warning("the API refused the new token too (401)");
        }
        Ok(ended)
    }

    async fn once(&self, token: Option<&AccessToken>, watch: Watch) -> Result<Ended, Failure> {
        let mut config = Zeroizing::new(Vec::new());
        print_curl_config(&self.options(), token, &self.along, &mut *config)
            .map_err(|error| Failure::from_output(&error))?;
        let command = child::without(&self.sources.secret_variables(), CURL.as_ref());
        process::run(command, &self.arguments, &config, watch).await
    }

    /// What the token is kept to. The user's own options come later, and win.
    fn options(&self) -> Vec<(&str, &str)> {
        const PROXY: [&str; 8] =
            ["proxy", "proxy1.0", "preproxy", "noproxy", "socks4", "socks4a", "socks5", "socks5-hostname"];
        match &self.target {
            Some(target) if target.is_loopback => {
                let schemes = "=http,https";
                let mut options = vec![("proto", schemes), ("proto-redir", schemes)];
                // A proxy that http_proxy names is another machine.
                if self.call.gives(&PROXY).is_none() {
                    options.push(("noproxy", target.host.trim_start_matches('[').trim_end_matches(']')));
                }
                options
            }
            _ => vec![("proto", "=https"), ("proto-redir", "=https")],
        }
    }

    /// Why the call can be made only once.
    fn obstacle(&self) -> Option<&'static str> {
        const TAKES_UP: [&str; 3] = ["continue-at", "no-clobber", "skip-existing"];
        if !self.target.as_ref().is_some_and(|target| target.is_single) {
            Some("it may be more than one request")
        } else if self.call.reads_stdin() {
            Some("its stdin has been read")
        } else if self.call.gives(&TAKES_UP).is_some() {
            Some("the file that it wrote is there now")
        } else if self.sources.takes_stdin() {
            Some("the key came from stdin, which has been read")
        } else {
            None
        }
    }

    /// Where only the last header dump counts, the user's own leaves us none. A person at a terminal sees what curl shows
    /// as it comes, in colour: nothing is held back.
    fn watch(&self, is_last: bool) -> Watch {
        if self.call.gives(&["dump-header"]).is_some() {
            Watch::Nothing
        } else if is_last || io::stdout().is_terminal() {
            Watch::Status
        } else {
            Watch::StatusFirst
        }
    }
}

/// Reads curl's arguments; an option that is not known here is looked up in the installed curl's help.
fn read(arguments: &[OsString]) -> Result<Call, Failure> {
    let mut options = Options::known();
    let mut read = Call::read(arguments, &options, true);
    if let Err(Unread::Unknown(_)) = read {
        options.learn(&process::help().unwrap_or_default());
        read = Call::read(arguments, &options, false);
    }
    read.map_err(|unread| {
        let (Unread::Unknown(typed) | Unread::Begun { typed, .. }) = &unread;
        let message = format!("--{typed} is not the whole name of an option of curl's");
        let hint = if let Unread::Begun { option, .. } = &unread { option } else { typed };
        Failure::plain(Exit::Usage, "curl_arguments", message, Some(format!("write it out, such as --{hint}")))
    })
}

/// Stdin can be read once.
fn check_stdin(call: &Call, sources: &SettingSources) -> Result<(), Failure> {
    if !(call.reads_stdin() && sources.takes_stdin()) {
        return Ok(());
    }
    let hint = Some("read the key from a file".to_owned());
    let message = "both the key and curl's data would be read from stdin".to_owned();
    Err(Failure::plain(Exit::Usage, "stdin", message, hint))
}

/// curl keeps the token from other hosts, but no other header: some are keys.
fn warn_of_redirects(call: &Call, along: &[Header], report: &Report) {
    if along.is_empty() || call.gives(&["location", "follow"]).is_none() {
        return;
    }
    let names = along.iter().map(Header::name).collect::<Vec<_>>().join(", ");
    report.warning(&format!("when it is redirected, curl sends these headers on to other hosts too: {names}"));
}
