//! The options of `maskinporten altinn system`, `request` and `users`: what the vendor of a system does.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ReportFormat, TEMPLATE};
use crate::cli::settings::VendorSettingArguments;

pub(super) const SCOPES: &str = "Each command requests a token with the scope that it needs, whatever scopes the profile has, \
    and exchanges it at Altinn. The client must have access to altinn:authentication/systemregister.write for systems and \
    users, and to altinn:authentication/systemuser.request.read and .write for requests.";

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
