//! Everything that is checked, in the order in which it is.

use super::CheckId;

macro_rules! check_ids {
    ($($name:ident: $id:literal, $title:literal, $why:literal;)*) => {
        $(
            #[doc = $why]
            pub static $name: CheckId = CheckId { id: $id, title: $title, why: $why };
        )*
        /// All of them, in order.
        pub static ALL: &[&CheckId] = &[$(&$name),*];
    };
}

check_ids! {
    SETTINGS: "configuration.settings", "settings",
        "every grant needs a client id, a scope, a key and somewhere to go";
    WARNINGS: "configuration.warnings", "warnings",
        "what every command would warn about on the way";
    REFERENCE: "configuration.key_reference", "kid or x5c",
        "the server finds the public key by kid or by x5c; when both are there, kid counts and x5c does not";
    ENVIRONMENT: "configuration.environment", "environment",
        "each environment has clients, keys, certificates and delegations of its own";
    ORGANISATIONS: "configuration.organisations", "organisation numbers",
        "a number with a wrong check digit belongs to nobody";

    OPENS: "keystore.opens", "opens",
        "without the private key nothing can be signed";
    ENCRYPTION: "keystore.encryption", "encryption",
        "whoever has a copy of the file can try passwords on it for as long as they like";
    FILE_MODE: "keystore.file_mode", "who can read it",
        "everyone who can read the file can try to open it";
    ENTRIES: "keystore.entries", "keys in it",
        "enterprise certificates come with two or three keys, of which one signs";
    CHOICE: "keystore.choice", "key chosen",
        "the wrong key of a keystore gives grants that are refused";

    VALIDITY: "certificate.validity", "validity",
        "a certificate is refused before its first and after its last day (MP-120)";
    ORGANISATION: "certificate.organisation", "organisation",
        "Maskinporten compares the certificate's organisation number with the client's (MP-122)";
    ISSUER: "certificate.issuer", "issuer",
        "Maskinporten accepts enterprise certificates from Buypass and Commfides alone (MP-120)";
    REALM: "certificate.environment", "test or production",
        "test certificates are refused in production and the reverse (MP-120)";
    USAGE: "certificate.usage", "key usage",
        "only a certificate for digitalSignature may sign a grant";
    CERTIFICATE_KEY_SIZE: "certificate.key_size", "key size",
        "RSA keys under 2048 bits are refused (RFC 7518 §3.3)";
    CHAIN: "certificate.chain", "chain",
        "Maskinporten asks for the whole chain in x5c, from the certificate to its root";
    OWN_KEY: "certificate.key", "belongs to the key",
        "a grant that is signed with another key than its certificate's is refused (MP-124)";

    KEY_ID: "registered_key.kid", "kid",
        "a client with registered keys must say which of them it used, by the id it was registered under";
    KEY_THUMBPRINT: "registered_key.thumbprint", "thumbprint",
        "the same key has the same thumbprint wherever it is (RFC 7638): compare it with the registered one's";
    KEY_ALGORITHM: "registered_key.algorithm", "alg and use",
        "Digdir registers RSA keys with `use` sig and an RS algorithm";
    REGISTERED_KEY_SIZE: "registered_key.key_size", "key size",
        "Digdir registers RSA keys of 2048 bits or more";

    SIGNED: "grant.signed", "signed",
        "the grant is the proof that the client holds its key";
    AUDIENCE: "grant.audience", "aud",
        "it must be the server's issuer identifier to the letter, with its slash (MP-110)";
    CLIENT: "grant.client", "iss",
        "it is the client id, and each environment has its own (MP-100)";
    TIMES: "grant.times", "iat and exp",
        "a grant lives for 120 seconds at most, and must be issued now (MP-130)";
    IDENTIFIER: "grant.identifier", "jti",
        "a grant is used once; a new jti tells it from the one before (MP-012)";
    SCOPES: "grant.scopes", "scope",
        "a token is for the scopes that the grant names, each written as prefix:name";
    RESOURCE: "grant.resource", "resource",
        "it becomes the token's aud, which an API compares with its own address";
    CLAIMS: "grant.claims", "other claims",
        "Maskinporten refuses a grant with claims that it does not document";
    CONSUMER_ORG: "grant.consumer_org", "consumer_org",
        "it names a customer who has delegated the scope; one's own number is refused";
    DETAILS: "grant.authorization_details", "authorization_details",
        "Maskinporten knows Altinn's system users and consents, one in each grant (MP-301)";

    NAME: "network.name", "address",
        "without the server's address nothing can be sent";
    CONNECTION: "network.connection", "connection",
        "firewalls and proxies decide who gets out";
    TLS: "network.tls", "server's certificate",
        "it tells whether this is the server itself, or somebody in between";
    METADATA: "network.metadata", "metadata",
        "the server says there what it is called and what it takes (RFC 8414)";
    METADATA_ISSUER: "network.issuer", "its issuer",
        "the grant's audience must be the name that the server calls itself by (MP-110)";
    ENDPOINT: "network.token_endpoint", "its token endpoint",
        "the grant should go where the server says it takes them";
    ALGORITHMS: "network.algorithms", "its algorithms",
        "a grant signed with an algorithm that is not among them is refused";
    CLOCK: "network.clock", "clock",
        "a grant that is issued ten seconds before or after the server's time is refused";

    REQUEST: "token.request", "all scopes",
        "this is what `maskinporten token` does";
    SCOPE: "token.scope", "scope",
        "each scope is registered on the client, granted or delegated by itself";

    SIGNATURE: "received.signature", "signature",
        "an API believes a token because of the issuer's signature";
    TOKEN_ISSUER: "received.issuer", "iss",
        "an API compares it with the environment that it belongs to";
    CONSUMER: "received.consumer", "consumer",
        "an API knows its caller by this organisation number";
    TOKEN_AUDIENCE: "received.audience", "aud",
        "an API with an audience of its own refuses tokens that are for another";
    GRANTED: "received.scope", "scope",
        "the token is good for the scopes in it, whatever was asked for";
    LIFETIME: "received.lifetime", "lifetime",
        "a token should be used until it ends, and fetched anew then";
    AUTHENTICATION: "received.client_amr", "client_amr",
        "it says whether the client proved itself with a registered key or an enterprise certificate";
    RECEIVED_DETAILS: "received.authorization_details", "authorization_details",
        "an API finds the system user or the consent there";
    DELEGATION: "received.delegation", "delegation",
        "with delegation the customer is the consumer and the client's owner the supplier";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_is_one_of_its_own() {
        let ids: BTreeSet<&str> = ALL.iter().map(|topic| topic.id).collect();
        assert_eq!(ids.len(), ALL.len());
    }

    #[test]
    fn the_checks_of_a_subject_stand_together() {
        let mut subjects: Vec<&str> = ALL.iter().filter_map(|topic| topic.id.split('.').next()).collect();
        subjects.dedup();
        assert_eq!(
            subjects,
            ["configuration", "keystore", "certificate", "registered_key", "grant", "network", "token", "received"]
        );
    }
}
