//! Profiles through the binary: where each setting may be, which source wins, and the faults of a file.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    local::Local,
    server::{ADDRESS, Authority, Server, TOKEN, Validity, acceptor, json, token},
    support::{Maskinporten, Outcome, maskinporten, testdata},
};

/// The defaults in the help texts.
const DEFAULTS: [(&str, &str); 6] = [
    ("ttl", "120"),
    ("max-iterations", "10000000"),
    ("x5c", "chain"),
    ("timeout", "30s"),
    ("connect-timeout", "5s"),
    ("retries", "2"),
];

/// Prepares a home with a user file and a project file, either of which may be missing.
fn with_files(arguments: &[&str], user: &str, project: &str) -> Maskinporten {
    let command = maskinporten(arguments);
    let home = command.home().to_owned();
    fs::create_dir_all(home.join(".config/maskinporten")).unwrap();
    fs::create_dir_all(home.join("project/below")).unwrap();
    if !user.is_empty() {
        fs::write(home.join(".config/maskinporten/config.toml"), user).unwrap();
    }
    if !project.is_empty() {
        fs::write(home.join("project/maskinporten.toml"), project).unwrap();
    }
    command.in_folder(home.join("project/below"))
}

/// Returns the settings in the help text: the name, and whether it takes a value.
fn settings() -> Vec<(String, bool)> {
    let help = maskinporten(["config", "show", "--help"]).run().artefact();
    let own = help.split_once("\nAuthorization server:\n").unwrap().1;
    let lines = own.lines().filter_map(|line| {
        let option = line.trim_start().split_once("--")?;
        let plain = line.starts_with("      --") || option.0.trim_end().ends_with(',');
        let name: String = option.1.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        (plain && line.find("--")? < 10).then(|| (name, option.1.contains('<')))
    });
    lines.filter(|(name, _)| name != "profile" && name != "help").collect()
}

