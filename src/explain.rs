//! The hint of an error.
//!
//! `Display` is what happened, `source()` is why, [`Explain::hint`] is what to do. Each module implements the trait for its
//! own errors.

use std::error::Error;

/// An error with a code for programs and a hint for users.
pub trait Explain: Error {
    /// Returns the code for programs: lower case with underscores, stable between versions.
    fn code(&self) -> &'static str;

    /// Returns what to do: an imperative, if possible with a command that works when pasted.
    fn hint(&self) -> Option<String>;
}
