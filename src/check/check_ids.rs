//! Every check, in the order in which they are made.

use super::CheckId;

macro_rules! check_ids {
    ($($name:ident: $id:literal, $title:literal, $why:literal;)*) => {
        $(
            #[doc = $why]
            pub static $name: CheckId = CheckId { id: $id, title: $title, why: $why };
        )*
        /// Every check, in order.
        pub static ALL: &[&CheckId] = &[$(&$name),*];
    };
}

check_ids! {
    SETTINGS: "configuration.settings", "settings",
        "a grant needs a client id, a scope, a key and a token endpoint";
    WARNINGS: "configuration.warnings", "warnings",
        "every command prints these warnings";
    REFERENCE: "configuration.key_reference", "kid or x5c",
        "the server finds the public key by kid or by x5c; kid takes precedence";
    ENVIRONMENT: "configuration.environment", "environment",
        "each environment has its own clients, keys, certificates and delegations";
    ORGANISATIONS: "configuration.organisations", "organisation numbers",
        "a number with a wrong check digit does not belong to any organisation";

    OPENS: "keystore.opens", "opens",
        "a grant must be signed with the private key";
    PLACE: "keystore.place", "place of the key",
        "the service must give us the key, or sign with it";
    ENCRYPTION: "keystore.encryption", "encryption",
        "anyone with a copy of the file can try passwords without limit";
    FILE_MODE: "keystore.file_mode", "permissions",
        "anyone who can read the file can try passwords on it";
    ENTRIES: "keystore.entries", "entries",
        "enterprise certificates are delivered with two or three keys, only one of which may sign";
    CHOICE: "keystore.choice", "chosen key",
        "a grant that is signed with the wrong key is refused";

    VALIDITY: "certificate.validity", "validity",
        "a certificate is refused before its first and after its last day (MP-120)";
    ORGANISATION: "certificate.organisation", "organisation",
        "Maskinporten compares the certificate's organisation number with the client's (MP-122)";
    ISSUER: "certificate.issuer", "issuer",
        "Maskinporten only accepts enterprise certificates from Buypass and Commfides (MP-120)";
    CERTIFICATE_ENVIRONMENT: "certificate.environment", "test or production",
        "test certificates are refused in production, and production certificates in test (MP-120)";
    USAGE: "certificate.usage", "key usage",
        "a grant may only be signed with a certificate for digitalSignature";
    CERTIFICATE_KEY_SIZE: "certificate.key_size", "key size",
        "RSA keys under 2048 bits are refused (RFC 7518 §3.3)";
    CHAIN: "certificate.chain", "chain",
        "Maskinporten's documentation requires the whole chain in x5c, from the certificate to its root";
    OWN_KEY: "certificate.key", "belongs to the key",
        "a grant is refused if its certificate belongs to another key (MP-124)";

    KEY_ID: "registered_key.kid", "kid",
        "a client with registered keys must name the key it used, by the id under which it was registered";
    KEY_THUMBPRINT: "registered_key.thumbprint", "thumbprint",
        "it identifies the key (RFC 7638): compare it with that of the registered key";
    KEY_ALGORITHM: "registered_key.algorithm", "alg and use",
        "Digdir registers RSA keys with `use` sig and an RS algorithm";
    REGISTERED_KEY_SIZE: "registered_key.key_size", "key size",
        "Digdir registers RSA keys of 2048 bits or more";

    SIGNED: "grant.signed", "signed",
        "the signature proves that the client has the key";
    AUDIENCE: "grant.audience", "aud",
        "it must be exactly the server's issuer identifier, including the trailing slash (MP-110)";
    CLIENT: "grant.client", "iss",
        "it is the client id, and each environment has its own clients (MP-100)";
    TIMES: "grant.times", "iat and exp",
        "a grant is valid for at most 120 seconds, from now (MP-130)";
    IDENTIFIER: "grant.identifier", "jti",
        "a grant can be used only once; a new jti makes it a new one (MP-012)";
    SCOPES: "grant.scopes", "scope",
        "the token is for the scopes in the grant, each written as prefix:name";
    RESOURCE: "grant.resource", "resource",
        "it becomes the token's aud, which an API compares with its own identifier";
    CLAIMS: "grant.claims", "other claims",
        "Maskinporten refuses a grant with undocumented claims";
    CONSUMER_ORG: "grant.consumer_org", "consumer_org",
        "it is a customer that has delegated the scope; your own number is refused";
    DETAILS: "grant.authorization_details", "authorization_details",
        "Maskinporten accepts one system user and one consent of Altinn's in a grant (MP-301, MP-303)";

    NAME: "network.name", "address",
        "the server's name must resolve to an address";
    CONNECTION: "network.connection", "connection",
        "a firewall or a proxy may block the connection";
    TLS: "network.tls", "server's certificate",
        "it proves the identity of the server";
    METADATA: "network.metadata", "metadata",
        "it states the server's issuer, endpoints and algorithms (RFC 8414)";
    METADATA_ISSUER: "network.issuer", "its issuer",
        "the grant's audience must be the server's issuer identifier (MP-110)";
    ENDPOINT: "network.token_endpoint", "its token endpoint",
        "the grant should be sent to the endpoint in the server's metadata";
    ALGORITHMS: "network.algorithms", "its algorithms",
        "a grant that is signed with another algorithm is refused";
    CLOCK: "network.clock", "clock",
        "a grant is refused if its time of issue is ten seconds or more from the server's time";

    REQUEST: "token.request", "all scopes",
        "it is the request of `maskinporten token`";
    SCOPE: "token.scope", "scope",
        "each scope is registered on the client, and granted or delegated, separately";

    SIGNATURE: "received.signature", "signature",
        "an API trusts a token because of the issuer's signature";
    TOKEN_ISSUER: "received.issuer", "iss",
        "an API compares it with the issuer of its own environment";
    CONSUMER: "received.consumer", "consumer",
        "an API identifies the caller by this organisation number";
    TOKEN_AUDIENCE: "received.audience", "aud",
        "an API that requires an audience refuses tokens for another one";
    GRANTED: "received.scope", "scope",
        "the token gives access to these scopes only, whatever was requested";
    LIFETIME: "received.lifetime", "lifetime",
        "a token should be used until it expires";
    AUTHENTICATION: "received.client_amr", "client_amr",
        "it shows whether the client authenticated with a registered key or an enterprise certificate";
    RECEIVED_DETAILS: "received.authorization_details", "authorization_details",
        "an API reads the system user or the consent from it";
    DELEGATION: "received.delegation", "delegation",
        "with delegation, the customer is the consumer and the owner of the client is the supplier";

    EXCHANGE: "altinn.exchange", "exchange",
        "Altinn's apps and most of its APIs accept only tokens that Altinn has issued";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_is_unique() {
        let ids: BTreeSet<&str> = ALL.iter().map(|topic| topic.id).collect();
        assert_eq!(ids.len(), ALL.len());
    }

    #[test]
    fn the_checks_of_a_section_are_consecutive() {
        let mut sections: Vec<&str> = ALL.iter().filter_map(|topic| topic.id.split('.').next()).collect();
        sections.dedup();
        assert_eq!(
            sections,
            [
                "configuration",
                "keystore",
                "certificate",
                "registered_key",
                "grant",
                "network",
                "token",
                "received",
                "altinn"
            ]
        );
    }
}
