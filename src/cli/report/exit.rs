//! The exit codes.

/// The exit codes, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Other = 1,
    Usage = 2,
    Configuration = 3,
    Key = 4,
    Refused = 5,
    Unreachable = 6,
    /// Verification failed; the report is printed all the same.
    Fault = 7,
    NotStarted = 125,
    NotRun = 126,
    NotFound = 127,
    Interrupted = 130,
}

impl Exit {
    /// Every code except success.
    pub(crate) const ALL: [Self; 11] = [
        Self::Other,
        Self::Usage,
        Self::Configuration,
        Self::Key,
        Self::Refused,
        Self::Unreachable,
        Self::Fault,
        Self::NotStarted,
        Self::NotRun,
        Self::NotFound,
        Self::Interrupted,
    ];

    /// Describes when the program exits with it.
    pub(crate) const fn when(self) -> &'static str {
        match self {
            Self::Other => "any other error",
            Self::Usage => "usage: an invalid option, or options that exclude each other",
            Self::Configuration => "configuration: a value is missing, or a variable or config file is wrong",
            Self::Key => "key: keystore, password, certificate, JWK, hardware token",
            Self::Refused => "refused: the server answered with an OAuth error",
            Self::Unreachable => "unreachable: DNS, connection, TLS, time-out, 5xx, an unexpected response",
            Self::Fault => {
                "`check`, `inspect`, `access sync` or a list of expiring keys found a fault; the report is on stdout"
            }
            Self::NotStarted => "`exec` or `curl` failed before the command ran; `--error-format json` names the cause",
            Self::NotRun => "`exec` or `curl`: the command exists, but cannot be run",
            Self::NotFound => "`exec` or `curl`: the command was not found",
            Self::Interrupted => "interrupted; a server that is stopped by a signal ends with 0",
        }
    }
}
