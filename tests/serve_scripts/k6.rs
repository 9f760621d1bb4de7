//! `serve --print-k6`: the module is checked with k6's types, and run with doubles of k6's own modules.
//!
//! k6 itself is not run: its licence, AGPL-3.0, keeps it out of what this project installs.

use std::{fs, path::Path, process::Command};

use crate::{
    local::Local,
    serve::Serve,
    serve_scripts::{SECRET, node_modules, server_with_secret, without_a_token},
    support::{Outcome, search_path, wait},
};

/// `k6/http` as far as the module uses it, with curl: its functions wait for the response.
const HTTP: &str = r#"
import { spawnSync } from "node:child_process";
export default {
    get(url, { headers }) {
        const input = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`).join("");
        const done = spawnSync("curl", ["-sS", "-i", "-H", "@-", url], { input, encoding: "utf8" });
        if (done.status !== 0) return { status: 0, headers: {}, json() { throw new Error("no body"); } };
        const [head, body] = done.stdout.split("\r\n\r\n");
        const [line, ...fields] = head.split("\r\n");
        const canonical = (name) => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
        const pairs = fields.map((field) => field.split(/: (.*)/s)).map(([name, value]) => [canonical(name), value]);
        return { status: Number(line.split(" ")[1]), headers: Object.fromEntries(pairs), json: () => JSON.parse(body) };
    },
};
"#;

/// `k6/execution`; a test that is aborted has this exit code.
const EXECUTION: &str = r"
export default { test: { abort(why) { console.error(`test aborted: ${why}`); process.exit(108); } } };
";

/// What a user writes: two requests, each with the headers of the module.
const OWN: &str = r#"
globalThis.__ENV = JSON.parse(process.argv[2]);
const { default: http } = await import("k6/http");
const { headers } = await import("./maskinporten.js");
for (const _ of [1, 2]) {
    const response = http.get(process.argv[3], { headers: headers() });
    console.log(response.status, response.json().scope);
}
"#;

fn script(served: &Serve) -> String {
    super::script("k6", served)
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

/// Runs the module in Node.js.
fn run(local: &Local, script: &str, variables: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let modules = r#"{ "type": "module", "exports": { "./http": "./http.js", "./execution": "./execution.js" } }"#;
    write(
        folder.path(),
        &[
            ("package.json", r#"{ "type": "module" }"#),
            ("maskinporten.js", script),
            ("own.js", OWN),
            ("node_modules/k6/package.json", modules),
            ("node_modules/k6/http.js", HTTP),
            ("node_modules/k6/execution.js", EXECUTION),
        ],
    );
    let url = format!("{}api/hello", local.issuer());
    node(folder.path(), &["own.js", variables, &url])
}

fn node(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("node");
    command.args(arguments).current_dir(folder).env("PATH", search_path(&[&node_modules().join(".bin")]));
    wait(command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap())
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn the_module_and_the_guides_example_have_the_types_of_k6() {
    let local = Local::start(&[]);
    let script = script(&Serve::local(&local, &[]));
    let guide = crate::documentation::page("docs/k6.md");
    let example = guide.split_once("```js\n").unwrap().1.split_once("```").unwrap().0;
    let check = |module: &str| {
        let folder = tempfile::tempdir().unwrap();
        let paths = format!(
            r#"{{ "k6": ["{0}/index.d.ts"], "k6/*": ["{0}/*/index.d.ts"] }}"#,
            node_modules().join("@types/k6").display()
        );
        let config = format!(
            r#"{{ "compilerOptions": {{ "checkJs": true, "allowJs": true, "noEmit": true, "strict": true, "noImplicitAny": false,
                "target": "es2022", "module": "esnext", "moduleResolution": "bundler", "typeRoots": ["{}"], "types": ["k6"],
                "paths": {paths} }}, "files": ["maskinporten.js", "example.js"] }}"#,
            node_modules().join("@types").display(),
        );
        write(folder.path(), &[("tsconfig.json", &config), ("maskinporten.js", module), ("example.js", example)]);
        super::client("tsc", folder.path(), &["--pretty", "false"])
    };

    let accepted = check(&script);
    assert_eq!((accepted.code, accepted.stdout.as_str()), (0, ""));
    let misspelt = check(&script.replace("exec.test.abort", "exec.test.stop"));
    assert!(misspelt.stdout.contains("Property 'stop' does not exist"), "{}", misspelt.stdout);
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn a_virtual_user_keeps_its_token_and_profile_scope_and_secret_are_variables() {
    let local = Local::start(&[]);
    let served = server_with_secret(&local);
    let variables = format!(r#"{{ "maskinporten_scope": "difitest:test2", "maskinporten_secret": "{SECRET}" }}"#);

    let outcome = run(&local, &script(&served), &variables);

    assert_eq!(outcome.stdout, "200 difitest:test2\n200 difitest:test2\n", "{}", outcome.stderr);
    let metrics = served.get_with("/metrics", &[&format!("Authorization: Bearer {SECRET}")]).body;
    assert_eq!(local.log().matches("POST /token ").count(), 1, "{}", local.log());
    assert!(metrics.contains("} 1\n"), "{metrics}");
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs Node.js")]
#[test]
fn a_failure_ends_the_test_and_no_request_is_sent_without_a_token() {
    without_a_token("k6", |local, script, reason| {
        let outcome = run(local, script, "{}");

        assert_eq!((outcome.code, outcome.stdout.as_str()), (108, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.starts_with(&format!("test aborted: {reason}")), "{}", outcome.stderr);
    });
}
