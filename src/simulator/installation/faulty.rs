//! Keystores that are wrong in one way each, so that refusals can be provoked without a certificate of one's own.
//!
//! All hold the key of `modern.p12`, for the same organisation and client, and open with its password: making keys
//! takes long. A folder that an earlier version made has none of them, since the authority's key is gone.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use openssl::{error::ErrorStack, x509::X509};

use super::{
    FaultyKeystore,
    authority::{self, Identity, Place, Usage, Validity},
    files, keystores,
    make::{Holder, Plan},
};
use crate::simulator::Error;

/// How long `soon-expired.p12` holds: so little that it should be renewed.
const SOON_DAYS: i64 = 20;

/// What is wrong with a keystore.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    OtherEnvironment,
    Expired,
    SoonExpired,
    NoOrganisationNumber,
    EncryptionOnly,
    LeafOnly,
}

/// Name and fault, and the fault in words.
const KEYSTORES: [(&str, Fault, &str); 6] = [
    ("other-environment", Fault::OtherEnvironment, "issued by an authority with the name of Buypass' in production"),
    ("expired", Fault::Expired, "expired a day before the folder was made"),
    ("soon-expired", Fault::SoonExpired, "expires twenty days after the folder was made"),
    ("no-organisation-number", Fault::NoOrganisationNumber, "names no organisation number"),
    ("encryption-only", Fault::EncryptionOnly, "is for encryption and may not sign"),
    ("leaf-only", Fault::LeafOnly, "comes without the authorities above it"),
];

/// Finds those that a data folder has.
pub(super) fn locate(dir: &Path, sound: &Plan) -> Vec<FaultyKeystore> {
    let all = KEYSTORES.iter().map(|(name, _, fault)| FaultyKeystore {
        file: dir.join(format!("{name}.p12")),
        password_file: sound.password_file(dir),
        client_id: sound.client_id,
        fault,
    });
    all.filter(|keystore| keystore.file.is_file()).collect()
}

/// Writes them all.
pub(super) fn write(
    dir: &Path,
    sound: &Plan,
    holder: &Holder,
    issuer: &Identity,
    chain: &[X509],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (foreign, foreign_chain) = other_environment(now)?;
    for (name, fault, _) in KEYSTORES {
        let place = if fault == Fault::NoOrganisationNumber { Place::Nowhere } else { sound.place };
        let usage = if fault == Fault::EncryptionOnly { Usage::Encryption } else { Usage::Authentication };
        let (issuer, chain) = match fault {
            Fault::OtherEnvironment => (&foreign, &foreign_chain[..]),
            Fault::LeafOnly => (issuer, &[][..]),
            _ => (issuer, chain),
        };
        let subject = authority::enterprise_subject(sound.organization, sound.orgno, place)?;
        let key = holder.identity.key.clone();
        let leaf = authority::enterprise(&subject, usage, issuer, key, validity(fault, now))?;
        let content = keystores::modern(sound.aliases[0], &leaf, chain, &holder.password)?;
        files::write_private(&dir.join(format!("{name}.p12")), &content)?;
    }
    Ok(())
}

fn validity(fault: Fault, now: DateTime<Utc>) -> Validity {
    let moved = |days| now.checked_add_signed(TimeDelta::days(days)).unwrap_or(now);
    let usual = Validity::three_years(now);
    match fault {
        Fault::Expired => Validity { from: moved(-3 * 365), until: moved(-1) },
        Fault::SoonExpired => Validity { until: moved(SOON_DAYS), ..usual },
        _ => usual,
    }
}

/// An authority that has nothing of Buypass' but the names, root above intermediate, which is how a certificate tells
/// which environment it is for (the list is in
/// <https://github.com/felleslosninger/idporten-seid2-certificate-validator-lib>).
fn other_environment(now: DateTime<Utc>) -> Result<(Identity, [X509; 2]), ErrorStack> {
    let validity = Validity::three_years(now);
    let root_name = authority::buypass_name("Buypass Class 3 Root CA G2 ST")?;
    let root = authority::self_signed(&root_name, authority::ec_key()?, validity)?;
    let name = authority::buypass_name("Buypass Class 3 CA G2 ST Business")?;
    let intermediate = authority::subordinate(&name, &root, authority::ec_key()?, validity)?;
    let chain = [intermediate.certificate.clone(), root.certificate];
    Ok((intermediate, chain))
}
