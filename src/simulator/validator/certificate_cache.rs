//! Remembers verified certificates: most clients send the same one with every grant.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use openssl::{
    asn1::{Asn1Time, Asn1TimeRef},
    error::ErrorStack,
    pkey::{PKey, Public},
    stack::StackRef,
    x509::X509,
};
use serde_json::Value;

use crate::simulator::strictness::Strictness;

/// The subject and key of a valid certificate.
#[derive(Clone)]
pub(crate) struct VerifiedCertificate {
    pub(crate) key: PKey<Public>,
    pub(crate) orgno: Option<String>,
}

/// The number of certificates that are remembered, the latest ones.
const MAXIMUM: usize = 32;

/// Verified certificates, each under everything that its verification depends on.
#[derive(Default)]
pub(super) struct CertificateCache(Mutex<VecDeque<RememberedPath>>);

struct RememberedPath {
    x5c: Value,
    switches: [bool; 2],
    /// The seconds since 1970 within which every certificate of the path is valid.
    validity: Range<i64>,
    certificate: VerifiedCertificate,
}

impl CertificateCache {
    pub(super) fn find(&self, x5c: &Value, strictness: &Strictness, now: DateTime<Utc>) -> Option<VerifiedCertificate> {
        let is_it = |entry: &&RememberedPath| {
            entry.switches == switches(strictness) && entry.validity.contains(&now.timestamp()) && entry.x5c == *x5c
        };
        self.lock().iter().find(is_it).map(|entry| entry.certificate.clone())
    }

    pub(super) fn insert(
        &self,
        x5c: &Value,
        strictness: &Strictness,
        validity: Range<i64>,
        certificate: VerifiedCertificate,
    ) {
        let mut entries = self.lock();
        entries.truncate(MAXIMUM - 1);
        entries.push_front(RememberedPath { x5c: x5c.clone(), switches: switches(strictness), validity, certificate });
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<RememberedPath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the switches that the verification depends on.
fn switches(strictness: &Strictness) -> [bool; 2] {
    [strictness.require_full_chain, strictness.allow_any_key_usage]
}

/// Returns when all certificates of a path are valid. Like for openssl, the last second is not part of it.
pub(super) fn validity(path: &StackRef<X509>) -> Result<Range<i64>, ErrorStack> {
    let epoch = Asn1Time::from_unix(0)?;
    let seconds = |time: &Asn1TimeRef| {
        let since = epoch.diff(time)?;
        Ok::<_, ErrorStack>(i64::from(since.days) * 86_400 + i64::from(since.secs))
    };
    path.iter().try_fold(i64::MIN..i64::MAX, |common, certificate| {
        let (from, until) = (seconds(certificate.not_before())?, seconds(certificate.not_after())?);
        Ok(common.start.max(from)..common.end.min(until))
    })
}
