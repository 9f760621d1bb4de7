//! The commands of an administrator, against the simulator's self-service API and against a scripted one.

mod access;
mod clients;
mod scopes;

use crate::{local::Local, support::Maskinporten};

/// Makes a command with the admin profile of the simulator's folder.
fn admin(local: &Local, arguments: &[&str]) -> Maskinporten {
    local.maskinporten(arguments).args(["--profile", "admin", "--config"]).args([local.file("config.toml")])
}
