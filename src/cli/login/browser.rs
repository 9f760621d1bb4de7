//! Opens the login in the browser, and waits for its answer: at the redirect address, or pasted.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Read as _},
    time::Duration,
};

use maskinporten::login::{AnswerListener, ReceivedAnswer, RedirectUri};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::cli::{
    progress::Progress,
    report::{Exit, Failure, Report, eprint},
    signals,
};

/// How long the system may take to find a browser.
const OPENING_TIME: Duration = Duration::from_secs(10);

/// The longest address that may be pasted.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// A login that waits for its answer.
pub(super) struct Waiting {
    /// `None` if the redirect address is not on this machine.
    pub(super) listener: Option<AnswerListener>,
    pub(super) redirect_uri: RedirectUri,
    /// The time limit for the person.
    pub(super) time: Duration,
    pub(super) no_browser: bool,
}

/// The answer of a login.
pub(super) enum Answer {
    /// The browser came back, and waits for a page.
    Received(ReceivedAnswer),
    /// The query of a pasted address.
    Pasted(Zeroizing<String>),
}

impl Answer {
    pub(super) fn query(&self) -> &str {
        match self {
            Self::Received(answer) => answer.query(),
            Self::Pasted(query) => query,
        }
    }
}

impl Waiting {
    /// Opens the browser or prints the address, and waits for the answer.
    pub(super) async fn answer(self, url: &str, report: &Report) -> Result<Answer, Failure> {
        let is_opened = !self.no_browser && open(url).await;
        let may_paste = !is_opened || self.listener.is_none();
        if is_opened {
            report.note("log in in the browser that has opened");
        } else {
            report.note("open this address in a browser and log in there:");
            // The address is what the person needs, also with -q.
            eprint(&format!("{url}\n"));
        }
        if may_paste {
            report.note("if the browser then shows that it cannot find the page, paste that page's address here:");
        }
        let _progress = (!may_paste).then(|| Progress::countdown("waiting for the login", self.time, report));
        let has_listener = self.listener.is_some();
        let received = async {
            match self.listener {
                Some(listener) => listener.answer().await,
                None => std::future::pending().await,
            }
        };
        let pasted = async {
            let query = if may_paste { pasted(&self.redirect_uri, report).await } else { None };
            match query {
                Some(query) => Ok(query),
                None if has_listener => std::future::pending().await,
                None => Err(no_answer()),
            }
        };
        tokio::select! {
            answer = received => Ok(Answer::Received(answer)),
            query = pasted => query.map(Answer::Pasted),
            () = tokio::time::sleep(self.time) => Err(timed_out(self.time)),
        }
    }
}

/// Opens the browser; returns whether one was found. A browser in the terminal keeps it until the person leaves.
pub(crate) async fn open(url: &str) -> bool {
    let url = url.to_owned();
    let opening = signals::blocking(move || webbrowser::open(&url).is_ok());
    tokio::time::timeout(OPENING_TIME, opening).await.unwrap_or(true)
}

/// Reads lines from stdin until one is the redirect address with an answer; `None` at the end of the input.
async fn pasted(redirect_uri: &RedirectUri, report: &Report) -> Option<Zeroizing<String>> {
    let (sender, mut lines) = mpsc::unbounded_channel();
    // A thread of its own: the program must be able to end while nothing is typed.
    std::thread::spawn(move || {
        loop {
            let mut line = Zeroizing::new(String::new());
            let read = io::stdin().lock().take(MAXIMUM_BYTES).read_line(&mut line);
            if !read.is_ok_and(|length| length > 0) || sender.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        if let Some(query) = redirect_uri.query_of(&line) {
            return Some(Zeroizing::new(query));
        }
        if io::stdin().is_terminal() && !line.trim().is_empty() {
            report.note(&format!("the address must start with {}", redirect_uri.as_str()));
        }
    }
    None
}

fn no_answer() -> Failure {
    let message = "no address was pasted, and this program cannot listen at the redirect address".to_owned();
    let hint =
        "paste the address that the browser ends at, or pass --redirect-uri http://127.0.0.1:0/response".to_owned();
    Failure::plain(Exit::Other, "login_timeout", message, Some(hint))
}

fn timed_out(time: Duration) -> Failure {
    let message = format!("the person did not log in within {} s", time.as_secs());
    let hint = "log in again, or pass a longer --timeout such as --timeout 10m".to_owned();
    Failure::plain(Exit::Other, "login_timeout", message, Some(hint))
}
