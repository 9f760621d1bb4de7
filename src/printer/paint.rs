//! Colours for a terminal.

use anstyle::{AnsiColor, Style};

/// Adds terminal colours to text, if they are enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Painter {
    enabled: bool,
}

impl Painter {
    /// The style of headings.
    pub const HEADING: Style = Style::new().bold();
    /// The style of a good result, and of hints.
    pub const GOOD: Style = AnsiColor::Green.on_default().bold();
    /// The style of warnings.
    pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
    /// The style of faults and errors.
    pub const FAULT: Style = AnsiColor::Red.on_default().bold();
    /// The style of what was skipped.
    pub const SKIPPED: Style = Style::new().dimmed();

    /// Creates a painter that adds colours only if they are enabled.
    #[must_use]
    pub const fn new(enabled: bool) -> Self {
        Self { enabled }
    }

    /// Returns the text in a style, or as it is when colours are not enabled.
    #[must_use]
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.enabled { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
