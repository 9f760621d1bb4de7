//! Finds refusals of Maskinporten and problems of Altinn in a text: a code, a URL that ends with one, an OAuth error, a
//! response, a log line, or our own report.
//!
//! The text is untrusted. Only what has the form of a code, a scope, an organisation number or a trace id is extracted;
//! the rest is never shown. The explanations come from the catalogue.

use super::{
    catalogue::{CodeGroup, Explanation, find_all, find_login, of_logins},
    refusal_facts::RefusalFacts,
};
use crate::{environment::Environment, text::server_text};

/// The size limit of a text. Responses of Maskinporten, and reports about them, are much shorter.
pub const MAXIMUM_BYTES: usize = 64 * 1024;

/// The prefix of Maskinporten's codes.
const MASKINPORTEN: &str = "MP";

/// What precedes scopes, the consumer, the supplier and the trace id in Maskinporten's texts.
const BEFORE_SCOPES: [&str; 2] = ["access to the scope ", "invalid scopes for client, "];
const BEFORE_CONSUMER: [&str; 1] = ["Consumer "];
const BEFORE_SUPPLIER: [&str; 1] = ["to supplier "];
const BEFORE_CLIENT: [&str; 5] = ["client_id", "client-id", "client ", "klienten ", "klient-id-en "];
/// What precedes the status in our own reports about Altinn's exchange.
const BEFORE_EXCHANGE_STATUS: [&str; 2] = ["to exchange the token: HTTP ", "å veksle tokenet: HTTP "];
/// Texts of Altinn's exchange, with the status that has each.
const EXCHANGE_TEXTS: [(&str, &str); 2] =
    [("Invalid token provider", "400"), ("Virksomhetsbruker is no longer available", "410")];
/// What only texts about logins contain: the services, and our own reports.
const NAMES_OF_LOGINS: [&str; 7] = [
    "idporten.no",
    "ansattporten.no",
    "login was refused",
    "of the login",
    "innloggingen ble avvist",
    "fra innloggingen",
    "for innloggingen",
];
const BEFORE_TRACE: [&str; 4] = ["trace_id", "traceId", "correlation id", "correlation_id"];

/// What a text contains about a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalText {
    /// The first code, such as `MP-200` or `AUTH-00004`, known or not.
    pub code: Option<String>,
    /// The scopes.
    pub scopes: Vec<String>,
    /// The organisation number of the consumer.
    pub consumer: Option<String>,
    /// The organisation number of the supplier.
    pub supplier: Option<String>,
    /// The client id, from a log or a command line.
    pub client_id: Option<String>,
    /// The environment of the server's page about the error.
    pub environment: Option<&'static str>,
    /// The id by which Digdir's support finds the request.
    pub trace_id: Option<String>,
    /// Every explanation that fits; empty when no known refusal was found.
    pub explanations: Vec<&'static Explanation>,
    /// Whether the text contains a token, which is never shown.
    pub has_token: bool,
}

impl RefusalText {
    /// Parses a text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let has_token = has_token(text);
        // Some programs escape the slashes of JSON.
        let text = server_text(&text.replace("\\/", "/"), MAXIMUM_BYTES);
        let mut codes = codes(&text);
        codes.extend(exchange_status(&text).map(|status| format!("EXCHANGE-{status}")));
        Self {
            explanations: explanations(&codes, &text),
            has_token,
            code: codes.into_iter().next(),
            scopes: scopes(&text),
            consumer: after(&text, &BEFORE_CONSUMER).and_then(organisation_number),
            supplier: after(&text, &BEFORE_SUPPLIER).and_then(organisation_number),
            client_id: BEFORE_CLIENT.iter().flat_map(|mark| text.split(mark).skip(1)).find_map(client_id),
            environment: environment(&text),
            trace_id: after(&text, &BEFORE_TRACE).and_then(trace_id),
        }
    }

    /// Returns what its explanations can name.
    #[must_use]
    pub fn facts(&self) -> RefusalFacts {
        let mut facts = RefusalFacts::default();
        facts.set("client_id", self.client_id.as_deref());
        facts.set("environment", self.environment);
        // Of several refusals it is unknown which scope and organisation belong to which one.
        if self.explanations.len() == 1 {
            facts.set_scopes(&self.scopes);
            facts.set("organisation", self.consumer.as_deref());
            facts.set("supplier", self.supplier.as_deref());
        }
        facts
    }
}

/// Returns the status of a response of Altinn's exchange, which has no code.
fn exchange_status(text: &str) -> Option<&str> {
    let status = after(text, &BEFORE_EXCHANGE_STATUS).and_then(|rest| rest.get(..3)).filter(|status| is_number(status));
    status.or_else(|| EXCHANGE_TEXTS.iter().find(|(own, _)| text.contains(own)).map(|(_, status)| *status))
}

