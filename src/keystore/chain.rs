//! Orders certificates from leaf to root, whatever their order in the file.
//!
//! RFC 7515 §4.1.6: the key's certificate first, each next one certifying the one before it. A certificate that
//! is not on the way from the key's own to a root is left out.

use std::cmp::Reverse;

use super::Certificate;

/// Longer chains than any certificate authority makes.
const MAXIMUM_LENGTH: usize = 8;

/// Where the certificate stands that is the key's own, as `owns` says. A renewed one may stand beside the one that it
/// replaces: the one that holds longest counts.
pub(super) fn leaf(certificates: &[Certificate], owns: impl Fn(&Certificate) -> bool) -> Option<usize> {
    let own = (0..certificates.len()).filter(|place| owns(&certificates[*place]));
    own.max_by_key(|place| (certificates[*place].not_after(), Reverse(*place)))
}

/// Follows the issuers of `leaf` among `candidates`; a self-signed certificate or a missing issuer ends the chain.
pub(super) fn from_leaf(leaf: Certificate, candidates: &[Certificate]) -> Vec<Certificate> {
    let mut chain = vec![leaf];
    while chain.len() < MAXIMUM_LENGTH {
        let Some(last) = chain.last() else { break };
        let issuer = candidates.iter().find(|candidate| !chain.contains(candidate) && last.is_issued_by(candidate));
        match issuer {
            Some(issuer) if !last.is_issued_by(last) => chain.push(issuer.clone()),
            _ => break,
        }
    }
    chain
}
