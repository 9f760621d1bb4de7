//! The header `DPoP` of a call with a token that is bound to a key (RFC 9449 §7.1).

use maskinporten::{
    clock::SystemClock,
    dpop::{DPOP, ProvenRequest},
    printer::Header,
    sessions::KeyedToken,
};
use secrecy::ExposeSecret as _;
use url::Url;

use super::{
    args::ProofArguments,
    report::{Exit, Failure, Report},
};

/// Makes the header for the call that the options name; `None` for a token that needs no proof.
pub(crate) fn of_options(
    keyed: &KeyedToken,
    options: &ProofArguments,
    report: &Report,
) -> Result<Option<Header>, Failure> {
    let bound = keyed.dpop.is_some();
    match &options.dpop_url {
        Some(url) if bound => of_call(keyed, &options.dpop_method, url, options.dpop_nonce.as_deref()),
        Some(_) => {
            report.warning("--dpop-url has no effect: the token is not bound to a key");
            Ok(None)
        }
        None if bound => {
            let message = "the token is bound to a key, so it needs a proof for the URL that is called".to_owned();
            let hint = "pass --dpop-url URL, and --dpop-method if it is not GET; `maskinporten curl` knows them itself";
            Err(Failure::plain(Exit::Usage, "dpop_url", message, Some(hint.to_owned())))
        }
        None => Ok(None),
    }
}

/// Makes the header for a call; `None` for a token that needs no proof.
pub(crate) fn of_call(
    keyed: &KeyedToken,
    method: &str,
    url: &str,
    nonce: Option<&str>,
) -> Result<Option<Header>, Failure> {
    let Some(key) = &keyed.dpop else { return Ok(None) };
    let url = Url::parse(url).ok().filter(Url::has_host).ok_or_else(|| {
        let message = "the URL of the call cannot be read, so there is no proof for it".to_owned();
        let hint = Some("write it as https://api.example.no/path".to_owned());
        Failure::plain(Exit::Usage, "dpop_url", message, hint)
    })?;
    let request = ProvenRequest { method, url: &url, access_token: Some(keyed.token.expose()), nonce };
    let proof = key.proof(request, &SystemClock)?;
    let header = Header::new(DPOP, proof.expose_secret());
    header.map(Some).map_err(|error| Failure::new(Exit::Other, &error))
}
