//! Checks whether a token is meant for the host that it is sent to, by its issuer and audience.
//!
//! The hosts are those of docs.altinn.studio (<https://docs.altinn.studio/api/authentication/>) and of Digdir's
//! self-service API. Other hosts are not checked, nor are tokens that are not JWTs, nor calls to this machine, which may
//! simulate any host.

use maskinporten::{client::AccessToken, environment::KnownIssuer, inspect::Jwt};
use serde_json::Value;

use super::target::CurlTarget;

/// Hosts of production, without those below them.
const PRODUCTION: [&str; 4] = ["altinn.no", "www.altinn.no", "platform.altinn.no", "api.samarbeid.digdir.no"];
/// Domains of production: every host below them.
const PRODUCTION_BELOW: [&str; 1] = ["apps.altinn.no"];
/// Domains of test environments: the host itself, and every host below it.
const TEST: [&str; 4] = ["tt02.altinn.no", "altinn.cloud", "api.test.samarbeid.digdir.no", "test.maskinporten.no"];

/// Returns warnings about a token that is sent to this host.
pub(super) fn warnings(token: &AccessToken, target: &CurlTarget) -> Vec<String> {
    if target.is_loopback {
        return Vec::new();
    }
    let Ok(jwt) = Jwt::parse(token.expose().as_bytes()) else { return Vec::new() };
    let issuer = jwt.issuer().and_then(KnownIssuer::find);
    let environment = issuer.and_then(|issuer| environment_warning(issuer.environment, &target.host));
    environment.into_iter().chain(audience_warning(jwt.claims().get("aud"), &target.host)).collect()
}

/// Warns of a test token for a production host, or the other way round.
fn environment_warning(environment: &str, host: &str) -> Option<String> {
    let below = |own: &&str| host.strip_suffix(*own).is_some_and(|rest| rest.ends_with('.'));
    let production = PRODUCTION.contains(&host) || PRODUCTION_BELOW.iter().any(below);
    let test = TEST.iter().any(|own| host == *own || below(own));
    match environment {
        "prod" if test => Some(format!("a production token is sent to {host}, which is a test host")),
        "prod" => None,
        other if production => {
            Some(format!("a token of the environment {other} is sent to {host}, which is production"))
        }
        _ => None,
    }
}

/// Warns of an audience that names other hosts. Altinn's is its website, and the other hosts of its domain accept it.
fn audience_warning(audience: Option<&Value>, host: &str) -> Option<String> {
    let list = audience.and_then(Value::as_array).into_iter().flatten();
    let all = audience.into_iter().filter(|audience| audience.is_string()).chain(list).filter_map(Value::as_str);
    let hosts: Vec<_> = all.filter_map(https_host).collect();
    let fits = |own: &String| {
        let own = own.strip_prefix("www.").unwrap_or(own);
        let within = |inner: &str, outer: &str| {
            inner.strip_suffix(outer).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        within(host, own) || within(own, host)
    };
    let first = hosts.first().filter(|_| !hosts.iter().any(fits))?;
    Some(format!("the audience of the token is {first}, but it is sent to {host}"))
}

fn https_host(audience: &str) -> Option<String> {
    let url = url::Url::parse(audience).ok().filter(|url| url.scheme() == "https")?;
    url.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_of_one_environment_is_warned_of_on_hosts_of_another() {
        for (environment, host, warns) in [
            ("test", "platform.altinn.no", true),
            ("test", "www.altinn.no", true),
            ("test", "ttd.apps.altinn.no", true),
            ("dev", "api.samarbeid.digdir.no", true),
            ("test", "platform.tt02.altinn.no", false),
            ("test", "api.example.no", false),
            ("test", "evilaltinn.no", false),
            ("prod", "platform.altinn.no", false),
            ("prod", "tt02.altinn.no", true),
            ("prod", "ttd.apps.tt02.altinn.no", true),
            ("prod", "platform.at22.altinn.cloud", true),
            ("prod", "api.test.samarbeid.digdir.no", true),
            ("prod", "latest.example.no", false),
        ] {
            assert_eq!(environment_warning(environment, host).is_some(), warns, "{environment} {host}");
        }
    }

    #[test]
    fn an_audience_matches_its_host_and_the_other_hosts_of_its_domain() {
        for (audience, host, warns) in [
            (json!("https://api.example.no/x"), "api.example.no", false),
            (json!("https://api.example.no/"), "api.example.com", true),
            (json!("https://example.no/"), "evilexample.no", true),
            (json!("https://www.altinn.no/"), "platform.altinn.no", false),
            (json!("https://tt02.altinn.no/"), "platform.tt02.altinn.no", false),
            (json!("https://tt02.altinn.no/"), "platform.altinn.no", true),
            (json!(["https://a.example/", "https://b.example/"]), "b.example", false),
            (json!(["https://a.example/"]), "b.example", true),
            (json!("unspecified"), "b.example", false),
            (json!("urn:some:api"), "b.example", false),
            (json!(7), "b.example", false),
        ] {
            assert_eq!(audience_warning(Some(&audience), host).is_some(), warns, "{audience} {host}");
        }
        assert_eq!(audience_warning(None, "b.example"), None);
    }
}
