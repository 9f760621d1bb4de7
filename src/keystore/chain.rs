//! Orders certificates from leaf to root (RFC 7515 §4.1.6), whatever their order in the file.

use std::cmp::Reverse;

use super::{Certificate, Validity};
use crate::clock::{Clock as _, SystemClock};

/// The longest chain that is built: longer than that of any certificate authority.
const MAXIMUM_LENGTH: usize = 8;

/// Returns the index of the key's own certificate, for which `owns` returns true.
///
/// A file may have several: one for signing and one for encryption, or one that renews another. One that may sign and
/// is valid now is preferred, then the one that expires last.
pub(super) fn leaf(certificates: &[Certificate], owns: impl Fn(&Certificate) -> bool) -> Option<usize> {
    let now = SystemClock.now();
    let own = (0..certificates.len()).filter(|index| owns(&certificates[*index]));
    own.max_by_key(|index| {
        let certificate = &certificates[*index];
        let valid = certificate.validity(now) == Validity::Valid;
        (certificate.may_sign(), valid, certificate.not_after(), Reverse(*index))
    })
}

/// Builds the chain of `leaf` from `candidates`, up to a self-signed certificate or a missing issuer.
///
/// Other certificates are left out.
pub(super) fn from_leaf(leaf: Certificate, candidates: &[Certificate]) -> Vec<Certificate> {
    let mut chain = vec![leaf];
    while chain.len() < MAXIMUM_LENGTH {
        let Some(last) = chain.last() else { break };
        let issuer = candidates.iter().find(|candidate| !chain.contains(candidate) && last.is_issued_by(candidate));
        match issuer {
            Some(issuer) if !last.is_self_signed() => chain.push(issuer.clone()),
            _ => break,
        }
    }
    chain
}
