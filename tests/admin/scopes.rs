//! `scope` and `org`, and how the refusals of the self-service API are reported by the commands of an administrator.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};
use snapbox::{file, str};

use super::admin;
use crate::{
    local::Local,
    server::{Server, json as respond, token},
    support::{Maskinporten, assert_snapshot, assert_table, maskinporten, testdata},
};

const CSV: &str = "admin/export-test-simulator-2026-11-29_120000.csv";

/// Makes a command of the register and the public list, which need no client.
fn open(local: &Local, arguments: &[&str]) -> Maskinporten {
    local.maskinporten(arguments).args(["--env", "local"])
}

fn json(command: Maskinporten) -> Value {
    serde_json::from_str(&command.args(["-q", "--format", "json"]).run().artefact()).unwrap()
}

/// Returns the files below a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(below, content)| (format!("{name}/{below}"), content)));
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn a_scope_is_created_changed_deactivated_and_brought_back_and_each_difference_is_shown() {
    let local = Local::start(&[]);
    let run = |arguments: &[&str]| admin(&local, &[&["scope"], arguments].concat()).run();

    let created = run(&["create", "simulator:archive.read", "--description", "Leser arkivet", "--yes"]);
    assert_snapshot(
        &created.stderr,
        str![[r#"
+ simulator:archive.read
    description: Leser arkivet
    name: simulator:archive.read
    prefix: simulator
    subscope: archive.read

"#]],
    );
    assert!(created.stdout.starts_with("scope                   simulator:archive.read\n"), "{}", created.stdout);
    run(&["create", "simulator:archive.read", "--yes"]).failure(5);

    let update = ["update", "simulator:archive.read", "--at-max-age", "2m", "--integration-type", "krr"];
    let refused = run(&update);
    refused.fails(
        2,
        str![[r#"
~ simulator:archive.read
    allowed_integration_types: -maskinporten +krr
    at_max_age: 0 -> 120
error: nothing was changed, because there is no terminal to ask on
hint: pass --yes to make the change, or --dry-run to see it

"#]],
    );
    let updated = run(&[&update[..], &["--yes", "--format", "json"]].concat());
    let updated: Value = serde_json::from_str(&updated.stdout).unwrap();
    assert_eq!(updated["description"], "Leser arkivet");
    assert_eq!((&updated["at_max_age"], &updated["allowed_integration_types"]), (&json!(120), &json!(["krr"])));
    let again = run(&[&update[..], &["--yes"]].concat());
    assert_eq!((again.code, again.stderr.as_str()), (0, "nothing to change\n"));

    let file = admin(&local, &["scope", "update", "simulator:archive.read", "--file", "-", "--yes"]);
    let removed = file.stdin(r#"{"description":null,"at_max_age":0}"#).run();
    assert_eq!(
        removed.stderr,
        "~ simulator:archive.read\n    at_max_age: 120 -> 0\n    description: Leser arkivet -> (none)\n"
    );

    let deleted = run(&["delete", "simulator:archive.read", "simulator:short", "--dry-run", "--format", "json"]);
    let requests: Value = serde_json::from_str(&deleted.artefact()).unwrap();
    assert_eq!(requests[1]["query"]["scope"], "simulator:short");
    assert_eq!(run(&["delete", "simulator:archive.read", "--yes"]).code, 0);
    assert_eq!(run(&["list", "simulator:archive", "--format", "csv", "-q"]).artefact().lines().count(), 1);
    let inactive = json(admin(&local, &["scope", "list", "simulator:archive", "--inactive"]));
    assert_eq!((&inactive[0]["name"], &inactive[0]["active"]), (&json!("simulator:archive.read"), &json!(false)));
    assert_eq!(run(&["update", "simulator:archive.read", "--active", "true", "--yes"]).code, 0);
    assert_eq!(json(admin(&local, &["scope", "show", "simulator:archive.read"]))["active"], true);
}

#[test]
fn files_of_the_scripts_are_imported_once_and_exported_byte_for_byte() {
    let local = Local::start(&[]);
    let other = Local::start(&[]);
    let exported = tempfile::tempdir().unwrap();
    let path = |name: &str| exported.path().join(name).display().to_string();
    let csv = testdata(CSV);
    let import = |local: &Local, file: &str| admin(local, &["scope", "import", file, "--yes"]).run();

    let imported = import(&local, &csv);
    assert!(imported.stderr.starts_with("+ simulator:archive.read\n"), "{}", imported.stderr);
    assert!(imported.stderr.ends_with("scopes created or changed: 3\n"), "{}", imported.stderr);
    assert_eq!(import(&local, &csv).stderr, "nothing to change\n");
    let export = ["scope", "export", "simulator:archive", "--csv", &path("a.csv")];
    assert_eq!(admin(&local, &export).args(["-q"]).run().artefact(), "");
    assert_eq!(fs::read(path("a.csv")).unwrap(), fs::read(&csv).unwrap());

    let folder = testdata("admin/scopes");
    assert_eq!(import(&other, &folder).code, 0);
    assert_eq!(import(&other, &folder).stderr, "nothing to change\n");
    admin(&other, &["scope", "export", "simulator:archive", "-q", "--dir", &path("json")]).run().artefact();
    assert_eq!(files(&exported.path().join("json/scopes")), files(Path::new(&folder)));

    // The one difference between both is a text that only JSON can hold; importing the CSV file changes it back.
    let difference = admin(&other, &["scope", "import", &csv, "--dry-run"]).run().artefact();
    assert!(difference.starts_with("~ simulator:archive.write\n    long_description: "), "{difference}");
    assert_eq!(difference.lines().count(), 2, "{difference}");
}

#[test]
fn an_import_that_fails_in_the_middle_tells_how_far_it_came_and_the_next_does_the_rest() {
    let local = Local::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, scope: Value| fs::write(folder.path().join(name), scope.to_string()).unwrap();
    write("a.json", json!({ "name": "simulator:archive.a" }));
    write("b.json", json!({ "name": "simulator:archive.b", "visibility": "SECRET" }));
    let path = folder.path().display().to_string();
    let import = || admin(&local, &["scope", "import", &path, "--yes"]).run();

    let failed = import();
    assert!(
        failed
            .failure(5)
            .contains("error: 1 of 2 changes were made\ncaused by: the self-service API refused to create")
    );

    write("b.json", json!({ "name": "simulator:archive.b", "visibility": "PRIVATE" }));
    assert!(import().stderr.ends_with("scopes created or changed: 1\n"));
}

#[test]
fn a_file_that_is_not_one_of_scopes_is_named_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scope.json");
    let twice = folder.path().join("twice.csv");
    fs::write(&twice, "name,allowed_integration_types\na:b,\na:b,\n").unwrap();
    let refused = |content: &[u8]| {
        fs::write(&file, content).unwrap();
        crate::support::maskinporten(["scope", "import"]).args([&file]).run().replacing(file.display(), "FILE").stderr
    };
    for (content, cause) in [
        (b"\xff".as_slice(), "it is neither UTF-8 nor UTF-16"),
        (b"[]", "it is not a JSON object"),
        (b"{", "it is not JSON"),
        (b"{\"name\":\"a:b\",\"name\":\"a:b\"}", "it has the member `name` twice"),
        (b"{}", "it does not have the name of the scope, such as `prefix:subscope`"),
        (b"{\"name\":\"ab\"}", "it does not have the name of the scope, such as `prefix:subscope`"),
        (b"{\"name\":\"a:b\",\"prefix\":\"a\",\"subscope\":\"c\"}", "it is about `a:b`, not `a:c`"),
    ] {
        let expected = format!("error: could not read the scopes in `FILE`\ncaused by: {cause}\n");
        assert!(refused(content).starts_with(&expected), "{}", refused(content));
    }
    let outcome = crate::support::maskinporten(["scope", "import"]).args([&twice]).run();
    assert!(outcome.failure(3).starts_with("error: the files have the scope a:b twice\n"), "{}", outcome.stderr);
}

#[test]
fn a_search_needs_no_key_and_shows_owner_access_and_whether_the_client_has_the_scope() {
    let local = Local::start(&[]);
    let without_client = local
        .maskinporten(&["scope", "search", "-q", "SERVICEOWNER/", "instances.read", "--names"])
        .args(["--admin-url", local.issuer(), "--register-url", local.issuer()]);
    assert_snapshot(
        &without_client.run().artefact(),
        str![[r#"
scope                               owner      owner's name      access      this client  description
altinn:serviceowner/instances.read  310700010  SIMULERT KOMMUNE  on request  unknown      altinn:serviceowner/instances.read

"#]],
    );

    let found = open(&local, &["scope", "search", "simulator:", "--lang", "nb"]).run();
    assert_snapshot(
        &found.stdout,
        str![[r#"
scope                  eier       tilgang         denne klienten  description
simulator:delegated    310700010  på forespørsel  har det ikke    simulator:delegated
simulator:login        310700010  åpent           har det ikke    simulator:login
simulator:short        310700010  åpent           har det         simulator:short
simulator:undelegated  310700010  på forespørsel  har det ikke    simulator:undelegated
simulator:ungranted    310700010  på forespørsel  har det ikke    simulator:ungranted

"#]],
    );
    assert_eq!(open(&local, &["scope", "search", "no", "such"]).run().stderr, "nothing was found\n");
    let listed = json(open(&local, &["scope", "list", "--all", "altinn:serviceowner"]));
    let values = |scope: &Value| (scope["access"].clone(), scope["client"].clone());
    let values: Vec<_> = listed.as_array().unwrap().iter().map(values).collect();
    let (open, on_request) = (json!("open"), json!("on_request"));
    assert_eq!(values, [(open, json!(true)), (on_request.clone(), json!(true)), (on_request, json!(true))]);
}

#[test]
fn organisations_are_shown_by_number_and_searched_by_name() {
    let local = Local::start(&[]);
    let shown = open(&local, &["org", "show", "310700010", "310 700 088", "310700096"]).run().artefact();
    assert_snapshot(
        &shown,
        str![[r#"
number     name                    form  kind       belongs to  deleted
310700010  SIMULERT KOMMUNE        KOMM  main unit
310700088  SIMULERT KOMMUNE SKOLE  BEDR  sub-unit   310700010
310700096  SLETTET AS              AS    main unit              2025-12-31

"#]],
    );
    let found = open(&local, &["org", "search", "simulert", "kommune", "--format", "csv"]).run().artefact();
    assert_eq!(found.lines().nth(2), Some("310700088,SIMULERT KOMMUNE SKOLE,BEDR,sub,310700010,"));
    let few = open(&local, &["org", "search", "as", "--limit", "1"]).run();
    assert!(few.stderr.ends_with(" more are not shown; add words, or raise --limit\n"), "{}", few.stderr);
    open(&local, &["org", "show", "310700002"]).run().fails(
        5,
        str![[r#"
error: the unit 310700002 was removed from the open register of business units
hint: ask the organisation itself: its data are not open

"#]],
    );
    open(&local, &["org", "show", "974760673"]).run().fails(
        5,
        str![[r#"
error: the register of business units has no unit 974760673
hint: check the number, or search by name: maskinporten org search NAME

"#]],
    );
    open(&local, &["org", "show", "310700011"]).run().failure(2);
}

#[test]
fn names_of_organisations_are_added_to_reports_kept_for_a_day_and_cleared() {
    let local = Local::start(&[]);
    let cache = tempfile::tempdir().unwrap();
    let token = local.maskinporten(&["token", "-q", "--env", "local", "--no-cache"]).run().artefact();
    let inspect = |register: &str| {
        let command = local.maskinporten(&["inspect", "--names", "--retries", "0", "--register-url", register]);
        command.env("XDG_CACHE_HOME", cache.path()).stdin(token.clone())
    };
    let asked = || {
        // Waits until the log has every request.
        local.grants();
        local.log().matches(" /enhetsregisteret/").count()
    };

    let text = inspect(local.issuer()).run().artefact();
    assert!(text.contains("  consumer  310700010  SIMULERT KOMMUNE  consumer.ID\n"), "{text}");
    let first = asked();
    assert!(first > 0);
    let inspected = json(inspect(local.issuer()));
    assert_eq!((&inspected["organisations"][0]["name"], asked()), (&json!("SIMULERT KOMMUNE"), first));

    let unreachable = inspect("http://127.0.0.1:9").run();
    assert_eq!(unreachable.code, 0);
    let warning = "warning: some names of organisations are missing: could not reach the server";
    assert!(unreachable.stderr.starts_with(warning), "{}", unreachable.stderr);
    let file = cache.path().join("maskinporten/organisations.json");
    assert!(file.is_file());
    local.maskinporten(&["cache", "clear", "-q"]).env("XDG_CACHE_HOME", cache.path()).run().artefact();
    assert!(!file.exists());

    let check = open(&local, &["check", "--names"]).run();
    assert!(check.stdout.contains("\norganisations\n  310700010  SIMULERT KOMMUNE\n"), "{}", check.stdout);
    assert_eq!(json(open(&local, &["check", "--names"]))["organisations"]["310700010"], "SIMULERT KOMMUNE");
}

#[test]
fn a_project_file_cannot_name_another_register() {
    let local = Local::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let config = "default_profile = \"a\"\n[profiles.a]\nenv = \"test\"\nregister_url = \"https://register.example\"\n";
    fs::write(folder.path().join("maskinporten.toml"), config).unwrap();

    let refused = local.maskinporten(&["org", "show", "310700010"]).in_folder(folder.path()).run();

    let message = "would ask register.example for the names of organisations, which is not the register\n";
    assert!(refused.failure(3).contains(message), "{}", refused.stderr);
}

/// Whoever gets the token can change the clients and keys of the organisation.
#[test]
fn a_project_file_sends_a_token_of_an_administrator_to_digdir_only() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start([token(), respond("200 OK", "[]")]);
    let config = |addresses: &str| format!("default_profile = \"a\"\n[profiles.a]\n{addresses}\n");
    let refused = |admin_url: &str, addresses: &str| {
        fs::write(
            folder.path().join("maskinporten.toml"),
            config(&format!("{addresses}\nadmin_url = \"{admin_url}\"")),
        )
        .unwrap();
        maskinporten(["scope", "list", "--no-cache", "-c", "admin", "-k", &testdata("iterations-one.p12")])
            .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
            .in_folder(folder.path())
            .run()
    };

    for address in ["https://evil.example", &server.url("/")] {
        let outcome = refused(address, "env = \"test\"");
        assert!(outcome.failure(3).contains("which is not Digdir\n"), "{address}: {}", outcome.stderr);
    }
    // Both are on this machine, as with the simulator.
    let endpoint = format!("audience = \"{}\"\ntoken_endpoint = \"{}\"", server.url("/"), server.url("/token"));
    assert_eq!(refused(&server.url("/"), &endpoint).stderr, "");
    assert_eq!(server.requests().len(), 2);
}

/// Its other members would be lost.
#[test]
fn a_scope_is_not_replaced_when_the_response_with_the_current_one_is_not_an_object() {
    let server = Server::start([token(), respond("200 OK", "[]")]);

    let outcome = maskinporten(["scope", "update", "a:b", "--description", "New", "--yes", "--no-cache"])
        .args(["--admin-url", &server.url("/"), "-e", &server.url("/token"), "-a", "https://issuer.example/"])
        .args(["-c", "admin", "-k", &testdata("iterations-one.p12"), "--retries", "0"])
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
        .run();

    assert!(outcome.failure(6).contains("the response of the self-service API is not a JSON object\n"), "{outcome:?}");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_refusal_of_the_api_is_explained_by_every_command_in_both_languages() {
    let local = Local::start(&[]);
    assert_table(file!["errors.txt"], |input| {
        let (status, command) = input.split_once(' ').unwrap();
        local.edit(|clients| {
            clients["faults"] = json!({ "self_service": { "status": status.parse::<u16>().unwrap() } });
        });
        let words: Vec<&str> = command.split(' ').collect();

        let outcome = admin(&local, &words).args(["--retries", "0"]).run();

        let stderr = outcome.failure(if status == "429" { 6 } else { 5 }).replace(local.issuer(), "URL/");
        let own = regex::Regex::new(r#"(correlation id: |"correlation_id":"|"timestamp":")[0-9a-fTZ:.-]+"#).unwrap();
        own.replace_all(&stderr, "${1}ID").into_owned()
    });
}
