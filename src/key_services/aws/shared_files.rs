//! The files that `aws configure` writes, which the AWS SDKs share: `~/.aws/config` and `~/.aws/credentials`.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::{
    file::{self, FileError},
    key_services::{KeyService, PlaceError, access::variable},
    text::shown_path,
};

const MAXIMUM_BYTES: u64 = 1024 * 1024;

const PROFILE: &str = "AWS_PROFILE";

/// The settings of one profile in both files; those of the file with credentials come first.
#[derive(Default)]
pub(super) struct AwsProfile {
    name: String,
    settings: Vec<(String, Zeroizing<String>)>,
}

impl AwsProfile {
    /// Reads the profile of this process, and fails if a variable names one that does not exist.
    pub(super) fn of_environment(service: KeyService) -> Result<Self, PlaceError> {
        let unusable = |variable: String, why| PlaceError::Setting { service, variable, why };
        let profile = Self::read().map_err(|(file, error)| unusable(file, error.to_string()))?;
        if profile.settings.is_empty() && variable(PROFILE).is_some() {
            return Err(unusable(PROFILE.to_owned(), format!("there is no profile `{}`", profile.name)));
        }
        Ok(profile)
    }

    /// Reads the profile that `AWS_PROFILE` names, or `default`. A file that does not exist is an empty one.
    ///
    /// # Errors
    /// The name of a file that cannot be read, and why.
    fn read() -> Result<Self, (String, FileError)> {
        let name = variable(PROFILE).unwrap_or_else(|| "default".to_owned());
        let mut profile = Self { name, settings: Vec::new() };
        for (named_by, default) in [("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config")] {
            let in_home = || etcetera::home_dir().ok().map(|home| home.join(".aws").join(default));
            let Some(path) = variable(named_by).map(PathBuf::from).or_else(in_home) else { continue };
            if !path.exists() {
                continue;
            }
            let failed = |error| (shown_path(&path), error);
            let content = file::read(&path, MAXIMUM_BYTES).map_err(failed)?;
            let text = file::decode_text(&content).ok_or_else(|| failed(FileError::NotUtf8))?;
            profile.settings.extend(settings(&text, &profile.name));
        }
        Ok(profile)
    }

    /// Returns a setting that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.settings.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// Returns the settings in the section of a profile, which the file with the configuration calls `profile NAME`.
fn settings(text: &str, profile: &str) -> Vec<(String, Zeroizing<String>)> {
    let mut is_inside = false;
    let mut settings = Vec::new();
    for line in text.lines() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.split(']').next().unwrap_or_default().trim();
            let name = section.strip_prefix("profile").filter(|name| name.starts_with([' ', '\t'])).unwrap_or(section);
            is_inside = name.trim() == profile;
        // An indented line belongs to a nested setting.
        } else if is_inside
            && !line.starts_with([' ', '\t', '#', ';'])
            && let Some((name, value)) = line.split_once('=')
        {
            settings.push((name.trim().to_ascii_lowercase(), Zeroizing::new(value.trim().to_owned())));
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_one_profile_are_found_in_either_file() {
        let text = "[default]\nregion = eu-west-1\n# region = us-east-1\n[profile a b]\nregion=x\n\
                    [profile prod]\r\nRegion = eu-north-1\r\ns3 =\r\n  region = nested\r\n[prod]\naws_secret_access_key = a=b\n\
                    [profiled]\nregion = y\n";

        for (profile, name, expected) in [
            ("default", "region", Some("eu-west-1")),
            ("a b", "region", Some("x")),
            ("prod", "region", Some("eu-north-1")),
            ("prod", "aws_secret_access_key", Some("a=b")),
            ("prod", "s3", None),
            ("d", "region", None),
        ] {
            let found = AwsProfile { name: String::new(), settings: settings(text, profile) };

            assert_eq!(found.get(name), expected, "{profile} {name}");
        }
    }
}