fn explanations(codes: &[String], text: &str) -> Vec<&'static Explanation> {
    // Each refusal has its own OAuth error, so the first one cannot decide what several codes mean.
    let error = if codes.len() > 1 { None } else { error(text) };
    if !codes.is_empty() {
        let altinn = |code: &str| CodeGroup::for_code(code).filter(|group| group.prefix != MASKINPORTEN);
        let each = codes.iter().flat_map(|code| match altinn(code) {
            Some(group) => group.explanation(code).into_iter().collect(),
            None => find_all(Some(code), error, text),
        });
        return each.collect();
    }
    if NAMES_OF_LOGINS.iter().any(|mark| text.to_lowercase().contains(mark))
        && let Some(found) = login(text)
    {
        return vec![found];
    }
    let found = find_all(None, error, text);
    if !found.is_empty() {
        return found;
    }
    // Nothing but an OAuth error, alone or in a response: every refusal that has it.
    let alone = text.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    let is_bare = |name: &&str| *name == alone || text.contains("\"error\"") && !text.contains("error_description");
    let name = error.filter(is_bare);
    let found: Vec<_> = Explanation::all().filter(|entry| Some(entry.error) == name).collect();
    // An OAuth error that Maskinporten does not have is that of a login.
    if error.is_none() { login(text).into_iter().collect() } else { found }
}

/// Finds the explanation of a refused login by the first of its OAuth errors in the text.
fn login(text: &str) -> Option<&'static Explanation> {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let error = words.find(|word| of_logins().any(|entry| entry.error == *word))?;
    find_login(error, text)
}

/// Returns the first known OAuth error in the text.
fn error(text: &str) -> Option<&str> {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    words.find(|word| Explanation::all().any(|entry| entry.error == *word))
}

/// Returns every code, in any letter case; or digits that are the whole text, also after a prefix.
fn codes(text: &str) -> Vec<String> {
    let upper = text.to_ascii_uppercase();
    let parts: Vec<&str> = upper.split(|character: char| !character.is_ascii_alphanumeric()).collect();
    let alone = upper.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    let maskinporten =
        parts.windows(2).filter(|pair| pair[0] == MASKINPORTEN && is_number(pair[1])).map(|pair| pair[1]);
    let mut codes: Vec<String> = maskinporten.map(|number| format!("MP-{number}")).collect();
    let words = upper.split(|character: char| !character.is_ascii_alphanumeric() && !"-.".contains(character));
    codes.extend(words.filter_map(|word| altinn_code(word, word.trim_matches('.') == alone)));
    let number = alone.trim_start_matches(MASKINPORTEN);
    if codes.is_empty() && is_number(number) {
        codes.push(format!("MP-{number}"));
    }
    let mut seen = Vec::new();
    codes.retain(|code| {
        !seen.contains(code) && {
            seen.push(code.clone());
            true
        }
    });
    codes
}

/// Returns a code of Altinn's. Its five digits may be fewer where it is the whole text: logs have ids such as `corr-12`.
fn altinn_code(word: &str, is_whole: bool) -> Option<String> {
    let (kind, digits) = word.trim_matches('.').split_once('-')?;
    let prefix = kind.strip_suffix(".VLD").unwrap_or(kind);
    let group = CodeGroup::find(prefix).filter(|group| group.prefix != MASKINPORTEN)?;
    let is_code = digits.len() == 5 || is_whole && (1..5).contains(&digits.len());
    let is_validation = kind.len() > prefix.len();
    let kind = if is_validation { format!("{}.VLD", group.prefix) } else { group.prefix.to_owned() };
    let whole = format!("{kind}-{digits}");
    if group.explanation(&whole).is_some() {
        return Some(whole);
    }
    (is_code && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| format!("{kind}-{digits:0>5}"))
}

/// Returns whether a text contains a token's response or a JWT: its parts are base64url, and the first is a JSON object.
fn has_token(text: &str) -> bool {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric() && !"-_.".contains(character));
    text.contains("\"access_token\"") || words.any(|word| word.starts_with("eyJ") && word.matches('.').count() >= 2)
}

fn is_number(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns what follows the first of these marks in a text.
fn after<'text>(text: &'text str, marks: &[&str]) -> Option<&'text str> {
    marks.iter().find_map(|mark| text.split_once(mark)).map(|(_, rest)| rest)
}

