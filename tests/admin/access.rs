//! `access`: who may request tokens with which scopes.

use serde_json::{Value, json};
use snapbox::str;

use super::admin;
use crate::{
    local::Local,
    server::{self, Server, Step},
    support::{Maskinporten, Outcome, assert_snapshot, maskinporten, send_signal, testdata, wait, wait_until},
};

const SCOPE: &str = "simulator:ungranted";

/// Returns well-formed organisation numbers, which no organisation has.
fn numbers(count: usize) -> Vec<String> {
    use maskinporten::organisation::OrganisationNumber;
    let candidates = (200_000_000..).map(|number: u32| number.to_string());
    candidates.filter(|number| OrganisationNumber::parse(number).is_ok()).take(count).collect()
}

fn rows(stdout: &str) -> Vec<Value> {
    serde_json::from_str(stdout).unwrap()
}

/// Counts the rows with each result.
fn results(stdout: &str) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for row in rows(stdout) {
        *counts.entry(row["result"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts.into_iter().collect()
}

/// Counts how often the simulator has granted access to the scope, and that no organisation got it twice.
fn grants(local: &Local) -> usize {
    let log = local.log();
    assert!(!log.contains(", 2 in all"), "{log}");
    log.matches(&format!("access to {SCOPE} granted to ")).count()
}

/// Makes a command of an administrator whose Maskinporten and self-service API are this server.
fn scripted(server: &Server, arguments: &[&str]) -> Maskinporten {
    maskinporten(arguments)
        .args(["--retries", "0", "--admin-url", &server.url("/")])
        .env("MASKINPORTEN_CLIENT_ID", "our-client")
        .env("MASKINPORTEN_AUDIENCE", "https://issuer.example/")
        .env("MASKINPORTEN_TOKEN_ENDPOINT", server.url("/token"))
        .env("MASKINPORTEN_KEYSTORE", testdata("iterations-one.p12"))
        .env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret")
}

/// The token, and the list of those who have access: none.
fn nothing_granted() -> [Step; 2] {
    [server::token(), server::json("200 OK", "[]")]
}

#[test]
fn access_is_granted_to_each_organisation_once_listed_and_revoked() {
    let local = Local::start(&[]);
    let list = "\u{feff}Org.nr;Navn\r\n991825827;Digdir\r\n974 761 076;Skatteetaten\r\n991825827;Digdir igjen\r\n";
    let grant = |arguments: &[&str]| {
        let command = [&["access", "grant", SCOPE, "--file", "-", "310700029"], arguments].concat();
        admin(&local, &command).stdin(list).run()
    };

    let dry = grant(&["--dry-run"]);
    assert_snapshot(
        &dry.artefact(),
        str![[r#"
+ simulator:ungranted 310700029
+ simulator:ungranted 974761076
+ simulator:ungranted 991825827

"#]],
    );
    assert_eq!(grants(&local), 0);
    let first = grant(&["--yes"]);
    assert_snapshot(
        &first.stdout,
        str![[r#"
scope                organisation  result   error
simulator:ungranted  310700029     granted
simulator:ungranted  974761076     granted
simulator:ungranted  991825827     granted

"#]],
    );
    let second = grant(&["--yes", "--format", "csv"]);
    assert_eq!(second.stderr, "nothing to change\n");
    assert_snapshot(
        &second.stdout,
        str![[r#"
scope,consumer_orgno,result,error
simulator:ungranted,310700029,unchanged,
simulator:ungranted,974761076,unchanged,
simulator:ungranted,991825827,unchanged,

"#]],
    );
    assert_eq!(grants(&local), 3);
    let revoked = admin(&local, &["access", "revoke", "simulator:ung*", "310700029", "974761076", "--yes"]).run();
    assert_eq!(revoked.stderr, "- simulator:ungranted 310700029\n- simulator:ungranted 974761076\n");

    for arguments in [&[SCOPE][..], &["simulator:*", "--org", "991825827"], &["--org", "991825827"]] {
        let listed = admin(&local, &[&["access", "list"], arguments, &["--format", "json"]].concat()).run().artefact();
        let listed: Vec<_> = rows(&listed).iter().map(|row| json!([row["scope"], row["consumer_orgno"]])).collect();
        assert_eq!(listed, [json!([SCOPE, "991825827"])], "{arguments:?}");
    }
}

#[test]
fn what_the_organisation_has_received_is_listed_with_who_granted_it() {
    let local = Local::start(&[]);

    let received = admin(&local, &["access", "list", "--received", "gammel:*", "--lang", "nb"]).run().artefact();

    assert_snapshot(
        &received,
        str![[r#"
scope            organisasjon  state     sist endret               eier
gammel:register  310700010     APPROVED  1970-01-01T00:00:00.000Z  310700029

"#]],
    );
}

#[test]
fn a_new_token_is_requested_once_for_all_requests_of_a_command() {
    let scopes = r#"[{"name":"a:b"},{"name":"a:c"},{"name":"x:y"}]"#;
    let answers = [server::json("200 OK", scopes), server::json("200 OK", "[]"), server::json("200 OK", "[]")];
    let server = Server::start([server::token()].into_iter().chain(answers));

    let listed = scripted(&server, &["access", "list", "a:*", "--refresh", "--format", "json"]).run().artefact();

    assert_eq!(listed, "[]\n");
}

#[test]
fn names_of_organisations_are_those_of_the_register() {
    let local = Local::start(&[]);
    let scope = "altinn:systembruker.demo";

    let named = admin(&local, &["access", "list", scope, "--names", "--format", "csv"]).run().artefact();

    let lines: Vec<&str> = named.lines().map(|line| line.rsplit_once(',').unwrap().1).collect();
    assert_eq!(lines, ["name", "SIMULERT KOMMUNE", "EGEN NØKKEL AS"]);
}

#[test]
fn wrong_numbers_are_all_reported_before_anything_is_sent() {
    let server = Server::start([]);

    let outcome = scripted(&server, &["access", "grant", "a:b", "--file", "-", "--yes"])
        .stdin("# customers\n991825828\n991825827\nDigdir 991825827\n")
        .run();

    outcome.fails(
        2,
        str![[r#"
error: `-` has 2 lines that are not organisation numbers
caused by: line 2: `991825828` has a wrong check digit (modulus 11)
caused by: line 4: `Digdir 991825827` is not nine digits
hint: check the number against https://data.brreg.no/enhetsregisteret

"#]],
    );
    let outcome = scripted(&server, &["access", "grant", "a:b", "--file", "-", "--yes"]).stdin("# nothing\n").run();
    assert!(outcome.failure(2).starts_with("error: `-` has no organisation number\n"), "{outcome:?}");
}

#[test]
fn a_failure_does_not_stop_the_others_and_is_reported_for_its_organisation() {
    let refusal = r#"{"errors":[{"errorMessage":"is not an organisation","fieldIdentifier":"consumer_orgno"}]}"#;
    let answers =
        [server::json("200 OK", "{}"), server::json("400 Bad Request", refusal), server::json("200 OK", "{}")];
    let server = Server::start(nothing_granted().into_iter().chain(answers));
    let numbers = numbers(3);

    let arguments = [
        vec!["access", "grant", "a:b", "--yes", "-q", "--format", "json"],
        numbers.iter().map(String::as_str).collect(),
    ];
    let outcome = scripted(&server, &arguments.concat()).run();

    assert_eq!(outcome.code, 5, "{outcome:?}");
    assert_eq!(results(&outcome.stdout), [("failed".to_owned(), 1), ("granted".to_owned(), 2)]);
    let error = rows(&outcome.stdout).into_iter().find(|row| row["result"] == "failed").unwrap()["error"].clone();
    assert!(error.as_str().unwrap().contains("consumer_orgno: is not an organisation"), "{error}");
    assert_snapshot(
        &outcome.stderr,
        str![[r#"
error: 2 of 3 changes were made, and the same command tries the others again
caused by: the self-service API refused to grant access: HTTP 400: consumer_orgno: is not an organisation
caused by: a value in the request is not allowed; the message names it
hint: correct the value; --dry-run shows the whole request

"#]],
    );
}

#[test]
fn a_server_that_fails_again_and_again_is_not_asked_for_the_rest() {
    let numbers = numbers(40);
    // Four are asked at the same time, so up to three more are on their way when the eighth has failed.
    let failures = (0..11).map(|_| server::answer("503 Service Unavailable", &[], ""));
    let script = nothing_granted().into_iter().chain(failures);
    let server = Server::start(script);

    let arguments = [
        vec!["access", "grant", "a:b", "--yes", "-q", "--format", "json"],
        numbers.iter().map(String::as_str).collect(),
    ];
    let outcome = scripted(&server, &arguments.concat()).run();

    assert_eq!(outcome.code, 6, "{outcome:?}");
    assert_eq!(results(&outcome.stdout), [("failed".to_owned(), 11), ("not_done".to_owned(), 29)]);
    assert!(outcome.stderr.starts_with("error: 0 of 40 changes were made, "), "{outcome:?}");
}

#[test]
fn without_a_terminal_nothing_is_changed_unless_that_is_confirmed() {
    let server = Server::start(nothing_granted());

    let outcome = scripted(&server, &["access", "grant", "a:b", "991825827"]).run();

    outcome.fails(
        2,
        str![[r#"
+ a:b 991825827
error: nothing was changed, because there is no terminal to ask on
hint: pass --yes to make the change, or --dry-run to see it

"#]],
    );
}

/// A thousand organisations on a terminal: Ctrl-C after a part of them, then the same command again.
#[cfg(unix)]
#[test]
fn a_thousand_grants_are_interrupted_and_the_second_run_makes_those_that_are_left() {
    let local = Local::with_clients(&[], |clients| {
        clients["faults"] = json!({ "self_service": { "delay_milliseconds": 10 } });
        let list = clients["clients"].as_array_mut().unwrap();
        let client = list.iter_mut().find(|client| client["client_id"] == "d5c1a3f7-8e42-4b69-9f0d-3a6b7c8d9e01");
        // A token that is short-lived is renewed after half of its lifetime.
        client.unwrap()["access_token_lifetime"] = json!(2);
    });
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("list"), numbers(1000).join("\n")).unwrap();
    let config = local.file("config.toml").display().to_string();
    let command = ["access", "grant", SCOPE, "--file", &path("list"), "--yes", "--format", "json"];
    let command =
        [&[env!("CARGO_BIN_EXE_maskinporten")], &command[..], &["--profile", "admin", "--config", &config]].concat();
    let run = |answers: Value| -> (Value, String) {
        let wanted = json!({
            "command": command,
            "environment": {
                "HOME": folder.path(), "XDG_DATA_HOME": local.home(), "PATH": std::env::var("PATH").unwrap(), "NO_COLOR": "1",
            },
            "stdout": path("stdout"),
            "answers": answers,
            "visible": true,
        });
        let mut python = std::process::Command::new("python3");
        let script = include_str!("../terminal.py");
        let session = crate::support::program(python.args(["-c", script]), wanted.to_string().as_bytes());
        (serde_json::from_str(&session).unwrap(), std::fs::read_to_string(path("stdout")).unwrap())
    };

    let (session, stdout) = run(json!([["200 of 1000 done", "\u{3}"]]));

    assert_eq!(session["code"], 130, "{session}");
    let counts = results(&stdout);
    let [(granted, first), (not_done, left)] = counts.as_slice() else { panic!("{counts:?}") };
    assert_eq!([granted.as_str(), not_done.as_str()], ["granted", "not_done"]);
    assert!((200..1000).contains(first) && first + left == 1000, "{counts:?}");
    let end = format!(
        "{first} of 1000 changes were made; the same command makes those that are left\r\nerror: interrupted\r\n"
    );
    assert!(session["terminal"].as_str().unwrap().ends_with(&end), "{session}");
    assert_eq!(grants(&local), *first);

    let tokens = local.grants();
    let (session, stdout) = run(json!([]));

    assert_eq!(session["code"], 0, "{session}");
    assert_eq!(results(&stdout), [("granted".to_owned(), *left), ("unchanged".to_owned(), *first)]);
    assert!(session["terminal"].as_str().unwrap().contains(&format!("\r{left} of {left} done ")), "{session}");
    assert!(local.grants() > tokens + 1, "the token was not renewed: {}", local.log());
    assert_eq!(grants(&local), 1000);
}

/// The first Ctrl-C waits for the answers to what was sent, the second one does not.
#[cfg(unix)]
#[test]
fn a_second_ctrl_c_does_not_wait_for_an_answer_that_is_then_unknown() {
    use rustix::process::Signal;

    let server = Server::start(nothing_granted().into_iter().chain([Step::Hang(Vec::new())]));
    let command = scripted(&server, &["access", "grant", "a:b", "991825827", "--yes", "-q", "--format", "json"]);
    let (mut child, _home) = command.start();
    wait_until("the request is sent", || (server.requests().len() == 3).then_some(()));

    send_signal(child.id(), Signal::INT);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(child.try_wait().unwrap(), None);
    // Two signals at nearly the same time can be one.
    wait_until("it ends", || {
        send_signal(child.id(), Signal::INT);
        child.try_wait().unwrap()
    });
    let outcome = wait(child);

    assert_eq!((outcome.code, outcome.stderr.as_str()), (130, "error: interrupted\n"));
    assert_eq!(results(&outcome.stdout), [("unknown".to_owned(), 1)]);
}

fn sync(local: &Local, file: &str, arguments: &[&str]) -> Outcome {
    admin(local, &[&["access", "sync", "-"], arguments].concat()).stdin(file).run()
}

#[test]
fn a_declared_state_is_compared_applied_and_pruned() {
    let local = Local::start(&[]);
    let declared = r#"
        [organisations]
        digdir = "991825827"
        skatteetaten = 974761076

        [access]
        "simulator:ungranted" = ["digdir", "310700029"]
        "simulator:del*" = ["skatteetaten", "310700053"]
    "#;

    let outcome = sync(&local, declared, &[]);

    assert_eq!(outcome.code, 7, "{outcome:?}");
    assert_snapshot(
        &outcome.stdout,
        str![[r#"
difference  scope                organisation  name
missing     simulator:delegated  974761076     skatteetaten
missing     simulator:ungranted  310700029
missing     simulator:ungranted  991825827     digdir
extra       simulator:delegated  310700061

"#]],
    );
    assert_snapshot(
        &outcome.stderr,
        str![[r#"
1 unchanged
error: the access is not as the file declares it: 3 missing, 1 extra
hint: --apply grants what is missing, and --prune revokes what the file does not declare

"#]],
    );
    let applied = sync(&local, declared, &["--apply", "--yes", "-q"]);
    assert_eq!(applied.code, 7, "{applied:?}");
    assert_eq!(
        applied.stderr.lines().next(),
        Some("error: the access is not as the file declares it: 0 missing, 1 extra")
    );
    let dry = sync(&local, declared, &["--apply", "--prune", "--dry-run"]).artefact();
    assert_eq!(dry, "- simulator:delegated 310700061\n");
    assert_eq!(sync(&local, declared, &["--prune", "--yes"]).code, 0);
    let same: Value = serde_json::from_str(&sync(&local, declared, &["--format", "json"]).artefact()).unwrap();
    assert_eq!(
        (&same["missing"], &same["extra"], same["unchanged"].as_array().unwrap().len()),
        (&json!([]), &json!([]), 4)
    );

    // What `access list` prints is such a file, too.
    let listed = admin(&local, &["access", "list", "--format", "json"]).run().artefact();
    assert_eq!(sync(&local, &listed, &["-q"]).code, 0);
}

const OWNERS: &str = r#"{ "orgs": {
    "digdir": { "name": { "en": "Norwegian Digitalisation Agency", "nb": "Digitaliseringsdirektoratet" }, "orgnr": "991825827",
        "environments": ["ver2", "prod"] },
    "nb": { "name": { "en": "National Library of Norway" }, "orgnr": "976029100" },
    "skd": { "name": { "en": "Norwegian Tax Administration" }, "orgnr": "974761076", "environments": ["ver2"] },
    "sim": { "name": { "en": "Simulated municipality" }, "orgnr": "310700010", "environments": ["prod"] }
} }"#;

#[test]
fn the_service_owners_of_the_scripts_are_compared_and_their_reports_are_the_same() {
    let local = Local::start(&[]);
    let report =
        |name: &str, arguments: &[&str]| sync(&local, OWNERS, &[&["-q", "--report", name], arguments].concat());
    let json = |outcome: &Outcome| -> Value { serde_json::from_str(&outcome.stdout).unwrap() };

    let missing = report("missing", &[]);

    assert_snapshot(
        &missing.stdout,
        str![[r#"
Org                                          Scope
974761076 (Norwegian Tax Administration)     altinn:serviceowner
974761076 (Norwegian Tax Administration)     altinn:serviceowner/instances.read
974761076 (Norwegian Tax Administration)     altinn:serviceowner/instances.write
991825827 (Norwegian Digitalisation Agency)  altinn:serviceowner
991825827 (Norwegian Digitalisation Agency)  altinn:serviceowner/instances.read
991825827 (Norwegian Digitalisation Agency)  altinn:serviceowner/instances.write

"#]],
    );
    assert_eq!(missing.code, 7);
    let extra = json!({ "310700010": ["altinn:serviceowner/instances.read", "altinn:serviceowner/instances.write"] });
    assert_eq!(json(&report("extra", &["--format", "json"])), extra);
    let granted = json!({
        "altinn:serviceowner": [],
        "altinn:serviceowner/instances.read": ["310700010"],
        "altinn:serviceowner/instances.write": ["310700010"],
    });
    assert_eq!(json(&report("granted", &["--format", "json"])), granted);

    // so-patch patch_all: one scope for all owners; so-admin -AddMissing.
    assert_eq!(sync(&local, OWNERS, &["--only", "altinn:serviceowner", "--apply", "--yes"]).code, 0);
    assert_eq!(sync(&local, OWNERS, &["--apply", "--prune", "--yes"]).code, 0);
    let report = report("missing", &[]);
    assert_eq!((report.code, report.stdout.as_str()), (0, "No service owners are found missing scope access\n"));
    assert_eq!(sync(&local, OWNERS, &["--file-env", "prod", "-q"]).code, 7);
}

#[test]
fn the_list_of_scopes_of_the_scripts_is_for_one_organisation() {
    let local = Local::start(&[]);
    let scopes = r#"{ "scopes": ["altinn:serviceowner", "altinn:events.publish"] }"#;
    let report = || sync(&local, scopes, &["--org", "310700010", "--report", "scopes", "-q"]);

    assert_snapshot(
        &report().stdout,
        str![[r#"
Name                   Value
altinn:events.publish  True
altinn:serviceowner    False

"#]],
    );
    assert_eq!(sync(&local, scopes, &["--org", "310700010", "--apply", "--yes"]).code, 0);
    assert_eq!(report().stdout.matches("True").count(), 2);
    sync(&local, scopes, &[]).fails(
        3,
        str![[r#"
error: `-` does not declare access
caused by: the file has only scopes, and no organisation is named
hint: pass the organisation that is to have them with --org

"#]],
    );
}

#[test]
fn a_file_that_declares_nothing_useful_is_refused_before_anything_is_sent() {
    let server = Server::start([]);
    let toml = "declare it as TOML: below [access], a line such as \"prefix:scope\" = [\"991825827\"]";
    for (file, cause, hint) in [
        ("", "it has no member `access`, `orgs` or `scopes`", toml),
        ("{", "it is not JSON: line 1, column 1", toml),
        (r#"{"access":{},"access":{}}"#, "`access` occurs twice", toml),
        ("[access]\n\"a:b\" = [\"x\"", "it is not TOML: line 2: unclosed array, expected `]`", toml),
        ("[access]\n[acces]\n", "unknown member `acces`", toml),
        ("access = 1", "the value of `access` does not have the form that it must have", toml),
        ("[access]\n\"a:b\" = [1.5]", "the value of `a:b` does not have the form that it must have", toml),
        (
            "[access]\n\"a:b\" = [\"digdir\"]",
            "`a:b` has the organisation `digdir`, which is not a number, and not a name below `organisations`",
            toml,
        ),
        (
            r#"{"orgs":{"x":{"orgnr":"1","environments":["prod"]}}}"#,
            "`x` has a wrong organisation number\ncaused by: `1` is not nine digits",
            "give the nine digits alone, without `0192:` or `NO`",
        ),
        (
            r#"{"orgs":{"x":{"orgnr":"991825827","environments":["prod","at"]}}}"#,
            "no service owner in the file has the environment `test`",
            "pass --file-env with one that the file has: at, prod",
        ),
    ] {
        let outcome = scripted(&server, &["access", "sync", "-", "--env", "test"]).stdin(file).run();

        let expected = format!("error: `-` does not declare access\ncaused by: {cause}\nhint: {hint}\n");
        outcome.fails(3, &expected);
    }
}

#[test]
fn messages_are_bokmål_in_norwegian() {
    let server = Server::start([]);

    let outcome =
        scripted(&server, &["access", "grant", "a:b", "--file", "-", "--lang", "nb"]).stdin("12\n991825828\n").run();

    outcome.fails(
        2,
        str![[r#"
feil: `-` har 2 linjer som ikke er organisasjonsnumre
årsak: linje 1: `12` er ikke ni sifre
årsak: linje 2: `991825828` har feil kontrollsiffer (modulus 11)
råd: oppgi bare de ni sifrene, uten `0192:` eller `NO`

"#]],
    );
    let outcome =
        scripted(&server, &["access", "sync", "-", "--lang", "nb"]).stdin("[access]\n\"a:b\" = [\"x\"]").run();
    outcome.fails(
        3,
        str![[r#"
feil: `-` erklærer ikke tilganger
årsak: `a:b` har virksomheten `x`, som verken er et nummer eller et navn under `organisations`
råd: erklær det som TOML: under [access] en linje som "prefix:scope" = ["991825827"]

"#]],
    );
}
