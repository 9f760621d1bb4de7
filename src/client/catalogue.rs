//! What each refusal of Maskinporten means and what to do about it.
//!
//! Codes and texts: <https://docs.digdir.no/docs/Maskinporten/maskinporten_feilsoking>, and answers seen by its users
//! for the texts that have no number. The server's own words are never replaced by these; they are added.

/// A refusal that is known.
#[derive(Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Maskinporten's code, where it has one.
    pub code: Option<&'static str>,
    /// The OAuth error with which it comes.
    pub error: &'static str,
    /// A part of the text that tells it from the others; letter case does not count.
    pub text: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// Every refusal that is known. Where several fit, the first one counts, so narrow texts stand before wide ones.
pub const CATALOGUE: &[Explanation] = &[
    Explanation {
        code: None,
        error: "invalid_altinn_customer_configuration",
        text: "",
        meaning: "Altinn has no system user that fits: the client id is not on the system in Altinn's system register, the \
                  external reference is missing or another, or the organisation is the wrong one",
        remedy: "check --system-user (for an agent's system user: the agent's own number) and --external-ref, and that the \
                 client id stands on the system in Altinn's system register",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Unknown key identifier (kid)",
        meaning: "the client has no key with this key id; most often the key is right and the client id or the \
                  environment is not, or the key was registered less than two minutes ago",
        remedy: "check --client-id, --env and --kid against the client in Samarbeidsportalen; after a change of keys wait two \
                 minutes",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "requires pre-registered jwk and no key identifier",
        meaning: "the client has registered keys, so it must say which one it used; a certificate is not accepted for it",
        remedy: "pass --kid with the id of the registered key; or delete the client's keys to go back to the certificate",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Issue time is after now",
        meaning: "this machine's clock is ten seconds or more ahead of Maskinporten's",
        remedy: "set the clock: sudo timedatectl set-ntp true (Justervesenet: ntp.justervesenet.no)",
    },
    Explanation {
        code: None,
        error: "invalid_request",
        text: "combination consumer_org in claim and delegation scope",
        meaning: "the consumer organisation is the client's own, or the scope cannot be delegated",
        remedy: "leave --consumer-org out for your own organisation; else ask the owner of the API for a scope that can be \
                 delegated",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Failed to extract certificate from jwt",
        meaning: "the certificate in x5c could not be read",
        remedy: "look at what is sent: maskinporten grant --decode",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Could not validate JWT Signature",
        meaning: "the grant was signed with another key than the one that is registered or sent along",
        remedy: "check that the registered key is the public half of this one, and --kid",
    },
    Explanation {
        code: Some("MP-100"),
        error: "invalid_grant",
        text: "Client not found",
        meaning: "there is no active client with this client id in this environment",
        remedy: "check --client-id and --env: each environment has clients of its own",
    },
    Explanation {
        code: Some("MP-110"),
        error: "invalid_grant",
        text: "Invalid JWT claim aud",
        meaning: "the audience of the grant is not this server's issuer identifier, to the letter",
        remedy: "use --env, or pass --audience with the issuer and its trailing slash, such as https://test.maskinporten.no/",
    },
    Explanation {
        code: Some("MP-120"),
        error: "invalid_grant",
        text: "signed with an invalid certificate",
        meaning: "the certificate is not accepted here: a production certificate in the test environment or the reverse, or it \
                  has expired, was revoked, or comes from an issuer that is not accepted",
        remedy: "use the certificate that was issued for this environment, and check its dates",
    },
    Explanation {
        code: Some("MP-121"),
        error: "invalid_grant",
        text: "Expired key",
        meaning: "the registered key is older than a year or past the date it was given",
        remedy: "register a new key on the client; registering the same key once more renews it",
    },
    Explanation {
        code: Some("MP-122"),
        error: "invalid_grant",
        text: "Invalid organization number for client",
        meaning: "the organisation in the certificate is not the one that owns the client",
        remedy: "use the certificate of the client's organisation, or check --client-id",
    },
    Explanation {
        code: Some("MP-123"),
        error: "invalid_grant",
        text: "Invalid JWT header x5c",
        meaning: "x5c in the header is not an array of certificates",
        remedy: "look at what is sent: maskinporten grant --decode",
    },
    Explanation {
        code: Some("MP-124"),
        error: "invalid_grant",
        text: "Invalid JWT signature",
        meaning: "the grant was signed with another key than the one that is registered or sent along",
        remedy: "check that the registered key is the public half of this one, and --kid",
    },
    Explanation {
        code: Some("MP-130"),
        error: "invalid_grant",
        text: "JWT is expired",
        meaning: "the grant had expired when it arrived: this machine's clock is behind, or it was sent too late",
        remedy: "set the clock: sudo timedatectl set-ntp true (Justervesenet: ntp.justervesenet.no)",
    },
    Explanation {
        code: Some("MP-012"),
        error: "invalid_grant",
        text: "Grant is used before",
        meaning: "a grant can be used once, and this one was used already",
        remedy: "make a new grant for each request: maskinporten token does so by itself",
    },
    Explanation {
        code: Some("MP-011"),
        error: "invalid_request",
        text: "Invalid parameter value",
        meaning: "the assertion or another parameter holds line breaks or was copied wrongly",
        remedy: "let the tool send it: maskinporten token; or pipe maskinporten grant --format form into curl -d @-",
    },
    Explanation {
        code: Some("MP-200"),
        error: "invalid_scope",
        text: "invalid scopes for client",
        meaning: "the scope is not registered on the client",
        remedy: "add the scope to the client in Samarbeidsportalen, or ask its owner to grant your organisation access first",
    },
    Explanation {
        code: Some("MP-201"),
        error: "invalid_scope",
        text: "scopes not allowed for maskinporten",
        meaning: "the scope is for logging people in (ID-porten or Ansattporten), not for machines",
        remedy: "ask the owner of the API which scope is for Maskinporten",
    },
    Explanation {
        code: Some("MP-201"),
        error: "invalid_scope",
        text: "only allowed for user login",
        meaning: "the scope is for logging people in (ID-porten or Ansattporten), not for machines",
        remedy: "ask the owner of the API which scope is for Maskinporten",
    },
    Explanation {
        code: Some("MP-250"),
        error: "forbidden",
        text: "has not been granted access to the scope",
        meaning: "the owner of the API has not given this organisation access to the scope; a supplier gets this too when it \
                  leaves out whom it acts for",
        remedy: "ask the owner of the API to grant the organisation number access; as a supplier, pass --consumer-org ORGNO",
    },
    Explanation {
        code: Some("MP-251"),
        error: "forbidden",
        text: "has not delegated access to the scope",
        meaning: "the consumer has not delegated the scope to the supplier in Altinn; delegations in production do not exist \
                  in the test environment",
        remedy: "ask the consumer to delegate the API to the supplier in Altinn, in the same environment",
    },
    Explanation {
        code: Some("MP-301"),
        error: "invalid_authorization_details",
        text: "Unknown authorization details type",
        meaning: "the type of the authorization details is not one that Maskinporten knows",
        remedy: "use urn:altinn:systemuser (--system-user ORGNO) or urn:altinn:consent",
    },
    Explanation {
        code: Some("MP-302"),
        error: "invalid_authorization_details",
        text: "Unknown fields in the authorization details",
        meaning: "the authorization details hold a member that does not belong there, or an external reference with other \
                  letters than Altinn takes",
        remedy: "use --system-user ORGNO and --external-ref, which write them as documented",
    },
    Explanation {
        code: Some("MP-303"),
        error: "invalid_authorization_details",
        text: "Invalid authorization details values",
        meaning: "a value in the authorization details is wrong; the text most often says which",
        remedy: "check the organisation number and its form (0192:991825827), or use --system-user ORGNO",
    },
    Explanation {
        code: None,
        error: "invalid_target",
        text: "",
        meaning: "the resource is not an absolute URI without a fragment",
        remedy: "check --resource, or pass --no-resource",
    },
    Explanation {
        code: None,
        error: "unsupported_grant_type",
        text: "",
        meaning: "the server is no Maskinporten: it does not take JWT bearer grants",
        remedy: "check --token-endpoint",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid JWT claim iat",
        meaning: "the grant was issued too long before it arrived: this machine's clock is behind Maskinporten's, or the \
                  grant was kept before it was sent",
        remedy: "set the clock: sudo timedatectl set-ntp true (Justervesenet: ntp.justervesenet.no)",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid JWT claim exp",
        meaning: "the grant is good for longer than Maskinporten allows: 120 seconds between iat and exp",
        remedy: "pass --ttl 120 or less",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Client authentication failed",
        meaning: "Maskinporten could not tell that the grant is this client's: most often there is no active client with this \
                  client id in this environment, or the key is not the one that is registered on it",
        remedy: "check --client-id, --env and the keystore against the client in Samarbeidsportalen",
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid assertion",
        meaning: "the grant says something that Maskinporten does not take, such as a claim that is not documented",
        remedy: "look at what is sent: maskinporten grant --decode; leave out what --claim added",
    },
];

