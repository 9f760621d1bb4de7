//! The options of `maskinporten altinn`.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};
use maskinporten_token_generator::printer::HeadersForm;

use super::{ReportFormat, TEMPLATE, TokenArguments, named};
use crate::cli::settings::{SettingArguments, VendorSettingArguments};

pub(super) const SCOPES: &str = "Each command requests a token with the scope that it needs, whatever scopes the profile has, \
    and exchanges it at Altinn. The client must have access to altinn:authentication/systemregister.write for systems and \
    users, and to altinn:authentication/systemuser.request.read and .write for requests.";

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
    /// Log in at Altinn 2, which closed networks and test beds still have, and print the headers of the session
    #[command(help_template = TEMPLATE, after_help = ALTINN2, before_help = "Examples:\n  \
        maskinporten altinn login --env local --user NAME --header 'ApiKey: KEY'\n  \
        maskinporten altinn login --altinn-url https://altinn.example --user NAME \\\n    \
        --client-certificate -k enterprise.p12 | curl -H @- https://altinn.example/api\n")]
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

/// `altinn system`
#[derive(Debug, Subcommand)]
pub(crate) enum SystemCommand {
    /// List the systems of the vendor
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn system list --profile vendor\n  \
        maskinporten altinn system list --profile vendor --format json\n")]
    List(VendorArguments),
    /// Show a system
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn system show 991825827_sky\n  \
        maskinporten altinn system show 991825827_sky --format json\n")]
    Show(SystemShowArguments),
    /// Register a system
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn system register 991825827_sky --name Sky --right app_ttd_a\n  \
        maskinporten altinn system register 991825827_sky --file system.json --dry-run\n")]
    Register(SystemChangeArguments),
    /// Change a system: what no option or file names stays as it is
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn system update 991825827_sky --name nb=Skyen --dry-run\n  \
        maskinporten altinn system update 991825827_sky --visible false\n")]
    Update(SystemChangeArguments),
}

/// `altinn request`
#[derive(Debug, Subcommand)]
pub(crate) enum RequestCommand {
    /// Ask a customer to approve a system user, and print the link for that
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn request create 991825827_sky 310547891 --right app_ttd_a\n  \
        maskinporten altinn request create 991825827_sky 310547891 \\\n    \
        --access-package regnskapsforer-lonn --agent --wait=15m\n")]
    Create(RequestCreateArguments),
    /// Show a request and its status
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn request show UUID\n  \
        maskinporten altinn request show UUID --wait\n")]
    Show(RequestShowArguments),
    /// List the requests for system users of a system
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn request list 991825827_sky\n  \
        maskinporten altinn request list 991825827_sky --agent --format json\n")]
    List(RequestListArguments),
    /// Withdraw a request
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn request delete UUID\n  \
        maskinporten altinn request delete --dry-run UUID\n")]
    Delete(RequestDeleteArguments),
}

/// `altinn users`
#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// List the system users of a system
    #[command(help_template = TEMPLATE, after_help = SCOPES, before_help = "Examples:\n  \
        maskinporten altinn users list 991825827_sky\n  \
        maskinporten altinn users list 991825827_sky --format json\n")]
    List(SystemShowArguments),
}

/// The options of every command of a system's vendor.
#[derive(Debug, Args)]
pub(crate) struct VendorArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) settings: VendorSettingArguments,
}

/// `altinn system show`, `altinn users list`
#[derive(Debug, Args)]
pub(crate) struct SystemShowArguments {
    /// The id of the system
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    #[command(flatten)]
    pub(crate) vendor: VendorArguments,
}

