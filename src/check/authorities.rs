//! The authorities whose enterprise certificates Maskinporten accepts, in test and in production.
//!
//! The names are those of Digdir's own validator:
//! <https://github.com/felleslosninger/idporten-seid2-certificate-validator-lib>
//! (`CertificateAuthoritiesProperties.java`).

/// For which environments certificates are issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm {
    Test,
    Production,
}

/// An authority by the common name that stands as issuer in the certificates it signs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authority {
    common_name: &'static str,
    pub(super) company: &'static str,
    pub(super) realm: Realm,
}

const fn buypass(common_name: &'static str, realm: Realm) -> Authority {
    Authority { common_name, company: "Buypass", realm }
}

const fn commfides(common_name: &'static str, realm: Realm) -> Authority {
    Authority { common_name, company: "Commfides", realm }
}

static AUTHORITIES: &[Authority] = &[
    buypass("Buypass Class 3 Test4 CA 3", Realm::Test),
    buypass("Buypass Class 3 Test4 CA G2 ST Business", Realm::Test),
    commfides("Commfides Legal Person - G3 - TEST", Realm::Test),
    buypass("Buypass Class 3 CA 3", Realm::Production),
    buypass("Buypass Class 3 CA G2 ST Business", Realm::Production),
    buypass("Buypass Class 3 CA G2 HT Business", Realm::Production),
    commfides("Commfides Legal Person - G3", Realm::Production),
];

/// Finds an authority by its common name.
pub(super) fn find(common_name: &str) -> Option<&'static Authority> {
    AUTHORITIES.iter().find(|authority| authority.common_name.eq_ignore_ascii_case(common_name.trim()))
}

impl Realm {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Production => "production",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_test_authority_from_the_production_authority_of_nearly_the_same_name() {
        assert_eq!(find("Commfides Legal Person - G3").map(|found| found.realm), Some(Realm::Production));
        assert_eq!(find("Commfides Legal Person - G3 - TEST").map(|found| found.realm), Some(Realm::Test));
        assert_eq!(find("Buypass Class 3 Test4 CA 3").map(|found| found.company), Some("Buypass"));
        assert_eq!(find("Buypass Class 3"), None);
    }
}
