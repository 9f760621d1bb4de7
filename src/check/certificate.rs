//! Judges the enterprise certificate of a key, as Maskinporten will.
//!
//! The rules: <https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_jwtgrant> and Digdir's validator,
//! <https://github.com/felleslosninger/idporten-seid2-certificate-validator-lib>. Whether it was revoked is not
//! looked up.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Check,
    authorities::{self, Authority, Realm},
    check_ids::{CERTIFICATE_KEY_SIZE, CHAIN, ISSUER, ORGANISATION, OWN_KEY, REALM, USAGE, VALIDITY},
};
use crate::{
    environment::Environment,
    keystore::{Certificate, SigningKey, Validity},
};

/// A certificate that ends within this time should be renewed now: an order takes a week or two.
const RENEWAL_TIME: TimeDelta = TimeDelta::days(30);

const RENEW: &str = "order a new certificate from Buypass or Commfides, and use its keystore instead of this one";

/// Judges the certificates of `key` for `environment` at the time `now`; empty when it has none.
#[must_use]
pub fn examine(key: &SigningKey, environment: Option<Environment>, now: DateTime<Utc>) -> Vec<Check> {
    let certificates = key.certificates();
    let Some(leaf) = certificates.first() else { return Vec::new() };
    vec![
        validity(leaf, now),
        organisation(leaf),
        issuer(leaf, environment),
        realm(leaf, environment),
        usage(leaf),
        CERTIFICATE_KEY_SIZE.right(key.kind()),
        chain(certificates, now),
        // A keystore's key is paired with the certificate that has its public half, or refused.
        OWN_KEY.right(format!("the key's public half is in it (SHA-1 {})", leaf.thumbprint())),
    ]
}

fn validity(leaf: &Certificate, now: DateTime<Utc>) -> Check {
    let day = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    match (leaf.validity(now), leaf.not_after()) {
        (Validity::Expired(at), _) => VALIDITY.wrong(format!("expired on {}", day(at)), RENEW),
        (Validity::NotYetValid(at), _) => {
            let remedy = "wait until then, use the certificate that it replaces, or check this machine's clock";
            VALIDITY.wrong(format!("not valid before {}", day(at)), remedy)
        }
        (Validity::Valid, Some(until)) => {
            let left = until - now;
            let found = format!("until {}, {}", day(until), days(left));
            if left < RENEWAL_TIME { VALIDITY.warning(found, RENEW) } else { VALIDITY.right(found) }
        }
        (Validity::Valid, None) => VALIDITY.wrong("its last day cannot be read", RENEW),
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
    match (leaf.organisation_number(), leaf.organisation_number_place()) {
        (Some(number), Some(place)) => ORGANISATION.right(format!("{number}, in {place}")),
        _ => ORGANISATION
            .wrong(
                "no organisation number in its subject",
                "use an enterprise certificate (virksomhetssertifikat): a personal or a server certificate has none",
            )
            .with_details([format!("subject: {}", leaf.subject())]),
    }
}

fn issuer(leaf: &Certificate, environment: Option<Environment>) -> Check {
    let name = leaf.issuer_common_name().unwrap_or_else(|| leaf.issuer());
    if environment == Some(Environment::Local) {
        return ISSUER.right(format!("{name}; the simulator decides by its own roots"));
    }
    match authorities::find(&name) {
        Some(Authority { company, .. }) => ISSUER.right(format!("{name} ({company})")),
        None => ISSUER.warning(
            format!("{name}, which is not known here as Buypass's or Commfides'"),
            "check that it is an enterprise certificate; a self-made one does for a registered key alone (--kid)",
        ),
    }
}

fn realm(leaf: &Certificate, environment: Option<Environment>) -> Check {
    let wanted = match environment {
        Some(Environment::Prod) => Realm::Production,
        Some(Environment::Test | Environment::Dev | Environment::Ver2) => Realm::Test,
        Some(Environment::Local) => return REALM.skipped("the simulator takes its own certificates"),
        None => return REALM.skipped("no environment was named"),
    };
    let name = leaf.issuer_common_name().unwrap_or_default();
    match authorities::find(&name) {
        None => REALM.skipped("the issuer is not known"),
        Some(authority) if authority.realm == wanted => REALM.right(format!("a {} certificate", wanted.name())),
        Some(authority) => {
            let found = format!("a {} certificate, and the environment is {}", authority.realm.name(), wanted.name());
            let remedy = match wanted {
                Realm::Production => "use the production certificate's keystore, or pass --env test",
                Realm::Test => "use the test certificate's keystore, or pass --env prod",
            };
            REALM.wrong(found, remedy)
        }
    }
}

fn usage(leaf: &Certificate) -> Check {
    let found = leaf.key_usage().map_or_else(|| "not restricted".to_owned(), |usage| usage.join(" "));
    if leaf.may_sign() {
        USAGE.right(found)
    } else {
        USAGE.wrong(
            found,
            "choose the certificate for authentication (digitalSignature) with --alias: maskinporten keys list FILE",
        )
    }
}

fn chain(certificates: &[Certificate], now: DateTime<Utc>) -> Check {
    let names = certificates.iter().map(Certificate::subject);
    let Some((last, above)) = certificates.split_last() else { return CHAIN.skipped("there is no certificate") };
    let ended = certificates.iter().skip(1).find(|one| one.validity(now) != Validity::Valid);
    let count = match certificates.len() {
        1 => "1 certificate".to_owned(),
        several => format!("{several} certificates"),
    };
    let check = if let Some(ended) = ended {
        let remedy = "export the keystore again with the issuer's current certificates in it";
        CHAIN.wrong(format!("{count}, of which {} does not hold now", ended.subject()), remedy)
    } else if last.is_self_signed() {
        CHAIN.right(format!("{count}, up to the root"))
    } else if above.is_empty() {
        CHAIN.warning(
            "the certificate alone, without its issuer's",
            "export the keystore with the whole chain (openssl pkcs12 -export -certfile CHAIN.pem …), or register the key",
        )
    } else {
        CHAIN.right(format!("{count}; the root, which the server has, is not among them"))
    };
    check.with_details(names)
}
