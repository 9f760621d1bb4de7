//! Prints whom an Altinn token is for.

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset, Utc};

use super::lines::{Cells, aligned};
use crate::{
    inspect::{AltinnIdentity, relative},
    json,
    language::Language,
};

/// The output form of an identity.
#[derive(Clone, Copy)]
pub enum IdentityForm {
    /// Aligned lines.
    Text {
        /// The current time.
        now: DateTime<Utc>,
        /// The language of what is not from the token.
        language: Language,
        /// Converts a time to the reader's time zone.
        local: fn(DateTime<Utc>) -> DateTime<FixedOffset>,
    },
    /// One JSON object, with times in UTC.
    Json,
}

/// Writes whom an Altinn token is for.
///
/// # Errors
/// Any error of `out`.
pub fn print_identity(form: IdentityForm, identity: &AltinnIdentity, out: &mut impl Write) -> io::Result<()> {
    match form {
        IdentityForm::Json => json::write_indented(&mut *out, identity)?,
        IdentityForm::Text { now, language, local } => {
            let valid = identity.expires_at.map(|at| {
                format!("{}, {}", local(at).format("%Y-%m-%d %H:%M:%S %:z"), language.translate(&relative(at, now)))
            });
            let text = aligned(&rows(identity, valid, language));
            write!(out, "{}", text.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join("\n"))?;
        }
    }
    writeln!(out)
}

/// Returns a line for each fact that the token has.
fn rows(identity: &AltinnIdentity, valid: Option<String>, language: Language) -> Vec<Cells> {
    let joined = |first: &Option<String>, second: Option<String>| match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first} ({second})")),
        (first, second) => first.clone().or(second),
    };
    let level =
        identity.authentication_level.as_ref().map(|level| language.translate(&format!("level {level}")).into());
    let kind = language.translate(&identity.kind.to_string()).into_owned();
    let facts = [
        ("token", joined(&Some(kind), identity.environment.map(str::to_owned))),
        ("organisation", joined(&identity.organisation_number, identity.service_owner.clone())),
        ("app", identity.app.clone()),
        ("supplier", identity.supplier.clone()),
        ("system user", joined(&identity.system_user_owner, identity.system_user.clone())),
        ("system", identity.system.clone()),
        ("person", identity.person.clone()),
        ("user", joined(&identity.user_name, identity.user_id.clone())),
        ("party", joined(&identity.party_id, identity.party_uuid.clone())),
        ("authentication", joined(&identity.authentication_method, level)),
        ("client", identity.client_id.clone()),
        ("scope", identity.scope.clone()),
        ("valid until", valid),
        ("confirmed by", identity.confirmed_by.clone()),
    ];
    let row = |(name, value): (&str, Option<String>)| Some(vec![language.translate(name).into_owned(), value?]);
    facts.into_iter().filter_map(row).collect()
}
