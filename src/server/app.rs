//! The state that every handler shares.

use std::sync::Arc;

use super::{
    event::Observer,
    introspect::Issuers,
    metrics::Metrics,
    profile::{RequestedToken, TokenSource},
    tokens::{Held, Origin, Refused, Tokens},
};
use crate::clock::Clock;

/// The state that every handler shares.
pub(super) struct App<S> {
    pub(super) source: Arc<S>,
    pub(super) tokens: Arc<Tokens<S>>,
    pub(super) issuers: Issuers,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Observer>,
}

impl<S: TokenSource> App<S> {
    /// Returns a token, from memory if `remembered` allows it.
    pub(super) async fn take(&self, wanted: &RequestedToken, remembered: bool) -> Result<(Arc<Held>, Origin), Refused> {
        if remembered { self.tokens.remembered(wanted).await } else { self.tokens.fresh(wanted).await }
    }
}
