//! Makes reports comparable by replacing the texts that vary between runs. `SNAPSHOTS=overwrite` updates the expected reports.

use std::sync::LazyLock;

use regex::Regex;
use similar::{ChangeTag, TextDiff};
use snapbox::Data;

use crate::{
    local::Local,
    support::{Outcome, assert_snapshot},
};

/// The texts that vary, and their replacements.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (
            r"maskinporten \d+\.\d+\.\d+ on \w+ \w+, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
            "maskinporten VERSION on SYSTEM, NOW",
        ),
        (r"\b[0-9a-f]{32}\b", "TRACE"),
        (r"\b[0-9A-F]{40}\b", "SHA1"),
        (r"(^|[ `\n])[\w-]{43}\b", "${1}KEY"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "DAY"),
        (r"(until|expired on|not valid before) \d{4}-\d\d-\d\d\b", "$1 DAY"),
        (r"\d+ days left", "DAYS left"),
    ]
    .map(|(pattern, replacement)| (Regex::new(pattern).unwrap(), replacement))
    .into()
});

/// Returns a report without times, ports, folders and keys.
pub fn normalize(report: &str, local: &Local) -> String {
    let folder = local.file("x").parent().unwrap().display().to_string();
    // Altinn's address has no slash at the end.
    let simulator = local.issuer().trim_end_matches('/');
    let report = report.replace(simulator, "http://SIMULATOR").replace(&folder, "FOLDER");
    let report = VARYING
        .iter()
        .fold(report, |text, (pattern, replacement)| pattern.replace_all(&text, *replacement).into_owned());
    report.lines().map(collapse_columns).collect()
}

/// Returns a line without the alignment with the longest path, which varies.
fn collapse_columns(line: &str) -> String {
    let is_setting = line.starts_with("  ")
        && !["  ok ", "  warning ", "  FAULT ", "  skipped ", "   "].iter().any(|start| line.starts_with(start));
    let words: Vec<&str> = if is_setting {
        line.trim().split("  ").filter(|word| !word.is_empty()).map(str::trim).collect()
    } else {
        vec![]
    };
    if is_setting { format!("  {}\n", words.join("  ")) } else { format!("{line}\n") }
}

/// Returns the difference between two reports: removed lines with a minus, added ones with a plus.
pub fn change(before: &str, after: &str) -> String {
    let differences = TextDiff::from_lines(before, after);
    let changed = differences.iter_all_changes().filter_map(|change| match change.tag() {
        ChangeTag::Delete => Some(format!("- {}", change.value())),
        ChangeTag::Insert => Some(format!("+ {}", change.value())),
        ChangeTag::Equal => None,
    });
    changed.collect()
}

/// Returns a report with the exit code and stderr.
pub fn whole(outcome: &Outcome, local: &Local) -> String {
    format!("{}exit {}\n{}", normalize(&outcome.stdout, local), outcome.code, outcome.stderr)
}

/// Compares texts with those of a file in which each has a paragraph under `== name`, in any order.
#[track_caller]
pub fn compare<'name>(file: Data, found: impl IntoIterator<Item = (&'name str, String)>) {
    let text = file.render().unwrap();
    let place = |name: &str| text.find(&format!("== {name}\n")).unwrap_or(text.len());
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(name, _)| place(name));
    let paragraphs: Vec<String> =
        found.iter().map(|(name, text)| format!("== {name}\n{}\n", text.trim_end())).collect();
    assert_snapshot(&paragraphs.join("\n"), file);
}
