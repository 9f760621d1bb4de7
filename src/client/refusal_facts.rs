//! What is known about a refused grant, to fill in the catalogue's texts: from the grant, and from the server's text.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    environment::{KnownIssuer, Service},
    grant::{Assertion, Scopes},
    keystore::{Certificate, Validity},
    text::server_text,
};

const ACCEPTED_ALGORITHMS: [&str; 3] = ["RS256", "RS384", "RS512"];
/// The longest lifetime of a grant, in seconds.
const MAXIMUM_LIFETIME: i64 = 120;
/// Maskinporten accepts clocks that are less than ten seconds from its own; the response gives the time to the second.
const CLOCK_TOLERANCE: u64 = 9;
/// The number of scopes that a sentence lists.
const MAXIMUM_SCOPES: usize = 5;
/// The longest value in a sentence.
const MAXIMUM_CHARACTERS: usize = 120;

/// What is known about a refused grant, by the names of the catalogue's parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalFacts(BTreeMap<&'static str, String>);

impl RefusalFacts {
    /// The parameters that the catalogue's texts may contain.
    #[cfg(test)]
    pub(super) const NAMES: [&str; 37] = [
        "--admin-url",
        "--altinn-env",
        "--altinn-url",
        "--client-id",
        "--consumer-org",
        "--env",
        "--external-ref",
        "--kid",
        "--resource",
        "--system-user",
        "--token-endpoint",
        "algorithm",
        "audience",
        "certificate_end",
        "certificate_issuer",
        "certificate_organisation",
        "certificate_start",
        "certificate_usage",
        "certificate_without_number",
        "client_id",
        "clock_ahead",
        "clock_behind",
        "consumer_org",
        "details_type",
        "environment",
        "external_ref",
        "key_time",
        "kid",
        "lifetime",
        "organisation",
        "needed_scope",
        "platform",
        "resource",
        "scope",
        "scopes",
        "supplier",
        "system_user",
    ];

    /// Adds what the grant says, where the server's text does not say it. Algorithm and lifetime are known only if they are
    /// a reason to refuse the grant.
    pub(super) fn add_grant(&mut self, assertion: &Assertion, now: DateTime<Utc>) {
        let decoded = assertion.decode();
        let (header, claims) = (&decoded.header, &decoded.claims);
        self.set("client_id", claims["iss"].as_str());
        self.set("audience", claims["aud"].as_str().map(without_secrets).as_deref());
        self.set("consumer_org", claims["consumer_org"].as_str());
        self.set("organisation", claims["consumer_org"].as_str());
        let resource = claims["resource"].as_str().or_else(|| claims["resource"][0].as_str());
        self.set("resource", resource.map(without_secrets).as_deref());
        self.set("kid", header["kid"].as_str());
        self.set("algorithm", header["alg"].as_str().filter(|name| !ACCEPTED_ALGORITHMS.contains(name)));
        let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(end, start)| end.saturating_sub(start));
        let lifetime = lifetime.filter(|seconds| *seconds > MAXIMUM_LIFETIME).map(|seconds| seconds.to_string());
        self.set("lifetime", lifetime.as_deref());
        let issuer = claims["aud"].as_str().and_then(KnownIssuer::find);
        let issuer = issuer.filter(|issuer| issuer.service == Service::Maskinporten);
        self.set("environment", issuer.map(|issuer| issuer.environment));
        if !self.0.contains_key("scope") && !self.0.contains_key("scopes") {
            let scopes = claims["scope"].as_str().and_then(|text| Scopes::parse(text).ok());
            self.set_scopes(&scopes.iter().flat_map(Scopes::iter).map(str::to_owned).collect::<Vec<_>>());
        }
        self.add_details(&claims["authorization_details"][0]);
        let leaf = header["x5c"][0].as_str().and_then(|leaf| BASE64_STANDARD.decode(leaf).ok());
        if let Some(leaf) = leaf.and_then(|leaf| Certificate::from_der(&leaf)) {
            self.add_certificate(&leaf, now);
        }
    }

    /// Adds how far this machine's clock is from the server's, if that is a reason to refuse the grant.
    pub(super) fn add_clock(&mut self, seconds_ahead: i64) {
        if seconds_ahead.unsigned_abs() >= CLOCK_TOLERANCE {
            let name = if seconds_ahead > 0 { "clock_ahead" } else { "clock_behind" };
            self.set(name, Some(&seconds_ahead.unsigned_abs().to_string()));
        }
    }

    fn add_details(&mut self, detail: &Value) {
        self.set("details_type", detail["type"].as_str());
        self.set("external_ref", detail["externalRef"].as_str());
        let organisation = detail["systemuser_org"]["ID"].as_str();
        self.set("system_user", organisation.map(|id| id.strip_prefix("0192:").unwrap_or(id)));
    }

    /// Adds the certificate's organisation and issuer; of usage and validity only what is a reason to refuse it.
    fn add_certificate(&mut self, leaf: &Certificate, now: DateTime<Utc>) {
        let organisation = leaf.organisation_number().map(|number| number.to_string());
        self.set("certificate_organisation", organisation.as_deref());
        if organisation.is_none() {
            self.set("certificate_without_number", Some(&leaf.subject()));
        }
        self.set("organisation", organisation.as_deref());
        self.set("certificate_issuer", leaf.issuer_common_name().as_deref());
        let usage = leaf.key_usage().filter(|_| !leaf.may_sign()).map(|usage| usage.join(", "));
        self.set("certificate_usage", usage.as_deref());
        let date = |at: DateTime<Utc>| at.format("%Y-%m-%d").to_string();
        match leaf.validity(now) {
            Validity::Valid => {}
            Validity::Expired(at) => self.set("certificate_end", Some(&date(at))),
            Validity::NotYetValid(at) => self.set("certificate_start", Some(&date(at))),
        }
    }

    pub(super) fn set_scopes(&mut self, scopes: &[String]) {
        if let [scope] = scopes {
            self.set("scope", Some(scope));
        } else if !scopes.is_empty() {
            let more = if scopes.len() > MAXIMUM_SCOPES { ", …" } else { "" };
            let scopes: Vec<_> = scopes.iter().take(MAXIMUM_SCOPES).map(|scope| shown(scope)).collect();
            self.0.insert("scopes", format!("{}{more}", scopes.join(", ")));
        }
    }

    /// Replaces the scopes.
    pub fn replace_scopes(&mut self, scopes: impl IntoIterator<Item = String>) {
        self.0.retain(|name, _| !["scope", "scopes"].contains(name));
        self.set_scopes(&scopes.into_iter().collect::<Vec<_>>());
    }

    /// Sets a value that is known and was not known before.
    pub fn set(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value.map(shown).filter(|value| !value.is_empty()) {
            self.0.entry(name).or_insert(value);
        }
    }

    /// Adds what others know, where it was not known before.
    pub fn add(&mut self, others: &Self) {
        others.0.iter().for_each(|(name, value)| self.set(name, Some(value)));
    }

    /// Changes every value.
    pub fn redact(&mut self, redacted: impl Fn(&str) -> String) {
        self.0.values_mut().for_each(|value| *value = redacted(value));
    }

    /// Fills in a text of the catalogue: of each group in brackets, the first alternative whose parameters are all known.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, group, after)) = split_around(rest, '[', ']') {
            let chosen = group.split('|').find_map(|alternative| self.fill_parameters(alternative));
            filled = filled + &self.fill_options(before) + &chosen.unwrap_or_default();
            rest = after;
        }
        filled + &self.fill_options(rest)
    }

    /// Fills in text outside of groups, which has no other parameters than options.
    fn fill_options(&self, text: &str) -> String {
        self.fill_parameters(text).unwrap_or_else(|| text.to_owned())
    }

    /// Fills in every parameter; `None` if one of them is unknown. An option is the name of its value's source, if known.
    fn fill_parameters(&self, text: &str) -> Option<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = split_around(rest, '{', '}') {
            let value = self.0.get(name).map(String::as_str).or_else(|| name.starts_with("--").then_some(name));
            filled = filled + before + value?;
            rest = after;
        }
        Some(filled + rest)
    }
}

