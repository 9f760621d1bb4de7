//! Checks the enterprise certificate of a key, by Maskinporten's rules.
//!
//! The rules: <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant> and Digdir's validator,
//! <https://github.com/felleslosninger/idporten-seid2-certificate-validator-lib>. Revocation is not looked up.

use chrono::{DateTime, TimeDelta, Utc};

use self::IssuedFor::{Production, Test};
use super::{
    Check,
    check_ids::{CERTIFICATE_ENVIRONMENT, CERTIFICATE_KEY_SIZE, CHAIN, ISSUER, ORGANISATION, OWN_KEY, USAGE, VALIDITY},
};
use crate::{
    environment::Environment,
    inspect::first_invalid,
    keystore::{Certificate, RENEWAL_TIME, SigningKey, Validity},
};

const RENEW: &str = "order a new certificate from Buypass or Commfides, and replace the keystore with its own";

/// The environments that an authority issues certificates for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IssuedFor {
    Test,
    Production,
}

/// An authority whose enterprise certificates Maskinporten accepts.
#[derive(Debug, PartialEq, Eq)]
struct CertificateAuthority {
    /// The common name of the issuer in its certificates.
    common_name: &'static str,
    company: &'static str,
    issued_for: IssuedFor,
}

const fn authority(company: &'static str, common_name: &'static str, issued_for: IssuedFor) -> CertificateAuthority {
    CertificateAuthority { common_name, company, issued_for }
}

/// The names are those of Digdir's validator (`CertificateAuthoritiesProperties.java`).
static AUTHORITIES: &[CertificateAuthority] = &[
    authority("Buypass", "Buypass Class 3 Test4 CA 3", Test),
    authority("Buypass", "Buypass Class 3 Test4 CA G2 ST Business", Test),
    authority("Commfides", "Commfides Legal Person - G3 - TEST", Test),
    authority("Buypass", "Buypass Class 3 CA 3", Production),
    authority("Buypass", "Buypass Class 3 CA G2 ST Business", Production),
    authority("Buypass", "Buypass Class 3 CA G2 HT Business", Production),
    authority("Commfides", "Commfides Legal Person - G3", Production),
];

/// Checks the certificates of `key` for `environment`; empty when it has none.
#[must_use]
pub fn examine(key: &SigningKey, environment: Option<Environment>, now: DateTime<Utc>) -> Vec<Check> {
    let certificates = key.certificates();
    let Some(leaf) = certificates.first() else { return Vec::new() };
    let authority = leaf.issuer_common_name().as_deref().and_then(find);
    vec![
        validity(leaf, now),
        organisation(leaf),
        issuer(leaf, authority, environment),
        issued_for(authority, environment),
        usage(leaf),
        CERTIFICATE_KEY_SIZE.pass(key.kind()),
        chain(certificates, now),
        // Opening a key pairs it with the certificate that has its public half, or fails.
        OWN_KEY.pass(format!("it contains the key's public half (SHA-1 {})", leaf.thumbprint())),
    ]
}

fn find(common_name: &str) -> Option<&'static CertificateAuthority> {
    AUTHORITIES.iter().find(|authority| authority.common_name.eq_ignore_ascii_case(common_name.trim()))
}

fn validity(leaf: &Certificate, now: DateTime<Utc>) -> Check {
    let day = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    match (leaf.validity(now), leaf.not_after()) {
        (Validity::Expired(at), _) => VALIDITY.fail(format!("expired on {}", day(at)), RENEW),
        (Validity::NotYetValid(at), _) => {
            let remedy = "wait until then, use the certificate that it replaces, or check this machine's clock";
            VALIDITY.fail(format!("not valid before {}", day(at)), remedy)
        }
        (Validity::Valid, Some(until)) => {
            let left = until - now;
            let found = format!("until {}, {}", day(until), days(left));
            if left < RENEWAL_TIME { VALIDITY.warning(found, RENEW) } else { VALIDITY.pass(found) }
        }
        (Validity::Valid, None) => VALIDITY.fail("its end date cannot be read", RENEW),
    }
}

