//! One file: what is accepted, and every fault with its location.

use super::{KNOWN, fault, project, samples, shown, user};
use crate::{
    explain::Explain as _,
    printer::Header,
    profile::{ConfigFile, ConfigFileKind, Profile, ProfileError, Profiles},
};

fn only_profile(text: &str) -> Profile {
    let profiles = Profiles::new(vec![user(text).unwrap()], KNOWN);
    let name = profiles.names().into_iter().next().unwrap().to_owned();
    profiles.profile(Some(&name)).unwrap().unwrap()
}

#[test]
fn every_type_of_value_is_read_as_strings_with_its_line() {
    let profile = only_profile(
        "[profiles.test]\nscope = ['a', \"b\"]\nresource = 'r'\nttl = 120\nno_resource = true\nconsumer_org = '991825827'\n",
    );

    let read: Vec<_> =
        profile.values.iter().map(|(name, value)| (*name, value.values().join("|"), value.location().line())).collect();
    let wanted = [
        ("scope", "a|b", 2),
        ("resource", "r", 3),
        ("no-resource", "true", 5),
        ("consumer-org", "991825827", 6),
        ("ttl", "120", 4),
    ];
    assert_eq!(read, wanted.map(|(name, text, line)| (name, text.to_owned(), line)));
}

#[test]
fn a_number_may_be_a_string_or_in_another_base() {
    for (written, wanted) in [("'2m'", "2m"), ("0x78", "120"), ("1_000", "1000"), ("-5", "-5")] {
        let profile = only_profile(&format!("[profiles.a]\nttl = {written}\n"));
        assert_eq!(profile.value("ttl").unwrap().values(), [wanted]);
    }
}

#[test]
fn paths_are_relative_to_the_file_or_home_or_kept() {
    let home = etcetera::home_dir().unwrap().display().to_string();
    for (written, wanted) in [
        ("certs/a.p12", "/home/ola/certs/a.p12".to_owned()),
        ("../a.p12", "/home/ola/../a.p12".to_owned()),
        ("/abs/a.p12", "/abs/a.p12".to_owned()),
        ("~/a.p12", format!("{home}/a.p12")),
        ("-", "-".to_owned()),
        (r"C:\certs\a.p12", r"C:\certs\a.p12".to_owned()),
        (r"\\server\share\a.p12", r"\\server\share\a.p12".to_owned()),
        ("~ola/a.p12", "/home/ola/~ola/a.p12".to_owned()),
    ] {
        let profile = only_profile(&format!("[profiles.a]\nkeystore = '{written}'\n"));
        assert_eq!(profile.value("keystore").unwrap().values(), [wanted]);
    }
    for (written, wanted) in [("@details.json", "@/home/ola/details.json"), ("[]", "[]")] {
        let profile = only_profile(&format!("[profiles.a]\nauthorization_details = '{written}'\n"));
        assert_eq!(profile.value("authorization-details").unwrap().values(), [wanted]);
    }
}

#[test]
fn headers_keep_the_order_of_the_file() {
    let profile = only_profile("[profiles.a]\n[profiles.a.headers]\nX-Two = 'b'\nApiKey = 'key'\nEmpty = ''\n");

    let read: Vec<_> = profile.headers.iter().map(|header| header.header.clone()).collect();
    assert_eq!(read, [Header::new("X-Two", "b").unwrap(), Header::new("ApiKey", "key").unwrap()]);
}

#[test]
fn an_empty_file_and_a_byte_order_mark_are_accepted() {
    assert_eq!(user("").unwrap().profiles().count(), 0);
    assert_eq!(user("\u{feff}[profiles.a]\r\nttl = 1\r\n").unwrap().profiles().count(), 1);
}

