//! The options of `maskinporten scope` and `maskinporten org`.

use std::path::PathBuf;

use clap::{
    Args, Subcommand,
    builder::{NonEmptyStringValueParser, PossibleValuesParser},
};
use maskinporten::clock;

use super::{AdminArguments, ChangeArguments, ListFormat, TEMPLATE};
use crate::cli::settings::{AdminSettingArguments, RegisterSettingArguments};

/// `org`
#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Show organisations by their numbers
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten org show 991825827\n  \
        maskinporten org show 310700010 310700088 --env local --format json\n")]
    Show(OrgShowArguments),
    /// Search organisations by the words of their names
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten org search digitaliseringsdirektoratet\n  \
        maskinporten org search simulert kommune --env local --format csv\n")]
    Search(OrgSearchArguments),
}

/// The options of every question to the register of business units.
#[derive(Debug, Args)]
pub(crate) struct OrgArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) settings: RegisterSettingArguments,
}

/// `org show`
#[derive(Debug, Args)]
pub(crate) struct OrgShowArguments {
    /// Organisation numbers
    #[arg(value_name = "ORGNO", required = true)]
    pub(crate) number: Vec<String>,
    #[command(flatten)]
    pub(crate) register: OrgArguments,
}

/// `org search`
#[derive(Debug, Args)]
pub(crate) struct OrgSearchArguments {
    /// Words of the name
    #[arg(value_name = "TEXT", required = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) text: Vec<String>,
    /// The most main units, and the most sub-units, to print
    #[arg(long, value_name = "NUMBER", default_value = "20", value_parser = clap::value_parser!(u16).range(1..=100),
          help_heading = "Output")]
    pub(crate) limit: u16,
    #[command(flatten)]
    pub(crate) register: OrgArguments,
}

const TOKEN: &str = "The client needs idporten:scopes.write: the command requests a token with this scope, whatever scopes the \
    profile has.";

const SEARCH: &str = "The list is public: no key and no login is needed. If the settings have a client and its key, and no \
    more than 10 scopes were found, a token is requested for each of them, to see whether the client has it.";

const IMPORT: &str = "A CSV file has any number of scopes, a JSON file has one, and a folder has JSON files at any depth, as \
    scope export writes them. Scopes that differ are changed, new ones are created, and none is deleted.";

/// `scope`
#[derive(Debug, Subcommand)]
pub(crate) enum ScopeCommand {
    /// List the scopes of the organisation, or all public ones
    #[command(help_template = TEMPLATE, after_help = TOKEN, before_help = "Examples:\n  \
        maskinporten scope list --profile admin\n  \
        maskinporten scope list altinn: --inactive --profile admin --format csv\n  \
        maskinporten scope list --all --env test\n")]
    List(ScopeListArguments),
    /// Show a scope
    #[command(help_template = TEMPLATE, after_help = TOKEN, before_help = "Examples:\n  \
        maskinporten scope show altinn:serviceowner --profile admin\n  \
        maskinporten scope show altinn:serviceowner --profile admin --format json\n")]
    Show(ScopeShowArguments),
    /// Create a scope
    #[command(help_template = TEMPLATE, after_help = TOKEN, before_help = "Examples:\n  \
        maskinporten scope create altinn:new.read --description 'Reads it'\n  \
        maskinporten scope create --file scope.json --dry-run --profile admin\n")]
    Create(ScopeChangeArguments),
    /// Change a scope: what no option or file names stays as it is
    #[command(help_template = TEMPLATE, after_help = TOKEN, before_help = "Examples:\n  \
        maskinporten scope update altinn:new.read --at-max-age 5m --dry-run\n  \
        maskinporten scope update --file scope.json --yes --profile admin\n")]
    Update(ScopeChangeArguments),
    /// Deactivate scopes
    #[command(help_template = TEMPLATE, after_help = TOKEN, before_help = "Examples:\n  \
        maskinporten scope delete altinn:old.read --profile admin\n  \
        maskinporten scope delete altinn:old.read --dry-run --profile admin\n")]
    Delete(ScopeDeleteArguments),
    /// Write scopes to one CSV file, or to a JSON file each
    #[command(help_template = TEMPLATE, after_help = TOKEN, before_help = "Examples:\n  \
        maskinporten scope export --csv scopes.csv --profile admin\n  \
        maskinporten scope export altinn: --dir exported --profile admin\n")]
    Export(ScopeExportArguments),
    /// Create and change scopes to be as in files
    #[command(help_template = TEMPLATE, after_help = IMPORT, before_help = "Examples:\n  \
        maskinporten scope import scopes.csv --dry-run --profile admin\n  \
        maskinporten scope import exported --yes --profile admin\n")]
    Import(ScopeImportArguments),
    /// Search all public scopes
    #[command(help_template = TEMPLATE, after_help = SEARCH, before_help = "Examples:\n  \
        maskinporten scope search altinn --env test\n  \
        maskinporten scope search folkeregister --names --format json\n")]
    Search(ScopeSearchArguments),
}

