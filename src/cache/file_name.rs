//! The names of the cache's files: a hash and what it is for. Anything else in the folder is not ours and is let be.

use uuid::Uuid;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A token.
    Token,
    /// What is locked while a token is asked for.
    Lock,
    /// Which key was found in a source of keys.
    Source,
    /// A file that is being written, or was when its process died.
    Temporary,
}

impl FileKind {
    const ALL: [Self; 4] = [Self::Token, Self::Lock, Self::Source, Self::Temporary];

    fn extension(self) -> &'static str {
        match self {
            Self::Token => ".token",
            Self::Lock => ".lock",
            Self::Source => ".source",
            Self::Temporary => ".tmp",
        }
    }

    /// How many digits stand before the extension: SHA-256, or a UUID.
    fn digits(self) -> usize {
        if self == Self::Temporary { 32 } else { 64 }
    }

    /// The name of the file for this hash.
    pub(super) fn name(self, hash: &str) -> String {
        format!("{hash}{}", self.extension())
    }

    /// Reads a name: what the file is for, and its hash.
    pub(super) fn parse(name: &str) -> Option<(Self, &str)> {
        let digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        Self::ALL.into_iter().find_map(|kind| {
            let hash = name.strip_suffix(kind.extension())?;
            (hash.len() == kind.digits() && hash.bytes().all(digit)).then_some((kind, hash))
        })
    }
}

/// A name that nobody has.
pub(super) fn temporary(id: Uuid) -> String {
    FileKind::Temporary.name(&id.simple().to_string())
}
