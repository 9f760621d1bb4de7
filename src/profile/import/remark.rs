//! What could not be taken over as it stood, where, and why. Names are repeated, values never: some are passwords.

use std::fmt;

use super::super::Place;

/// Something in a file of another tool that needs its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where it stands.
    pub place: Place,
    /// The name as it stands there.
    pub name: Option<String>,
    /// What about it.
    pub reason: Reason,
}

/// What about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A password is not written to a config file.
    Password,
    /// A private key itself, where the name of a file is wanted.
    PrivateKey,
    /// The key in the keystore has a password of its own.
    KeyPassword,
    /// It is a comment, though it looks like an assignment.
    Comment,
    /// Its value has to be worked out by a shell, which is not run.
    Expression,
    /// Its value is text without quotes, which PowerShell takes for a command.
    Unquoted,
    /// Its value is in doubled quotes, which PowerShell does not take for text.
    TwoQuotes,
    /// Its value is a here-string.
    HereString,
    /// It has an equals sign and nothing after it.
    NoValue,
    /// A quote or comment that is not closed: nothing after it is read.
    Unclosed,
    /// It depends on a condition or a loop.
    Block,
    /// A line that is no assignment.
    Statement,
    /// It takes its value from a variable of the environment.
    Environment(String),
    /// It takes its value from a variable that is not set here.
    UnknownVariable(String),
    /// It is no key of that tool. The nearest one, if any.
    UnknownKey(Option<String>),
    /// There is no such setting here.
    NoSuchSetting(String),
    /// It has a blank before the equals sign, which becomes part of the name.
    BlankInName,
    /// Its value is what the example had for a value.
    Placeholder,
    /// Java takes each single backslash away.
    LostBackslashes,
    /// `\u` without four hexadecimal digits.
    MalformedEscape,
    /// A keystore of Java's own kind.
    JavaKeystore,
    /// The profile has another key that was set later.
    AnotherKey(String),
    /// A person is logged in with a command here.
    PersonMode,
    /// It is for person mode, which is off.
    NoPersonMode,
    /// The certificate was in the machine's store; here the user's is looked in.
    MachineStore,
    /// A path of Windows, taken over as it stands.
    WindowsPath,
    /// Its value, with what it refers to, is too long.
    TooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Password => "a password is not written to a config file",
            Self::PrivateKey => "it holds a private key itself, or what looks like one, not the name of a file",
            Self::KeyPassword => "the password of the key differs from the keystore's, or cannot be read",
            Self::Comment => "it is in a comment",
            Self::Expression => "its value has to be worked out by a shell, which is not run here",
            Self::Unquoted => "its value has no quotes, so PowerShell takes it for a command",
            Self::TwoQuotes => "its value is in doubled quotes, so PowerShell sees an empty text and more after it",
            Self::HereString => "its value is a here-string",
            Self::NoValue => "it has no value",
            Self::Unclosed => "a quote or comment begins here and is not closed, so nothing after it is read",
            Self::Block => "it stands in a block, which may not be run",
            Self::Statement => "it is no assignment",
            Self::Environment(name) => return write!(formatter, "it takes its value from the variable {name}"),
            Self::UnknownVariable(name) => {
                return write!(formatter, "it needs `{name}`, which is not set in these files");
            }
            Self::UnknownKey(_) => "it is no key that is known",
            Self::NoSuchSetting(name) => return write!(formatter, "there is no setting `{name}` here"),
            Self::BlankInName => "the blank before `=` is part of the name, so it was never seen",
            Self::Placeholder => "its value is a placeholder",
            Self::LostBackslashes => "Java takes away each single backslash in its path",
            Self::MalformedEscape => "it has `\\u` without four hexadecimal digits, at which Java stops",
            Self::JavaKeystore => "it is a keystore of Java's own kind, not PKCS#12",
            Self::AnotherKey(name) => {
                return write!(formatter, "the profile has another key, `{name}`, which is set later");
            }
            Self::PersonMode => "person mode is a command of its own here",
            Self::NoPersonMode => "it is used in person mode only, which is off",
            Self::MachineStore => "the original looked in the machine's certificate store; here the user's is meant",
            Self::WindowsPath => "it is a path of Windows, taken over as it stands",
            Self::TooLong => "its value is too long",
        })
    }
}

impl Reason {
    /// Says what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Password => "put it in a file that only you may read, and name it: keystore_password_file = \"…\"",
            Self::PrivateKey => "put the key in a file of its own that only you may read, and name that",
            Self::KeyPassword => "give the key the keystore's password: keytool -keypasswd -keystore FILE -alias ALIAS",
            Self::Comment => "if it is meant, remove the comment sign and import again",
            Self::Expression | Self::Block | Self::HereString | Self::TooLong | Self::Placeholder => {
                "write its value into the profile"
            }
            Self::Unquoted | Self::TwoQuotes => "put it in one pair of quotes and import again",
            Self::NoValue => "give it a value in quotes, or remove it",
            Self::Unclosed => "close it and import again",
            Self::Statement => "if it sets something, write that into the profile",
            Self::Environment(_) => "write its value into the profile, or set the MASKINPORTEN_ variable from it",
            Self::UnknownVariable(_) => "name the file that sets it first, or write the value into the profile",
            Self::UnknownKey(Some(nearest)) => return format!("write `{nearest}` and import again"),
            Self::UnknownKey(None) => "remove it, or write what it stands for into the profile",
            Self::NoSuchSetting(_) => "pass it to the command that needs it",
            Self::BlankInName => "remove the blank and import again",
            Self::LostBackslashes => "write / for each \\, and import again",
            Self::MalformedEscape => "write \\\\u for a backslash and a u, and import again",
            Self::JavaKeystore => {
                "convert it: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12"
            }
            Self::AnotherKey(_) => "keep one key in each profile",
            Self::PersonMode => "leave it out: a profile is for tokens of the organisation itself",
            Self::NoPersonMode => "nothing, unless you log persons in",
            Self::MachineStore => "put the certificate in your own store, or name a keystore file",
            Self::WindowsPath => "on another system, write where the file is there",
        }
        .to_owned()
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{}: `{name}`: {}", self.place, self.reason),
            None => write!(formatter, "{}: {}", self.place, self.reason),
        }
    }
}
