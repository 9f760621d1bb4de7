//! The client in the settings, and the settings that another client of the same server has too.

use super::{ConfigFiles, SettingArguments, SettingSources, origin::Layer};
use crate::cli::report::{Failure, Report};

/// The settings that lead to a server.
const OF_SERVER: [&str; 5] = ["env", "audience", "token-endpoint", "discover", "ca-file"];

impl SettingSources {
    /// Reads a profile as it is in the files: variables open its key, and change nothing else.
    pub(crate) fn of_profile(name: &str, from: &ConfigFiles, report: &Report) -> Result<Self, Failure> {
        let mut arguments = SettingArguments::default();
        arguments.set_profile(name);
        let mut sources = Self::without_files(arguments, report)?;
        sources.add_profile(from, report)?;
        Ok(sources)
    }

    /// Returns the name of the environment, and the client id.
    pub(crate) fn environment_and_client(&self) -> (Option<String>, Option<String>) {
        let text = |name| self.find(name).map(|found| found.text().to_owned());
        (text("env"), text("client-id"))
    }

    /// Returns the settings that lead to the server, for the profile of another client; not those of the environment.
    pub(crate) fn of_server(&self) -> Vec<(&'static str, Vec<String>)> {
        let found = OF_SERVER.into_iter().filter_map(|name| self.find(name));
        let given = found.filter(|found| found.origin.layer < Layer::Environment);
        given.map(|found| (found.name, found.texts().to_vec())).collect()
    }
}
