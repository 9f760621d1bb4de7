//! `maskinporten altinn request`: asks customers to approve system users, and waits for their answers.

use std::{path::PathBuf, sync::Arc, time::Duration};

use maskinporten::{
    altinn::{ApprovalStatus, DefinitionError, SystemUserDefinition, SystemUserType, VendorRequest},
    clock,
    organisation::OrganisationNumber,
    printer::{print_system_user_request, print_system_user_requests},
    text::printable,
};
use serde_json::Value;
use tokio::time::Instant;

use super::vendor::{self, VendorSession};
use crate::cli::{
    args::{
        RequestCommand, RequestCreateArguments, RequestDeleteArguments, RequestListArguments, RequestShowArguments,
        WaitArguments,
    },
    progress::Progress,
    report::{self, Exit, Failure, Report},
};

/// The pauses between two questions whether the customer has answered: people need minutes, not milliseconds.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A day; Altinn itself keeps a request for longer.
const LONGEST_WAIT_SECONDS: u64 = 24 * 60 * 60;

pub(super) async fn run(command: RequestCommand, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        RequestCommand::Create(arguments) => create(arguments, config, report).await,
        RequestCommand::Show(arguments) => show(arguments, config, report).await,
        RequestCommand::List(arguments) => list(arguments, config, report).await,
        RequestCommand::Delete(arguments) => delete(arguments, config, report).await,
    }
}

/// Makes a request, and prints it with its link before it waits: the customer needs the link.
async fn create(
    arguments: RequestCreateArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let limit = time_limit(&arguments.wait)?;
    let kind = kind(arguments.kind.agent);
    let request = VendorRequest::create_request(kind, definition(&arguments)?);
    if arguments.access.dry_run {
        return report::print_json(&request.to_json());
    }
    let settings = arguments.vendor.settings.0;
    let reader = limit.map(|limit| (settings.clone(), limit));
    let session = VendorSession::open(settings, &request, config.clone(), report)?;
    let created = session.send(&request).await?;
    vendor::print(arguments.vendor.format, &created, |request| print_system_user_request(request, report.language()))?;
    let Some((settings, limit)) = reader else { return Ok(()) };
    let id = created["id"].as_str().unwrap_or_default();
    let shown = VendorRequest::request(kind, id);
    let session = VendorSession::open(settings, &shown, config, report)?;
    wait(&session, &shown, created.clone(), limit, report).await.map(drop)
}

async fn show(arguments: RequestShowArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    let limit = time_limit(&arguments.wait)?;
    let request = VendorRequest::request(kind(arguments.kind.agent), &arguments.id);
    let session = VendorSession::open(arguments.vendor.settings.0, &request, config, report)?;
    let mut shown = session.send(&request).await?;
    if let Some(limit) = limit {
        shown = wait(&session, &request, shown, limit, report).await?;
    }
    vendor::print(arguments.vendor.format, &shown, |request| print_system_user_request(request, report.language()))
}

async fn list(arguments: RequestListArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    let request = VendorRequest::requests(kind(arguments.kind.agent), &arguments.system);
    let session = VendorSession::open(arguments.vendor.settings.0, &request, config, report)?;
    let requests = session.send(&request).await?;
    vendor::print(arguments.vendor.format, &requests, |list| print_system_user_requests(list, report.language()))
}

async fn delete(
    arguments: RequestDeleteArguments,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let request = VendorRequest::delete_request(&arguments.id);
    if arguments.dry_run {
        return report::print_json(&request.to_json());
    }
    let session = VendorSession::open(arguments.vendor.settings.0, &request, config, report)?;
    session.send(&request).await?;
    report.note(&format!("the request {} is deleted", arguments.id));
    Ok(())
}

fn kind(is_agent: bool) -> SystemUserType {
    if is_agent { SystemUserType::Agent } else { SystemUserType::Standard }
}

/// Makes the request from the file and the options, which replace its members.
fn definition(arguments: &RequestCreateArguments) -> Result<SystemUserDefinition, Failure> {
    let failed = |error: DefinitionError| Failure::new(Exit::Usage, &error).about("the request cannot be sent");
    let organisation = OrganisationNumber::parse(&arguments.organisation)
        .map_err(|error| Failure::new(Exit::Usage, &error).about("the request cannot be sent"))?;
    let mut request = SystemUserDefinition::new(&arguments.system, &organisation);
    if let Some(file) = vendor::read_definition(arguments.access.file.as_deref())? {
        request = request.with_json(&file).map_err(failed)?;
    }
    request.set_rights(&arguments.access.right).map_err(|error| failed(error.into()))?;
    request.set_access_packages(&arguments.access.access_package).map_err(|error| failed(error.into()))?;
    if let Some(reference) = arguments.vendor.settings.0.text("external-ref") {
        request.set_external_ref(&reference);
    }
    if let Some(url) = &arguments.redirect_url {
        request.set_redirect_url(url);
    }
    Ok(request)
}

/// Asks for the request until the customer has approved it.
async fn wait(
    session: &VendorSession,
    request: &VendorRequest,
    mut current: Value,
    limit: Duration,
    report: &Report,
) -> Result<Value, Failure> {
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    let progress = Progress::start("waiting for the customer's approval", report);
    loop {
        let name = current["status"].as_str().unwrap_or_default();
        match ApprovalStatus::parse(name) {
            Some(ApprovalStatus::Accepted) => break,
            Some(ApprovalStatus::New) => {}
            Some(ApprovalStatus::Rejected | ApprovalStatus::Denied | ApprovalStatus::TimedOut) | None => {
                return Err(not_approved(name));
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(not_yet_approved(&current));
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        current = session.send(request).await?;
    }
    drop(progress);
    report.note("the customer has approved the system user");
    Ok(current)
}

fn not_approved(status: &str) -> Failure {
    let message = format!("the customer has not approved the system user: the status is {}", printable(status));
    let hint = "ask the customer, then delete the request and make another: maskinporten altinn request delete ID";
    Failure::plain(Exit::Refused, "request_not_approved", message, Some(hint.to_owned()))
}

fn not_yet_approved(request: &Value) -> Failure {
    let id = printable(request["id"].as_str().unwrap_or_default());
    let message = "the customer has not answered yet".to_owned();
    let hint = format!("wait again: maskinporten altinn request show {id} --wait");
    Failure::plain(Exit::Unreachable, "request_pending", message, Some(hint))
}

/// Parses the time that `--wait` has.
fn time_limit(arguments: &WaitArguments) -> Result<Option<Duration>, Failure> {
    let Some(text) = &arguments.wait else { return Ok(None) };
    let seconds = clock::parse_seconds(text).filter(|seconds| (1..=LONGEST_WAIT_SECONDS).contains(seconds));
    seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(|| {
        let message = "--wait must be a time of at most a day".to_owned();
        Failure::plain(Exit::Usage, "wait", message, Some("pass --wait=30s or --wait=15m".to_owned()))
    })
}