/// Finds what is known of a refusal: by an error that has one meaning, by the code, by the text, in this order.
pub(super) fn find(code: Option<&str>, error: &str, description: &str) -> Option<&'static Explanation> {
    let description = description.to_lowercase();
    let mut known = CATALOGUE.iter();
    let by_error = || CATALOGUE.iter().find(|entry| entry.text.is_empty() && entry.error == error);
    let by_code = || CATALOGUE.iter().find(|entry| entry.code.is_some() && entry.code == code);
    let mut by_text = || known.find(|entry| !entry.text.is_empty() && description.contains(&entry.text.to_lowercase()));
    by_error().or_else(by_code).or_else(&mut by_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_all_seventeen_codes() {
        let mut codes: Vec<_> = CATALOGUE.iter().filter_map(|entry| entry.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(
            codes,
            [
                "MP-011", "MP-012", "MP-100", "MP-110", "MP-120", "MP-121", "MP-122", "MP-123", "MP-124", "MP-130",
                "MP-200", "MP-201", "MP-250", "MP-251", "MP-301", "MP-302", "MP-303"
            ]
        );
    }

    #[test]
    fn every_entry_is_found_by_its_own_words() {
        for entry in CATALOGUE {
            let found = find(None, entry.error, entry.text).map(|found| (found.text, found.meaning));
            assert_eq!(found, Some((entry.text, entry.meaning)), "{} {}", entry.error, entry.text);
        }
    }

    #[test]
    fn a_system_user_that_altinn_does_not_know_is_told_from_wrong_values_under_the_same_code() {
        let altinn = find(Some("MP-303"), "invalid_altinn_customer_configuration", "no match");
        assert!(altinn.is_some_and(|entry| entry.meaning.contains("no system user")));
        let values = find(Some("MP-303"), "invalid_authorization_details", "Invalid authorization details values");
        assert!(values.is_some_and(|entry| entry.meaning.contains("a value")));
    }
}
