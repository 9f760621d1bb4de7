//! `maskinporten login status`: the kept logins, without their secrets.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use maskinporten::{
    clock::{Clock as _, SystemClock},
    json,
    sessions::{SessionInfo, SessionStore},
    text::printable_lines,
};
use serde_json::json;

use crate::cli::{
    args::{LoginStatusArguments, ReportFormat},
    report::{self, Failure, Report},
};

pub(super) fn run(arguments: &LoginStatusArguments, report: &Report) -> Result<(), Failure> {
    let sessions = SessionStore::usual()?.list()?;
    if arguments.format == ReportFormat::Json {
        return report::print(as_json(&sessions).as_bytes());
    }
    if sessions.is_empty() {
        report.note("no login is kept");
    }
    report::print(printable_lines(&as_text(&sessions, SystemClock.now())).as_bytes())
}

fn as_text(sessions: &[(String, SessionInfo)], now: DateTime<Utc>) -> String {
    sessions.iter().fold(String::new(), |mut text, (name, info)| {
        let SessionInfo { issuer, client_id, scopes, .. } = info;
        let bound = if info.is_bound { ", bound to a key (DPoP)" } else { "" };
        let _ = writeln!(text, "{name}: {issuer}, client {client_id}{bound}");
        let _ = writeln!(text, "  scopes:    {scopes}");
        let _ = writeln!(text, "  logged in: {}", rfc3339(info.logged_in_at));
        let _ = writeln!(text, "  token:     {}", time_left(info.token_expires_at, now));
        let renewable = if info.is_renewable { time_left(info.renewable_until, now) } else { "no".to_owned() };
        let _ = writeln!(text, "  renewable: {renewable}");
        text
    })
}

fn time_left(end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    match end {
        None => "for an unknown time".to_owned(),
        Some(end) if end <= now => format!("expired at {}", rfc3339(end)),
        Some(end) => format!("until {}, {} s", rfc3339(end), (end - now).num_seconds()),
    }
}

fn as_json(sessions: &[(String, SessionInfo)]) -> String {
    let sessions: Vec<_> = sessions.iter().map(|(name, info)| json!({ "name": name, "session": info })).collect();
    format!("{}\n", json::indented(&json!({ "sessions": sessions })))
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_report_says_how_long_a_login_lasts() {
        let info = SessionInfo {
            issuer: "https://test.idporten.no".to_owned(),
            client_id: "client".to_owned(),
            authentication: "none".to_owned(),
            scopes: "openid profile".to_owned(),
            logged_in_at: at(-200),
            token_expires_at: Some(at(-80)),
            is_renewable: true,
            renewable_until: Some(at(400)),
            is_bound: true,
        };

        let text = as_text(&[("test".to_owned(), info)], at(0));

        let expected = "test: https://test.idporten.no, client client, bound to a key (DPoP)\n  scopes:    openid profile\n  \
                        logged in: 2027-01-15T07:56:40Z\n  token:     expired at 2027-01-15T07:58:40Z\n  renewable: until \
                        2027-01-15T08:06:40Z, 400 s\n";
        assert_eq!(text, expected);
    }
}
