//! The options of `maskinporten access`: which organisations may request tokens with which scopes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{AdminArguments, ChangeArguments, TEMPLATE};

const SCOPES: &str = "Each command requests a token with the scope idporten:scopes.write, whatever scopes the profile has. A name \
    that ends in * stands for all scopes of the organisation that begin with what is before it: 'altinn:serviceowner*'.";

/// `access`
#[derive(Debug, Subcommand)]
pub(crate) enum AccessCommand {
    /// List who has access to scopes
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten access list altinn:serviceowner --profile admin\n  \
        maskinporten access list --org 991825827 --format csv\n  \
        maskinporten access list --received\n")]
    List(AccessListArguments),
    /// Grant organisations access to scopes
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten access grant altinn:serviceowner 991825827 --profile admin\n  \
        maskinporten access grant altinn:serviceowner --file customers.csv --yes\n")]
    Grant(AccessChangeArguments),
    /// End the access of organisations to scopes
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten access revoke altinn:serviceowner 991825827 --profile admin\n  \
        maskinporten access revoke 'altinn:serviceowner*' 991825827 --dry-run\n")]
    Revoke(AccessChangeArguments),
    /// Compare the access that a file declares with the real one, and make them the same
    #[command(help_template = TEMPLATE, after_help = SYNC, before_help = "Examples:\n  \
        maskinporten access sync access.toml --profile admin\n  \
        maskinporten access sync access.toml --apply --prune --yes\n  \
        maskinporten access sync serviceowners.json --env test --report missing\n")]
    Sync(AccessSyncArguments),
}

pub(super) const SCRIPTS: &str = "In place of Altinn's scripts:\n  \
    scopeaccess get SCOPE ORGNO       access list SCOPE --org ORGNO\n  \
    scopeaccess getorg ORGNO          access list --org ORGNO\n  \
    scopeaccess add SCOPE ORGNO       access grant SCOPE ORGNO\n  \
    scopeaccess remove SCOPE ORGNO    access revoke SCOPE ORGNO\n  \
    so-admin -Report                  access sync serviceowners.json --report granted\n  \
    so-admin -ShowMissing             access sync serviceowners.json --report missing\n  \
    so-admin -ShowExtra               access sync serviceowners.json --report extra\n  \
    so-admin -AddMissing              access sync serviceowners.json --apply\n  \
    so-admin -RemoveExtra             access sync serviceowners.json --prune\n  \
    so-admin -AddSingle -Org ORGNO    access grant 'altinn:serviceowner*' ORGNO\n  \
    so-admin -RemoveSingle -Org ORGNO access revoke 'altinn:serviceowner*' ORGNO\n  \
    so-patch report -org ORGNO        access sync scopes.json --org ORGNO --report scopes\n  \
    so-patch patch -org ORGNO         access sync scopes.json --org ORGNO --apply\n  \
    so-patch patch_all -scope SCOPE   access sync serviceowners.json --only SCOPE --apply";

const SYNC: &str = "The file is TOML:\n\n  \
    [organisations]              # names, if numbers are not enough\n  \
    digdir = \"991825827\"\n\n  \
    [access]\n  \
    \"altinn:serviceowner\" = [\"digdir\", \"974761076\"]\n  \
    \"altinn:serviceowner/*\" = [\"digdir\"]\n\n\
    Also: what `access list --format json` prints, and the files of Altinn's scripts so-admin (serviceowners.json, whose \
    organisations have the scopes that begin with altinn:serviceowner) and so-patch (scopes.json, with --org).\n\n\
    The exit code is 7 when there is a difference that is left.";

/// `access list`
#[derive(Debug, Args)]
pub(crate) struct AccessListArguments {
    /// The scope, or what names begin with, followed by * [default: every scope of the organisation]
    // `scope` is the id of the setting.
    #[arg(id = "access_scope", value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// Only the access of this organisation
    #[arg(long, value_name = "ORGNO", help_heading = "Access")]
    pub(crate) org: Option<String>,
    /// The access that the organisation itself has received
    #[arg(long, conflicts_with = "org", help_heading = "Access")]
    pub(crate) received: bool,
    /// Add the names of the organisations, from the open register of business units
    #[arg(long, help_heading = "Access")]
    pub(crate) names: bool,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `access grant`, `access revoke`
#[derive(Debug, Args)]
pub(crate) struct AccessChangeArguments {
    /// The scope, or what names begin with, followed by *
    // `scope` is the id of the setting.
    #[arg(id = "access_scope", value_name = "SCOPE")]
    pub(crate) scope: String,
    /// Organisation numbers
    #[arg(value_name = "ORGNO", required_unless_present = "file")]
    pub(crate) organisations: Vec<String>,
    /// Read more organisation numbers: one on each line, or the first column of CSV; # starts a comment
    #[arg(long, value_name = "FILE|-", help_heading = "Change")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `access sync`
#[derive(Debug, Args)]
pub(crate) struct AccessSyncArguments {
    /// The file that declares who is to have which scope
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
    /// Grant what is missing
    #[arg(long, help_heading = "Change")]
    pub(crate) apply: bool,
    /// Revoke what the file does not declare
    #[arg(long, help_heading = "Change")]
    pub(crate) prune: bool,
    /// Only this scope, or those that begin with what is before *; repeatable
    #[arg(long, value_name = "SCOPE", help_heading = "Access")]
    pub(crate) only: Vec<String>,
    /// Only the access of this organisation
    #[arg(long, value_name = "ORGNO", help_heading = "Access")]
    pub(crate) org: Option<String>,
    /// The environment in a list of service owners [default: that of --env]
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub(crate) file_env: Option<String>,
    /// Print a report of Altinn's scripts: `so-admin -Report`, `-ShowMissing` or `-ShowExtra`, `so-patch report`
    #[arg(long, value_name = "NAME", conflicts_with_all = ["apply", "prune"], help_heading = "Output")]
    pub(crate) report: Option<ScriptReport>,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// The reports of the original's scripts. Its variants have no documentation, which clap would print as a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScriptReport {
    // The organisations of each scope.
    Granted,
    // The scopes that organisations of the file lack.
    Missing,
    // The scopes of organisations that the file does not have.
    Extra,
    // Whether the one organisation has each scope.
    Scopes,
}
