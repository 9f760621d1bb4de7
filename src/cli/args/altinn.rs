//! The options of `maskinporten altinn`.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};
use maskinporten::printer::HeadersForm;

use super::{
    ReportFormat, TEMPLATE, TokenArguments,
    altinn_vendor::{RequestCommand, SCOPES, SystemCommand, UsersCommand},
    named,
};
use crate::cli::settings::SettingArguments;

/// `altinn`
#[derive(Debug, Subcommand)]
pub(crate) enum AltinnCommand {
    /// Show which organisation, person or system user an Altinn token is for
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten token --env local --altinn | maskinporten altinn whoami\n  \
        maskinporten token --env local --altinn | maskinporten altinn whoami --ask\n")]
    Whoami(WhoamiArguments),
    /// Renew an Altinn token that has not expired
    #[command(help_template = TEMPLATE, after_help = REFRESH, before_help = "Examples:\n  \
        maskinporten token --env local --altinn | maskinporten altinn refresh\n  \
        maskinporten altinn refresh --altinn-env at22 --format header\n")]
    Refresh(RefreshArguments),
    /// Register systems in Altinn's system register
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn system list --profile vendor\n  \
        maskinporten altinn system register 991825827_sky --name Sky --right app_ttd_a\n")]
    System {
        #[command(subcommand)]
        command: SystemCommand,
    },
    /// Ask customers to approve system users
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn request create 991825827_sky 310547891 --right app_ttd_a\n  \
        maskinporten altinn request list 991825827_sky\n")]
    Request {
        #[command(subcommand)]
        command: RequestCommand,
    },
    /// List the system users that customers have approved
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn users list 991825827_sky\n  \
        maskinporten altinn users list 991825827_sky --format json\n")]
    Users {
        #[command(subcommand)]
        command: UsersCommand,
    },
    /// Get a token of Altinn's test token generator
    #[command(help_template = TEMPLATE, after_help = TEST_TOKENS, before_help = "Examples:\n  \
        maskinporten altinn test-token enterprise --org ttd --org-number 991825827 \\\n    \
        --scope altinn:serviceowner --user NAME\n  \
        maskinporten altinn test-token person --pid DIGITS --user NAME\n")]
    TestToken {
        #[command(subcommand)]
        command: TestTokenCommand,
    },
    /// Log in at Altinn 2, which only closed networks and test beds have, and print its headers
    #[command(help_template = TEMPLATE, after_help = ALTINN2, before_help = "Examples:\n  \
        maskinporten altinn login --env local --user NAME --header 'ApiKey: KEY'\n  \
        maskinporten altinn login --altinn-url https://altinn.example --user NAME \\\n    \
        --client-certificate -k enterprise.p12 | curl -H @- https://altinn.example\n")]
    Login(LoginArguments),
}

pub(super) const TEST_TOKENS: &str = "The generator makes tokens for any organisation or person, for Altinn's test \
    environments only, and requires a user name and a password. With test_token, test_token_param and altinn_user in a \
    profile, or as options, the commands token, headers, exec and curl use such tokens. The password is best set as \
    MASKINPORTEN_ALTINN_PASSWORD or kept in a file; if it is missing, you are asked for it.";

/// `altinn test-token`
#[derive(Debug, Subcommand)]
pub(crate) enum TestTokenCommand {
    /// Get a token for an organisation
    #[command(help_template = TEMPLATE, after_help = TEST_TOKENS, before_help = "Examples:\n  \
        maskinporten altinn test-token enterprise --org ttd --org-number 991825827 \\\n    \
        --scope altinn:serviceowner --user NAME\n  \
        maskinporten altinn test-token enterprise --scope a:b --user NAME\n")]
    Enterprise(EnterpriseTokenArguments),
    /// Get a token for a person
    #[command(help_template = TEMPLATE, after_help = TEST_TOKENS, before_help = "Examples:\n  \
        maskinporten altinn test-token person --pid DIGITS --user NAME\n  \
        maskinporten altinn test-token person --user-id 1 --party-id 2 --user NAME\n")]
    Person(PersonTokenArguments),
    /// Get a token for a system user
    #[command(help_template = TEMPLATE, after_help = TEST_TOKENS, before_help = "Examples:\n  \
        maskinporten altinn test-token system-user --id UUID --user NAME\n  \
        maskinporten altinn test-token system-user --id UUID --owner ORGNO --user NAME\n")]
    SystemUser(SystemUserTokenArguments),
}

