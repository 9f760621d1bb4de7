//! Config files with named profiles: read, merged, written, and made from the files of other tools.
//!
//! A profile is a set of the command line's own settings under a name. The file is TOML
//! (<https://toml.io/en/v1.0.0>), with `default_profile` and `[profiles.NAME]` and nothing else on top:
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
//! extends = "test" # takes over what it does not say itself
//! scope = "altinn:events.publish"
//!
//! [profiles.events.headers]
//! Accept = "application/hal+json"
//! ```
//!
//! Which settings there are is the caller's to say, with a table of [`KnownSetting`]. This room checks their names,
//! types and places, and keeps for each value where it stood; what a value means is for others to decide. It prints
//! nothing, runs nothing and asks nobody.
//!
//! A file in the project's folder (`maskinporten.toml`, here or above) is stronger than the user's own
//! (`$XDG_CONFIG_HOME/maskinporten/config.toml`), key by key. It came with the folder, so it is trusted less: it may
//! not name a command, and a file that belongs to somebody else is not read.

mod draft;
mod error;
mod file;
mod import;
mod merge;
mod nearest;
mod paths;
mod place;
mod search;
mod section;
mod setting;
mod source;
mod warning;
mod write;

#[cfg(test)]
mod tests;

pub use draft::Draft;
pub use error::ProfileError;
pub use file::{ConfigFile, FileKind};
pub use import::{ImportError, Imported, Reason, Remark, import};
pub use merge::{Profile, Profiles};
pub use place::Place;
pub use search::{PROJECT_FILE, Search, user_file};
pub use section::{Header, Value};
pub use setting::{Kind, KnownSetting, Role};
pub use warning::Warning;
pub use write::{WriteError, append, create};
