//! `maskinporten org`: shows and searches organisations in the open register of business units.

use std::{path::PathBuf, sync::Arc};

use maskinporten::{
    business_register::{RegisteredUnit, UnitCollection},
    organisation::OrganisationNumber,
    printer::Column,
};
use serde_json::{Value, json};

use super::{names::OrganisationNames, output::print_list};
use crate::cli::{
    args::{ListFormat, OrgCommand, OrgSearchArguments, OrgShowArguments},
    report::{Exit, Failure, Report},
};

const COLUMNS: [Column; 6] = [
    ("number", "number"),
    ("name", "name"),
    ("form", "form"),
    ("kind", "kind"),
    ("belongs to", "parent"),
    ("deleted", "deleted"),
];

pub(crate) async fn run(command: OrgCommand, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    match command {
        OrgCommand::Show(arguments) => show(arguments, config, report).await,
        OrgCommand::Search(arguments) => search(arguments, config, report).await,
    }
}

async fn show(arguments: OrgShowArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    let parsed = arguments.number.iter().map(|number| OrganisationNumber::parse(number));
    let numbers: Vec<_> = parsed.collect::<Result<_, _>>().map_err(|error| Failure::new(Exit::Usage, &error))?;
    let names = OrganisationNames::load(arguments.register.settings.0, config, report)?;
    let units = names
        .ask(async |register, notify| {
            let mut units = Vec::new();
            for number in &numbers {
                units.push(register.find(number, &mut *notify).await?);
            }
            Ok(units)
        })
        .await?;
    print(arguments.register.format, &units, report)
}

async fn search(arguments: OrgSearchArguments, config: Option<PathBuf>, report: &Arc<Report>) -> Result<(), Failure> {
    let names = OrganisationNames::load(arguments.register.settings.0, config, report)?;
    let text = arguments.text.join(" ");
    let found = names.ask(async |register, notify| register.search(&text, arguments.limit, notify).await).await?;
    match found.total.saturating_sub(found.units.len() as u64) {
        0 if found.units.is_empty() => report.note("nothing was found"),
        0 => {}
        more => report.note(&format!("{more} more are not shown; add words, or raise --limit")),
    }
    print(arguments.register.format, &found.units, report)
}

fn print(format: ListFormat, units: &[RegisteredUnit], report: &Report) -> Result<(), Failure> {
    let mut list = json!(units);
    if format == ListFormat::Table {
        for (unit, shown) in units.iter().zip(list.as_array_mut().into_iter().flatten()) {
            let kind = match unit.kind {
                UnitCollection::Main => "main unit",
                UnitCollection::Sub => "sub-unit",
            };
            shown["kind"] = Value::from(&*report.language().translate(kind));
        }
    }
    print_list(format, &list, &COLUMNS, report)
}