/// `altinn test-token enterprise`
#[derive(Debug, Args)]
pub(crate) struct EnterpriseTokenArguments {
    /// The short name of the service owner, such as `ttd`
    #[arg(long, value_name = "NAME", help_heading = "Test token")]
    pub(crate) org: Option<String>,
    /// The organisation number
    #[arg(long, value_name = "ORGNO", help_heading = "Test token")]
    pub(crate) org_number: Option<String>,
    /// The organisation that acts for it
    #[arg(long, value_name = "ORGNO", help_heading = "Test token")]
    pub(crate) supplier: Option<String>,
    #[command(flatten)]
    pub(crate) token: TestTokenArguments,
}

/// `altinn test-token person`
#[derive(Debug, Args)]
pub(crate) struct PersonTokenArguments {
    /// The user id
    #[arg(long, value_name = "NUMBER", help_heading = "Test token")]
    pub(crate) user_id: Option<u32>,
    /// The party id
    #[arg(long, value_name = "NUMBER", help_heading = "Test token")]
    pub(crate) party_id: Option<u32>,
    /// The level of the authentication [default: 3]
    #[arg(long, value_name = "NUMBER", help_heading = "Test token")]
    pub(crate) level: Option<u8>,
    #[command(flatten)]
    pub(crate) token: TestTokenArguments,
}

/// `altinn test-token system-user`
#[derive(Debug, Args)]
pub(crate) struct SystemUserTokenArguments {
    /// The id of the system user
    #[arg(long, value_name = "UUID", help_heading = "Test token")]
    pub(crate) id: String,
    /// The organisation that the system user belongs to
    #[arg(long, value_name = "ORGNO", help_heading = "Test token")]
    pub(crate) owner: Option<String>,
    /// The vendor of its system
    #[arg(long, value_name = "ORGNO", help_heading = "Test token")]
    pub(crate) org_number: Option<String>,
    #[command(flatten)]
    pub(crate) token: TestTokenArguments,
}

/// The options of every test token.
#[derive(Debug, Args)]
pub(crate) struct TestTokenArguments {
    /// The lifetime of the token in seconds [default: 1800]
    #[arg(long, value_name = "SECONDS", help_heading = "Test token")]
    pub(crate) lifetime: Option<u32>,
    #[command(flatten)]
    pub(crate) token: TokenArguments,
}

pub(super) const ALTINN2: &str = "Altinn switched its own login with a password off on 2026-06-19, with Altinn 2: use \
    Maskinporten, with a system user to act for others, or ID-porten for people. The headers of the profile are sent too; \
    Altinn 2 requires ApiKey. The password is best set as MASKINPORTEN_ALTINN_PASSWORD or kept in a file; if it is missing, \
    you are asked for it.";

/// `altinn login`
#[derive(Debug, Args)]
pub(crate) struct LoginArguments {
    /// Present the certificate of the key in TLS, for the login of an enterprise user
    #[arg(long, help_heading = "Altinn")]
    pub(crate) client_certificate: bool,
    /// Extra header, such as Altinn's `ApiKey`; repeatable
    #[arg(long, value_name = "NAME: VALUE", action = ArgAction::Append, help_heading = "Output")]
    pub(crate) header: Vec<String>,
    /// Keep the session in a file for curl's option -b, in place of printing its cookie
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) cookie_jar: Option<PathBuf>,
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "lines", help_heading = "Output",
          value_parser = named(HeadersForm::NAMES, HeadersForm::parse))]
    pub(crate) format: HeadersForm,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}

pub(super) const REFRESH: &str = "The token is sent to the platform that issued it: the one that an option names, or else \
    the one in its iss if that is Altinn's, or else that of the settings. The commands that take --altinn need no renewal: \
    they exchange a new token before the old one expires.";

/// `altinn refresh`
#[derive(Debug, Args)]
pub(crate) struct RefreshArguments {
    /// The token, alone or in other text; or a file with it. Without it, or with `-`, stdin is read. Every user of this
    /// machine can see a token that is typed here
    #[arg(value_name = "TOKEN")]
    pub(crate) token: Vec<String>,
    #[command(flatten)]
    pub(crate) output: TokenArguments,
}

/// `altinn whoami`
#[derive(Debug, Args)]
pub(crate) struct WhoamiArguments {
    /// The token, alone or in other text such as a curl command; or a file with it. Without it, or with `-`, stdin is read.
    /// Every user of this machine can see a token that is typed here
    #[arg(value_name = "TOKEN")]
    pub(crate) token: Vec<String>,
    /// Ask the platform: it checks the token, and answers with one of its own, which is shown
    #[arg(long)]
    pub(crate) ask: bool,
    /// Show national identity numbers
    #[arg(long, help_heading = "Output")]
    pub(crate) show_pid: bool,
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) settings: SettingArguments,
}
