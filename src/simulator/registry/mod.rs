//! `clients.json`: clients, scopes, delegations, system users and consents. It is meant to be edited, and is read again when
//! it has changed.
//!
//! | member | content |
//! |---|---|
//! | `clients` | `client_id`, `name`, `orgno`, `scopes`; optional `keys` (public JWKs, at most five, each with an optional `exp` in seconds or `registered` date, a year after which it has expired), `access_token_lifetime` (seconds, 120), `active` (true), `integration_type` (`maskinporten`; `idporten` and `ansattporten` for the login of people). A client with `keys` must sign with one of them and set `kid`; a client without signs with an enterprise certificate in `x5c` |
//! | `clients` for the login of people | also `redirect_uris` (exact; `http://127.0.0.1:0/…` for any port), optional `post_logout_redirect_uris`, `token_endpoint_auth_method` (`private_key_jwt`, `client_secret_basic`, `client_secret_post` or `none`), `client_secret`, `refresh_token_usage` (`ONETIME` or `REUSE`), `refresh_token_lifetime` (600), `authorization_lifetime` (7200), `frontchannel_logout_session_required` (false) |
//! | `persons` | the people on the login page: `pid`, `name`, optional `organisations` (`orgno`, `name`, `unit_type`) that the person represents in Ansattporten |
//! | `scopes` | `name`; optional `granted_to` (organisation numbers), `accessible_for_all` (false), `delegation_source` (required for delegation), `allowed_integration_types` (`["maskinporten"]`), `at_max_age` (seconds, 0 for no limit), `active` (true) |
//! | `delegations` | `consumer` has delegated `scope` to `supplier` |
//! | `system_users` | `systemuser_id`, `system_id`, `orgno` (the customer), `client_ids` (the clients of the system), optional `externalRef` |
//! | `consents` | `id`, `from`, `to` (organisation number), `consented`, `validTo`, `consentRights` |
//! | `prefixes` | `prefix` and `orgno`: the organisation that owns the scopes with this prefix; the others belong to Digdir, 991825827 |
//! | `altinn` | `api_keys` and `users` of Altinn 2 and of the test token generator: `user_name`, `password`, and the `orgno` of an enterprise user; `service_owners`: `org` (short name) and `orgno` |
//! | `strictness`, `faults` | [`Strictness`] and [`Faults`](super::Faults), which replace those given at start |
//! | `about` | comments |
//!
//! ```json
//! {
//!   "clients": [
//!     {
//!       "client_id": "8d001e58-c758-4beb-a9ec-ae1d770fa35e",
//!       "name": "Simulert kommune",
//!       "orgno": "310700010",
//!       "scopes": ["difitest:test1", "simulator:delegated"],
//!       "access_token_lifetime": 600
//!     }
//!   ],
//!   "scopes": [
//!     { "name": "difitest:test1", "accessible_for_all": true, "at_max_age": 120 },
//!     {
//!       "name": "simulator:delegated",
//!       "granted_to": ["310700053"],
//!       "delegation_source": "https://tt02.altinn.no/"
//!     }
//!   ],
//!   "delegations": [{ "consumer": "310700053", "supplier": "310700010", "scope": "simulator:delegated" }],
//!   "strictness": { "allow_claims": ["nbf"], "maximum_seconds_behind": 120 },
//!   "faults": { "answer": "status", "status": 503, "retry_after_seconds": 1, "first_requests": 2 }
//! }
//! ```
//!
//! The names are those of Maskinporten's administration API where it has them:
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>.

mod altinn_accounts;
mod client;
pub(crate) mod login_client;
pub(crate) mod people;

use std::{collections::HashSet, path::Path};

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::client::RegisteredClient;
use self::{
    altinn_accounts::AltinnAccounts,
    people::{Pid, RegisteredPerson},
};
use super::{
    algorithm::Algorithm, error::SimulatorError, faults::FaultSequence, jwk::RegisteredJwk, strictness::Strictness,
};
use crate::text::printable;

/// Maximum number of entries in each list.
pub(crate) const MAXIMUM_ENTRIES: usize = 1000;
/// Maximum number of keys of a client: <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>.
pub(crate) const MAXIMUM_KEYS: usize = 5;
/// Maximum lifetime of access tokens, a day.
pub(crate) const MAXIMUM_LIFETIME_SECONDS: u32 = 24 * 60 * 60;
/// The lifetime of the access tokens of a client that has none of its own.
pub(crate) const DEFAULT_LIFETIME_SECONDS: u32 = 120;
/// Digdir, which owns the scopes whose prefix belongs to no other organisation.
const DIGDIR: &str = "991825827";