#[test]
fn wrong_keys_and_types_are_reported_with_location_and_hint() {
    for (text, wanted) in [
        (
            "[profiles.test]\nclinet_id = 'x'\n",
            "unknown key `clinet_id` in the profile `test`: `/home/ola/config.toml`, line 2, column 1\n\
             hint: write `client_id`",
        ),
        (
            "[profiles.test]\nclient-id = 'x'\n",
            "unknown key `client-id` in the profile `test`: `/home/ola/config.toml`, line 2, column 1\n\
             hint: write `client_id`",
        ),
        (
            "[profiles.test]\nenv = 'test'\n keystore_path = 'x'\n",
            "unknown key `keystore_path` in the profile `test`: `/home/ola/config.toml`, line 3, column 2\n\
             hint: write `keystore`",
        ),
        (
            "[profiles.test]\nfrobnicate = 1\n",
            "unknown key `frobnicate` in the profile `test`: `/home/ola/config.toml`, line 2, column 1\n\
             hint: the keys are the options of `maskinporten token --help`, with underscores",
        ),
        (
            "[profile.test]\n",
            "unknown key `profile`: `/home/ola/config.toml`, line 1, column 2\nhint: write `profiles`",
        ),
        (
            "client_id = 'x'\n",
            "unknown key `client_id`: `/home/ola/config.toml`, line 1, column 1\n\
             hint: settings belong in a profile: move it under [profiles.NAME]",
        ),
        (
            "frobnicate = 'x'\n",
            "unknown key `frobnicate`: `/home/ola/config.toml`, line 1, column 1\n\
             hint: only `default_profile` and [profiles.NAME] are allowed at the top level",
        ),
        (
            "[profiles.a]\nconsumer_org = 991825827\n",
            "`consumer_org` takes a string, not a number: `/home/ola/config.toml`, line 2, column 16\n\
             hint: put it in quotes: consumer_org = \"…\"",
        ),
        (
            "[profiles.a]\nno_resource = 'yes'\n",
            "`no_resource` takes true or false, not a string: `/home/ola/config.toml`, line 2, column 15\n\
             hint: write no_resource = true",
        ),
        (
            "[profiles.a]\nscope = ['a', 2]\n",
            "`scope` takes a string or an array of strings, not a number: `/home/ola/config.toml`, line 2, column 15\n\
             hint: write scope = [\"…\", \"…\"]",
        ),
        (
            "[profiles.a]\nttl = 1.5\n",
            "`ttl` takes a number, or a duration as a string, not a decimal number: `/home/ola/config.toml`, line 2, \
             column 7\nhint: write ttl = 120, or ttl = \"2m\" for a duration",
        ),
        (
            "[profiles]\na = 'x'\n",
            "`a` takes a table, not a string: `/home/ola/config.toml`, line 2, column 5\n\
             hint: make `a` a section, such as [profiles.test]",
        ),
        (
            "default_profile = 1\n",
            "`default_profile` takes a string, not a number: `/home/ola/config.toml`, line 1, column 19\n\
             hint: put it in quotes: default_profile = \"…\"",
        ),
    ] {
        assert_eq!(shown(&fault(text)), wanted);
    }
}

#[test]
fn faulty_names_secrets_headers_and_syntax_are_reported_with_location_and_hint() {
    for (text, wanted) in [
        (
            "[profiles.\"\"]\n",
            "the name of a profile is empty, longer than 64 characters, or has control characters: \
             `/home/ola/config.toml`, line 1, column 11\nhint: use a short name, such as [profiles.test]",
        ),
        (
            "[profiles.\"test\\u202e\"]\n",
            "the name of a profile is empty, longer than 64 characters, or has control characters: \
             `/home/ola/config.toml`, line 1, column 11\nhint: use a short name, such as [profiles.test]",
        ),
        (
            "[profiles.a]\njwk = '{\"kty\":\"RSA\"}'\n",
            "`jwk` contains a private key instead of the name of a file: `/home/ola/config.toml`, line 2, column 7\n\
             hint: put the private key in a separate file that only you may read, and name it: jwk = \"key-file\"",
        ),
        (
            "[profiles.a]\njwk = { kty = 'RSA' }\n",
            "`jwk` contains a private key instead of the name of a file: `/home/ola/config.toml`, line 2, column 7\n\
             hint: put the private key in a separate file that only you may read, and name it: jwk = \"key-file\"",
        ),
        (
            "[profiles.a.headers]\n'Api Key' = 'x'\n",
            "the header `Api Key` cannot be sent: its name has a character that is not allowed: \
             `/home/ola/config.toml`, line 2\nhint: write it as Accept = \"application/json\"",
        ),
        (
            "[profiles.a.headers]\nAccept = \"x\\r\\nCookie: y\"\n",
            "the header `Accept` cannot be sent: its value has a control character: `/home/ola/config.toml`, line 2\n\
             hint: write it as Accept = \"application/json\"",
        ),
        (
            "[profiles.a]\nttl = 1\nttl = 2\n",
            "the config file is not valid TOML: `/home/ola/config.toml`, line 3, column 1: duplicate key\n\
             hint: put strings in quotes, client_id = \"…\", and Windows paths in single quotes",
        ),
        (
            "[profiles.a]\n[profiles.a]\n",
            "the config file is not valid TOML: `/home/ola/config.toml`, line 2, column 11: duplicate key\n\
             hint: put strings in quotes, client_id = \"…\", and Windows paths in single quotes",
        ),
        (
            "[profiles.a]\nenv = test\n",
            "the config file is not valid TOML: `/home/ola/config.toml`, line 2, column 7: invalid boolean, \
             expected `true`\n\
             hint: put strings in quotes, client_id = \"…\", and Windows paths in single quotes",
        ),
        (
            "[profiles.a]\nenv = local\n",
            "the config file is not valid TOML: `/home/ola/config.toml`, line 2, column 7: string values must be \
             quoted, expected literal string\n\
             hint: put strings in quotes, client_id = \"…\", and Windows paths in single quotes",
        ),
    ] {
        assert_eq!(shown(&fault(text)), wanted);
    }
}

