//! The grammar of places: one URI for each way in which a key is kept.

use std::str::FromStr;

use super::{
    AwsKind, AwsPlace, AzureKind, AzurePlace, GooglePlace, Pkcs11Place, VaultPlace,
    part::{PartFault, WrongPart},
};
use crate::explain::Explain;

/// A place where a key or password is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// `env:NAME`: the value of a variable.
    Variable(String),
    /// `file:PATH`: the content of a file.
    File(String),
    /// `command:LINE`: what a command of the shell prints.
    Command(String),
    /// `keyring:NAME`: an entry in the operating system's store of secrets.
    Keyring(String),
    /// `ssh-agent:COMMENT` or `ssh-agent:FINGERPRINT`: a key in the SSH agent, which signs there.
    SshAgent(String),
    /// `pkcs11:…` (RFC 7512): a key in a hardware token.
    Pkcs11(Pkcs11Place),
    /// `azure-kv://VAULT/…`
    Azure(AzurePlace),
    /// `vault://MOUNT/PATH#FIELD`, `vault-transit://MOUNT/KEY`
    Vault(VaultPlace),
    /// `aws-sm://NAME`, `aws-ssm://NAME`, `aws-kms://KEY`
    Aws(AwsPlace),
    /// `gcp-sm://PROJECT/NAME`, `gcp-kms://projects/…`
    Google(GooglePlace),
}

/// The form of each kind of place.
const FORMS: [(&str, &str); 14] = [
    ("env", "env:NAME"),
    ("file", "file:PATH"),
    ("command", "command:LINE"),
    ("keyring", "keyring:NAME"),
    ("ssh-agent", "ssh-agent:COMMENT"),
    ("pkcs11", "pkcs11:token=LABEL;object=LABEL?module-path=FILE"),
    ("azure-kv", "azure-kv://VAULT/secrets/NAME"),
    ("vault", "vault://MOUNT/PATH#FIELD"),
    ("vault-transit", "vault-transit://MOUNT/KEY"),
    ("aws-sm", "aws-sm://NAME"),
    ("aws-ssm", "aws-ssm://NAME"),
    ("aws-kms", "aws-kms://KEY"),
    ("gcp-sm", "gcp-sm://PROJECT/NAME"),
    ("gcp-kms", "gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N"),
];

/// Why a text is not the URI of a place. It never contains the text, which may be a key given by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceSyntaxError {
    /// The scheme is missing or unknown.
    #[error("it does not begin with a known kind of place")]
    Scheme,
    /// The two slashes are missing.
    #[error("`//` is missing after `{scheme}:`")]
    Slashes {
        /// The scheme.
        scheme: &'static str,
    },
    /// A part is missing or malformed.
    #[error("the {part} of `{form}` {fault}")]
    Part {
        /// The form of the place.
        form: &'static str,
        /// The part.
        part: &'static str,
        /// What is wrong with it.
        fault: PartFault,
    },
}

impl FromStr for KeyPlace {
    type Err = PlaceSyntaxError;

    fn from_str(text: &str) -> Result<Self, PlaceSyntaxError> {
        let (scheme, rest) = text.trim().split_once(':').ok_or(PlaceSyntaxError::Scheme)?;
        let known = FORMS.iter().find(|(known, _)| scheme.eq_ignore_ascii_case(known));
        let (scheme, form) = *known.ok_or(PlaceSyntaxError::Scheme)?;
        let path = || rest.strip_prefix("//").ok_or(PlaceSyntaxError::Slashes { scheme });
        let place = match scheme {
            "env" => variable(rest).map(Self::Variable),
            "file" => given("path", rest).map(Self::File),
            "command" => given("line", rest).map(Self::Command),
            "keyring" => given("name", rest).map(Self::Keyring),
            "ssh-agent" => Ok(Self::SshAgent(rest.to_owned())),
            "pkcs11" => Pkcs11Place::parse(rest).map(Self::Pkcs11),
            "azure-kv" => AzurePlace::parse(path()?).map(Self::Azure),
            "vault" => VaultPlace::parse_secret(path()?).map(Self::Vault),
            "vault-transit" => VaultPlace::parse_key(path()?).map(Self::Vault),
            "aws-sm" => AwsPlace::parse(AwsKind::Secret, path()?).map(Self::Aws),
            "aws-ssm" => AwsPlace::parse(AwsKind::Parameter, path()?).map(Self::Aws),
            "aws-kms" => AwsPlace::parse(AwsKind::Key, path()?).map(Self::Aws),
            "gcp-sm" => GooglePlace::parse_secret(path()?).map(Self::Google),
            _ => GooglePlace::parse_key(path()?).map(Self::Google),
        };
        place.map_err(|(part, fault)| PlaceSyntaxError::Part { form, part, fault })
    }
}

