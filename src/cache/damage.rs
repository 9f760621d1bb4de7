//! Why a file in the cache does not count. Such a file is replaced, and nobody but who asks for details is told.

/// What is wrong with a file in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorruptEntry {
    /// There is too much of it.
    #[error("it is larger than 256 KiB")]
    TooLarge,
    /// It does not begin as our files do.
    #[error("it is cut short, or is not the cache's")]
    NotOurs,
    /// It has another version's form.
    #[error("another version wrote it")]
    Version,
    /// Its octets are not those that were written.
    #[error("it is cut short or was changed")]
    Checksum,
    /// It does not say what it should.
    #[error("its content makes no sense")]
    Content,
    /// It was written for something else and has been renamed.
    #[error("it belongs to another request")]
    OtherKey,
}
