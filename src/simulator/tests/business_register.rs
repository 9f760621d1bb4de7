//! The register of business units.

use serde_json::{Value, json};

use super::running::Running;

const BASE: &str = "/enhetsregisteret/api";

fn get(running: &Running, path: &str) -> (u16, Value) {
    let (status, _, body) = running.ask(&format!("GET {BASE}/{path}"), "", "");
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

#[test]
fn a_unit_is_registered_deleted_removed_or_unknown() {
    let running = Running::start(|_| ());

    let (status, unit) = get(&running, "enheter/310700010");
    let url = |path: &str| format!("{}enhetsregisteret/api/{path}", running.issuer);
    assert_eq!(status, 200);
    assert_eq!(
        unit,
        json!({
            "organisasjonsnummer": "310700010",
            "navn": "SIMULERT KOMMUNE",
            "organisasjonsform": {
                "kode": "KOMM",
                "beskrivelse": "Kommune",
                "_links": { "self": { "href": url("organisasjonsformer/KOMM") } },
            },
            "konkurs": false,
            "underAvvikling": false,
            "respons_klasse": "Enhet",
            "_links": { "self": { "href": url("enheter/310700010") } },
        })
    );
    let (status, unit) = get(&running, "underenheter/310700088");
    assert_eq!((status, &unit["overordnetEnhet"]), (200, &json!("310700010")));
    assert_eq!(unit["respons_klasse"], "Underenhet");
    assert_eq!(get(&running, "underenheter/310700010").0, 404);

    let (status, unit) = get(&running, "enheter/310700096");
    assert_eq!(
        (status, &unit["respons_klasse"], &unit["slettedato"]),
        (200, &json!("SlettetEnhet"), &json!("2025-12-31"))
    );
    let removed = json!({ "organisasjonsnummer": "310700002", "slettedato": "2024-06-30" });
    assert_eq!(get(&running, "enheter/310700002"), (410, removed));
    assert_eq!(get(&running, "enheter/310800007"), (404, Value::String(String::new())));
    for wrong in ["31070001", "31070001a", "3107000100"] {
        let (status, body) = get(&running, &format!("enheter/{wrong}"));
        assert_eq!((status, &body["valideringsfeil"][0]["feilaktigVerdi"]), (400, &json!(wrong)));
    }
}

#[test]
fn a_search_finds_units_by_words_numbers_and_parent() {
    let running = Running::start(|_| ());
    let numbers = |path: &str| {
        let (status, body) = get(&running, path);
        assert_eq!(status, 200, "{path}: {body}");
        let found = body["_embedded"].as_object().map(|embedded| embedded.values().next().unwrap().clone());
        let found = found.unwrap_or_else(|| json!([]));
        let numbers: Vec<String> =
            found.as_array().unwrap().iter().map(|unit| unit["organisasjonsnummer"].as_str().unwrap().into()).collect();
        (numbers.join(" "), body["page"]["totalElements"].as_u64().unwrap())
    };
    let found = |text: &str, total: u64| (text.to_owned(), total);

    assert_eq!(numbers("enheter?navn=n%C3%B8kkel%20as"), found("310700045", 1));
    assert_eq!(numbers("enheter?navn=simulert"), found("310700010", 1));
    assert_eq!(numbers("underenheter?navn=simulert"), found("310700088", 1));
    assert_eq!(numbers("underenheter?overordnetEnhet=310700010"), found("310700088", 1));
    assert_eq!(numbers("enheter?organisasjonsnummer=310700010,991825827"), found("310700010 991825827", 2));
    assert_eq!(numbers("enheter?navn=as&size=2"), found("310700037 310700045", 4));
    assert_eq!(numbers("enheter?navn=as&size=2&page=1"), found("310700053 310700061", 4));
    // Deleted units are not found, and there is nothing embedded without a result.
    assert_eq!(numbers("enheter?navn=slettet"), found("", 0));
    assert!(get(&running, "enheter?navn=slettet").1.get("_embedded").is_none());
    for wrong in ["size=0", "size=x", "page=-1", "size=10001", "size=100&page=100", "page=18446744073709551615"] {
        assert_eq!(get(&running, &format!("enheter?{wrong}")).0, 400, "{wrong}");
    }
}
