//! Who issues tokens that people of this tool meet: Maskinporten, ID-porten, Skyporten and Altinn, by issuer identifier.
//!
//! Maskinporten: <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_wellknown>. ID-porten:
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_func_wellknown>. Altinn:
//! <https://docs.altinn.studio/api/authentication/>. An identifier is compared letter for letter (RFC 8414 §3.3), so
//! that nothing is ever fetched from an address that somebody else's token names.

use serde::Serialize;

use super::{Environment, LocalEnvironment};

const DIFI: &str = "it was replaced by maskinporten.no";
const VER1: &str = "ver1 was replaced long ago; today's test environment is test.maskinporten.no";
const ALTINN: &str = "/authentication/api/v1/openid/";

/// What a known issuer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Tokens for organisations.
    Maskinporten,
    /// Tokens of people who logged in.
    Idporten,
    /// Tokens for workloads in other clouds.
    Skyporten,
    /// Tokens that Altinn gave in exchange.
    Altinn,
}

/// An issuer whose tokens can be told by their `iss`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownIssuer {
    /// The issuer identifier.
    pub identifier: String,
    /// What it is.
    pub service: Service,
    /// The installation, as it is called: `prod`, `test`, `tt02`.
    pub environment: &'static str,
    /// Why nobody should have its tokens any more, if that is so.
    pub retired: Option<&'static str>,
}

impl KnownIssuer {
    /// Finds the issuer with this identifier; every letter counts, the last slash included.
    #[must_use]
    pub fn find(identifier: &str) -> Option<Self> {
        let found = |service, environment, retired| {
            Some(Self { identifier: identifier.to_owned(), service, environment, retired })
        };
        let is_maskinporten = |known: &Environment| known.addresses().is_some_and(|own| own.issuer == identifier);
        if let Some(environment) = Environment::ALL.into_iter().find(is_maskinporten) {
            return found(Service::Maskinporten, environment.name(), environment.retired());
        }
        match identifier {
            "https://ver1.maskinporten.no/" => found(Service::Maskinporten, "ver1", Some(VER1)),
            "https://oidc.difi.no/idporten-oidc-provider/" => found(Service::Maskinporten, "prod", Some(DIFI)),
            "https://oidc-ver2.difi.no/idporten-oidc-provider/" => found(Service::Maskinporten, "ver2", Some(DIFI)),
            "https://idporten.no" => found(Service::Idporten, "prod", None),
            "https://test.idporten.no" => found(Service::Idporten, "test", None),
            "https://sky.maskinporten.no" => found(Service::Skyporten, "prod", None),
            "https://test.sky.maskinporten.no" => found(Service::Skyporten, "test", None),
            other => found(Service::Altinn, altinn(other)?, None),
        }
    }

    /// The simulator on this machine.
    #[must_use]
    pub fn local(note: &LocalEnvironment) -> Self {
        Self {
            identifier: note.issuer.clone(),
            service: Service::Maskinporten,
            environment: Environment::Local.name(),
            retired: None,
        }
    }

    /// Where its metadata is: for Maskinporten by RFC 8414 §3, for the others where `OpenID` Connect has it. A retired
    /// issuer has none.
    #[must_use]
    pub fn metadata(&self) -> Option<String> {
        let base = self.identifier.trim_end_matches('/');
        let name = match self.service {
            Service::Maskinporten => "oauth-authorization-server",
            Service::Idporten | Service::Skyporten | Service::Altinn => "openid-configuration",
        };
        self.retired.is_none().then(|| format!("{base}/.well-known/{name}"))
    }

    /// Whether it belongs to this installation of Maskinporten: Altinn's TT02 to test, its AT environments to dev.
    #[must_use]
    pub fn belongs_to(&self, environment: Environment) -> bool {
        let own = match self.environment {
            "tt02" => Environment::Test.name(),
            name if self.service == Service::Altinn && name != "prod" => Environment::Dev.name(),
            name => name,
        };
        own == environment.name()
    }
}

/// The environment of Altinn whose platform issues under this identifier.
fn altinn(identifier: &str) -> Option<&'static str> {
    let host = identifier.strip_prefix("https://platform.")?.strip_suffix(ALTINN)?;
    match host {
        "altinn.no" => Some("prod"),
        "tt02.altinn.no" => Some("tt02"),
        "at21.altinn.cloud" => Some("at21"),
        "at22.altinn.cloud" => Some("at22"),
        "at23.altinn.cloud" => Some("at23"),
        "at24.altinn.cloud" => Some("at24"),
        "yt01.altinn.cloud" => Some("yt01"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_known_letter_for_letter_and_has_its_metadata_where_it_says() {
        for (identifier, service, environment, metadata) in [
            (
                "https://maskinporten.no/",
                Service::Maskinporten,
                "prod",
                Some("https://maskinporten.no/.well-known/oauth-authorization-server"),
            ),
            (
                "https://test.idporten.no",
                Service::Idporten,
                "test",
                Some("https://test.idporten.no/.well-known/openid-configuration"),
            ),
            (
                "https://platform.at22.altinn.cloud/authentication/api/v1/openid/",
                Service::Altinn,
                "at22",
                Some(
                    "https://platform.at22.altinn.cloud/authentication/api/v1/openid/.well-known/openid-configuration",
                ),
            ),
            ("https://ver2.maskinporten.no/", Service::Maskinporten, "ver2", None),
            ("https://oidc.difi.no/idporten-oidc-provider/", Service::Maskinporten, "prod", None),
        ] {
            let known = KnownIssuer::find(identifier).unwrap();
            assert_eq!((known.service, known.environment), (service, environment), "{identifier}");
            assert_eq!(known.metadata().as_deref(), metadata);
        }
        for identifier in [
            "https://maskinporten.no",
            "http://maskinporten.no/",
            "https://MASKINPORTEN.no/",
            "https://test.idporten.no/",
            "https://platform.evil.example/authentication/api/v1/openid/",
            "https://platform.altinn.no.evil.example/authentication/api/v1/openid/",
            "",
        ] {
            assert_eq!(KnownIssuer::find(identifier), None, "{identifier}");
        }
    }

    #[test]
    fn altinns_environments_belong_to_those_of_maskinporten_whose_tokens_they_take() {
        let altinn = |host: &str| KnownIssuer::find(&format!("https://platform.{host}{ALTINN}")).unwrap();
        for (host, environment) in [
            ("altinn.no", Environment::Prod),
            ("tt02.altinn.no", Environment::Test),
            ("at22.altinn.cloud", Environment::Dev),
            ("yt01.altinn.cloud", Environment::Dev),
        ] {
            for other in Environment::ALL {
                assert_eq!(altinn(host).belongs_to(other), other == environment, "{host} {other}");
            }
        }
    }
}