impl KeyPlace {
    /// Returns whether the place is a service on another machine.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Azure(_) | Self::Vault(_) | Self::Aws(_) | Self::Google(_))
    }

    /// Returns whether the place is a key that signs there; the others hold the key or secret itself.
    #[must_use]
    pub fn signs(&self) -> bool {
        match self {
            Self::SshAgent(_) | Self::Pkcs11(_) => true,
            Self::Azure(place) => place.kind == AzureKind::Key,
            Self::Vault(place) => matches!(place, VaultPlace::Key { .. }),
            Self::Aws(place) => place.kind == AwsKind::Key,
            Self::Google(place) => matches!(place, GooglePlace::Key(_)),
            Self::Variable(_) | Self::File(_) | Self::Command(_) | Self::Keyring(_) => false,
        }
    }
}

/// Returns a part that may have any character.
fn given(part: &'static str, text: &str) -> Result<String, WrongPart> {
    if text.trim().is_empty() { Err((part, PartFault::Missing)) } else { Ok(text.to_owned()) }
}

fn variable(text: &str) -> Result<String, WrongPart> {
    let name = given("name", text)?;
    if name.contains(['=', '\0']) { Err(("name", PartFault::Character)) } else { Ok(name) }
}

impl Explain for PlaceSyntaxError {
    fn code(&self) -> &'static str {
        "key_place"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Scheme => "write one of env:NAME, file:PATH, command:LINE, keyring:NAME, ssh-agent:COMMENT, pkcs11:…, \
                             azure-kv://…, vault://…, vault-transit://…, aws-sm://…, aws-ssm://…, aws-kms://…, gcp-sm://…, \
                             gcp-kms://…"
                .to_owned(),
            Self::Slashes { scheme } => format!("write {scheme}://"),
            Self::Part { form, .. } => format!("write it as {form}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_place_is_parsed_from_its_form() {
        for text in [
            "env:MP_JWK",
            "file:~/key.pem",
            "command:pass show maskinporten",
            "keyring:maskinporten",
            "ssh-agent:",
            "ssh-agent:SHA256:pG2Pb3vEo1q+x/0u",
            "pkcs11:token=a;object=b",
            "azure-kv://my-vault/secrets/maskinporten",
            "azure-kv://my-vault.vault.azure.net/certificates/maskinporten/0123456789abcdef",
            "azure-kv://my-vault/keys/maskinporten",
            "vault://secret/team/maskinporten#jwk",
            "vault-transit://transit/maskinporten",
            "aws-sm://prod/maskinporten",
            "aws-sm://prod/maskinporten#jwk",
            "aws-ssm:///prod/maskinporten/jwk",
            "aws-kms://alias/maskinporten",
            "aws-kms://arn:aws:kms:eu-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "gcp-sm://my-project/maskinporten",
            "gcp-sm://my-project/maskinporten/3",
            "gcp-kms://projects/p/locations/europe-north1/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
            "GCP-SM://my-project/maskinporten",
        ] {
            assert!(text.parse::<KeyPlace>().is_ok(), "{text}: {:?}", text.parse::<KeyPlace>());
        }
    }

    #[test]
    fn the_error_names_the_part_that_is_wrong() {
        for (text, expected) in [
            ("", "it does not begin with a known kind of place"),
            ("eyJrdHkiOiJSU0EiLCJkIjoi", "it does not begin with a known kind of place"),
            ("https://example.com/key", "it does not begin with a known kind of place"),
            ("env:", "the name of `env:NAME` is missing"),
            ("env:A=B", "the name of `env:NAME` has a character that it cannot have"),
            ("vault:secret/x#y", "`//` is missing after `vault:`"),
            ("vault://secret/x", "the field of `vault://MOUNT/PATH#FIELD` is missing"),
            ("vault://secret#y", "the path of `vault://MOUNT/PATH#FIELD` is missing"),
            ("vault://secret/../sys/x#y", "the path of `vault://MOUNT/PATH#FIELD` has a character that it cannot have"),
            ("vault-transit://transit/", "the key of `vault-transit://MOUNT/KEY` is missing"),
            ("azure-kv://v/words/x", "the kind of `azure-kv://VAULT/secrets/NAME` is unknown"),
            (
                "azure-kv://v@evil/secrets/x",
                "the vault of `azure-kv://VAULT/secrets/NAME` has a character that it cannot have",
            ),
            ("aws-kms://", "the name of `aws-kms://KEY` is missing"),
            ("gcp-sm://project", "the name of `gcp-sm://PROJECT/NAME` is missing"),
            ("gcp-sm://project/a?b", "the name of `gcp-sm://PROJECT/NAME` has a character that it cannot have"),
        ] {
            assert_eq!(text.parse::<KeyPlace>().unwrap_err().to_string(), expected, "{text}");
        }
    }
}