/// `altinn system register`, `altinn system update`
#[derive(Debug, Args)]
pub(crate) struct SystemChangeArguments {
    /// The id of the system: the vendor's organisation number, `_` and a name
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    /// The name that customers see, in all languages or as `nb=TEXT` in one; repeatable
    #[arg(long, value_name = "TEXT", help_heading = "System")]
    pub(crate) name: Vec<String>,
    /// The description that customers see, in all languages or as `nb=TEXT` in one; repeatable
    #[arg(long, value_name = "TEXT", help_heading = "System")]
    pub(crate) description: Vec<String>,
    /// A client in Maskinporten that may request tokens for system users; repeatable [default: --client-id]
    #[arg(long, value_name = "ID", help_heading = "System")]
    pub(crate) system_client: Vec<String>,
    /// A URL that customers may be sent to after approval; repeatable
    #[arg(long, value_name = "URL", help_heading = "System")]
    pub(crate) redirect_url: Vec<String>,
    /// Whether customers see the system in Altinn, and can make a system user for it themselves
    #[arg(long, value_name = "BOOL", help_heading = "System")]
    pub(crate) visible: Option<bool>,
    #[command(flatten)]
    pub(crate) access: AccessArguments,
    #[command(flatten)]
    pub(crate) vendor: VendorArguments,
}

/// What a system or a system user has access to, and the file that has everything else.
#[derive(Debug, Args)]
pub(crate) struct AccessArguments {
    /// A resource, by its id in Altinn's resource register; repeatable
    #[arg(long, value_name = "RESOURCE", help_heading = "System")]
    pub(crate) right: Vec<String>,
    /// An access package, by its URN or the end of that; repeatable
    #[arg(long, value_name = "PACKAGE", help_heading = "System")]
    pub(crate) access_package: Vec<String>,
    /// Read a JSON object as Altinn's API takes it; options replace its members
    #[arg(long, value_name = "FILE|-", help_heading = "System")]
    pub(crate) file: Option<PathBuf>,
    /// Print the request as JSON, and do not send it
    #[arg(long, help_heading = "Output")]
    pub(crate) dry_run: bool,
}

/// `altinn request create`
#[derive(Debug, Args)]
pub(crate) struct RequestCreateArguments {
    /// The id of the system
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    /// The organisation number of the customer
    #[arg(value_name = "ORGNO")]
    pub(crate) organisation: String,
    /// The URL that the customer is sent to after approval; the system must allow it
    #[arg(long, value_name = "URL", help_heading = "System")]
    pub(crate) redirect_url: Option<String>,
    #[command(flatten)]
    pub(crate) access: AccessArguments,
    #[command(flatten)]
    pub(crate) wait: WaitArguments,
    #[command(flatten)]
    pub(crate) kind: KindArguments,
    #[command(flatten)]
    pub(crate) vendor: VendorArguments,
}

/// How long a command waits for the customer.
#[derive(Debug, Args)]
pub(crate) struct WaitArguments {
    /// Wait until the customer has answered, for at most this time [default: 60m]
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "60m",
          help_heading = "System")]
    pub(crate) wait: Option<String>,
}

/// The kind of system users.
#[derive(Debug, Args)]
pub(crate) struct KindArguments {
    /// System users of the kind that acts for the customer's own clients, such as an accountant's
    #[arg(long, help_heading = "System")]
    pub(crate) agent: bool,
}

/// `altinn request show`
#[derive(Debug, Args)]
pub(crate) struct RequestShowArguments {
    /// The id of the request
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) wait: WaitArguments,
    #[command(flatten)]
    pub(crate) kind: KindArguments,
    #[command(flatten)]
    pub(crate) vendor: VendorArguments,
}

/// `altinn request list`
#[derive(Debug, Args)]
pub(crate) struct RequestListArguments {
    /// The id of the system
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: String,
    #[command(flatten)]
    pub(crate) kind: KindArguments,
    #[command(flatten)]
    pub(crate) vendor: VendorArguments,
}

/// `altinn request delete`
#[derive(Debug, Args)]
pub(crate) struct RequestDeleteArguments {
    /// The id of the request
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Print the request as JSON, and do not send it
    #[arg(long, help_heading = "Output")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) vendor: VendorArguments,
}