fn shown(command: Maskinporten, name: &str) -> (Value, String) {
    let outcome = command.run();
    assert_eq!(outcome.code, 0, "{name}: {}", outcome.stderr);
    let all: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let setting = &all["settings"][name.replace('-', "_")];
    (setting["value"].clone(), setting["from"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn every_setting_is_taken_from_option_variable_project_file_user_file_and_default_in_this_order() {
    let settings = settings();
    assert!(settings.len() > 40, "{settings:?}");
    for (name, takes_value) in settings {
        let key = name.replace('-', "_");
        let variable = format!("MASKINPORTEN_{}", key.to_uppercase());
        let secret = ["keystore-password", "pkcs11-pin"].contains(&name.as_str());
        let values: [&str; 4] = match name.as_str() {
            _ if !takes_value => ["true"; 4],
            "env" => ["dev", "prod", "test", "ver2"],
            "altinn-env" => ["at21", "prod", "tt02", "yt01"],
            "ttl" | "retries" | "timeout" | "connect-timeout" | "max-iterations" => ["11", "12", "13", "14"],
            _ if name.ends_with("-from") => ["file:/1", "file:/2", "file:/3", "file:/4"],
            _ => ["/1", "/2", "/3", "/4"],
        };
        let file = |value: &str| {
            let value = if takes_value { format!("\"{value}\"") } else { value.to_owned() };
            format!("default_profile = \"p\"\n[profiles.p]\n{key} = {value}\n")
        };
        let (user, project) = (file(values[3]), file(values[2]));
        let runs = name.ends_with("-command") || name == "pkcs11-module";
        let project = if runs { String::new() } else { project };
        let option = format!("--{name}");

        for strongest in 0..4 {
            let mut arguments = vec!["--quiet", "config", "show", "--format", "json"];
            if strongest == 0 {
                arguments.push(&option);
                if takes_value {
                    arguments.push(values[0]);
                }
            }
            let project = if strongest <= 2 { project.as_str() } else { "" };
            if strongest == 2 && project.is_empty() {
                continue;
            }
            let mut command = with_files(&arguments, &user, project);
            if strongest <= 1 {
                command = command.env(&variable, values[1]);
            }

            let (value, from) = shown(command, &name);

            let wanted = if secret { "********" } else { values[strongest] };
            assert_eq!(value, wanted, "{name} from source {strongest}");
            let place = [option.as_str(), &variable, "/project/maskinporten.toml", "/config.toml"][strongest];
            assert!(from.contains(place), "{name}: {from}");
        }

        let (value, from) = shown(with_files(&["--quiet", "config", "show", "--format", "json"], "", ""), &name);
        let default = DEFAULTS.iter().find(|(own, _)| *own == name);
        assert_eq!(value.as_str(), default.map(|(_, value)| *value), "{name}");
        assert_eq!(from, if default.is_some() { "default" } else { "" }, "{name}");
    }
}

#[test]
fn a_profile_sets_the_grant_and_an_option_wins_over_it() {
    let keystore = testdata("modern.p12");
    let user = format!(
        "default_profile = \"kunde\"\n\
         [profiles.base]\nenv = \"test\"\nkeystore = \"{keystore}\"\nclient_id = \"base\"\n\
         [profiles.kunde]\nextends = \"base\"\nscope = [\"a:b\", \"c:d\"]\nttl = 60\n"
    );
    let claims = |arguments: &[&str]| -> Value {
        let all: Vec<&str> = ["grant", "--decode"].iter().chain(arguments).copied().collect();
        let run = with_files(&all, &user, "").env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run();
        serde_json::from_str::<Value>(&run.artefact()).unwrap()["claims"].clone()
    };

    let plain = claims(&[]);
    assert_eq!((plain["iss"].as_str(), plain["scope"].as_str()), (Some("base"), Some("a:b c:d")));
    assert_eq!(plain["exp"].as_i64().unwrap() - plain["iat"].as_i64().unwrap(), 60);

    assert_eq!(claims(&["--scope", "e:f"])["scope"], "e:f");
}

#[test]
fn relative_paths_are_relative_to_the_file_and_headers_come_from_the_profile() {
    let local = Local::start(&[]);
    let command = with_files(&["headers", "--profile", "p", "--header", "accept: text/plain"], "", "project");
    let project = command.home().join("project");
    for name in ["modern.p12", "modern.password"] {
        fs::copy(local.file(name), project.join(name)).unwrap();
    }
    let file = "[profiles.p]\nenv = \"local\"\nkeystore = \"modern.p12\"\nkeystore_password_file = \"modern.password\"\n\
                [profiles.p.headers]\nApiKey = \"KEY\"\nAccept = \"application/hal+json\"\n";
    fs::write(project.join("maskinporten.toml"), file).unwrap();

    let headers = command.env("XDG_DATA_HOME", local.home()).run().artefact();

    assert!(headers.starts_with("Authorization: Bearer "), "{headers}");
    assert!(headers.ends_with("\nApiKey: KEY\naccept: text/plain\n"), "{headers}");
}

#[test]
fn with_env_local_a_profile_is_used_only_if_it_is_named() {
    let local = Local::start(&[]);
    let user = "default_profile = \"p\"\n[profiles.p]\nclient_id = \"another\"\n";
    let run = |arguments: &[&str]| with_files(arguments, user, "").env("XDG_DATA_HOME", local.home()).run();

    assert_eq!(run(&["token", "--env", "local"]).code, 0);
    assert_eq!(run(&["token", "--env", "local", "--profile", "p"]).code, 5);
}

#[test]
fn a_fault_of_a_profile_is_reported_with_its_line() {
    for (project, wanted) in [
        ("[profiles.p]\nclient_idd = \"x\"\n", "line 2: there is no key `client_idd`"),
        ("[profiles.p]\nclient_id = 7\n", "line 2"),
        ("[profiles.p]\nkeystore = \"a\"\njwk = \"b\"\n", "line 3"),
        ("[profiles.p]\nkeystore_password_command = \"x\"\n", "line 2"),
        ("[profiles.p\n", "line 1"),
    ] {
        let outcome = with_files(&["token", "--profile", "p"], "", project).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{project}: {}", outcome.stderr);
        let (line, _) = wanted.split_once(':').unwrap_or((wanted, ""));
        assert!(outcome.stderr.contains("maskinporten.toml") && outcome.stderr.contains(line), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("\nhint: "), "{}", outcome.stderr);
    }
}

#[test]
fn a_fault_of_a_profile_does_not_affect_commands_that_do_not_use_it() {
    let keystore = testdata("modern.p12");
    let user = format!(
        "default_profile = \"broken\"\n[profiles.broken]\nclient_idd = \"x\"\n\
         [profiles.child]\nextends = \"broken\"\n\
         [profiles.good]\nenv = \"test\"\nclient_id = \"x\"\nscope = \"a:b\"\nkeystore = \"{keystore}\"\n"
    );

    let grant = with_files(&["grant", "--profile", "good"], &user, "").env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret");
    assert_eq!(grant.run().artefact().split('.').count(), 3);
    let (client, _) =
        shown(with_files(&["config", "show", "--format", "json", "--profile", "good"], &user, ""), "client-id");
    assert_eq!(client, "x");
    for arguments in
        [["config", "show"].as_slice(), &["grant", "--profile", "broken"], &["grant", "--profile", "child"]]
    {
        let outcome = with_files(arguments, &user, "").run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{arguments:?}");
        assert!(outcome.stderr.contains("unknown key `client_idd` in the profile `broken`"), "{}", outcome.stderr);
    }
}

#[test]
fn the_signing_key_of_a_profile_replaces_the_one_it_inherits_from_the_other_file() {
    let user = "[profiles.child]\nextends = \"base\"\njwk = \"user.json\"\n";
    let project = "[profiles.base]\nkeystore = \"project.p12\"\n";
    let show = || with_files(&["config", "show", "--format", "json", "--profile", "child"], user, project);

    let (jwk, from) = shown(show(), "jwk");
    let (keystore, _) = shown(show(), "keystore");

    assert!(jwk.as_str().unwrap().ends_with("/user.json") && from.contains("config.toml"), "{jwk} from {from}");
    assert_eq!(keystore, Value::Null);
}

#[test]
fn a_plain_password_is_a_warning_that_does_not_show_it() {
    let keystore = testdata("modern.p12");
    let user = format!(
        "[profiles.p]\nenv = \"test\"\nclient_id = \"x\"\nscope = \"a:b\"\nkeystore = \"{keystore}\"\n\
         keystore_password = \"secret\"\n"
    );

    let outcome = with_files(&["grant", "--profile", "p"], &user, "").run();

    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("warning: ") && outcome.stderr.contains("line 6"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("\"secret\"") && outcome.stderr.lines().count() == 1, "{}", outcome.stderr);
}

#[test]
fn init_writes_a_file_for_its_owner_only_that_the_next_command_reads() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("c.toml").display().to_string();
    let keystore = testdata("modern.p12");
    let init = ["config", "init", "--config", &config, "--env", "test", "-c", "x", "-s", "a:b", "-k", &keystore];

    let written = maskinporten(init).args(["--quiet"]).run().artefact();

    assert_eq!(written, format!("{config}\n"));
    assert_eq!(mode(Path::new(&config)), 0o600);
    let grant = maskinporten(["grant", "--config", &config]).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run();
    assert_eq!(grant.artefact().split('.').count(), 3);
    let later = ["config", "init", "--config", &config, "--profile", "later", "--env", "test", "-c", "x", "-s", "a:b"];
    let later = maskinporten(later).args(["--jwk", "/no/such.jwk.json"]).run();
    assert_eq!(later.code, 0, "the key may be put there later");
    assert!(later.stderr.starts_with("warning: the key was not opened: could not read the JWK"), "{}", later.stderr);
    let again = maskinporten(init).run();
    assert_eq!((again.code, again.stdout.as_str()), (3, ""));
    assert!(again.stderr.contains("profile") && again.stderr.contains("line"), "{}", again.stderr);
}

#[test]
fn an_import_of_the_originals_config_gives_the_same_claims() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("c.toml").display().to_string();
    let ps1 = home.path().join("config.local.ps1");
    let text = format!(
        "$test_client_id = \"klient\"\r\n$test_scopes = 'a:b,c:d'\r\n$test_keystore_path = '{}'\r\n\
         $test_keystore_password = \"secret\"\r\n$test_consumer_org = \"991825827\" # kunde\r\n#$test_kid=\r\n",
        testdata("modern.p12")
    );
    fs::write(&ps1, text).unwrap();

    let imported = maskinporten(["config", "import", "--config", &config]).args([&ps1]).run();

    assert_eq!((imported.code, imported.stdout), (0, format!("{config}\n")), "{}", imported.stderr);
    assert!(imported.stderr.contains("line 4") && !imported.stderr.contains("secret\""), "{}", imported.stderr);
    let decoded = |command: Maskinporten| -> Value {
        serde_json::from_str(&command.env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run().artefact()).unwrap()
    };
    let ours = decoded(maskinporten(["grant", "--decode", "--config", &config, "--profile", "test"]))["claims"].clone();
    let names: Vec<&String> = ours.as_object().unwrap().keys().collect();
    assert_eq!(names, ["aud", "scope", "iss", "exp", "iat", "jti", "consumer_org"]);
    assert_eq!(ours["aud"], "https://test.maskinporten.no/");
    assert_eq!((ours["scope"].as_str(), ours["iss"].as_str()), (Some("a:b c:d"), Some("klient")));
}

#[test]
fn a_project_file_neither_loads_code_nor_sends_a_grant_elsewhere() {
    let keystore = testdata("modern.p12");
    let run = |project: &str, arguments: &[&str]| {
        let all: Vec<&str> = ["token", "--profile", "p", "-c", "x", "-s", "a:b", "-k", &keystore].to_vec();
        with_files(&all, "", project).args(arguments).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run()
    };

    let module = run("[profiles.p]\npkcs11_module = \"evil.so\"\n", &[]);
    assert_eq!((module.code, module.stdout.as_str()), (3, ""));
    assert!(
        module.stderr.contains("may not set `pkcs11_module`, because entering a folder must never run"),
        "{}",
        module.stderr
    );

    for (key, address) in [
        ("token_endpoint", "https://maskinporten.no.evil.example/token"),
        ("token_endpoint", "https://evilmaskinporten.no/token"),
        ("discover", "https://evil.example/"),
    ] {
        let project = format!("[profiles.p]\nenv = \"test\"\n{key} = \"{address}\"\n");
        let outcome = run(&project, &[]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{key}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains("which is not Maskinporten\nhint: if you trust the file"),
            "{}",
            outcome.stderr
        );
    }
}

/// Runs `token` with a key from an option.
fn token_with_files(user: &str, project: &str, arguments: &[&str]) -> Outcome {
    let keystore = testdata("modern.p12");
    let all = ["token", "--no-cache", "-c", "x", "-s", "a:b", "-k", &keystore, "--retries", "0"];
    with_files(&all, user, project).args(arguments).env("MASKINPORTEN_KEYSTORE_PASSWORD", "secret").run()
}

#[test]
fn a_project_file_does_not_send_a_grant_to_another_server_than_its_audience() {
    let server = Server::start([]);
    let (loopback, prod) = (server.url("/token"), "https://maskinporten.no/");
    let user = "[profiles.own]\naudience = \"https://idp.example.org/\"\nextends = \"one\"\n\
                [profiles.one]\ntoken_endpoint = \"https://idp.example.org/token\"\n\
                [profiles.other]\ntoken_endpoint = \"https://other.example.org/token\"\n\
                [profiles.prod]\nenv = \"prod\"\n[profiles.mock]\ntoken_endpoint = \"https://mock.example.org/\"\n\
                audience = \"https://mock.example.org/\"\n[profiles.env]\nenv = \"prod\"\n\
                audience = \"https://idp.example.org/\"\ntoken_endpoint = \"https://idp.example.org/token\"\n";
    for (project, arguments) in [
        (format!("[profiles.p]\nenv = \"prod\"\ntoken_endpoint = \"{loopback}\"\n"), &["--profile", "p"][..]),
        (format!("default_profile = \"prod\"\n[profiles.prod]\ntoken_endpoint = \"{loopback}\"\n"), &[]),
        (format!("[profiles.p]\nextends = \"prod\"\ntoken_endpoint = \"{loopback}\"\n"), &["--profile", "p"]),
        (format!("[profiles.p]\ntoken_endpoint = \"{loopback}\"\naudience = \"{prod}\"\n"), &["--profile", "p"]),
        (format!("[profiles.p]\ntoken_endpoint = \"{loopback}\"\n"), &["--profile", "p", "--audience", prod]),
        (
            "[profiles.p]\ntoken_endpoint = \"https://test.maskinporten.no/token\"\nenv = \"prod\"\n".to_owned(),
            &["--profile", "p"],
        ),
        (format!("[profiles.mock]\naudience = \"{prod}\"\n"), &["--profile", "mock"]),
        ("[profiles.own]\nextends = \"other\"\n".to_owned(), &["--profile", "own"]),
        ("[profiles.env]\ntoken_endpoint = \"\"\n".to_owned(), &["--profile", "env"]),
        ("[profiles.p]\nenv = \"prod\"\n".to_owned(), &["--profile", "p", "--token-endpoint", &loopback]),
    ] {
        let outcome = token_with_files(user, &project, &[arguments, &["--error-format", "json"]].concat());

        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{project}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("\"config_address\""), "{project}: {}", outcome.stderr);
    }
}

