//! The what-to-do half of every error.
//!
//! `Display` says what happened, `source()` says why, [`Explain::hint`] says what to do about it. This file
//! holds the trait and nothing else; each room implements it for its own error enum.

use std::error::Error;

/// An error that knows what its reader should do next.
pub trait Explain: Error {
    /// Names the error for programs: lower case with underscores, stable between versions.
    fn code(&self) -> &'static str;

    /// Says what to do: an imperative, with a command that works when pasted where there is one.
    fn hint(&self) -> Option<String>;
}
