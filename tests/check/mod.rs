//! `maskinporten check` against the simulator: the whole report without a fault, and what each fault changes.

mod comparison;
mod configuration;
mod faults;
mod forms;

use crate::{local::Local, support::Outcome};

/// Runs `check` against a simulator.
fn check(local: &Local, arguments: &[&str]) -> Outcome {
    local.maskinporten(&["check", "--env", "local"]).args(arguments).run()
}
