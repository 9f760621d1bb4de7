//! Where the value of a setting came from.

use maskinporten::explain::Explain;

use crate::cli::report::{Exit, Failure};

/// The kinds of sources, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    Option,
    Variable,
    /// The project's config file, which came with the folder and is trusted less.
    ProjectFile,
    UserFile,
    /// A variable of another program.
    ForeignVariable,
    /// The values that belong to the environment, such as its token endpoint.
    Environment,
    Default,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) layer: Layer,
    /// What the user calls it: `--ttl`, `MASKINPORTEN_TTL`, or a key and a place in a file.
    pub(crate) label: String,
}

/// A parsed value and its origin.
#[derive(Debug, Clone)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl Origin {
    pub(crate) fn new(layer: Layer, label: impl Into<String>) -> Self {
        Self { layer, label: label.into() }
    }

    /// Makes a failure about the value, with the exit code that its source calls for.
    pub(crate) fn failure(&self, code: &'static str, message: String, hint: impl Into<String>) -> Failure {
        Failure::plain(self.exit(), code, message, Some(hint.into()))
    }

    /// Refuses an address from a project file, which came with the folder: the user's password would be sent there.
    pub(super) fn refuse_project_file(&self) -> Result<(), Failure> {
        if self.layer != Layer::ProjectFile {
            return Ok(());
        }
        let message = format!("{} decides where the password would be sent", self.label);
        let hint = "if you trust the file, name it with --config, or write the address in your own config file";
        Err(self.failure("config_address", message, hint))
    }

    /// Makes the failure of a value that cannot be used.
    pub(crate) fn unusable(&self, error: &dyn Explain) -> Failure {
        Failure::new(self.exit(), error).about(&format!("{} cannot be used", self.label))
    }

    fn exit(&self) -> Exit {
        if self.layer == Layer::Option { Exit::Usage } else { Exit::Configuration }
    }
}
