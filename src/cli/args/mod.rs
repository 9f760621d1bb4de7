//! The command line as clap parses it: commands, their options, and the examples that open each help text.

mod admin;
mod admin_access;
mod admin_scopes;
mod agent;
mod altinn;
mod altinn_vendor;
mod cache;
mod client;
mod client_keys;
mod config;
mod explain;
mod globals;
mod groups;
mod inspect;
mod keys;
mod login;
mod quick;
mod requests;
mod running;
mod serve;
mod shell;
mod simulate;

use clap::{
    Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};

pub(crate) use self::{
    admin::{AdminArguments, ChangeArguments, ListFormat},
    admin_access::{AccessChangeArguments, AccessCommand, AccessListArguments, AccessSyncArguments, ScriptReport},
    admin_scopes::{
        OrgCommand, OrgSearchArguments, OrgShowArguments, ScopeChangeArguments, ScopeCommand, ScopeDeleteArguments,
        ScopeExportArguments, ScopeImportArguments, ScopeListArguments, ScopeMemberArguments, ScopeSearchArguments,
        ScopeShowArguments,
    },
    agent::AgentArguments,
    altinn::{AltinnCommand, LoginArguments, RefreshArguments, TestTokenArguments, TestTokenCommand, WhoamiArguments},
    altinn_vendor::{
        RequestCommand, RequestCreateArguments, RequestDeleteArguments, RequestListArguments, RequestShowArguments,
        SystemChangeArguments, SystemCommand, SystemShowArguments, UsersCommand, VendorArguments, WaitArguments,
    },
    cache::{CacheClearArguments, CacheCommand, CacheListArguments},
    client::{
        ClientCommand, ClientCreateArguments, ClientListArguments, ClientMembers, ClientScopesArguments,
        ClientScopesCommand, ClientUpdateArguments, RegisterArguments,
    },
    client_keys::{
        ClientArguments, ClientChangeArguments, ClientKeysAddArguments, ClientKeysCommand, ClientKeysExpiryArguments,
        ClientKeysRemoveArguments, ClientKeysRotateArguments, KeysStatusArguments, NamedClient,
    },
    config::{ConfigCommand, ImportArguments, InitArguments, ShowArguments},
    explain::ExplainArguments,
    globals::{Globals, LONG_VERSION},
    groups::command_line,
    inspect::InspectArguments,
    keys::{KeysCommand, ListArguments, NewArguments, PublicArguments},
    login::{LoginStatusArguments, PersonLoginArguments, PersonLoginCommand},
    quick::parse_quickly,
    requests::{CheckArguments, GrantArguments, HeadersArguments, ProofArguments, TokenArguments},
    running::{CurlArguments, ExecArguments},
    serve::{LogFormat, ServeArguments},
    shell::{CompletionShell, CompletionsArguments, ManArguments},
    simulate::SimulateArguments,
};

const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}\n";

const VARIABLES: &str = "Each option can be set as a variable: --client-id is MASKINPORTEN_CLIENT_ID. The keystore's \
    password is best set as MASKINPORTEN_KEYSTORE_PASSWORD or kept in a file; if it is missing, you are asked for it.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "maskinporten",
    version,
    long_version = LONG_VERSION,
    about = "Opens a keystore, signs a JWT bearer grant and exchanges it for a Maskinporten access token",
    before_help = "Examples:\n  \
        maskinporten demo\n  \
        maskinporten token --env test -c ID -s altinn:serviceowner -k enterprise.p12\n  \
        maskinporten headers --env local | curl -H @- http://127.0.0.1:17824/api/hello\n",
    after_help = "maskinporten COMMAND -h lists the usual options of a command, and --help all of them.",
    subcommand_required = true,
    arg_required_else_help = false
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Text,
    Json,
}