/// The content of `clients.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Registry {
    #[serde(rename = "about")]
    _about: Vec<String>,
    pub(crate) clients: Vec<RegisteredClient>,
    pub(crate) persons: Vec<RegisteredPerson>,
    pub(crate) scopes: Vec<RegisteredScope>,
    pub(crate) prefixes: Vec<ScopePrefix>,
    pub(crate) delegations: Vec<Delegation>,
    pub(crate) system_users: Vec<SystemUser>,
    pub(crate) consents: Vec<RegisteredConsent>,
    pub(crate) altinn: AltinnAccounts,
    pub(crate) strictness: Option<Strictness>,
    pub(crate) faults: Option<FaultSequence>,
}

/// A registered scope.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisteredScope {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) granted_to: Vec<Orgno>,
    #[serde(default)]
    pub(crate) accessible_for_all: bool,
    #[serde(default)]
    pub(crate) delegation_source: Option<String>,
    #[serde(default = "only_maskinporten")]
    pub(crate) allowed_integration_types: Vec<String>,
    #[serde(default)]
    pub(crate) at_max_age: u32,
    #[serde(default = "yes")]
    pub(crate) active: bool,
}

/// The organisation that owns the scopes with a prefix.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopePrefix {
    pub(crate) prefix: String,
    pub(crate) orgno: Orgno,
}

/// A delegation in Altinn.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Delegation {
    pub(crate) consumer: Orgno,
    pub(crate) supplier: Orgno,
    pub(crate) scope: String,
}

/// A system user in Altinn.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SystemUser {
    pub(crate) systemuser_id: String,
    pub(crate) system_id: String,
    pub(crate) orgno: Orgno,
    #[serde(default, rename = "externalRef")]
    pub(crate) external_ref: Option<String>,
    pub(crate) client_ids: Vec<String>,
}

/// A consent in Altinn.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisteredConsent {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) to: Orgno,
    pub(crate) consented: DateTime<FixedOffset>,
    #[serde(rename = "validTo")]
    pub(crate) valid_to: DateTime<FixedOffset>,
    #[serde(rename = "consentRights")]
    pub(crate) rights: Vec<Value>,
}

/// A Norwegian organisation number with a valid check digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Orgno(String);

impl Orgno {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses nine digits, the last of which makes the weighted sum divisible by eleven.
    ///
    /// <https://www.brreg.no/en/about-us-2/our-registers/about-the-central-coordinating-register-for-legal-entities-ccr/about-the-organisation-number/>
    pub(crate) fn parse(text: &str) -> Option<Self> {
        const WEIGHTS: [u32; 9] = [3, 2, 7, 6, 5, 4, 3, 2, 1];
        if text.len() != 9 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let sum: u32 = text.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        sum.is_multiple_of(11).then(|| Self(text.to_owned()))
    }
}

impl TryFrom<String> for Orgno {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Self::parse(&text).ok_or("an organisation number has nine digits, the last of which is a check digit")
    }
}

impl Registry {
    /// Parses `clients.json`.
    pub(crate) fn parse(path: &Path, text: &[u8]) -> Result<Self, SimulatorError> {
        let registry: Self = serde_json::from_slice(text).map_err(|source| SimulatorError::Clients {
            path: path.to_owned(),
            line: source.line(),
            source,
        })?;
        match registry.contradiction() {
            Some(problem) => Err(SimulatorError::Contradiction { path: path.to_owned(), problem: printable(&problem) }),
            None => Ok(registry),
        }
    }

    pub(crate) fn client(&self, client_id: &str) -> Option<&RegisteredClient> {
        self.clients.iter().find(|client| client.id == client_id)
    }

    pub(crate) fn scope(&self, name: &str) -> Option<&RegisteredScope> {
        self.scopes.iter().find(|scope| scope.name == name && scope.active)
    }

    pub(crate) fn person(&self, pid: &Pid) -> Option<&RegisteredPerson> {
        self.persons.iter().find(|person| person.pid == *pid)
    }

    /// Returns the organisation that owns the scopes with a prefix.
    pub(crate) fn owner(&self, prefix: &str) -> Orgno {
        let own = self.prefixes.iter().find(|own| own.prefix == prefix);
        own.map_or_else(|| Orgno(DIGDIR.to_owned()), |own| own.orgno.clone())
    }

