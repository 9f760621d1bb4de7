//! `maskinporten altinn test-token`: `token` with the settings of a test token.

use std::{path::PathBuf, sync::Arc};

use crate::cli::{
    args::{TestTokenArguments, TestTokenCommand},
    report::{Failure, Report},
    token,
};

pub(super) async fn run(
    command: TestTokenCommand,
    config: Option<PathBuf>,
    report: &Arc<Report>,
) -> Result<(), Failure> {
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let (kind, parameters, arguments) = match command {
        TestTokenCommand::Enterprise(own) => {
            let parameters = vec![("org", own.org), ("orgNo", own.org_number), ("supplierOrgNo", own.supplier)];
            ("enterprise", parameters, own.token)
        }
        TestTokenCommand::Person(own) => {
            let pid = own.token.token.settings.text("pid");
            let level = own.level.map(|level| level.to_string());
            let ids = [("userId", number(own.user_id)), ("partyId", number(own.party_id))];
            ("person", [vec![("pid", pid), ("authLvl", level)], ids.to_vec()].concat(), own.token)
        }
        TestTokenCommand::SystemUser(own) => {
            let organisations = [("systemUserOrg", own.owner), ("orgNo", own.org_number)];
            ("system-user", [vec![("systemUserId", Some(own.id))], organisations.to_vec()].concat(), own.token)
        }
    };
    let TestTokenArguments { lifetime, token: mut arguments } = arguments;
    let parameters = parameters.into_iter().chain([("ttl", number(lifetime))]);
    let pairs: Vec<String> = parameters.filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect();
    arguments.settings.set("test-token", kind, format!("`altinn test-token {kind}`"));
    arguments.settings.remove("pid");
    if !pairs.is_empty() {
        arguments.settings.add("test-token-param", pairs);
    }
    token::run(arguments, config, report).await
}
