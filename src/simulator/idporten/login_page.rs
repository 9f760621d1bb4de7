//! The page on which a test person is chosen, and the one for errors that must not be sent to a redirect URI.

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{LoginContext, LoginServiceKind, parameters::ReceivedParameters, refusal::LoginRefusal};
use crate::{
    simulator::{
        faults::responses::{Decision, with_status},
        login_state::AuthenticationRequest,
        page,
        registry::people::{Pid, RegisteredPerson, RepresentedOrganisation},
    },
    text::escaped_html,
};

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageLanguage {
    Bokmal,
    English,
}

impl PageLanguage {
    /// Returns the first known of `ui_locales`, or else the browser's.
    pub(super) fn of(headers: &HeaderMap, ui_locales: Option<&str>) -> Self {
        let known = |locale| match locale {
            "nb" | "nn" | "no" | "se" => Some(Self::Bokmal),
            "en" => Some(Self::English),
            _ => None,
        };
        let asked = ui_locales.unwrap_or_default().split(' ').find_map(known);
        let of_the_browser = if page::prefers_norwegian(headers) { Self::Bokmal } else { Self::English };
        asked.unwrap_or(of_the_browser)
    }

    /// Returns the language tag.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Bokmal => "nb",
            Self::English => "en",
        }
    }

    fn texts(self) -> &'static LoginTexts {
        match self {
            Self::Bokmal => &BOKMAL,
            Self::English => &ENGLISH,
        }
    }
}

/// The texts of the pages in one language.
struct LoginTexts {
    title: &'static str,
    to: &'static str,
    level: &'static str,
    scopes: &'static str,
    who: &'static str,
    on_behalf_of: &'static str,
    oneself: &'static str,
    other: &'static str,
    pid: &'static str,
    log_in: &'static str,
    cancel: &'static str,
    wrong_pid: &'static str,
    note: &'static str,
    failed: &'static str,
}

const BOKMAL: LoginTexts = LoginTexts {
    title: "Logg inn med",
    to: "For å fortsette til",
    level: "Sikkerhetsnivå",
    scopes: "Tilganger",
    who: "Hvem vil du logge inn som?",
    on_behalf_of: "på vegne av",
    oneself: "som seg selv",
    other: "En annen testperson",
    pid: "Fødselsnummer, 11 siffer",
    log_in: "Logg inn",
    cancel: "Avbryt",
    wrong_pid: "Fødselsnummeret må ha 11 siffer, der de to siste er riktige kontrollsifre.",
    note: "Dette er en simulator: alle kan logge inn som hvem som helst her.",
    failed: "Innloggingen kan ikke starte",
};

const ENGLISH: LoginTexts = LoginTexts {
    title: "Log in with",
    to: "To continue to",
    level: "Security level",
    scopes: "Access",
    who: "Who do you want to log in as?",
    on_behalf_of: "on behalf of",
    oneself: "as oneself",
    other: "Another test person",
    pid: "National identity number, 11 digits",
    log_in: "Log in",
    cancel: "Cancel",
    wrong_pid: "The national identity number must have 11 digits, the last two of which are correct check digits.",
    note: "This is a simulator: here anyone can log in as any person.",
    failed: "The login cannot start",
};

/// What was chosen on the page.
pub(super) enum LoginChoice {
    Cancel,
    Person { pid: Pid, organisation: Option<RepresentedOrganisation> },
}

impl LoginChoice {
    /// Parses the form; `None` when the number in it is not valid.
    pub(super) fn parse(context: &LoginContext, parameters: &ReceivedParameters) -> Option<Self> {
        let choice = parameters.get("choice").unwrap_or("other");
        let (pid, orgno) = match choice {
            "cancel" => return Some(Self::Cancel),
            "other" => (parameters.get("pid")?.trim(), None),
            choice => choice.split_once(' ').map_or((choice, None), |(pid, orgno)| (pid, Some(orgno))),
        };
        let pid = Pid::parse(pid)?;
        let person = context.clients.registry.person(&pid);
        let organisation = orgno.and_then(|orgno| {
            person?.organisations.iter().find(|organisation| organisation.orgno.as_str() == orgno).cloned()
        });
        (orgno.is_some() == organisation.is_some()).then_some(Self::Person { pid, organisation })
    }
}

