//! The options of `maskinporten completions` and `maskinporten man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where each shell looks for its script.
pub(super) const PLACES: &str = "\
To enable it in every session:
  bash        eval \"$(maskinporten completions bash)\" in ~/.bashrc
  zsh         the same with zsh in ~/.zshrc, after compinit
  fish        write it to ~/.config/fish/completions/maskinporten.fish
  powershell  maskinporten completions powershell | Out-String | iex in $PROFILE
  elvish      eval (maskinporten completions elvish | slurp) in rc.elv
  nushell     write it to a file, and `use FILE *` in config.nu";

/// `completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell that reads the script
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: CompletionShell,
}

/// A shell with a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompletionShell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Elvish,
    Nushell,
}

/// `man`
#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Write a page for every command to this folder, and print their paths
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
}
