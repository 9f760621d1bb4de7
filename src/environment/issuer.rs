//! Known issuers by identifier: Maskinporten, ID-porten, Skyporten and Altinn.
//!
//! Maskinporten: <https://docs.digdir.no/docs/Maskinporten/maskinporten_func_wellknown>. ID-porten:
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_func_wellknown>. Altinn:
//! <https://docs.altinn.studio/api/authentication/>. An identifier must match exactly (RFC 8414 §3.3), so that nothing
//! is ever fetched from an address that only a token names.

use serde::Serialize;
use url::Url;

use super::{AltinnEnvironment, Environment, LocalEnvironment};

const DIFI: &str = "it was replaced by maskinporten.no";
const VER1: &str = "ver1 was replaced long ago; the test environment is now test.maskinporten.no";
const ALTINN: &str = "/authentication/api/v1/openid/";

/// The service of a known issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Tokens for organisations.
    Maskinporten,
    /// Tokens for people who have logged in.
    Idporten,
    /// Tokens for workloads in other clouds.
    Skyporten,
    /// Tokens that Altinn issues in exchange for others.
    Altinn,
}

/// An issuer that is recognised by its identifier, the `iss` of its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownIssuer {
    /// The issuer identifier.
    pub identifier: String,
    /// The service.
    pub service: Service,
    /// The name of the environment: `prod`, `test`, `tt02`.
    pub environment: &'static str,
    /// Why the issuer has been retired, or `None` if it is in use.
    pub retired: Option<&'static str>,
}

impl KnownIssuer {
    /// Returns the issuer with exactly this identifier, including the trailing slash.
    #[must_use]
    pub fn find(identifier: &str) -> Option<Self> {
        let known = |service, environment, retired| {
            Some(Self { identifier: identifier.to_owned(), service, environment, retired })
        };
        let is_maskinporten = |environment: &Environment| {
            !environment.is_skyporten() && environment.addresses().is_some_and(|own| own.issuer == identifier)
        };
        if let Some(environment) = Environment::ALL.into_iter().find(is_maskinporten) {
            return known(Service::Maskinporten, environment.name(), environment.retired());
        }
        match identifier {
            "https://ver1.maskinporten.no/" => known(Service::Maskinporten, "ver1", Some(VER1)),
            "https://oidc.difi.no/idporten-oidc-provider/" => known(Service::Maskinporten, "prod", Some(DIFI)),
            "https://oidc-ver2.difi.no/idporten-oidc-provider/" => known(Service::Maskinporten, "ver2", Some(DIFI)),
            "https://idporten.no" => known(Service::Idporten, "prod", None),
            "https://test.idporten.no" => known(Service::Idporten, "test", None),
            "https://sky.maskinporten.no" => known(Service::Skyporten, "prod", None),
            "https://test.sky.maskinporten.no" => known(Service::Skyporten, "test", None),
            other => known(Service::Altinn, altinn(other)?, None),
        }
    }

    /// Returns the issuers that are the simulator on this machine: its Maskinporten and its Altinn.
    #[must_use]
    pub fn local(local: &LocalEnvironment) -> Vec<Self> {
        let known =
            |identifier, service| Self { identifier, service, environment: Environment::Local.name(), retired: None };
        let altinn = local.altinn_url.as_ref().map(|url| format!("{}{ALTINN}", url.trim_end_matches('/')));
        let altinn = altinn.map(|identifier| known(identifier, Service::Altinn));
        [known(local.issuer.clone(), Service::Maskinporten)].into_iter().chain(altinn).collect()
    }

    /// Returns the metadata URL: by RFC 8414 §3 for Maskinporten, by `OpenID` Connect Discovery for the others.
    ///
    /// `None` for a retired issuer.
    #[must_use]
    pub fn metadata_url(&self) -> Option<String> {
        let base = self.identifier.trim_end_matches('/');
        let name = match self.service {
            Service::Maskinporten => "oauth-authorization-server",
            Service::Idporten | Service::Skyporten | Service::Altinn => "openid-configuration",
        };
        self.retired.is_none().then(|| format!("{base}/.well-known/{name}"))
    }

    /// Whether it belongs to this environment: Altinn's TT02 to test, its AT environments to dev, Skyporten to its own and to
    /// the one whose clients it has.
    #[must_use]
    pub fn belongs_to(&self, environment: Environment) -> bool {
        let is_skyporten = self.service == Service::Skyporten && environment.is_skyporten();
        let own = match self.environment {
            "prod" if is_skyporten => Environment::Sky.name(),
            "test" if is_skyporten => Environment::TestSky.name(),
            "tt02" => Environment::Test.name(),
            local if local == Environment::Local.name() => local,
            name if self.service == Service::Altinn && name != "prod" => Environment::Dev.name(),
            name => name,
        };
        own == environment.name()
    }
}

/// Whether a host is one of Maskinporten's own.
#[must_use]
pub fn is_maskinporten_host(host: &str) -> bool {
    let is_below = |rest: &str| rest.is_empty() || rest.ends_with('.');
    ["maskinporten.no", "maskinporten.dev"].iter().any(|own| host.strip_suffix(own).is_some_and(is_below))
}

/// Whether an issuer is an installation of Maskinporten, so that Maskinporten's own rules apply to its grants.
#[must_use]
pub fn is_maskinporten_issuer(identifier: &str) -> bool {
    let known = KnownIssuer::find(identifier).is_some_and(|known| known.service == Service::Maskinporten);
    known || Url::parse(identifier).is_ok_and(|url| url.host_str().is_some_and(is_maskinporten_host))
}

/// Returns the Altinn environment that has this issuer identifier.
fn altinn(identifier: &str) -> Option<&'static str> {
    let platform = identifier.strip_suffix(ALTINN)?;
    AltinnEnvironment::ALL.into_iter().find(|own| own.platform_url() == platform).map(AltinnEnvironment::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_must_match_exactly_and_has_its_metadata_below_its_identifier() {
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
            assert_eq!(known.metadata_url().as_deref(), metadata);
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
    fn an_altinn_environment_belongs_to_the_maskinporten_environment_whose_tokens_it_accepts() {
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
