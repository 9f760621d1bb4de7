//! Config files with named profiles: reading, merging, writing, and importing from other tools' files.
//!
//! A profile is a named set of the command line's settings. The file is TOML (<https://toml.io/en/v1.0.0>), with
//! `default_profile` and `[profiles.NAME]` as its only top-level keys:
//!
//! ```toml
//! default_profile = "test"
//!
//! [profiles.test]
//! env = "test"
//! client_id = "11111111-2222-3333-4444-555555555555"
//! scope = ["altinn:serviceowner"]
//! keystore = "certs/test.p12" # relative to this file
//!
//! [profiles.events]
//! extends = "test" # inherits what it does not set itself
//! scope = "altinn:events.publish"
//!
//! [profiles.events.headers]
//! Accept = "application/hal+json"
//! ```
//!
//! The caller defines the settings with a table of [`KnownSetting`]. This module checks keys, types and locations, and
//! keeps for each value where it is set; it does not interpret values, print, run anything or prompt.
//!
//! A project file (`maskinporten.toml`, in this folder or above) takes precedence over the user's own
//! (`$XDG_CONFIG_HOME/maskinporten/config.toml`), key by key. It came with the folder, so it is trusted less: it may
//! not name a command, and a file that belongs to another user is not read.
//!
//! A fault within one profile is reported when that profile is used; the others can still be used.

mod draft;
mod edit;
mod error;
mod file;
mod import;
mod location;
mod merge;
mod paths;
mod search;
mod section;
mod setting;
mod source;
mod suggest;
mod warning;
mod write;

#[cfg(test)]
mod tests;

pub use draft::ProfileDraft;
pub use edit::{ProfileEdit, replace};
pub use error::ProfileError;
pub use file::{ConfigFile, ConfigFileKind};
pub use import::{ImportError, ImportProblem, ImportRemark, Imported, import};
pub use location::Location;
pub use merge::{Profile, Profiles};
pub use search::{ConfigSearch, PROJECT_FILE, user_file};
pub use section::{ProfileHeader, ProfileValue};
pub use setting::{KnownSetting, SettingKind, SettingRole};
pub use suggest::synonym;
pub use warning::ProfileWarning;
pub use write::{WriteError, append, create};
