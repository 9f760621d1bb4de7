//! The open register of business units, with the organisations of a new data folder.
//!
//! <https://data.brreg.no/enhetsregisteret/api/dokumentasjon/no/index.html>: below `/enhetsregisteret/api`, `enheter` are
//! main units and `underenheter` are sub-units, each with a search and a path for one number. As in the real register, a
//! deleted unit is answered with 200 and `respons_klasse` `SlettetEnhet`, one that has been removed from the open data
//! with 410, and an unknown one with 404 and no body. No token is required.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    faults::responses::{empty, ok, respond},
    state::SimulatorState,
    validator::sanitize,
};

const BASE: &str = "enhetsregisteret/api";
/// The size of a page, unless the search asks for another.
const PAGE: usize = 20;
/// The register finds no more than this with one search.
const MAXIMUM_RESULTS: usize = 10_000;

/// A unit of the register.
struct BusinessUnit {
    orgno: &'static str,
    name: &'static str,
    form: LegalForm,
    state: UnitState,
}

enum UnitState {
    Registered,
    /// A sub-unit of the main unit with this number.
    SubUnit(&'static str),
    /// Deleted on this day.
    Deleted(&'static str),
    /// Removed from the open data on this day.
    Removed(&'static str),
}

/// The code and the name of an organisation form.
type LegalForm = (&'static str, &'static str);

const MUNICIPALITY: LegalForm = ("KOMM", "Kommune");
const AGENCY: LegalForm = ("ORGL", "Organisasjonsledd");
const LIMITED: LegalForm = ("AS", "Aksjeselskap");
const SUB_UNIT: LegalForm = ("BEDR", "Underenhet til næringsdrivende og offentlig forvaltning");

use UnitState::{Deleted, Registered, Removed, SubUnit};

const fn unit(orgno: &'static str, name: &'static str, form: LegalForm, state: UnitState) -> BusinessUnit {
    BusinessUnit { orgno, name, form, state }
}

const UNITS: &[BusinessUnit] = &[
    unit("310700010", "SIMULERT KOMMUNE", MUNICIPALITY, Registered),
    unit("310700029", "GAMMEL ETAT", AGENCY, Registered),
    unit("310700037", "TRE NØKLER AS", LIMITED, Registered),
    unit("310700045", "EGEN NØKKEL AS", LIMITED, Registered),
    unit("310700053", "DELEGERENDE KUNDE AS", LIMITED, Registered),
    unit("310700061", "KUNDE UTEN SYSTEMBRUKER AS", LIMITED, Registered),
    unit("991825827", "DIGITALISERINGSDIREKTORATET", AGENCY, Registered),
    unit("310700088", "SIMULERT KOMMUNE SKOLE", SUB_UNIT, SubUnit("310700010")),
    unit("310700096", "SLETTET AS", LIMITED, Deleted("2025-12-31")),
    unit("310700002", "FJERNET AS", LIMITED, Removed("2024-06-30")),
];

/// One of the two collections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnitKind {
    Main,
    Sub,
}

impl UnitKind {
    fn path(self) -> &'static str {
        match self {
            Self::Main => "enheter",
            Self::Sub => "underenheter",
        }
    }

    fn has(self, unit: &BusinessUnit) -> bool {
        matches!(unit.state, SubUnit(_)) == (self == Self::Sub)
    }
}

/// Builds the router.
pub(super) fn router() -> Router<Arc<SimulatorState>> {
    [UnitKind::Main, UnitKind::Sub].into_iter().fold(Router::new(), |router, kind| {
        let show = move |State(state): State<Arc<SimulatorState>>, Path(orgno): Path<String>| async move {
            show(&state, kind, &orgno)
        };
        let search = move |State(state): State<Arc<SimulatorState>>, Query(query): Query<UnitQuery>| async move {
            search(&state, kind, &query)
        };
        let path = format!("/{BASE}/{}", kind.path());
        router.route(&format!("{path}/{{orgno}}"), get(show)).route(&path, get(search))
    })
}

fn show(state: &SimulatorState, kind: UnitKind, orgno: &str) -> Response {
    if orgno.len() != 9 || !orgno.bytes().all(|byte| byte.is_ascii_digit()) {
        return refuse("organisasjonsnummer", orgno);
    }
    match UNITS.iter().find(|unit| unit.orgno == orgno && kind.has(unit)) {
        None => empty(StatusCode::NOT_FOUND, format!("unit {orgno} is not registered")),
        Some(BusinessUnit { state: Removed(day), .. }) => {
            let body = json!({ "organisasjonsnummer": orgno, "slettedato": day });
            respond(StatusCode::GONE, &body, format!("unit {orgno} has been removed"))
        }
        Some(unit) => ok(&document(state, kind, unit), format!("unit {orgno}")),
    }
}

/// The parameters of a search; others are ignored.
#[derive(Deserialize)]
struct UnitQuery {
    navn: Option<String>,
    /// Numbers, separated by commas.
    organisasjonsnummer: Option<String>,
    #[serde(rename = "overordnetEnhet")]
    parent: Option<String>,
    size: Option<String>,
    page: Option<String>,
}

fn search(state: &SimulatorState, kind: UnitKind, query: &UnitQuery) -> Response {
    let number = |text: &Option<String>, default: usize| match text {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|number| *number <= MAXIMUM_RESULTS).ok_or_else(|| text.clone()),
    };
    let (size, page) = match (number(&query.size, PAGE), number(&query.page, 0)) {
        (Ok(size), Ok(page)) if size > 0 && (page + 1) * size <= MAXIMUM_RESULTS => (size, page),
        (Ok(size), Ok(page)) => return refuse("page", &format!("{page} of {size}")),
        (Err(size), _) => return refuse("size", &size),
        (_, Err(page)) => return refuse("page", &page),
    };
    let words: Vec<String> =
        query.navn.iter().flat_map(|name| name.split_whitespace()).map(str::to_lowercase).collect();
    let is_found = |unit: &&BusinessUnit| {
        let name = unit.name.to_lowercase();
        let has_number = |numbers: &String| numbers.split(',').any(|number| number.trim() == unit.orgno);
        let has_parent = |parent: &String| matches!(unit.state, SubUnit(own) if own == parent);
        kind.has(unit)
            && matches!(unit.state, Registered | SubUnit(_))
            && words.iter().all(|word| name.contains(word))
            && query.organisasjonsnummer.as_ref().is_none_or(has_number)
            && query.parent.as_ref().is_none_or(has_parent)
    };
    let found: Vec<&BusinessUnit> = UNITS.iter().filter(is_found).collect();
    let shown: Vec<Value> = found.iter().skip(page * size).take(size).map(|unit| document(state, kind, unit)).collect();
    let mut body = json!({
        "_links": { "self": { "href": format!("{}{BASE}/{}", state.issuer, kind.path()) } },
        "page": {
            "size": size,
            "totalElements": found.len(),
            "totalPages": found.len().div_ceil(size),
            "number": page,
        },
    });
    // Without a result there is no `_embedded`.
    if !shown.is_empty() {
        body["_embedded"] = json!({ kind.path(): shown });
    }
    ok(&body, format!("{} units found", found.len()))
}