fn scopes(text: &str) -> Vec<String> {
    let mut scopes = Vec::new();
    for scope in BEFORE_SCOPES.iter().flat_map(|mark| text.split(mark).skip(1)).flat_map(scopes_at) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

/// Returns the scopes at the beginning of a text.
fn scopes_at(rest: &str) -> Vec<String> {
    let words = rest.split([' ', ',', '"']).map(|word| word.trim_end_matches(['.', '\\', '"', '\'', '`']));
    words.filter(|word| !word.is_empty()).take_while(|word| is_scope(word)).map(str::to_owned).collect()
}

/// Returns whether a word is a scope as Digdir's self-service makes them: the owner's prefix, a colon and a name.
fn is_scope(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte);
    word.bytes().all(allowed)
        && word.split_once(':').is_some_and(|(prefix, rest)| !prefix.is_empty() && !rest.is_empty())
}

fn organisation_number(rest: &str) -> Option<String> {
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (digits.len() == 9).then_some(digits)
}

/// Returns the environment of the first page about an error. Our own hints contain other addresses of Maskinporten.
fn environment(text: &str) -> Option<&'static str> {
    let place = |environment: &Environment| text.find(&format!("{}errors/", environment.addresses()?.issuer));
    let known = Environment::ALL.into_iter().filter_map(|environment| Some((place(&environment)?, environment.name())));
    known.min().map(|(_, name)| name)
}

/// Returns a UUID, after a separator. Older client ids have no form that distinguishes them from a word.
fn client_id(rest: &str) -> Option<String> {
    const LENGTH: usize = 36;
    let rest = rest.strip_prefix("id ").unwrap_or(rest);
    let id = rest.trim_start_matches(['"', '\'', '\\', ':', '=', ' ']).get(..LENGTH)?;
    let hyphens = [8, 13, 18, 23];
    let is_right =
        |(at, byte): (usize, u8)| if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    let is_uuid = id.bytes().enumerate().all(is_right);
    is_uuid.then(|| id.to_owned())
}

