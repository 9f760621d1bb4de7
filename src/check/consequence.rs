//! Finds which failures follow from another one, so that each fault is counted and explained once.
//!
//! A check that follows from another is shown as not counted, with what it found. A refusal of the server follows from the
//! checks that the catalogue of refusals names for it.

use super::{
    Check, CheckId, Verdict,
    check_ids::{
        ALGORITHMS, ALL, AUDIENCE, CLOCK, CONNECTION, ENDPOINT, ENVIRONMENT, KEY_ALGORITHM, LIFETIME, METADATA,
        METADATA_ISSUER, NAME, REQUEST, SCOPE, SIGNATURE, SIGNED, TLS, TOKEN_ISSUER,
    },
};

/// Checks, and those that explain them when both fail.
static CAUSES: &[(&CheckId, &[&CheckId])] = &[
    (&AUDIENCE, &[&ENVIRONMENT]),
    (&SIGNED, &[&KEY_ALGORITHM]),
    (&METADATA, &[&AUDIENCE]),
    (&METADATA_ISSUER, &[&AUDIENCE]),
    (&ENDPOINT, &[&ENVIRONMENT, &AUDIENCE]),
    (&ALGORITHMS, &[&KEY_ALGORITHM, &SIGNED]),
    (&REQUEST, &[&SCOPE]),
    (&TOKEN_ISSUER, &[&METADATA_ISSUER]),
    (&LIFETIME, &[&CLOCK]),
];

/// Checks that fail with the same error when the server is out of order or cannot be reached.
static REACHING: [&CheckId; 6] = [&NAME, &CONNECTION, &TLS, &METADATA, &REQUEST, &SIGNATURE];

/// Turns each warning and failure that follows from another check into one that is not counted.
pub fn attribute(checks: &mut [Check]) {
    let causes: Vec<_> = checks.iter().map(|check| cause(check, checks).map(|cause| cause.topic.id)).collect();
    for (check, cause) in checks.iter_mut().zip(causes) {
        if let Some(cause) = cause {
            check.verdict = Verdict::Skipped;
            check.found = format!("follows from {cause}: {}", check.found);
            check.remedy = None;
        }
    }
}

/// Returns the check that a failure follows from.
fn cause<'checks>(check: &Check, all: &'checks [Check]) -> Option<&'checks Check> {
    if check.verdict < Verdict::Warning {
        return None;
    }
    let known = CAUSES.iter().find(|(topic, _)| *topic == check.topic).map_or(&[][..], |(_, causes)| causes);
    let explanation = check.refusal.as_ref().and_then(|refusal| refusal.explanation);
    let refused: Vec<&CheckId> = explanation
        .iter()
        .flat_map(|known| &known.checks)
        .filter_map(|id| ALL.iter().copied().find(|topic| topic.id == *id))
        .collect();
    let explains = |other: &&Check| {
        // A refusal of all scopes says nothing about a scope that could not be requested.
        let is_cause = known.contains(&other.topic) && (check.topic != &REQUEST || other.refusal.is_some());
        other.topic != check.topic
            && other.verdict >= check.verdict
            && (is_cause || refused.contains(&other.topic) || is_same_outage(check, other))
    };
    all.iter().find(explains)
}

/// Whether an earlier request to the server failed with the same error.
fn is_same_outage(check: &Check, earlier: &Check) -> bool {
    let place = |check: &Check| REACHING.iter().position(|topic| *topic == check.topic);
    check.error.is_some()
        && check.error == earlier.error
        && place(earlier).zip(place(check)).is_some_and(|(earlier, check)| earlier < check)
}

/// Returns the faults, each with the checks that found it: scopes that are refused for the same reason are one fault.
#[must_use]
pub fn faults(checks: &[Check]) -> Vec<Vec<&Check>> {
    let mut faults: Vec<Vec<&Check>> = Vec::new();
    for check in checks.iter().filter(|check| check.verdict == Verdict::Fail) {
        match faults.iter_mut().find(|fault| fault[0].is_explained_like(check)) {
            Some(fault) => fault.push(check),
            None => faults.push(vec![check]),
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{super::check_ids::VALIDITY, *};
    use crate::client::Explanation;

    #[test]
    fn every_check_that_the_catalogue_names_exists() {
        let named: Vec<&str> = Explanation::all().flat_map(|entry| &entry.checks).copied().collect();
        assert!(named.iter().all(|id| ALL.iter().any(|topic| topic.id == *id)), "{named:?}");
        assert!(named.contains(&VALIDITY.id));
    }

    #[test]
    fn a_failure_that_follows_from_another_is_not_counted() {
        let mut checks = vec![AUDIENCE.fail("x", "leave it out"), METADATA_ISSUER.fail("y", "pass it"), CLOCK.pass("")];

        attribute(&mut checks);

        let verdicts: Vec<Verdict> = checks.iter().map(|check| check.verdict).collect();
        assert_eq!(verdicts, [Verdict::Fail, Verdict::Skipped, Verdict::Pass]);
        assert_eq!(checks[1].found, "follows from grant.audience: y");
        assert_eq!(faults(&checks).len(), 1);
    }

    #[test]
    fn a_failure_does_not_follow_from_a_warning() {
        let mut checks = vec![AUDIENCE.warning("x", ""), METADATA_ISSUER.fail("y", "")];

        attribute(&mut checks);

        assert_eq!(checks[1].verdict, Verdict::Fail);
    }
}