fn document(state: &SimulatorState, kind: UnitKind, unit: &BusinessUnit) -> Value {
    let url = |path: &str| json!({ "self": { "href": format!("{}{BASE}/{path}", state.issuer) } });
    let (code, description) = unit.form;
    let mut document = json!({
        "organisasjonsnummer": unit.orgno,
        "navn": unit.name,
        "organisasjonsform": {
            "kode": code,
            "beskrivelse": description,
            "_links": url(&format!("organisasjonsformer/{code}")),
        },
        "respons_klasse": if kind == UnitKind::Main { "Enhet" } else { "Underenhet" },
        "_links": url(&format!("{}/{}", kind.path(), unit.orgno)),
    });
    match unit.state {
        Deleted(day) => {
            document["respons_klasse"] = "SlettetEnhet".into();
            document["slettedato"] = day.into();
        }
        SubUnit(parent) => document["overordnetEnhet"] = parent.into(),
        Registered | Removed(_) => {
            document["konkurs"] = false.into();
            document["underAvvikling"] = false.into();
        }
    }
    document
}

fn refuse(parameter: &str, value: &str) -> Response {
    let value = sanitize(value);
    let body = json!({
        "status": 400,
        "feilmelding": "Feilaktig forespørsel",
        "valideringsfeil": [{
            "feilmelding": format!("{parameter} har en ugyldig verdi"),
            "parametere": [parameter],
            "feilaktigVerdi": value,
        }],
    });
    respond(StatusCode::BAD_REQUEST, &body, format!("{parameter} is not valid"))
}
