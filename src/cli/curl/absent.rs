//! `maskinporten curl` where there are no descriptors to inherit: an error that says what to do.

use std::{path::PathBuf, process::ExitCode};

use super::{
    args::CurlArguments,
    report::{Exit, Failure, Report},
};

/// Descriptors are handed over in Unix's way alone.
pub(crate) async fn run(_: CurlArguments, _: Option<PathBuf>, _: &Report) -> Result<ExitCode, Failure> {
    let hint = Some("pipe them: maskinporten headers | curl -H @- URL".to_owned());
    let message = "this system has no way to hand headers to curl unseen".to_owned();
    Err(Failure::plain(Exit::Other, "unsupported", message, hint))
}
