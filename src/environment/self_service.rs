//! The addresses of Digdir's self-service API and of the register of business units.
//!
//! <https://docs.digdir.no/docs/idporten/oidc/oidc_api_admin>, <https://data.brreg.no/enhetsregisteret/api/docs/>.

use super::Environment;

/// The open register of business units, which has one installation.
pub const BUSINESS_REGISTER: &str = "https://data.brreg.no";

/// Returns the base URL of the self-service API for the clients and scopes of an environment; `None` where there is none,
/// and for the simulator, which has its own.
#[must_use]
pub fn self_service_url(environment: Environment) -> Option<&'static str> {
    match environment {
        Environment::Prod => Some("https://api.samarbeid.digdir.no"),
        Environment::Test | Environment::Ver2 => Some("https://api.test.samarbeid.digdir.no"),
        Environment::Dev | Environment::Local | Environment::Sky | Environment::TestSky => None,
    }
}