/// Shows the login page.
pub(super) fn login(
    context: &LoginContext,
    language: PageLanguage,
    request: &AuthenticationRequest,
    id: &str,
    is_wrong: bool,
) -> Response {
    let texts = language.texts();
    let with_organisations = !request.altinn_resources.is_empty();
    let persons = context.clients.registry.persons.iter();
    let persons: Vec<String> = persons.map(|person| buttons(texts, person, with_organisations)).collect();
    let persons = persons.join("</li><li>");
    let client = context.register().client(&request.target.client_id);
    let name = client.as_ref().map_or("", |client| client.name.as_str());
    let problem =
        if is_wrong { format!("<p role=\"alert\" id=\"wrong\">{}</p>", texts.wrong_pid) } else { String::new() };
    let described = if is_wrong { " aria-invalid=\"true\" aria-describedby=\"wrong\"" } else { "" };
    let html = format!(
        "<dl><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd></dl>\
         <form method=\"post\" action=\"login\"><input type=\"hidden\" name=\"page\" value=\"{id}\">\
         <h2>{}</h2><ul><li>{persons}</li></ul>\
         <h2>{}</h2>{problem}<p><label for=\"pid\">{}</label><br>\
         <input id=\"pid\" name=\"pid\" inputmode=\"numeric\" autocomplete=\"off\" maxlength=\"11\"{described}> \
         <button name=\"choice\" value=\"other\" id=\"other\">{}</button></p>\
         <p><button name=\"choice\" value=\"cancel\" id=\"cancel\">{}</button></p></form>",
        texts.to,
        escaped_html(name),
        texts.level,
        escaped_html(request.acr.name),
        texts.scopes,
        escaped_html(&request.scopes.join(" ")),
        texts.who,
        texts.other,
        texts.pid,
        texts.log_in,
        texts.cancel,
    );
    let mut response = page::page(
        language.tag(),
        &format!("{} {}", texts.title, context.service.kind.title()),
        &html,
        texts.note,
        Some(&request.target.redirect_uri),
    );
    response.extensions_mut().insert(Decision(format!("client {}: login page", request.target.client_id)));
    response
}

/// Returns the button for a person, or one for each organisation.
fn buttons(texts: &LoginTexts, person: &RegisteredPerson, with_organisations: bool) -> String {
    let (pid, name) = (person.pid.as_str(), escaped_html(&person.name));
    let button = |value: &str, whom: &str| {
        format!(
            "<button name=\"choice\" value=\"{value}\">{name}{}{whom}</button>",
            if whom.is_empty() { "" } else { " " }
        )
    };
    if !with_organisations {
        return button(pid, "");
    }
    let organisations = person.organisations.iter().map(|organisation| {
        let whom = format!("{} {}", texts.on_behalf_of, escaped_html(&organisation.name));
        button(&format!("{pid} {}", organisation.orgno.as_str()), &whom)
    });
    organisations.chain([button(pid, texts.oneself)]).collect::<Vec<_>>().join(" ")
}

/// Shows an error to the user: the redirect URI may be that of an attacker (RFC 6749 §4.1.2.1).
pub(super) fn error(kind: LoginServiceKind, language: PageLanguage, refusal: &LoginRefusal) -> Response {
    let texts = language.texts();
    let (description, decision) = refusal.texts();
    let html = format!(
        "<p role=\"alert\">{}: <code>{}</code></p><p lang=\"en\">{}</p>",
        texts.failed,
        refusal.error,
        escaped_html(&description)
    );
    let title = format!("{} {}", texts.title, kind.title());
    let page = page::page(language.tag(), &title, &html, texts.note, None);
    let mut response = with_status(StatusCode::BAD_REQUEST, page);
    response.extensions_mut().insert(Decision(decision));
    response
}