/// Returns what is before, between and after two characters.
fn split_around(text: &str, open: char, close: char) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(open)?;
    let (between, after) = rest.split_once(close)?;
    Some((before, between, after))
}

/// Returns an address without what may be a secret: its user, its query and its fragment.
fn without_secrets(address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let rest = if end < address.len() { "…" } else { "" };
    let Some((scheme, named)) = address[..end].split_once("://") else { return format!("{}{rest}", &address[..end]) };
    let authority = named.split('/').next().unwrap_or_default();
    let user = authority.rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}{rest}", &named[user..])
}

/// Returns a value as a sentence may show it.
fn shown(value: &str) -> String {
    server_text(value, MAXIMUM_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_is_the_first_alternative_whose_parameters_are_known() {
        let mut facts = RefusalFacts::default();
        facts.set("scope", Some("a:b"));
        facts.set("scope", Some("c:d"));
        facts.set("--env", Some("env in config.toml"));
        for (template, filled) in [
            ("no group", "no group"),
            ("compare {--env} and {--kid}[ with {--kid}]", "compare env in config.toml and --kid with --kid"),
            ("[the scope {scope}|the scope] is missing", "the scope a:b is missing"),
            ("the scope[ {scope}][ in {environment}].", "the scope a:b."),
            ("[{kid}|[|x]", "["),
            ("[{scope} {kid}|{environment}|neither]", "neither"),
            ("[open", "[open"),
        ] {
            assert_eq!(facts.fill(template), filled, "{template}");
        }
    }

    #[test]
    fn an_address_is_shown_without_user_query_and_fragment() {
        for (address, shown) in [
            ("https://test.maskinporten.no", "https://test.maskinporten.no"),
            ("https://api.example.no/a?key=secret#x", "https://api.example.no/a…"),
            ("https://user:secret@api.example.no/@/", "https://api.example.no/@/"),
            ("urn:a:b#secret", "urn:a:b…"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(address), shown);
        }
    }

    #[test]
    fn many_scopes_are_cut_off_and_values_are_made_safe() {
        let mut facts = RefusalFacts::default();
        facts.set_scopes(&(0..7).map(|number| format!("a:{number}")).collect::<Vec<_>>());
        facts.set("kid", Some("a\u{1b}[31m\u{202e}b [x|{y}]"));
        assert_eq!(facts.fill("[{scopes}] [{kid}]"), "a:0, a:1, a:2, a:3, a:4, … a [31mb [x|{y}]");
    }
}
