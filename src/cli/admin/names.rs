//! Looks up the names of organisations in the open register of business units.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use maskinporten::{
    business_register::{BusinessRegister, BusinessRegisterError, KnownNames},
    cache::Cache,
    clock::{Clock as _, SystemClock},
    http::Endpoint,
    organisation::OrganisationNumber,
};

use crate::cli::{
    progress::Progress,
    report::{Failure, Report, report_retry, with_cause},
    settings::{self, NetworkSettings, SettingArguments, SettingSources, business_register},
};

/// The names of organisations, from a file of this user or the register.
pub(crate) struct OrganisationNames {
    base: Endpoint,
    network: NetworkSettings,
    report: Arc<Report>,
}

impl OrganisationNames {
    /// Reads the settings of a command that may do without a client; nothing is sent.
    pub(crate) fn load(
        arguments: SettingArguments,
        config: Option<PathBuf>,
        report: &Arc<Report>,
    ) -> Result<Self, Failure> {
        let mut sources = SettingSources::load(arguments, config, report)?;
        sources.refuse_empty_options()?;
        settings::add_environment(&mut sources, report)?;
        let network = NetworkSettings::parse(&sources)?;
        Self::new(&sources, network, report)
    }

    /// Reads where the register is; nothing is sent.
    pub(crate) fn new(
        sources: &SettingSources,
        network: NetworkSettings,
        report: &Arc<Report>,
    ) -> Result<Self, Failure> {
        Ok(Self { base: business_register(sources)?, network, report: Arc::clone(report) })
    }

    /// Waits for a question to the register.
    pub(super) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&BusinessRegister, &mut RetryNotice<'_>) -> Result<T, BusinessRegisterError>,
    ) -> Result<T, BusinessRegisterError> {
        let register = BusinessRegister::new(self.base.clone(), &self.network.http, self.network.retry_policy)?;
        let (report, base) = (&self.report, &self.base);
        report.detail(&format!("asking {base}"));
        let _progress = Progress::start(&format!("waiting for {base}"), report);
        question(&register, &mut |error, delay| report_retry(report, error, delay)).await
    }

    /// Returns the names of organisations, by their numbers. Those that the register does not have are missing, and all
    /// that are not in the file if the register does not answer: a list without names is better than none.
    pub(crate) async fn of(&self, numbers: &[OrganisationNumber]) -> BTreeMap<String, String> {
        let now = SystemClock.now();
        let file = Cache::usual_folder().ok().map(|folder| KnownNames::path(&folder));
        let mut known = KnownNames::read(file.as_deref(), &self.base, now);
        let mut unknown: Vec<_> = numbers.iter().filter(|number| !known.has(number)).cloned().collect();
        unknown.sort_by(|one, other| one.digits().cmp(other.digits()));
        unknown.dedup();
        if !unknown.is_empty() {
            match self.ask(async |register, notify| register.names(&unknown, notify).await).await {
                Ok(names) => {
                    unknown.iter().zip(names).for_each(|(number, name)| known.add(number, name, now));
                    if let Some(Err(error)) = file.map(|file| known.write(&file)) {
                        self.report.detail(&format!("the names of organisations are not kept: {error}"));
                    }
                }
                Err(error) => {
                    self.report.warning(&format!("some names of organisations are missing: {}", with_cause(&error)));
                }
            }
        }
        let name = |number: &OrganisationNumber| Some((number.digits().to_owned(), known.name(number)?.to_owned()));
        numbers.iter().filter_map(name).collect()
    }
}

/// What is called before a request is repeated.
pub(super) type RetryNotice<'report> = dyn FnMut(&BusinessRegisterError, Duration) + 'report;
