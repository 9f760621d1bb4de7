//! `maskinporten curl` on systems without inherited descriptors: an error with an alternative.

use std::{path::PathBuf, process::ExitCode};

use super::{
    args::CurlArguments,
    report::{Exit, Failure, Report},
};

pub(crate) async fn run(_: CurlArguments, _: Option<PathBuf>, _: &Report) -> Result<ExitCode, Failure> {
    let hint = Some("pipe them: maskinporten headers | curl -H @- URL".to_owned());
    let message = "this system cannot pass headers to curl without showing them".to_owned();
    Err(Failure::plain(Exit::Other, "unsupported", message, hint))
}
