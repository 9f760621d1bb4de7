//! `maskinporten curl`: runs curl with the headers of `maskinporten headers`, without showing them to other processes.
//!
//! curl reads them from an inherited descriptor, or from stdin on Windows. The user's own options of curl have precedence, and stdout and
//! exit code are curl's. The token is sent to one host per call, over https or on this machine. If an API responds with
//! 401, the call is repeated once with a new token (RFC 6750 §3.1).

mod audience_check;
mod call;
mod own_files;
mod process;
mod response;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(not(unix))]
#[path = "non_unix.rs"]
mod system;
mod target;

use std::{ffi::OsString, io, io::IsTerminal as _, path::PathBuf, process::ExitCode, sync::Arc};

use maskinporten::{
    printer::{Header, print_curl_config},
    sessions::KeyedToken,
};
use zeroize::Zeroizing;

use self::{
    call::{CurlCall, CurlOptions, usage},
    process::{CURL, CurlOutcome, ResponseWatch},
    target::{CurlTarget, PROXIES},
};
use super::{
    args::CurlArguments,
    child, headers, proof,
    report::{Exit, Failure, Report},
    settings::SettingSources,
    tokens::Tokens,
};

pub(crate) async fn run(
    arguments: CurlArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<ExitCode, Failure> {
    let typed = headers::parse_options(&arguments.header)?;
    let known = CurlOptions::parse(&process::supported_help()?)?;
    let mut call = CurlCall::parse(&arguments.arguments, &known)?;
    let sources = SettingSources::load(arguments.settings, config, report)?;
    if call.reads_stdin() && sources.takes_stdin() {
        let hint = Some("read the key from a file".to_owned());
        let message = "the key and curl's data cannot both be read from stdin".to_owned();
        return Err(Failure::plain(Exit::Usage, "stdin", message, hint));
    }
    let stdin = call.add_files(&known)?;
    let reads_curlrc = !arguments.arguments.first().is_some_and(process::begins_with_disable);
    let curlrc = if reads_curlrc { CurlCall::from_curlrc(&known)? } else { CurlCall::default() };
    if cfg!(windows) && (call.reads_stdin() || curlrc.reads_stdin()) {
        let hint = "write the data to a file, and name it: --data @FILE";
        return Err(usage("on Windows curl reads the token from stdin, so its data cannot be there".to_owned(), hint));
    }
    let target = CurlTarget::from_call(&call, &curlrc)?;
    let mut headers = headers::merge(&sources, &typed)?;
    headers.retain(|header| !call.has_header(header.name()));
    let sets_authorization = call.has_header(AUTHORIZATION) || curlrc.has_header(AUTHORIZATION);
    // On a redirect curl does not send the token to other hosts, but it sends the other headers, and some are API keys.
    let names: Vec<_> = headers.iter().map(Header::name).filter(|name| *name != "Accept").collect();
    if !names.is_empty() && call.has(&["location", "follow"]) {
        let names = names.join(", ");
        report.warning(&format!("on a redirect, curl sends these headers to other hosts too: {names}"));
    }
    let prepared =
        PreparedCall { call, sets_authorization, target, headers, arguments: arguments.arguments, stdin, sources };
    let outcome = prepared.run(report).await?;
    if outcome.is_cut {
        report.warning("the output of curl could not be written to stdout");
    }
    Ok(ExitCode::from(outcome.code))
}

const AUTHORIZATION: &str = "Authorization";

/// A call with everything but the token.
struct PreparedCall {
    call: CurlCall,
    sets_authorization: bool,
    target: CurlTarget,
    headers: Vec<Header>,
    arguments: Vec<OsString>,
    /// What was read of stdin, which curl gets again.
    stdin: Option<Zeroizing<Vec<u8>>>,
    sources: SettingSources,
}

impl PreparedCall {
    /// Runs curl, and once more if the token is refused and the call can be repeated safely.
    async fn run(mut self, report: &Arc<Report>) -> Result<CurlOutcome, Failure> {
        if self.sets_authorization {
            report.warning("curl's arguments set Authorization, so no token is fetched");
            return self.run_once(None, None, ResponseWatch::None).await;
        }
        let tokens = Tokens::from_sources(&mut self.sources, report)?;
        let keyed = tokens.token_with_key().await?;
        for warning in audience_check::warnings(&keyed.token, &self.target) {
            report.warning(&warning);
        }
        let obstacle = self.obstacle();
        let outcome = self.run_once(Some(&keyed), None, self.watch(obstacle.is_some())).await?;
        if !outcome.refused {
            return Ok(outcome);
        }
        if let Some(obstacle) = obstacle {
            // A key from stdin cannot be read again to find the cache entry.
            if !self.sources.takes_stdin() {
                tokens.forget(&keyed.token)?;
            }
            report.warning(&format!("the API refused the token (401), and the call is not repeated: {obstacle}"));
            return Ok(outcome);
        }
        let nonce = outcome.nonce.filter(|_| keyed.dpop.is_some());
        let keyed = if nonce.is_some() {
            report.detail("the API wants a nonce in the proof: repeating the call with it");
            keyed
        } else {
            report.warning("the API refused the token (401): repeating the call with a new one");
            tokens.instead_of(&keyed.token).await?
        };
        let outcome = self.run_once(Some(&keyed), nonce.as_deref(), self.watch(true)).await?;
        if outcome.refused {
            report.warning("the API refused the new token too (401)");
        }
        Ok(outcome)
    }

    async fn run_once(
        &self,
        keyed: Option<&KeyedToken>,
        nonce: Option<&str>,
        watch: ResponseWatch,
    ) -> Result<CurlOutcome, Failure> {
        let mut config = Zeroizing::new(Vec::new());
        let proof = keyed.map(|keyed| self.proof(keyed, nonce)).transpose()?.flatten();
        let headers: Vec<Header> = self.headers.iter().cloned().chain(proof).collect();
        print_curl_config(&self.restrictions(), keyed.map(|keyed| &keyed.token), &headers, &mut *config)
            .map_err(|error| Failure::from_output(&error))?;
        let command = child::without(&self.sources.secret_variables(), CURL.as_ref());
        let stdin = self.stdin.as_ref();
        process::run(command, &self.arguments, &config, stdin, watch).await
    }

    /// Makes the header `DPoP`; `None` for a token that needs none.
    fn proof(&self, keyed: &KeyedToken, nonce: Option<&str>) -> Result<Option<Header>, Failure> {
        if keyed.dpop.is_none() {
            return Ok(None);
        }
        let Some(url) = &self.target.url else {
            let message = "the token is bound to a key, so each call needs a proof of its own".to_owned();
            let hint = Some("run one command for each URL".to_owned());
            return Err(Failure::plain(Exit::Usage, "dpop_url", message, hint));
        };
        proof::of_call(keyed, self.call.method(), url, nonce)
    }

    /// Returns curl options that restrict where the token is sent. The user's own options come later, and win.
    fn restrictions(&self) -> Vec<(&str, &str)> {
        let target = &self.target;
        let schemes = if target.is_loopback { "=http,https" } else { "=https" };
        let mut options = vec![("proto", schemes), ("proto-redir", schemes)];
        // The proxy of http_proxy or .curlrc is usually another machine.
        if target.is_loopback && !self.call.has(&PROXIES) {
            options.push(("noproxy", target.bare_host()));
        }
        options
    }

    /// Returns why the call cannot be repeated.
    fn obstacle(&self) -> Option<&'static str> {
        if !self.target.is_single {
            Some("it may be more than one request")
        } else if self.call.reads_stdin() {
            Some("its stdin has been read")
        } else if self.call.has(&["continue-at", "no-clobber", "skip-existing"]) {
            Some("it depends on the file that it wrote")
        } else if self.sources.takes_stdin() {
            Some("the key was read from stdin")
        } else {
            None
        }
    }

    /// Returns how to watch the response. curl writes only the last header dump, so with one of the user's own there is
    /// none to watch. On a terminal nothing is held back: the user sees curl's output as it comes, in colour.
    fn watch(&self, is_last: bool) -> ResponseWatch {
        if self.call.has(&["dump-header"]) {
            ResponseWatch::None
        } else if is_last || io::stdout().is_terminal() {
            ResponseWatch::Status
        } else {
            ResponseWatch::HoldOutput
        }
    }
}
