//! Finds the begin and end lines of PEM, also those whose dashes are wrong.

use super::DASHES;

/// The longest label that is recognised.
pub(super) const MAXIMUM_LABEL: usize = 64;

/// Labels that are recognised in a begin or end line even if its dashes are wrong.
const KNOWN_LABELS: [&str; 14] = [
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "DSA PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
    "CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "X509 CERTIFICATE",
    "CERTIFICATE REQUEST",
    "PKCS7",
    "EC PARAMETERS",
];

/// A begin or end line in its text.
pub(super) struct Marker<'text> {
    pub(super) is_begin: bool,
    pub(super) label: &'text str,
    pub(super) line: usize,
    /// Where its dashes begin, and where they end.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) has_five_dashes: bool,
}

impl<'text> Marker<'text> {
    /// Finds the begin and end lines of a text, and what is meant as one.
    pub(super) fn find_all(text: &'text str) -> Vec<Self> {
        let words = text.match_indices("BEGIN ").chain(text.match_indices("END "));
        let mut markers: Vec<Self> = words.filter_map(|(position, word)| Self::at(text, position, word)).collect();
        markers.sort_by_key(|marker| marker.end);
        let (mut line, mut counted) = (1, 0);
        for marker in &mut markers {
            // The dashes of the line before may be its own.
            let start = marker.start.max(counted);
            line += text[counted..start].matches('\n').count();
            (counted, marker.line) = (start, line);
        }
        markers
    }

    fn at(text: &'text str, position: usize, word: &str) -> Option<Self> {
        let before = &text[..position];
        let start = before.trim_end_matches(is_dash).len();
        let rest = &text[position + word.len()..];
        // No further than the longest label with its dashes: a text may be one line of ten mebibytes.
        let rest = &rest[..rest.char_indices().nth(MAXIMUM_LABEL + 12).map_or(rest.len(), |(limit, _)| limit)];
        let rest = rest.split('\n').next().unwrap_or_default();
        let label = &rest[..rest.find(is_dash).unwrap_or(rest.len())];
        let after = &rest[label.len()..];
        let dashes = after.len() - after.trim_start_matches(is_dash).len();
        // An end line and the next begin line may be one line.
        let is_five =
            |run: &str| run == DASHES || run.len() == 2 * DASHES.len() && run.bytes().all(|byte| byte == b'-');
        let has_five_dashes = is_five(&before[start..]) && is_five(&after[..dashes]) && label.trim() == label;
        let is_meant = KNOWN_LABELS.contains(&label.trim()) && (start < position || dashes > 0);
        let is_marker = has_five_dashes && label.len() <= MAXIMUM_LABEL || is_meant;
        let end = position + word.len() + label.len() + DASHES.len();
        is_marker.then_some(Self { is_begin: word == "BEGIN ", label, line: 1, start, end, has_five_dashes })
    }
}

/// Whether a character is a dash, or one that a text editor puts in its place.
fn is_dash(character: char) -> bool {
    matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}
