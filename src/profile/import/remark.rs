//! What could not be imported, where it is, and why. Names are repeated, values never: some are passwords.

use std::fmt;

use super::super::Location;

/// A statement in another tool's file that needs the user's attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRemark {
    /// Where it is.
    pub location: Location,
    /// The name that it sets, as the file has it.
    pub name: Option<String>,
    /// The problem.
    pub problem: ImportProblem,
}

/// Why a statement was not imported, or not unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportProblem {
    /// A password in the file.
    #[error("a password is not written to a config file")]
    Password,
    /// A private key in place of the name of a file.
    #[error("its value is a private key, or looks like one, instead of the name of a file")]
    PrivateKey,
    /// The key itself, in place of which the profile names a variable.
    #[error("the key in this file is not copied; the profile reads it from the variable {0}")]
    KeyInFile(String),
    /// A key in the keystore that has its own password.
    #[error("the password of the key differs from the one of the keystore, or cannot be read")]
    KeyPassword,
    /// An assignment in a comment.
    #[error("it is commented out")]
    Comment,
    /// A value that only a shell can compute.
    #[error("its value has to be computed by a shell, which is not run")]
    Expression,
    /// A value with an argument of the script.
    #[error("its value has an argument of the script in it, such as `%1`, which is not known here")]
    Argument,
    /// A value with a variable that cmd replaces when the line is run.
    #[error("its value has a variable in exclamation marks, which cmd replaces if delayed expansion is on")]
    DelayedVariable,
    /// A value without quotes.
    #[error("its value is not in quotes, so PowerShell runs it as a command")]
    Unquoted,
    /// A value in doubled quotes.
    #[error("its value is in doubled quotes, so PowerShell sees an empty string with something after it")]
    TwoQuotes,
    /// A here-string as a value.
    #[error("its value is a here-string")]
    HereString,
    /// An equals sign with nothing after it.
    #[error("it has no value")]
    NoValue,
    /// A quote or comment that is not closed.
    #[error("a quote or comment starts here and is not closed, so nothing after it is read")]
    Unclosed,
    /// An assignment that depends on a condition or a loop.
    #[error("it is in a block, which may not be executed")]
    Block,
    /// A line that is not an assignment.
    #[error("it is not an assignment")]
    Statement,
    /// A value from an environment variable.
    #[error("its value comes from the environment variable {0}")]
    Environment(String),
    /// A value from a variable that these files do not set.
    #[error("its value comes from `{0}`, which is not set in these files")]
    UnknownVariable(String),
    /// An unknown key, and the one that was probably meant.
    #[error("unknown key")]
    UnknownKey(Option<String>),
    /// A key for which there is no setting.
    #[error("there is no setting `{0}`")]
    NoSuchSetting(String),
    /// A space before the equals sign.
    #[error("the space before `=` is part of the name, so it had no effect")]
    SpaceInName,
    /// The placeholder of an example.
    #[error("its value is a placeholder")]
    Placeholder,
    /// A path in a `.properties` file with single backslashes.
    #[error("Java removes each single backslash from its path")]
    LostBackslashes,
    /// `\u` without four hexadecimal digits.
    #[error("it has `\\u` without four hexadecimal digits, which Java rejects")]
    MalformedEscape,
    /// A keystore that is not PKCS#12.
    #[error("it is a keystore in Java's own format, not PKCS#12")]
    JavaKeystore,
    /// A second key for the same profile.
    #[error("the profile has another key, `{0}`, which is set later")]
    AnotherKey(String),
    /// Person mode is on.
    #[error("person mode is not part of a profile")]
    PersonMode,
    /// A key for person mode, which is off.
    #[error("it is used in person mode only, which is off")]
    NoPersonMode,
    /// A certificate in the store of the machine.
    #[error("the original searched the machine's certificate store; here the user's is searched")]
    MachineStore,
    /// A Windows path.
    #[error("it is a Windows path, which is kept as it is")]
    WindowsPath,
    /// An audience or a token endpoint that is not one of Maskinporten's.
    #[error("it is not an address of Maskinporten, and decides where signed grants are sent")]
    ForeignAddress,
    /// A value that is too long when its variables are replaced.
    #[error("its value is too long")]
    TooLong,
}

impl ImportProblem {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Password => "put it in a file that only you may read, and name it: keystore_password_file = \"…\"",
            Self::PrivateKey => "put the key in a separate file that only you may read, and name that file",
            Self::KeyInFile(variable) => {
                return format!("set {variable}, or put the key in a file that only you may read, and name that");
            }
            Self::KeyPassword => "give the key the keystore's password: keytool -keypasswd -keystore FILE -alias ALIAS",
            Self::Comment => "if it is needed, remove the comment sign and import again",
            Self::Expression
            | Self::Argument
            | Self::DelayedVariable
            | Self::Block
            | Self::HereString
            | Self::TooLong
            | Self::Placeholder => "write its value into the profile",
            Self::Unquoted | Self::TwoQuotes => "put it in one pair of quotes and import again",
            Self::NoValue => "give it a value in quotes, or remove it",
            Self::Unclosed => "close it and import again",
            Self::Statement => "if it sets something, write that into the profile",
            Self::Environment(_) => "write its value into the profile, or set the MASKINPORTEN_ variable from it",
            Self::UnknownVariable(_) => "pass the file that sets it first, or write the value into the profile",
            Self::UnknownKey(Some(suggestion)) => return format!("write `{suggestion}` and import again"),
            Self::UnknownKey(None) => "remove it, or write the corresponding setting into the profile",
            Self::NoSuchSetting(_) => "pass it to the command that needs it",
            Self::SpaceInName => "remove the space and import again",
            Self::LostBackslashes => "write / for each \\, and import again",
            Self::MalformedEscape => "write \\\\u for a backslash and a u, and import again",
            Self::JavaKeystore => {
                "convert it: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12"
            }
            Self::AnotherKey(_) => "keep one key in each profile",
            Self::PersonMode => "leave it out: a profile is for tokens of the organisation itself",
            Self::NoPersonMode => "ignore this, unless persons log in",
            Self::MachineStore => "put the certificate in your own store, or name a keystore file",
            Self::ForeignAddress => "remove it from the profile, unless you know and trust that server",
            Self::WindowsPath => "on another system, write the path that the file has there",
        }
        .to_owned()
    }
}

impl fmt::Display for ImportRemark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{}: `{name}`: {}", self.location, self.problem),
            None => write!(formatter, "{}: {}", self.location, self.problem),
        }
    }
}