fn days(left: TimeDelta) -> String {
    match left.num_days() {
        0 => format!("{} hours left", left.num_hours()),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}

fn organisation(leaf: &Certificate) -> Check {
    if let Some(identifier) = leaf.foreign_identifier() {
        return ORGANISATION.pass(format!("{identifier}, in organizationIdentifier: a European eSeal"));
    }
    match (leaf.organisation_number(), leaf.organisation_number_place()) {
        (Some(number), Some(place)) => ORGANISATION.pass(format!("{number}, in {place}")),
        _ => ORGANISATION
            .fail(
                "no organisation number in its subject",
                "use an enterprise certificate (virksomhetssertifikat): personal and server certificates have none",
            )
            .with_details([format!("subject: {}", leaf.subject())]),
    }
}

fn issuer(leaf: &Certificate, authority: Option<&CertificateAuthority>, environment: Option<Environment>) -> Check {
    let name = leaf.issuer_common_name().unwrap_or_else(|| leaf.issuer());
    match authority {
        _ if environment == Some(Environment::Local) => {
            ISSUER.pass(format!("{name}; the simulator only trusts its own roots"))
        }
        Some(CertificateAuthority { company, .. }) => ISSUER.pass(format!("{name} ({company})")),
        None if leaf.foreign_identifier().is_some() => {
            ISSUER.pass(format!("{name}, which has to be on the European trusted lists"))
        }
        None => ISSUER.warning(
            format!("{name}, which is not a known authority of Buypass or Commfides"),
            "use an enterprise certificate; a self-signed one is enough only for a registered key (--kid)",
        ),
    }
}

fn issued_for(authority: Option<&CertificateAuthority>, environment: Option<Environment>) -> Check {
    const ID: &super::CheckId = &CERTIFICATE_ENVIRONMENT;
    let expected = match environment {
        Some(Environment::Prod | Environment::Sky) => Production,
        Some(Environment::Test | Environment::Dev | Environment::Ver2 | Environment::TestSky) => Test,
        Some(Environment::Local) => return ID.skipped("the simulator has its own certificates"),
        None => return ID.skipped("no environment was given"),
    };
    match authority.map(|authority| authority.issued_for) {
        None => ID.skipped("unknown issuer"),
        Some(actual) if actual == expected => ID.pass(format!("a {} certificate", actual.name())),
        Some(actual) => {
            let found = format!("a {} certificate, but the environment is {}", actual.name(), expected.name());
            let remedy = match expected {
                Production => "use the keystore with the production certificate, or pass --env test",
                Test => "use the keystore with the test certificate, or pass --env prod",
            };
            ID.fail(found, remedy)
        }
    }
}

impl IssuedFor {
    fn name(self) -> &'static str {
        match self {
            Test => "test",
            Production => "production",
        }
    }
}

fn usage(leaf: &Certificate) -> Check {
    let found = leaf.key_usage().map_or_else(|| "not restricted".to_owned(), |usage| usage.join(" "));
    if leaf.may_sign() {
        USAGE.pass(found)
    } else {
        USAGE.fail(
            found,
            "choose the certificate for authentication (digitalSignature) with --alias: maskinporten keys list FILE",
        )
    }
}

fn chain(certificates: &[Certificate], now: DateTime<Utc>) -> Check {
    let names = certificates.iter().map(Certificate::subject);
    let [_, above @ ..] = certificates else { return CHAIN.skipped("there is no certificate") };
    let count = match certificates.len() {
        1 => "1 certificate".to_owned(),
        several => format!("{several} certificates"),
    };
    let check = if let Some(invalid) = first_invalid(above, now) {
        let remedy = "export the keystore again with the issuer's current certificates in it";
        CHAIN.fail(format!("{count}: {invalid}"), remedy)
    } else if certificates.last().is_some_and(Certificate::is_self_signed) {
        CHAIN.pass(format!("{count}, including the root"))
    } else if above.is_empty() {
        CHAIN.warning(
            "the certificate alone, without its issuer's",
            "export the keystore with the whole chain (openssl pkcs12 -export -certfile CHAIN.pem …), or register the key",
        )
    } else {
        CHAIN.pass(format!("{count}, without the root, which the server already has"))
    };
    check.with_details(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_authority_is_distinguished_from_the_production_authority_of_almost_the_same_name() {
        assert_eq!(find("Commfides Legal Person - G3").map(|found| found.issued_for), Some(Production));
        assert_eq!(find("Commfides Legal Person - G3 - TEST").map(|found| found.issued_for), Some(Test));
        assert_eq!(find("Buypass Class 3 Test4 CA 3").map(|found| found.company), Some("Buypass"));
        assert_eq!(find("Buypass Class 3"), None);
    }
}
