//! `maskinporten altinn`: what is done at Altinn itself.

mod login;
mod refresh;
mod request;
mod system;
mod test_token;
mod vendor;
mod whoami;

use std::{path::PathBuf, sync::Arc};

use super::{
    args::{AltinnCommand, UsersCommand},
    report::{Failure, Report},
};

pub(crate) async fn run(command: AltinnCommand, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        AltinnCommand::Whoami(arguments) => whoami::run(arguments, config, report).await,
        AltinnCommand::Refresh(arguments) => refresh::run(arguments, config, report).await,
        AltinnCommand::TestToken { command } => test_token::run(command, config, report).await,
        AltinnCommand::Login(arguments) => login::run(arguments, config, report).await,
        AltinnCommand::System { command } => system::run(command, config, report).await,
        AltinnCommand::Request { command } => request::run(command, config, report).await,
        AltinnCommand::Users { command: UsersCommand::List(arguments) } => {
            system::list_users(arguments, config, report).await
        }
    }
}
