//! The results of the checks so far.

use maskinporten::check::{self, Check, CheckId, Verdict, check_ids};

/// The settings and the results of the checks so far.
#[derive(Default)]
pub(super) struct Examination {
    pub(super) settings: Vec<(String, String, String)>,
    pub(super) checks: Vec<Check>,
    /// Whether the token is exchanged at Altinn. Otherwise the report has nothing about that.
    pub(super) has_exchange: bool,
}

impl Examination {
    pub(super) fn add(&mut self, checks: Vec<Check>) {
        self.checks.extend(checks);
    }

    /// Returns what failed first.
    pub(super) fn first_fault(&self) -> &'static CheckId {
        let failed = self.checks.iter().find(|check| check.verdict == Verdict::Fail);
        failed.map_or(&check_ids::SETTINGS, |check| check.topic)
    }

    pub(super) fn skip(&mut self, section: &str, because: &str) {
        self.add(check::skipped(section, because));
    }

    pub(super) fn add_or_skip(&mut self, section: &str, checks: Vec<Check>, because: &str) {
        if checks.is_empty() {
            self.skip(section, because);
        } else {
            self.add(checks);
        }
    }

    /// Skips this section and all after it.
    pub(super) fn skip_from(&mut self, section: &str, because: &str) {
        let mut sections: Vec<&str> = check_ids::ALL.iter().map(|topic| topic.section()).collect();
        sections.dedup();
        let own = sections.into_iter().filter(|section| self.has_exchange || *section != check_ids::EXCHANGE.section());
        for later in own.skip_while(|other| *other != section).collect::<Vec<_>>() {
            self.skip(later, because);
        }
    }
}
