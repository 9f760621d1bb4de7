//! The pages that `error_uri` names: what a code means, in a line or two.
//!
//! Their substance is that of <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>.

/// Finds the page of a code.
pub(crate) fn explanation(code: &str) -> Option<&'static str> {
    Some(match code {
        "MP-011" => "MP-011: the assertion or a parameter cannot be read. Look for line breaks and typing errors.\n",
        "MP-012" => "MP-012: the grant has been used before. Make a new one, with a new jti, for every request.\n",
        "MP-100" => "MP-100: no active client has this client_id. Check iss and the environment.\n",
        "MP-110" => "MP-110: aud must be the issuer identifier, with its slash at the end, and nothing else.\n",
        "MP-120" => "MP-120: the certificate is not valid here: expired, revoked or of another environment.\n",
        "MP-121" => "MP-121: the key was registered more than a year ago. Register a new one, or the same again.\n",
        "MP-122" => "MP-122: the certificate's organisation number is not that of the client.\n",
        "MP-123" => "MP-123: x5c must be an array of strings, each a certificate in standard base64.\n",
        "MP-124" => "MP-124: the signature does not hold with the key that the header names.\n",
        "MP-130" => "MP-130: exp has passed. Check the clock.\n",
        "MP-200" => "MP-200: the client does not have the scope.\n",
        "MP-201" => "MP-201: the scope is for the login of people and not for Maskinporten.\n",
        "MP-250" => "MP-250: the owner of the API must grant the scope to the organisation.\n",
        "MP-251" => "MP-251: the customer must delegate the scope to the supplier in Altinn.\n",
        "MP-301" => "MP-301: authorization_details has a type that is not in the metadata.\n",
        "MP-302" => "MP-302: authorization_details has a member that is not known, or an externalRef of wrong form.\n",
        "MP-303" => "MP-303: authorization_details has a wrong value, or Altinn has no system user that fits.\n",
        _ => return None,
    })
}
