//! Proofs of possession of a key (RFC 9449): at the token endpoint, and with an access token at an API.

use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::sha::sha256;
use serde_json::Value;
use url::Url;

use super::LoginContext;
use crate::simulator::{
    algorithm::Algorithm,
    jwk, numeric_date,
    validator::{jwt::ReceivedJwt, replay_id},
};

/// The algorithms of proofs.
pub(super) const ALGORITHMS: [&str; 7] = ["ES256", "ES384", "ES512", "RS256", "PS256", "PS384", "EdDSA"];
/// The header with the proof.
const HEADER: &str = "dpop";
/// The header with a nonce for the next proof.
pub(super) const NONCE_HEADER: &str = "dpop-nonce";
/// How many seconds `iat` may be from the clock: "for example 1 minute".
const MAXIMUM_AGE_SECONDS: i64 = 60;
/// How long a nonce is the current one; the one before is accepted too.
const NONCE_SECONDS: i64 = 300;

/// Why a proof was not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProofProblem {
    /// The text for the log.
    Invalid(&'static str),
    /// The proof has no nonce of this server.
    NonceNeeded,
}

/// What a proof must be for.
pub(super) struct ProofTarget<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) access_token: Option<&'a str>,
}

/// Returns the nonce of a period of time.
fn nonce(context: &LoginContext, periods_ago: i64) -> String {
    let period = context.now.timestamp().div_euclid(NONCE_SECONDS) - periods_ago;
    let text = format!("{}:dpop:{period}", context.state.form_secret);
    URL_SAFE_NO_PAD.encode(&sha256(text.as_bytes())[..16])
}

/// Returns the nonce that the next proof must contain.
pub(super) fn current_nonce(context: &LoginContext) -> String {
    nonce(context, 0)
}

/// Checks the proof of a request, and returns the thumbprint of its key; `None` when there is none.
pub(super) fn proof_key(
    context: &LoginContext,
    headers: &HeaderMap,
    target: &ProofTarget,
) -> Result<Option<String>, ProofProblem> {
    let mut proofs = headers.get_all(HEADER).iter();
    let Some(proof) = proofs.next() else { return Ok(None) };
    if proofs.next().is_some() {
        return Err(ProofProblem::Invalid("there is more than one proof"));
    }
    check(context, proof.to_str().unwrap_or_default(), target).map(Some)
}

/// Checks a proof as RFC 9449 §4.3 lists it.
fn check(context: &LoginContext, proof: &str, target: &ProofTarget) -> Result<String, ProofProblem> {
    let invalid = ProofProblem::Invalid;
    let jwt = ReceivedJwt::parse(proof).map_err(|_| invalid("the proof is not a JWT"))?;
    let header = |name: &str| jwt.header.get(name).and_then(Value::as_str);
    if header("typ") != Some("dpop+jwt") {
        return Err(invalid("typ is not dpop+jwt"));
    }
    if jwt.header.contains_key("crit") {
        return Err(invalid("the header has crit"));
    }
    let algorithm = header("alg").filter(|name| ALGORITHMS.contains(name)).and_then(Algorithm::parse);
    let algorithm = algorithm.ok_or(invalid("alg is not supported"))?;
    let (key, thumbprint) =
        jwt.header.get("jwk").and_then(jwk::of_proof).ok_or(invalid("jwk is not a public key alone"))?;
    jwt.verify(algorithm, &key).map_err(|_| invalid("the signature is not valid"))?;

    let claim = |name: &str| jwt.claims.get(name).and_then(Value::as_str);
    if claim("htm") != Some(target.method) {
        return Err(invalid("htm is another method"));
    }
    if claim("htu").and_then(without_query).is_none_or(|url| Some(url) != without_query(target.url)) {
        return Err(invalid("htu is another URL"));
    }
    let issued = jwt.claims.get("iat").and_then(numeric_date::seconds).ok_or(invalid("iat is missing"))?;
    let now = context.now.timestamp();
    if issued.abs_diff(now) > MAXIMUM_AGE_SECONDS.unsigned_abs() {
        return Err(invalid("iat is too far from the clock"));
    }
    let hash = target.access_token.map(|token| URL_SAFE_NO_PAD.encode(sha256(token.as_bytes())));
    if hash.is_some_and(|hash| claim("ath") != Some(&hash)) {
        return Err(invalid("ath is not the hash of the access token"));
    }
    if context.state.strictness(&context.clients).require_dpop_nonce {
        let is_ours = |given: &str| given == nonce(context, 0) || given == nonce(context, 1);
        if !claim("nonce").is_some_and(is_ours) {
            return Err(ProofProblem::NonceNeeded);
        }
    }
    let jti = claim("jti").filter(|jti| (1..=255).contains(&jti.len())).ok_or(invalid("jti is missing"))?;
    // Last, so that a proof which was refused for its nonce has not been used.
    let id = replay_id(&format!("dpop {thumbprint}"), jti);
    let recorded = context.service.store().used.record(id, issued + 2 * MAXIMUM_AGE_SECONDS, now);
    recorded.map_err(|_| invalid("the proof has been used before"))?;
    Ok(thumbprint)
}

/// Returns a URL in normal form without query and fragment.
fn without_query(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}
