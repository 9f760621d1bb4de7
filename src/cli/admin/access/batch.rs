//! Makes many changes of access, some at a time, and reports the outcome of each.
//!
//! A change that fails does not stop the others. Ctrl-C does, after the responses to the requests in flight; a second one
//! does not wait for them. What has been done is reported in any case.

use std::{
    cell::{Cell, RefCell},
    future::ready,
    sync::Arc,
};

use futures_util::{StreamExt as _, stream};
use maskinporten::{
    admin::{Access, AccessChange, AdminError, AdminRequest},
    printer::Column,
};
use serde_json::{Value, json};

use super::CONSUMER;
use crate::cli::{
    admin::{output::print_list, session::AdminSession},
    args::ListFormat,
    progress::Counter,
    report::{Failure, Report},
    signals::{HandlesInterrupts, next_interrupt},
};

/// Maximum number of requests in flight.
pub(super) const AT_A_TIME: usize = 4;
/// After this number of requests in a row without a response, the others are not sent.
const UNANSWERED_IN_A_ROW: usize = 2 * AT_A_TIME;

const COLUMNS: [Column; 4] = [("scope", "scope"), CONSUMER, ("result", "result"), ("error", "error")];

/// The outcome of a change.
enum ChangeOutcome {
    /// Its request was not sent.
    Left,
    /// Its request was sent, and the response is not known.
    Sent,
    Done,
    Failed(Failure),
}

/// Changes, and the outcome of each.
pub(super) struct Batch {
    changes: Vec<(AccessChange, ChangeOutcome)>,
    interrupted: bool,
    /// Why the changes that are left were not tried.
    stopped: Option<Failure>,
}

impl Batch {
    pub(super) async fn make(session: &AdminSession, changes: Vec<AccessChange>, report: &Arc<Report>) -> Self {
        let _interrupts = HandlesInterrupts::new();
        let counter = Counter::start(changes.len(), report);
        let outcomes: RefCell<Vec<ChangeOutcome>> = RefCell::new(changes.iter().map(|_| ChangeOutcome::Left).collect());
        let (interrupted, stops) = (Cell::new(false), Cell::new(false));
        let (mut stopped, mut unanswered) = (None, 0);
        let left = stream::iter(changes.iter().enumerate()).take_while(|_| ready(!stops.get() && !interrupted.get()));
        let requests = left.map(async |(index, change)| {
            outcomes.borrow_mut()[index] = ChangeOutcome::Sent;
            (index, session.try_send(&AdminRequest::change_access(change)).await)
        });
        let interrupted_twice = async {
            next_interrupt().await;
            interrupted.set(true);
            next_interrupt().await;
        };
        let mut answers = Box::pin(requests.buffer_unordered(AT_A_TIME).take_until(interrupted_twice));
        while let Some((index, answer)) = answers.next().await {
            counter.count();
            unanswered = if matches!(answer, Ok(Err(AdminError::Client(_)))) { unanswered + 1 } else { 0 };
            outcomes.borrow_mut()[index] = match answer {
                Ok(Ok(_)) => ChangeOutcome::Done,
                Ok(Err(error)) => ChangeOutcome::Failed(error.into()),
                Err(failure) => {
                    stopped.get_or_insert(failure);
                    ChangeOutcome::Left
                }
            };
            stops.set(stopped.is_some() || unanswered >= UNANSWERED_IN_A_ROW);
        }
        drop(answers);
        let interrupted = interrupted.get();
        Self { changes: changes.into_iter().zip(outcomes.into_inner()).collect(), interrupted, stopped }
    }

    /// Prints the outcome of each change, after these rows.
    pub(super) fn print(&self, mut rows: Vec<Value>, format: ListFormat, report: &Report) -> Result<(), Failure> {
        rows.extend(self.changes.iter().map(|(change, outcome)| match outcome {
            ChangeOutcome::Left => row(change.access(), "not_done", None),
            ChangeOutcome::Sent => row(change.access(), "unknown", None),
            ChangeOutcome::Done if matches!(change, AccessChange::Grant(_)) => row(change.access(), "granted", None),
            ChangeOutcome::Done => row(change.access(), "revoked", None),
            ChangeOutcome::Failed(failure) => {
                let failure = failure.in_language(report.language());
                let (message, causes, _) = failure.parts();
                let error = causes.iter().fold(message.to_owned(), |text, cause| format!("{text}: {cause}"));
                row(change.access(), "failed", Some(&error))
            }
        }));
        print_list(format, &rows.into(), &COLUMNS, report)
    }

    /// Returns the failure of the command, if not all changes were made.
    pub(super) fn result(self, report: &Report) -> Result<(), Failure> {
        let total = self.changes.len();
        let done = self.changes.iter().filter(|(_, outcome)| matches!(outcome, ChangeOutcome::Done)).count();
        if self.interrupted {
            report.note(&format!("{done} of {total} changes were made; the same command makes those that are left"));
            return Err(Failure::interrupted());
        }
        let failed = self.changes.into_iter().find_map(|(_, outcome)| match outcome {
            ChangeOutcome::Failed(failure) => Some(failure),
            _ => None,
        });
        let Some(failure) = self.stopped.or(failed) else { return Ok(()) };
        Err(failure.about(&format!("{done} of {total} changes were made, and the same command tries the others again")))
    }
}

/// Makes a row of the report.
pub(super) fn row(access: &Access, result: &str, error: Option<&str>) -> Value {
    json!({ "scope": access.scope, "consumer_orgno": access.consumer, "result": result, "error": error })
}
