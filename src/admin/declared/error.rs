//! Why a file does not declare who is to have which scope.

use crate::{explain::Explain, json, organisation::OrganisationNumberError};

/// Why a file does not declare anything that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeclaredAccessError {
    /// It is not text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// It is not TOML.
    #[error("it is not TOML: line {line}: {message}")]
    Toml {
        /// The line, counted from one.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// It is not JSON.
    #[error(transparent)]
    Json(#[from] json::JsonError),
    /// A name occurs twice in one object.
    #[error("`{0}` occurs twice")]
    Duplicate(String),
    /// It has none of the forms.
    #[error("it has no member `access`, `orgs` or `scopes`")]
    UnknownForm,
    /// Something else is at the top of the file.
    #[error("unknown member `{0}`")]
    UnknownMember(String),
    /// A member does not have the form that it must have.
    #[error("the value of `{0}` does not have the form that it must have")]
    Form(String),
    /// An organisation is neither a number nor a name that the file explains.
    #[error("`{member}` has the organisation `{name}`, which is not a number, and not a name below `organisations`")]
    UnknownName {
        /// The member.
        member: String,
        /// The name.
        name: String,
    },
    /// A number is wrong.
    #[error("`{member}` has a wrong organisation number")]
    Number {
        /// The member.
        member: String,
        /// What is wrong with it.
        #[source]
        error: OrganisationNumberError,
    },
    /// A list of service owners has none in an environment.
    #[error("no service owner in the file has the environment `{environment}`")]
    NoOwner {
        /// The environment.
        environment: String,
        /// The environments in the file.
        known: Vec<String>,
    },
    /// A list of scopes says nothing about organisations.
    #[error("the file has only scopes, and no organisation is named")]
    NoOrganisation,
}

impl Explain for DeclaredAccessError {
    fn code(&self) -> &'static str {
        "declared_access"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Number { error, .. } => return error.hint(),
            Self::NoOwner { known, .. } => format!("pass --file-env with one that the file has: {}", known.join(", ")),
            Self::NoOrganisation => "pass the organisation that is to have them with --org".to_owned(),
            _ => "declare it as TOML: below [access], a line such as \"prefix:scope\" = [\"991825827\"]".to_owned(),
        })
    }
}
