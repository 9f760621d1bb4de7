//! The options of `maskinporten login`.

use clap::{ArgAction, Args, Subcommand};
use maskinporten::{
    login::Prompt,
    printer::{Shell, TokenForm},
};

use super::{ReportFormat, TEMPLATE, named};
use crate::cli::settings::LoginSettingArguments;

pub(super) const LOGIN: &str = "The client must be registered with the redirect address and the scopes. It authenticates itself \
    with its key, with --client-secret-file, or not at all with --public. In ID-porten's test environment, \
    --login-hint testid:PID_idporten-loa-high logs a test person in without a page.";

/// `login`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct PersonLoginArguments {
    #[command(subcommand)]
    pub(crate) command: Option<PersonLoginCommand>,
    /// Print the address of the login, in place of opening the browser. Its answer may be pasted, so it may be opened on
    /// another machine
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Login of a person")]
    pub(crate) no_browser: bool,
    /// Keep the login, so that its tokens are used with --person and renewed
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Login of a person")]
    pub(crate) keep: bool,
    /// End the kept login: revoke its refresh token and remove its secrets
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Login of a person", conflicts_with = "keep")]
    pub(crate) logout: bool,
    /// Have the tokens bound to a new key, so that they are of no use without it (RFC 9449)
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Login of a person")]
    pub(crate) dpop: bool,
    /// The client has neither a key nor a secret
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Login of a person")]
    pub(crate) public: bool,
    /// Post the parameters of the login first, so that the browser does not carry them (RFC 9126)
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Login of a person", hide_short_help = true)]
    pub(crate) par: bool,
    /// What the server shows the person: the login page, the consent page or nothing
    #[arg(long, value_name = "WHAT", help_heading = "Login of a person", hide_short_help = true,
          value_parser = named(Prompt::NAMES, Prompt::parse))]
    pub(crate) prompt: Option<Prompt>,
    /// Whom to log in
    #[arg(long, value_name = "TEXT", help_heading = "Login of a person", hide_short_help = true)]
    pub(crate) login_hint: Option<String>,
    /// The longest time since the person has logged in
    #[arg(long, value_name = "SECONDS", help_heading = "Login of a person", hide_short_help = true)]
    pub(crate) max_age: Option<u32>,
    /// Show the national identity number in `--format json`
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Output")]
    pub(crate) show_pid: bool,
    /// Show the refresh token in `--format json`
    #[arg(long, action = ArgAction::SetTrue, help_heading = "Output")]
    pub(crate) show_refresh_token: bool,
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "token", help_heading = "Output",
          value_parser = named(TokenForm::NAMES, TokenForm::parse))]
    pub(crate) format: TokenForm,
    /// The shell that `--format env` prints assignments for [default: sh]
    #[arg(long, value_name = "SHELL", help_heading = "Output",
          value_parser = named(Shell::NAMES, Shell::parse))]
    pub(crate) shell: Option<Shell>,
    #[command(flatten)]
    pub(crate) settings: LoginSettingArguments,
}

/// `login` with a subcommand
#[derive(Debug, Subcommand)]
pub(crate) enum PersonLoginCommand {
    /// Show the kept logins: whose server, which client, how long they last; never their tokens
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten login status\n  \
        maskinporten login status --format json\n")]
    Status(LoginStatusArguments),
}

/// `login status`
#[derive(Debug, Args)]
pub(crate) struct LoginStatusArguments {
    /// The output format
    #[arg(long, value_name = "FORM", default_value = "text", help_heading = "Output")]
    pub(crate) format: ReportFormat,
}
