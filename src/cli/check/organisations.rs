//! Finds the organisations that a report is about, whose names can be looked up.

use std::collections::{BTreeMap, BTreeSet};

use maskinporten::{check::Check, organisation::OrganisationNumber};

use crate::cli::{admin::OrganisationNames, report::Failure};

/// Looks up the names of the organisations in a report. Settings that cannot be used are a fault in the report already.
pub(super) async fn names(
    names: Option<Result<OrganisationNames, Failure>>,
    settings: &[(String, String, String)],
    checks: &[Check],
) -> BTreeMap<String, String> {
    let Some(Ok(names)) = names else { return BTreeMap::new() };
    names.of(&numbers(settings, checks)).await
}

/// Returns the organisation numbers in a report.
fn numbers(settings: &[(String, String, String)], checks: &[Check]) -> Vec<OrganisationNumber> {
    let values = settings.iter().map(|(_, value, _)| value);
    let found = checks.iter().flat_map(|check| check.details.iter().chain([&check.found]).chain(&check.subject));
    let words = values.chain(found).flat_map(|text| text.split(|character: char| !character.is_ascii_alphanumeric()));
    let words: BTreeSet<&str> = words.map(|word| word.strip_prefix("NO").unwrap_or(word)).collect();
    words.into_iter().filter_map(|word| OrganisationNumber::parse(word).ok()).collect()
}