#[test]
fn the_metadata_of_a_server_on_this_machine_does_not_send_a_grant_elsewhere() {
    let audience = "audience = \"https://maskinporten.no/\"\n";
    let elsewhere = "https://evil.example/token";
    for (project, endpoint) in [("", Some(elsewhere)), (audience, Some(elsewhere)), (audience, None)] {
        let server = Server::start_knowing(|own| {
            let endpoint = endpoint.map_or_else(|| format!("{own}/token"), ToOwned::to_owned);
            [json("200 OK", format!(r#"{{"issuer":"{own}/","token_endpoint":"{endpoint}"}}"#))]
        });
        let project = format!("[profiles.p]\ndiscover = \"{}\"\n{project}", server.url("/"));

        let outcome = token_with_files("", &project, &["--profile", "p", "--error-format", "json"]);

        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{project}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("\"config_address\""), "{project}: {}", outcome.stderr);
    }
}

#[test]
fn an_environment_that_is_typed_or_in_a_variable_wins_over_the_addresses_of_a_file() {
    let addresses = "[profiles.p]\nenv = \"test\"\naudience = \"http://localhost/\"\n\
                     token_endpoint = \"http://localhost/token\"\ndiscover = \"http://localhost/\"\n";
    for (user, project) in [("", addresses), (addresses, "")] {
        for variable in [false, true] {
            let arguments = ["config", "show", "--format", "json", "--profile", "p", "--env", "prod"];
            let command = with_files(if variable { &arguments[..6] } else { &arguments[..] }, user, project);
            let command = if variable { command.env("MASKINPORTEN_ENV", "prod") } else { command };

            let shown: Value = serde_json::from_str(&command.run().artefact()).unwrap();

            let settings = &shown["settings"];
            assert_eq!(settings["audience"]["value"], "https://maskinporten.no/");
            assert_eq!(settings["token_endpoint"]["value"], "https://maskinporten.no/token");
            assert_eq!(settings["discover"], Value::Null);
        }
    }
}

#[test]
fn a_ca_file_of_a_project_is_used_for_servers_on_this_machine_only() {
    let authority = Authority::named("Project CA");
    let server = Server::start_tls(acceptor(&authority.issue(ADDRESS, Validity::Now)), [token()]);
    let ca_file = authority.file().display().to_string();
    let address = server.url("");
    let local = format!(
        "[profiles.p]\nca_file = \"{ca_file}\"\naudience = \"{address}/\"\ntoken_endpoint = \"{address}/token\"\n"
    );
    assert_eq!(token_with_files("", &local, &["--profile", "p"]).artefact(), format!("{TOKEN}\n"));

    let project = format!("[profiles.p]\nca_file = \"{ca_file}\"\nenv = \"test\"\n");
    for arguments in [&["--profile", "p"][..], &["--profile", "p", "--env", "prod"]] {
        let outcome = token_with_files("", &project, arguments);

        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("only for servers on this machine"), "{}", outcome.stderr);
    }
}

#[test]
fn a_project_file_sets_no_header_that_changes_the_connection_or_the_host() {
    let names =
        ["Host", "cookie", "Connection", "TE", "Transfer-Encoding", "Content-Length", "Upgrade", "Proxy-Authorization"];
    for name in names {
        let project = format!("[profiles.p]\nenv = \"test\"\n[profiles.p.headers]\n\"{name}\" = \"x\"\n");
        let arguments = ["config", "show", "--profile", "p"];

        let outcome = with_files(&arguments, "", &project).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{name}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(&format!("may not set the header `{name}`")), "{}", outcome.stderr);
        with_files(&arguments, &project, "").run().artefact();
    }
}

#[test]
fn profiles_that_are_written_concurrently_are_all_kept() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("c.toml").display().to_string();
    let writers: Vec<_> = (0..8)
        .map(|number| {
            let config = config.clone();
            std::thread::spawn(move || {
                let name = format!("p{number}");
                let init = ["config", "init", "--config", &config, "--profile", &name, "--env", "test", "-c", "x"];
                maskinporten(init).args(["-s", "a:b", "-k", "k.p12", "--quiet"]).run().artefact()
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }

    let text = fs::read_to_string(&config).unwrap();
    assert_eq!((0..8).filter(|number| text.contains(&format!("[profiles.p{number}]"))).count(), 8, "{text}");
}

#[test]
fn control_characters_in_a_file_do_not_reach_the_terminal() {
    let user = "default_profile = \"p\"\n[profiles.p]\nclient_id = \"x\\u001b[31m\"\n";

    let shown = with_files(&["config", "show"], user, "").run().artefact();

    assert!(shown.contains("x\u{fffd}[31m") && !shown.contains('\u{1b}'), "{shown:?}");
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
