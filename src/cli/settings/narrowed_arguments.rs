//! The settings of commands whose help lists only some of them.

use std::marker::PhantomData;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::{
    arguments::{SettingArguments, with_settings_for},
    definition::{ADMINISTRATION, PERSON_LOGIN, REGISTER, VENDOR},
    file_reads::TIMEOUT,
};

/// The settings of a command whose help lists only some, and puts some in its own words.
pub(crate) trait NarrowedHelp: Clone + Default {
    fn with_settings(command: Command) -> Command;
}

/// The settings of one kind of command.
#[derive(Debug, Clone, Default)]
pub(crate) struct NarrowedSettings<K>(pub(crate) SettingArguments, PhantomData<K>);

/// The settings of the login of a person.
pub(crate) type LoginSettingArguments = NarrowedSettings<LoginHelp>;
/// The settings of the commands of a system's vendor, which decide themselves what their grant asks for.
pub(crate) type VendorSettingArguments = NarrowedSettings<VendorHelp>;
/// The settings of the commands of an administrator, which decide that themselves too.
pub(crate) type AdminSettingArguments = NarrowedSettings<AdminHelp>;
/// The settings of the commands that ask the register of business units, which need no token.
pub(crate) type RegisterSettingArguments = NarrowedSettings<RegisterHelp>;

#[derive(Debug, Clone, Default)]
pub(crate) struct LoginHelp;
#[derive(Debug, Clone, Default)]
pub(crate) struct VendorHelp;
#[derive(Debug, Clone, Default)]
pub(crate) struct AdminHelp;
#[derive(Debug, Clone, Default)]
pub(crate) struct RegisterHelp;

impl NarrowedHelp for LoginHelp {
    fn with_settings(command: Command) -> Command {
        let command = with_settings_for(command, PERSON_LOGIN);
        let help = "Time limit for the login [default: 5m], and for each request [default: 30s]";
        command.mut_arg(TIMEOUT, |timeout| timeout.help(help)).mut_arg("scope", |scope| {
            scope.help(
                "Scopes, separated by spaces or commas; repeatable. `openid` is always one of them [default: openid profile]",
            )
        })
    }
}

impl NarrowedHelp for VendorHelp {
    fn with_settings(command: Command) -> Command {
        let has_reference = command.get_name() == "create";
        let command = with_settings_for(command, VENDOR);
        command.mut_arg("external-ref", |reference| reference.hide(!has_reference))
    }
}

impl NarrowedHelp for AdminHelp {
    fn with_settings(command: Command) -> Command {
        with_settings_for(command, ADMINISTRATION)
    }
}

impl NarrowedHelp for RegisterHelp {
    fn with_settings(command: Command) -> Command {
        with_settings_for(command, REGISTER)
    }
}

impl<K: NarrowedHelp> Args for NarrowedSettings<K> {
    fn augment_args(command: Command) -> Command {
        command.defer(K::with_settings)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<K: NarrowedHelp> FromArgMatches for NarrowedSettings<K> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(SettingArguments::from_arg_matches(matches)?, PhantomData))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}
