//! Why a text is not well-formed PEM.

/// Why a text is not well-formed PEM. Lines are counted from one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemFault {
    /// A begin or end line has too many or too few dashes, or other characters in their place.
    #[error("line {line} should be `{expected}`, with five dashes on each side")]
    Dashes {
        /// The line.
        line: usize,
        /// The line as it should be.
        expected: String,
    },
    /// A block has no end line.
    #[error("line {line} begins `{label}`, but there is no line `-----END {label}-----` after it")]
    NoEnd {
        /// The begin line.
        line: usize,
        /// The label of the block.
        label: String,
    },
    /// A block has no begin line.
    #[error("line {line} ends `{label}`, but there is no line `-----BEGIN {label}-----` before it")]
    NoBegin {
        /// The end line.
        line: usize,
        /// The label of the block.
        label: String,
    },
    /// A block ends with another label.
    #[error("line {line} ends `{end}`, but the block began as `{begin}`")]
    OtherLabel {
        /// The end line.
        line: usize,
        /// The label of the begin line.
        begin: String,
        /// The label of the end line.
        end: String,
    },
    /// A line of a block has characters that are not base64.
    #[error("line {line} has characters that are not base64")]
    NotBase64 {
        /// The line.
        line: usize,
    },
    /// The base64 of a block has an impossible length.
    #[error("the base64 after line {line} is incomplete: characters are missing or doubled")]
    Incomplete {
        /// The begin line.
        line: usize,
    },
}
