//! Paths and their methods: those that are here are all that there are.

/// A path that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    /// The same path, for a browser.
    Page,
    Headers,
    Health,
    Metrics,
    NaisToken,
    NaisIntrospect,
    PageStyle,
    PageScript,
    PageShowing,
    PageCopying,
    PageWords,
    PageData,
}

impl Route {
    const ALL: [Self; 12] = [
        Self::Token,
        Self::Headers,
        Self::Health,
        Self::Metrics,
        Self::NaisToken,
        Self::NaisIntrospect,
        Self::PageStyle,
        Self::PageScript,
        Self::PageShowing,
        Self::PageCopying,
        Self::PageWords,
        Self::PageData,
    ];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Token | Self::Page => "/",
            Self::Headers => "/headers",
            Self::Health => "/healthz",
            Self::Metrics => "/metrics",
            Self::NaisToken => "/api/v1/token",
            Self::NaisIntrospect => "/api/v1/introspect",
            Self::PageStyle => "/page.css",
            Self::PageScript => "/page.js",
            Self::PageShowing => "/showing.js",
            Self::PageCopying => "/copying.js",
            Self::PageWords => "/words.js",
            Self::PageData => "/page.json",
        }
    }

    pub(super) fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.path() == path)
    }

    /// The one method that the path takes.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::NaisToken | Self::NaisIntrospect => "POST",
            _ => "GET",
        }
    }

    /// Whether nothing there is worth a secret.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Health | Self::Page) || self.is_part_of_the_page()
    }

    /// Whether it is the page's style or one of its scripts.
    const fn is_part_of_the_page(self) -> bool {
        matches!(self, Self::PageStyle | Self::PageScript | Self::PageShowing | Self::PageCopying | Self::PageWords)
    }

    /// The members that a query may have.
    pub(super) const fn query(self) -> &'static [&'static str] {
        match self {
            Self::Token | Self::Page | Self::Headers => &["cache", "profile", "scope"],
            Self::PageData => &["fresh", "profile", "scope"],
            Self::NaisToken | Self::NaisIntrospect => &["profile"],
            _ => &[],
        }
    }
}
