//! Tokens that are obtained in another way than with a signed grant, such as those of a person who has logged in.

use std::pin::Pin;

use super::{TokenError, TokenOrigin};
use crate::client::{AccessToken, MinimumLifetime};

/// A token that is being obtained, and where it is found.
pub type ProvidedToken<'provider> =
    Pin<Box<dyn Future<Output = Result<(AccessToken, TokenOrigin), TokenError>> + Send + 'provider>>;

/// Provides the tokens of a [`TokenSource`](super::TokenSource) in another way than with a signed grant.
///
/// The source keeps them in memory, asks once for all callers, and pauses after a failure.
pub trait AccessTokenProvider: Send + Sync + 'static {
    /// Returns a token with this lifetime left; a new one if `refresh` is set.
    ///
    /// If there can be no such token, the last one is returned as [`TokenOrigin::LastResort`], and the source uses it until
    /// it expires.
    fn provide(&self, minimum: MinimumLifetime, refresh: bool) -> ProvidedToken<'_>;
}