/// Makes a parser of names for a type whose names the library has.
fn named<T: Clone + Send + Sync + 'static>(
    names: impl IntoIterator<Item = &'static str>,
    parse: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names).try_map(move |name| parse(&name).ok_or("unknown name"))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Request an access token and print it
    #[command(help_template = TEMPLATE, after_help = VARIABLES, before_help = "Examples:\n  \
        maskinporten token --env local\n  \
        maskinporten token --env test -c ID -s altinn:serviceowner -k enterprise.p12\n  \
        eval \"$(maskinporten token --env local --format env)\"\n")]
    Token(TokenArguments),
    /// Sign a grant and print it, without sending it
    #[command(help_template = TEMPLATE, after_help = VARIABLES, before_help = "Examples:\n  \
        maskinporten grant --env local --decode\n  \
        maskinporten grant --env test -c ID -s altinn:serviceowner -k enterprise.p12\n  \
        maskinporten grant --env local --format curl | sh\n")]
    Grant(GrantArguments),
    /// Request an access token and print it as headers for curl
    #[command(help_template = TEMPLATE, after_help = VARIABLES, before_help = "Examples:\n  \
        maskinporten headers --env local | curl -H @- http://127.0.0.1:17824/api/hello\n  \
        maskinporten headers --env local --header 'ApiKey: KEY' --header 'Accept: a/b'\n  \
        maskinporten headers --env local --format curl-config |\n    \
        curl -K - http://127.0.0.1:17824/api/hello\n")]
    Headers(HeadersArguments),
    /// Run a command with an access token in its environment
    #[command(help_template = TEMPLATE, after_help = running::EXEC, before_help = "Examples:\n  \
        maskinporten exec --env local -- sh -c 'echo \"$MASKINPORTEN_TOKEN\"'\n  \
        maskinporten exec --env local --env-name TOKEN -- sh -c 'echo \"$TOKEN\"'\n")]
    Exec(ExecArguments),
    /// Run curl with an access token, which does not appear in the process list
    #[command(help_template = TEMPLATE, after_help = running::CURL, before_help = "Examples:\n  \
        maskinporten curl --env local -- http://127.0.0.1:17824/api/hello\n  \
        maskinporten curl --env local -- -sS -H 'Accept: a/b' \\\n    http://127.0.0.1:17824/api/hello\n")]
    Curl(CurlArguments),
    /// Diagnose problems: keystore, certificate, grant, network, each scope
    #[command(help_template = TEMPLATE, after_help = VARIABLES, before_help = "Examples:\n  \
        maskinporten check --env local\n  \
        maskinporten check --env test -c ID -s altinn:serviceowner -k enterprise.p12\n  \
        maskinporten check --offline --profile test --format json\n")]
    Check(CheckArguments),
    /// Explain an error of Maskinporten or Altinn and what to do about it
    #[command(help_template = TEMPLATE, after_help = explain::PASTED, before_help = "Examples:\n  \
        maskinporten explain MP-250\n  \
        maskinporten explain --lang nb https://test.maskinporten.no/errors/MP-251\n  \
        maskinporten token --env local --scope no:such 2>&1 | maskinporten explain\n  \
        maskinporten explain --html ./refusals\n")]
    Explain(ExplainArguments),
    /// Show the contents of a token or grant, and verify it
    #[command(help_template = TEMPLATE, after_help = inspect::EXPECTATIONS, before_help = "Examples:\n  \
        maskinporten token --env local | maskinporten inspect\n  \
        maskinporten token --env local | maskinporten inspect --scope difitest:test1\n  \
        maskinporten inspect --grant --env local\n")]
    Inspect(Box<InspectArguments>),
    /// Serve tokens over HTTP to Postman, scripts and applications on this machine
    #[command(help_template = TEMPLATE, after_help = serve::ANSWERS, before_help = "Examples:\n  \
        maskinporten serve --env local\n  \
        maskinporten serve --profile test --profile events --port 8000\n  \
        maskinporten serve --env local --person\n  \
        export $(maskinporten serve --print-env)\n")]
    Serve(Box<ServeArguments>),
    /// Keep valid access tokens in files, for programs that read them from there
    #[command(help_template = TEMPLATE, after_help = agent::RENEWAL, before_help = "Examples:\n  \
        maskinporten agent --env local --write ./maskinporten-token\n  \
        maskinporten agent --write test=/run/a/test --write events=/run/a/events\n  \
        maskinporten agent --env local --format header --write ./header\n")]
    Agent(Box<AgentArguments>),
    /// Log a person in with the browser, and print the person's access token
    #[command(help_template = TEMPLATE, after_help = login::LOGIN, args_conflicts_with_subcommands = true, before_help = "Examples:\n  \
        maskinporten login --env local\n  \
        maskinporten login --env test -c ID -k enterprise.p12 -s altinn:instances.read\n  \
        maskinporten login --env test --idp ansattporten -c ID --public --no-browser\n  \
        maskinporten login --env local --keep --dpop\n")]
    Login(Box<PersonLoginArguments>),
    /// Register systems and request system users in Altinn, and show whom a token is for
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten altinn system register 991825827_sky --name Sky --right app_ttd_a\n  \
        maskinporten altinn request create 991825827_sky 310547891 --right app_ttd_a\n  \
        maskinporten token --env local --altinn | maskinporten altinn whoami\n")]
    Altinn {
        #[command(subcommand)]
        command: AltinnCommand,
    },
    /// List, create and change clients, their scopes and their keys
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten client list --profile admin\n  \
        maskinporten client create --name App --client-scope a:b --profile admin\n  \
        maskinporten client keys rotate test --profile admin\n")]
    Client {
        #[command(subcommand)]
        command: ClientCommand,
    },
    /// Create a client with a key, write its profile and fetch a first token
    #[command(help_template = TEMPLATE, after_help = client::REGISTRATION, before_help = "Examples:\n  \
        maskinporten init\n  \
        maskinporten init --profile admin --name App --client-scope a:b --yes\n  \
        maskinporten init --env test -c ID -k a.p12 --name App --client-scope a:b\n")]
    Init(Box<RegisterArguments>),
    /// List, search, create and change scopes, and write them to files
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten scope search altinn --env test\n  \
        maskinporten scope list --profile admin\n  \
        maskinporten scope export --dir exported --profile admin\n")]
    Scope {
        #[command(subcommand)]
        command: Box<ScopeCommand>,
    },
    /// Show and search organisations in the register of business units
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten org show 991825827\n  \
        maskinporten org search digitaliseringsdirektoratet\n")]
    Org {
        #[command(subcommand)]
        command: OrgCommand,
    },
    /// Grant organisations access to scopes, and compare it with what a file declares
    #[command(help_template = TEMPLATE, after_help = admin_access::SCRIPTS, before_help = "Examples:\n  \
        maskinporten access list altinn:serviceowner --profile admin\n  \
        maskinporten access grant altinn:serviceowner --file customers.csv\n  \
        maskinporten access sync access.toml --apply --prune\n")]
    Access {
        #[command(subcommand)]
        command: AccessCommand,
    },
    /// Run a local Maskinporten with ready-made keystores and clients
    #[command(help_template = TEMPLATE, after_help = simulate::SWITCHES, before_help = "Examples:\n  \
        maskinporten simulate\n  \
        maskinporten simulate --tls --port 0\n  \
        maskinporten simulate --dir ./simulator --allow-alg ES256\n")]
    Simulate(SimulateArguments),
    /// List and clear cached tokens
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten cache list\n  \
        maskinporten cache clear --expired\n  \
        maskinporten token --env local --no-cache\n")]
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Write profiles, show the settings in effect, import other tools' files
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten config init --env test --client-id ID\n  \
        maskinporten config show\n  \
        maskinporten config import config.ps1 config.local.ps1\n")]
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Create a key to register, show a public key, list the keys in a file
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten keys new\n  \
        maskinporten keys list enterprise.p12\n  \
        maskinporten keys public --keystore enterprise.p12\n")]
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Show the whole flow on one screen: no account, no files
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten demo\n  \
        maskinporten demo | less\n")]
    Demo,
    /// Print the script with which a shell completes commands, options, profiles and files
    #[command(help_template = TEMPLATE, after_help = shell::PLACES, before_help = "Examples:\n  \
        eval \"$(maskinporten completions bash)\"\n  \
        maskinporten completions fish | source\n")]
    Completions(CompletionsArguments),
    /// Print the man page, or write one for every command
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten man | man -l -\n  \
        maskinporten man --dir ~/.local/share/man/man1\n")]
    Man(ManArguments),
    /// Print the version, and what this build supports
    #[command(help_template = TEMPLATE, before_help = "Examples:\n  \
        maskinporten version\n  \
        maskinporten --version\n")]
    Version,
}

impl Command {
    /// Whether the command may end before it waits for anything but a file.
    pub(crate) fn may_end_at_once(&self) -> bool {
        use Command::{Cache, Completions, Exec, Headers, Man, Token, Version};
        matches!(self, Token(_) | Headers(_) | Exec(_) | Cache { .. } | Completions(_) | Man(_) | Version)
    }
}