#[test]
fn the_first_fault_of_a_profile_is_reported_when_that_profile_is_used() {
    let file = user("[profiles.z]\nzzz = 1\nyyy = 2\n[profiles.a]\naaa = 1\n[profiles.good]\nttl = 1\n").unwrap();
    let profiles = Profiles::new(vec![file], KNOWN);

    for (name, key) in [("z", "`zzz`"), ("a", "`aaa`")] {
        let error = profiles.profile(Some(name)).unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
    }
    assert_eq!(profiles.profile(Some("good")).unwrap().unwrap().value("ttl").unwrap().values(), ["1"]);
}

#[test]
fn a_project_file_may_not_name_a_command_and_the_users_own_may() {
    let text = "[profiles.a]\nkeystore_password_command = 'pass show mp'\n";

    let profiles = Profiles::new(vec![project(text).unwrap()], KNOWN);
    let error = profiles.profile(Some("a")).unwrap_err();

    assert_eq!(
        shown(&error),
        "a project file may not set `keystore_password_command`, because entering a folder must never run anything: \
         `/project/maskinporten.toml`, line 2, column 29\n\
         hint: move `keystore_password_command` to your own config file, or remove it"
    );
    assert_eq!(error.code(), "config_command");
    assert!(Profiles::new(vec![user(text).unwrap()], KNOWN).profile(Some("a")).is_ok());
}

#[test]
fn a_plain_password_is_warned_of_and_not_shown() {
    let file = user("[profiles.a]\nkeystore_password = 'hunter2'\n[profiles.a.headers]\nApiKey = 'hunter2'\n").unwrap();
    let profiles = Profiles::new(vec![file], KNOWN);

    let profile = profiles.profile(Some("a")).unwrap().unwrap();
    let [warning] = profile.warnings.as_slice() else { panic!("{:?}", profile.warnings) };
    assert_eq!(
        format!("{warning}\n{}", warning.hint()),
        "`keystore_password` is in plain text in `/home/ola/config.toml`, line 2\n\
         use keystore_password_file, or keystore_password_env"
    );
    let shown = format!("{profiles:?} {profile:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn no_error_repeats_a_value() {
    for text in [
        "[profiles.a]\nkeystore_password = hunter2\n",
        "[profiles.a]\nkeystore_password = 'hunter2\n",
        "[profiles.a]\nkeystore_password = \"hunter2\\x\"\n",
        "[profiles.a]\nkeystore_password = ['hunter2']\n",
        "[profiles.a]\nkeystore_password = 'hunter2' 'hunter2'\n",
        "[profiles.a]\nkeystore_password 'hunter2'\n",
        "[profiles.a]\nkeystore_password : 'hunter2'\n",
        "[profiles.a]\nkeystore_password = { a = 'hunter2' }\n",
        "[profiles.a]\nkeystore_password = \"\"\"hunter2\n",
        "[profiles.a]\njwk = '{\"d\":\"hunter2\"}'\n",
        "[profiles.a]\nalias = '-----BEGIN PRIVATE KEY-----hunter2'\n",
        "[profiles.a]\nkeystore_password.b = 'hunter2'\n[[profiles.a.keystore_password]]\n",
    ] {
        let error = fault(text);
        let shown = format!("{} {error:?}", shown(&error));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn files_that_are_not_config_files_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let read = || ConfigFile::read(&path, ConfigFileKind::User, KNOWN).unwrap_err();

    assert!(matches!(read(), ProfileError::Unreadable { .. }));
    assert_eq!(read().hint().unwrap(), "check the path, or write one with: maskinporten config init");
    std::fs::write(&path, b"# one\n# caf\xe9\n").unwrap();
    assert_eq!(read().to_string(), format!("the config file is not UTF-8: `{}`, line 2", path.display()));
    std::fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(read(), ProfileError::TooLarge(_)));
    std::fs::write(&path, vec![b'#'; 1024 * 1024]).unwrap();
    assert!(ConfigFile::read(&path, ConfigFileKind::User, KNOWN).is_ok());
}

fn fault_of_sample(file: &str) -> ProfileError {
    match ConfigFile::read(&samples().join(file), ConfigFileKind::User, KNOWN) {
        Err(error) => error,
        Ok(file) => {
            let name = file.profiles().next().unwrap().0.to_owned();
            Profiles::new(vec![file], KNOWN).profile(Some(&name)).unwrap_err()
        }
    }
}

#[test]
fn the_good_samples_are_accepted_and_each_bad_one_has_its_fault() {
    let good = ConfigFile::read(&samples().join("good.toml"), ConfigFileKind::User, KNOWN).unwrap();
    let names: Vec<_> = good.profiles().map(|(name, location)| (name, location.line())).collect();
    assert_eq!(names, [("events", 15), ("jwk", 22), ("test", 5)]);

    for (file, code, line) in [
        ("bad-key.toml", "config_key", 4),
        ("bad-type.toml", "config_value", 3),
        ("bad-syntax.toml", "config_syntax", 4),
        ("bad-secret.toml", "config_secret", 3),
    ] {
        let error = fault_of_sample(file);
        assert_eq!(error.code(), code, "{file}");
        assert!(error.to_string().contains(&format!("{file}`, line {line}")), "{error}");
    }
}