    fn contradiction(&self) -> Option<String> {
        let lists = [
            ("clients", self.clients.len()),
            ("persons", self.persons.len()),
            ("scopes", self.scopes.len()),
            ("prefixes", self.prefixes.len()),
            ("delegations", self.delegations.len()),
            ("system_users", self.system_users.len()),
            ("consents", self.consents.len()),
            ("users", self.altinn.users.len()),
        ];
        if let Some((name, _)) = lists.iter().find(|(_, length)| *length > MAXIMUM_ENTRIES) {
            return Some(format!("`{name}` has more than {MAXIMUM_ENTRIES} entries"));
        }
        let names = self.strictness.iter().flat_map(|strictness| &strictness.allow_algorithms);
        if let Some(name) = names.into_iter().find(|name| Algorithm::parse(name).is_none()) {
            return Some(format!("`allow_algorithms` has `{name}`, which is not a signature algorithm"));
        }
        let mut seen = HashSet::new();
        if let Some(scope) = self.scopes.iter().find(|scope| !seen.insert(&scope.name)) {
            return Some(format!("the scope `{}` is defined twice", scope.name));
        }
        let mut seen = HashSet::new();
        self.clients.iter().find_map(|client| {
            let id = &client.id;
            let mut kids = HashSet::new();
            if !seen.insert(id) {
                Some(format!("the client `{id}` is defined twice"))
            } else if client.keys.len() > MAXIMUM_KEYS {
                Some(format!("the client `{id}` has more than {MAXIMUM_KEYS} keys"))
            } else if !client.keys.iter().all(|key| kids.insert(&key.kid)) {
                Some(format!("the client `{id}` has two keys with the same `kid`"))
            } else if !(1..=MAXIMUM_LIFETIME_SECONDS).contains(&client.access_token_lifetime) {
                Some(format!(
                    "the client `{id}` has an `access_token_lifetime` outside 1 to {MAXIMUM_LIFETIME_SECONDS}"
                ))
            } else {
                client.contradiction()
            }
        })
    }
}

fn default_lifetime() -> u32 {
    DEFAULT_LIFETIME_SECONDS
}

fn yes() -> bool {
    true
}

fn maskinporten() -> String {
    "maskinporten".to_owned()
}

fn only_maskinporten() -> Vec<String> {
    vec![maskinporten()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Explain as _;

    #[test]
    fn an_organisation_number_has_nine_digits_and_a_check_digit() {
        assert!(Orgno::parse("991825827").is_some());
        assert!(Orgno::parse("310700010").is_some());
        for wrong in ["991825828", "99182582", "9918258270", "99182582a", "", "٣١٠٧٠٠٠١٠"] {
            assert!(Orgno::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_invalid_clients_file_is_an_error_with_its_line() {
        let text = b"{\n \"clients\": [\n  {\"client_id\": \"a\", \"orgno\": \"123456789\"}\n ]\n}";

        let error = Registry::parse(Path::new("/x/clients.json"), text).unwrap_err();

        assert_eq!(error.to_string(), "`/x/clients.json` is not valid on line 3");
        assert_eq!(error.code(), "simulator_clients");
        assert_eq!(error.hint().unwrap(), "correct `/x/clients.json`, or pass another folder: --dir FOLDER");
    }

    #[test]
    fn rejects_a_private_key_without_repeating_it() {
        let text =
            br#"{"clients":[{"client_id":"a","orgno":"310700010","keys":[{"kty":"RSA","kid":"k","d":"SECRET"}]}]}"#;

        let error = Registry::parse(Path::new("c"), text).unwrap_err();

        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.starts_with("unknown field `d`"), "{cause}");
        assert!(!cause.contains("SECRET"));
    }

    #[test]
    fn rejects_a_client_that_is_defined_twice() {
        let text = br#"{"clients":[{"client_id":"a","orgno":"310700010"},{"client_id":"a","orgno":"310700010"}]}"#;

        let error = Registry::parse(Path::new("c"), text).unwrap_err();

        assert_eq!(error.to_string(), "`c` is not valid: the client `a` is defined twice");
    }

    #[test]
    fn parses_the_example_in_its_documentation() {
        let source = include_str!("mod.rs");
        let (_, rest) = source.split_once("//! ```json\n").unwrap();
        let (example, _) = rest.split_once("//! ```\n").unwrap();
        let text: String = example.lines().map(|line| line.trim_start_matches("//!")).collect();

        let registry = Registry::parse(Path::new("c"), text.as_bytes()).unwrap();

        assert_eq!(registry.clients.len(), 1);
        assert_eq!(registry.faults.unwrap().after(0).unwrap().first_requests, Some(2));
    }
}