/// `scope list`
#[derive(Debug, Args)]
pub(crate) struct ScopeListArguments {
    /// The beginning of the names
    #[arg(value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// List inactive scopes too
    #[arg(long, help_heading = "Scopes")]
    pub(crate) inactive: bool,
    /// List the public scopes of all organisations, which needs no token
    #[arg(long, help_heading = "Scopes", conflicts_with = "inactive")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `scope show`
#[derive(Debug, Args)]
pub(crate) struct ScopeShowArguments {
    /// The name of the scope
    #[arg(value_name = "SCOPE")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `scope create`, `scope update`
#[derive(Debug, Args)]
pub(crate) struct ScopeChangeArguments {
    /// The name of the scope, which the file may have instead
    #[arg(value_name = "SCOPE", required_unless_present = "file")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) members: ScopeMemberArguments,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// What a scope gets.
#[derive(Debug, Args)]
#[command(next_help_heading = "Scope")]
pub(crate) struct ScopeMemberArguments {
    /// Read members from a JSON object; options replace them, and `null` removes one
    #[arg(long, value_name = "FILE|-")]
    pub(crate) file: Option<PathBuf>,
    /// What the scope gives access to
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// What users and developers should know about it
    #[arg(long, value_name = "TEXT")]
    pub(crate) long_description: Option<String>,
    /// Who can see the scope: everyone, only its owner, or only Digdir
    #[arg(long, value_name = "NAME", ignore_case = true,
          value_parser = PossibleValuesParser::new(["PUBLIC", "PRIVATE", "INTERNAL"]))]
    pub(crate) visibility: Option<String>,
    /// A kind of client that may use the scope; repeatable
    #[arg(long, value_name = "TYPE")]
    pub(crate) integration_type: Vec<String>,
    /// Whether every organisation may use the scope, without being granted access
    #[arg(long, value_name = "BOOL")]
    pub(crate) accessible_for_all: Option<bool>,
    /// The longest lifetime of an access token: seconds, or `2m`; 0 for the client's own
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) at_max_age: Option<u64>,
    /// The longest lifetime of an authorisation of ID-porten: seconds, or `2m`
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) authorization_max_lifetime: Option<u64>,
    /// The issuer in which consumers may delegate the scope to suppliers
    #[arg(long, value_name = "URL")]
    pub(crate) delegation_source: Option<String>,
    /// The kind of access tokens
    #[arg(long, value_name = "NAME", ignore_case = true,
          value_parser = PossibleValuesParser::new(["SELF_CONTAINED", "OPAQUE"]))]
    pub(crate) token_type: Option<String>,
    /// Whether the person must consent
    #[arg(long, value_name = "BOOL")]
    pub(crate) requires_user_consent: Option<bool>,
    /// Whether a person must have logged in
    #[arg(long, value_name = "BOOL")]
    pub(crate) requires_user_authentication: Option<bool>,
    /// Whether the scope can be used; `true` brings back one that was deleted
    #[arg(long, value_name = "BOOL")]
    pub(crate) active: Option<bool>,
}

fn seconds(text: &str) -> Result<u64, &'static str> {
    clock::parse_seconds(text).ok_or("write a time as seconds, or 2m")
}

/// `scope delete`
#[derive(Debug, Args)]
pub(crate) struct ScopeDeleteArguments {
    /// The names of the scopes
    #[arg(value_name = "SCOPE", required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `scope export`
#[derive(Debug, Args)]
pub(crate) struct ScopeExportArguments {
    /// The beginning of the names
    #[arg(value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Write all scopes to this file, as PowerShell's Export-Csv does in UTF-16
    #[arg(long, value_name = "FILE", help_heading = "Scopes", required_unless_present = "dir")]
    pub(crate) csv: Option<PathBuf>,
    /// Write each scope to a JSON file scopes/PREFIX/SUBSCOPE.json in this folder
    #[arg(long, value_name = "FOLDER", help_heading = "Scopes")]
    pub(crate) dir: Option<PathBuf>,
    /// Export inactive scopes too
    #[arg(long, help_heading = "Scopes")]
    pub(crate) inactive: bool,
    #[command(flatten)]
    pub(crate) settings: AdminSettingArguments,
}

/// `scope import`
#[derive(Debug, Args)]
pub(crate) struct ScopeImportArguments {
    /// CSV files, JSON files, and folders with JSON files
    #[arg(value_name = "FILE|FOLDER", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}

/// `scope search`
#[derive(Debug, Args)]
pub(crate) struct ScopeSearchArguments {
    /// Words of the name, the description or the owner
    #[arg(value_name = "TEXT", required = true, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) text: Vec<String>,
    /// Look up the names of the owners
    #[arg(long, help_heading = "Output")]
    pub(crate) names: bool,
    #[command(flatten)]
    pub(crate) admin: AdminArguments,
}