/// Returns hexadecimal digits or a UUID, after a separator.
fn trace_id(rest: &str) -> Option<String> {
    let start = rest.trim_start_matches(['"', '\\', ':', '=', ' ']);
    let id: String = start.chars().take_while(|character| character.is_alphanumeric() || *character == '-').collect();
    let form = id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    (form && id.len() <= 64 && id.bytes().any(|byte| byte.is_ascii_digit())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<Option<&'static str>> {
        RefusalText::parse(text).explanations.iter().map(|entry| entry.code).collect()
    }

    #[test]
    fn a_code_is_found_in_every_spelling() {
        for text in [
            "MP-250",
            "mp-250",
            "250",
            " MP-250\n",
            "MP250",
            "mp 250",
            "(MP-250)",
            "`mp-250`",
            "https://test.maskinporten.no/errors/MP-250",
            "https://maskinporten.no/errors/mp-250/?x=1",
            r#"{"error_uri":"https:\/\/maskinporten.no\/errors\/MP-250"}"#,
        ] {
            assert_eq!(codes(text), [Some("MP-250")], "{text}");
        }
        for text in ["MP-2500", "MP-25", "2500", "XMP-250", "MPMP", "MP-", "https://x/250", "1 250", "MP-٢٥٠"] {
            assert_eq!(RefusalText::parse(text), RefusalText::default(), "{text}");
        }
    }

    #[test]
    fn a_code_of_altinn_is_found_in_a_response_and_alone_with_fewer_digits() {
        for text in ["AUTH-00004", "auth-4", " AUTH-00004.", r#"{"status":400,"code":"AUTH-00004","traceId":"0a"}"#] {
            assert_eq!(codes(text), [Some("AUTH-00004")], "{text}");
        }
        let several =
            r#"{"code":"STD-00000","validationErrors":[{"code":"AUTH.VLD-00003"},{"code":"AUTH.VLD-00003"}]}"#;
        assert_eq!(codes(several), [Some("STD-00000"), Some("AUTH.VLD-00003")]);
        for text in ["id corr-123 failed", "10:30 AM 12345", "AM", "X-AUTH-00004", "AUTH-000041", "corr-12ab5"] {
            assert_eq!(RefusalText::parse(text).code, None, "{text}");
        }
        let unknown = RefusalText::parse("AUTH-09999 Client not found");
        assert_eq!((unknown.code.as_deref(), unknown.explanations.len()), (Some("AUTH-09999"), 0));
    }

    #[test]
    fn a_token_is_recognised_in_every_place() {
        for text in
            ["eyJhbGciOiJub25lIn0.eyJ9.", "Authorization: Bearer eyJh.eyJ9.c2ln", r#"{"access_token":"opaque"}"#]
        {
            assert!(RefusalText::parse(text).has_token, "{text}");
        }
        assert!(!RefusalText::parse("eyJ is how a token starts. And so on. MP-250").has_token);
    }

    #[test]
    fn an_unknown_code_is_returned_without_an_explanation() {
        assert_eq!(
            RefusalText::parse("MP-999"),
            RefusalText { code: Some("MP-999".to_owned()), ..RefusalText::default() }
        );
        assert_eq!(codes("invalid_grant MP-999"), []);
    }

    #[test]
    fn a_code_with_two_meanings_has_both_unless_the_error_or_the_text_decides() {
        assert_eq!(codes("MP-303").len(), 2);
        assert_eq!(codes("invalid_altinn_customer_configuration (MP-303)").len(), 1);
        assert_eq!(codes("Invalid authorization details values. (MP-303)").len(), 1);
    }

    #[test]
    fn an_oauth_error_alone_has_every_explanation_with_that_error() {
        assert_eq!(codes("forbidden"), [Some("MP-250"), Some("MP-251")]);
        assert_eq!(codes("\"invalid_target\""), [None]);
        assert!(codes("invalid_grant").len() > 10);
        assert_eq!(codes(r#"{"error":"invalid_grant"}"#), codes("invalid_grant"));
        assert_eq!(codes(r#"{"error":"invalid_grant","error_description":"Something new"}"#), []);
    }

    #[test]
    fn an_error_of_a_login_is_found_by_its_name_and_one_that_maskinporten_has_too_by_what_is_around_it() {
        let error = |text: &str| RefusalText::parse(text).explanations.first().map(|entry| (entry.error, entry.source));
        let login = "https://docs.digdir.no/docs/idporten/oidc/oidc_protocol_authorize";
        for (text, name) in [
            ("access_denied", "access_denied"),
            (r#"{"error":"login_required","error_description":"The user has to log in."}"#, "login_required"),
            ("error: the login was refused: invalid_scope", "invalid_scope"),
            ("feil: innloggingen ble avvist: invalid_scope", "invalid_scope"),
            ("https://test.idporten.no/token invalid_grant", "invalid_grant"),
        ] {
            assert_eq!(error(text), Some((name, login)), "{text}");
        }
        assert_ne!(error("invalid_scope").map(|(_, source)| source), Some(login));
    }

    #[test]
    fn scopes_organisations_and_the_trace_id_are_extracted() {
        let read = RefusalText::parse(
            "Consumer 958935420 has not delegated access to the scope folkeregister:deling/x.y to supplier 920204368. \
             (correlation id: 2d40caf9-ea11-9710-d7fa-82639fe7374f)",
        );
        assert_eq!(read.scopes, ["folkeregister:deling/x.y"]);
        assert_eq!((read.consumer.as_deref(), read.supplier.as_deref()), (Some("958935420"), Some("920204368")));
        assert_eq!(read.trace_id.as_deref(), Some("2d40caf9-ea11-9710-d7fa-82639fe7374f"));
    }

    #[test]
    fn a_client_id_is_a_uuid_after_its_name() {
        let id = "8d001e58-c758-4beb-a9ec-ae1d770fa35e";
        for before in [
            "client_id=",
            "--client-id ",
            "\"client_id\": \"",
            "client authentication failed for client ",
            "the client id ",
            "registrert på klienten ",
        ] {
            let text = format!("{before}{id} and more");
            assert_eq!(RefusalText::parse(&text).client_id.as_deref(), Some(id), "{text}");
        }
        for text in
            [id, "client_id=our-client", &format!("client_id={}", &id[1..]), "client_id=øøøøøøøøøøøøøøøøøøøøøøøø"]
        {
            assert_eq!(RefusalText::parse(text).client_id, None, "{text}");
        }
    }

    #[test]
    fn the_list_of_scopes_ends_at_the_first_word_that_is_not_a_scope() {
        for (rest, wanted) in [
            ("a:b (trace_id: 0a)", &["a:b"][..]),
            ("a:b, c:d/e c:f.", &["a:b", "c:d/e", "c:f"]),
            ("a:b\",\"error_uri\":\"https://x\"", &["a:b"]),
            ("a:b.\\\",\\\"x\\\"", &["a:b"]),
            ("a:b caused by: that means: x", &["a:b"]),
            ("(nothing)", &[]),
            ("a:\u{1b}[31mb", &[]),
        ] {
            let wanted: Vec<String> = wanted.iter().map(|scope| (*scope).to_owned()).collect();
            assert_eq!(scopes(&format!("Token request contains invalid scopes for client, {rest}")), wanted, "{rest}");
        }
    }

    #[test]
    fn a_trace_id_is_found_in_every_form() {
        for text in ["(trace_id: 0a1b)", r#""trace_id":"0a1b","#, r#"\"trace_id\": \"0a1b\""#, "trace_id=0a1b"] {
            assert_eq!(RefusalText::parse(text).trace_id.as_deref(), Some("0a1b"), "{text}");
        }
        for text in ["trace_id: null", "trace_id", "(trace_id: \u{1b}[31m)", "trace_id: 31m", "trace id 0a1b"] {
            assert_eq!(RefusalText::parse(text).trace_id, None, "{text}");
        }
    }
}
