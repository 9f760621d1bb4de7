//! The challenge of a vault: where a token for it is issued, and for which resource.

use url::{Host, Url};

use super::SERVICE;
use crate::{http::Endpoint, key_services::PlaceError, text::server_text};

/// The token services of Microsoft's clouds.
const AUTHORITIES: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
];

/// Where a token for a vault is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The token service, without a tenant.
    pub(super) authority: Endpoint,
    /// What a token must be for: `https://vault.azure.net`.
    pub(super) resource: String,
}

impl Challenge {
    /// Parses the header `WWW-Authenticate` of a vault.
    ///
    /// `authority_host` is the user's own choice of a token service.
    ///
    /// # Errors
    /// [`PlaceError::Answer`] when the header does not name both, when the token service is neither Microsoft's nor the
    /// user's, and when the vault is not below the resource's domain.
    ///
    /// # Security
    /// What is at the address of the vault could otherwise get credentials, or a token for another service.
    pub(super) fn parse(header: &str, host: &str, authority_host: Option<&Endpoint>) -> Result<Self, PlaceError> {
        let senseless = |why: String| PlaceError::Answer { service: SERVICE, why };
        let missing = || senseless("it does not name where a token for it is issued".to_owned());
        let parameter = |names: [&str; 2]| names.iter().find_map(|name| parameter(header, name));
        let authorization = parameter(["authorization", "authorization_uri"]).ok_or_else(missing)?;
        let resource = parameter(["resource", "resource_id"]).ok_or_else(missing)?;
        let unknown = || {
            let authority = server_text(authorization, 100);
            senseless(format!("it names the token service `{authority}`, which is not one of Azure's"))
        };
        let named = Endpoint::parse(authorization).map_err(|_| unknown())?;
        let is_trusted = match authority_host {
            Some(own) => named.has_origin_of(own),
            None => !named.is_loopback() && AUTHORITIES.contains(&named.host()),
        };
        let url = Url::parse(named.as_str()).ok().filter(|_| is_trusted).ok_or_else(unknown)?;
        let authority = Endpoint::parse(&url.origin().ascii_serialization()).map_err(|_| unknown())?;
        let wrong = || {
            let resource = server_text(resource, 100);
            senseless(format!("it asks for a token for `{resource}`, which is another service"))
        };
        let domain = Url::parse(resource).ok().filter(|url| url.scheme() == "https").ok_or_else(wrong)?;
        let Some(Host::Domain(domain)) = domain.host() else { return Err(wrong()) };
        // A domain with one label, such as `net`, is not a service.
        let is_above = host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if !is_above || !domain.contains('.') {
            return Err(wrong());
        }
        Ok(Self { authority, resource: resource.trim_end_matches('/').to_owned() })
    }
}

/// Returns a quoted parameter of a challenge (RFC 9110 §11.2).
fn parameter<'header>(header: &'header str, name: &str) -> Option<&'header str> {
    let (scheme, parameters) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut pairs = parameters.split([',', ' ']).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
    Some(value.trim_matches('"')).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(vault: &str, header: &str, own: Option<&str>) -> Result<Challenge, PlaceError> {
        let host = if vault.contains('.') { vault.to_owned() } else { format!("{vault}.vault.azure.net") };
        Challenge::parse(header, &host, own.map(|own| Endpoint::parse(own).unwrap()).as_ref())
    }

    fn header(authority: &str, resource: &str) -> String {
        format!(r#"Bearer authorization="{authority}", resource="{resource}""#)
    }

    #[test]
    fn the_challenges_of_microsofts_clouds_are_accepted() {
        for (vault, authority, resource) in [
            ("our-vault", "https://login.microsoftonline.com/our-tenant", "https://vault.azure.net"),
            ("our-vault", "https://login.microsoftonline.com/our-tenant", "https://vault.azure.net/"),
            ("a.managedhsm.azure.net", "https://login.microsoftonline.com/our-tenant", "https://managedhsm.azure.net"),
            ("a.vault.azure.cn", "https://login.chinacloudapi.cn/our-tenant", "https://vault.azure.cn"),
        ] {
            let challenge = parse(vault, &header(authority, resource), None).unwrap();

            assert_eq!(challenge.resource, resource.trim_end_matches('/'));
            assert!(authority.starts_with(challenge.authority.as_str()), "{}", challenge.authority.as_str());
        }
        let own = header("http://127.0.0.1:99/t", "https://vault.azure.net");
        assert!(parse("our-vault", &own, Some("http://127.0.0.1:99")).is_ok());
        let older =
            r#"Bearer authorization_uri="https://login.microsoftonline.com/t",resource="https://vault.azure.net""#;
        assert!(parse("our-vault", older, None).is_ok());
    }

    #[test]
    fn credentials_go_only_to_a_known_token_service_and_for_the_vaults_own_domain() {
        let (login, resource) = ("https://login.microsoftonline.com/t", "https://vault.azure.net");
        for authority in [
            "https://login.example.com/t",
            "https://login.microsoftonline.com.example.com/t",
            "http://login.microsoftonline.com/t",
            "http://127.0.0.1:99/t",
            "login.microsoftonline.com",
        ] {
            let error = parse("our-vault", &header(authority, resource), None).unwrap_err();
            assert!(error.to_string().contains("which is not one of Azure's"), "{authority}: {error}");
        }
        for resource in [
            "https://graph.microsoft.com",
            "https://azure.net.example.com",
            "https://ult.azure.net",
            "https://net",
            "http://vault.azure.net",
            "vault.azure.net",
        ] {
            let error = parse("our-vault", &header(login, resource), None).unwrap_err();
            assert!(error.to_string().contains("which is another service"), "{resource}: {error}");
        }
        for header in ["", "Bearer", "Basic realm=\"x\"", r#"Bearer resource="https://vault.azure.net""#] {
            let error = parse("our-vault", header, None).unwrap_err();
            assert!(error.to_string().contains("where a token for it is issued"), "{header}: {error}");
        }
        let other = parse("our-vault", &header(login, resource), Some("https://login.microsoftonline.us"));
        assert!(other.is_err(), "the user's own choice is the only one");
    }
}
