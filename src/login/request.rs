//! What a login asks for, besides the client and its scopes.

use super::RedirectUri;
use crate::environment::IdentityProvider;

/// What a login asks for.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// The address that the browser comes back to, with the port of the listener.
    pub redirect_uri: RedirectUri,
    /// The levels that are acceptable (`acr_values`); empty for the server's default.
    pub levels: Vec<AuthenticationLevel>,
    /// What the server shows the person.
    pub prompt: Option<Prompt>,
    /// The languages of the server's pages, separated by spaces.
    pub ui_locales: Option<String>,
    /// Whom to log in. In ID-porten's test environment `testid:<pid>_idporten-loa-high` needs no page
    /// (<https://docs.digdir.no/docs/idporten/oidc/oidc_func_apitesting>).
    pub login_hint: Option<String>,
    /// The longest time since the person has logged in, in seconds.
    pub max_age: Option<u32>,
    /// Whether the parameters are posted first, so that the browser does not see them (RFC 9126).
    pub is_pushed: bool,
}

/// A level of authentication (`acr`), such as `idporten-loa-high`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationLevel(String);

/// What the server shows the person (`OpenID` Connect Core §3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// The login page, even if the person is logged in.
    Login,
    /// The consent page.
    Consent,
    /// Nothing: the person must be logged in.
    None,
}

impl LoginRequest {
    /// Makes a request that asks for nothing but a login.
    #[must_use]
    pub fn new(redirect_uri: RedirectUri) -> Self {
        Self {
            redirect_uri,
            levels: Vec::new(),
            prompt: None,
            ui_locales: None,
            login_hint: None,
            max_age: None,
            is_pushed: false,
        }
    }
}

impl AuthenticationLevel {
    /// Parses the short name `substantial` or `high`, or the provider's own name of a level; `None` when it is empty or has
    /// characters that a level cannot have.
    #[must_use]
    pub fn parse(text: &str, provider: Option<IdentityProvider>) -> Option<Self> {
        let text = text.trim();
        let is_valid = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let own = |is_high| provider.map_or(text, |provider| provider.authentication_level(is_high));
        is_valid.then(|| {
            Self(match text {
                "substantial" => own(false).to_owned(),
                "high" => own(true).to_owned(),
                other => other.to_owned(),
            })
        })
    }

    /// Returns the level as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a login of the level `reached` is at least of this level. Levels without an order must be equal.
    #[must_use]
    pub fn is_met_by(&self, reached: &str) -> bool {
        self.0 == reached || rank(&self.0).zip(rank(reached)).is_some_and(|(asked, reached)| reached >= asked)
    }
}

/// Returns the order of a level. `Level3` and `Level4` are those of ID-porten's former platform.
fn rank(level: &str) -> Option<u8> {
    let name = ["idporten-loa-", "eidas-loa-"].iter().find_map(|prefix| level.strip_prefix(prefix)).unwrap_or(level);
    match name {
        "low" => Some(0),
        "substantial" | "Level3" => Some(1),
        "high" | "Level4" => Some(2),
        _ => None,
    }
}

impl Prompt {
    /// The names of `OpenID` Connect.
    pub const NAMES: [&str; 3] = ["login", "consent", "none"];

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let [login, consent, none] = Self::NAMES;
        match self {
            Self::Login => login,
            Self::Consent => consent,
            Self::None => none,
        }
    }

    /// Finds the prompt with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Login, Self::Consent, Self::None].into_iter().find(|prompt| prompt.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_level_is_that_of_the_provider() {
        for (text, provider, expected) in [
            ("high", Some(IdentityProvider::Idporten), "idporten-loa-high"),
            ("substantial", Some(IdentityProvider::Ansattporten), "substantial"),
            ("idporten-loa-low", Some(IdentityProvider::Idporten), "idporten-loa-low"),
            ("high", None, "high"),
        ] {
            assert_eq!(AuthenticationLevel::parse(text, provider).unwrap().as_str(), expected);
        }
        assert_eq!(AuthenticationLevel::parse("a b", None), None);
    }

    #[test]
    fn a_higher_level_is_enough_and_a_lower_one_is_not() {
        for (asked, reached, is_met) in [
            ("idporten-loa-substantial", "idporten-loa-high", true),
            ("idporten-loa-high", "idporten-loa-substantial", false),
            ("idporten-loa-high", "eidas-loa-high", true),
            ("idporten-loa-high", "Level3", false),
            ("entraid", "high", false),
            ("entraid", "entraid", true),
            ("substantial", "", false),
        ] {
            let level = AuthenticationLevel::parse(asked, None).unwrap();
            assert_eq!(level.is_met_by(reached), is_met, "{asked} {reached}");
        }
    }
}
