//! `maskinporten altinn`: what is done at Altinn itself.

mod whoami;

use std::sync::Arc;

use super::{
    args::AltinnCommand,
    report::{Failure, Report},
};

pub(crate) async fn run(command: AltinnCommand, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        AltinnCommand::Whoami(arguments) => whoami::run(&arguments, report).await,
    }
}
