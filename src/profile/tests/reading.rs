//! One file: what is let through, and every mistake with its place.

use super::{KNOWN, project, said, samples, user};
use crate::{
    explain::Explain as _,
    profile::{ConfigFile, FileKind, Profile, ProfileError, Profiles},
};

fn only_profile(text: &str) -> Profile {
    let profiles = Profiles::of(vec![user(text).unwrap()], KNOWN).unwrap();
    let name = profiles.names().into_iter().next().unwrap().to_owned();
    profiles.profile(Some(&name)).unwrap().unwrap()
}

#[test]
fn reads_every_kind_of_value_as_text_with_its_line() {
    let profile = only_profile(
        "[profiles.test]\nscope = ['a', \"b\"]\nresource = 'r'\nttl = 120\nno_resource = true\nconsumer_org = '991825827'\n",
    );

    let read: Vec<_> =
        profile.values.iter().map(|(name, value)| (*name, value.values().join("|"), value.place().line())).collect();
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
fn reads_a_number_as_text_and_in_other_bases() {
    for (written, wanted) in [("'2m'", "2m"), ("0x78", "120"), ("1_000", "1000"), ("-5", "-5")] {
        let profile = only_profile(&format!("[profiles.a]\nttl = {written}\n"));
        assert_eq!(profile.value("ttl").unwrap().values(), [wanted]);
    }
}

#[test]
fn paths_belong_to_the_file_or_home_or_stay_as_they_are() {
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
fn reads_headers_in_the_order_of_the_file() {
    let profile = only_profile("[profiles.a]\n[profiles.a.headers]\nX-Two = 'b'\nApiKey = 'key'\nEmpty = ''\n");

    let read: Vec<_> = profile.headers.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
    assert_eq!(read, [("X-Two", "b"), ("ApiKey", "key")]);
}

#[test]
fn an_empty_file_and_a_byte_order_mark_are_no_mistake() {
    assert_eq!(user("").unwrap().profiles().count(), 0);
    assert_eq!(user("\u{feff}[profiles.a]\r\nttl = 1\r\n").unwrap().profiles().count(), 1);
}

#[test]
fn wrong_keys_and_types_are_told_with_their_place_and_what_to_do() {
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
             hint: settings belong in a profile: put it under [profiles.NAME]",
        ),
        (
            "frobnicate = 'x'\n",
            "unknown key `frobnicate`: `/home/ola/config.toml`, line 1, column 1\n\
             hint: at the top stand only `default_profile` and [profiles.NAME]",
        ),
        (
            "[profiles.a]\nconsumer_org = 991825827\n",
            "`consumer_org` takes text, not a number: `/home/ola/config.toml`, line 2, column 16\n\
             hint: put it in quotes: consumer_org = \"…\"",
        ),
        (
            "[profiles.a]\nno_resource = 'yes'\n",
            "`no_resource` takes true or false, not text: `/home/ola/config.toml`, line 2, column 15\n\
             hint: write no_resource = true",
        ),
        (
            "[profiles.a]\nscope = ['a', 2]\n",
            "`scope` takes a text or an array of texts, not a number: `/home/ola/config.toml`, line 2, column 15\n\
             hint: write scope = [\"…\", \"…\"]",
        ),
        (
            "[profiles.a]\nttl = 1.5\n",
            "`ttl` takes a number, or a time as text, not a number with decimals: `/home/ola/config.toml`, line 2, \
             column 7\nhint: write ttl = 120, or ttl = \"2m\" where it is a time",
        ),
        (
            "[profiles]\na = 'x'\n",
            "`a` takes a table, not text: `/home/ola/config.toml`, line 2, column 5\n\
             hint: write a section of its own for `a`, such as [profiles.test]",
        ),
        (
            "default_profile = 1\n",
            "`default_profile` takes text, not a number: `/home/ola/config.toml`, line 1, column 19\n\
             hint: put it in quotes: default_profile = \"…\"",
        ),
    ] {
        assert_eq!(said(&user(text).unwrap_err()), wanted);
    }
}

#[test]
fn names_secrets_headers_and_syntax_are_told_likewise() {
    for (text, wanted) in [
        (
            "[profiles.\"\"]\n",
            "the name of a profile is empty, longer than 64 characters, or has control characters: \
             `/home/ola/config.toml`, line 1, column 11\nhint: give it a short name, such as [profiles.test]",
        ),
        (
            "[profiles.a]\njwk = '{\"kty\":\"RSA\"}'\n",
            "`jwk` holds a private key itself, not the name of a file: `/home/ola/config.toml`, line 2, column 7\n\
             hint: put the private key in a file of its own that only you may read, and name it: jwk = \"key-file\"",
        ),
        (
            "[profiles.a]\njwk = { kty = 'RSA' }\n",
            "`jwk` holds a private key itself, not the name of a file: `/home/ola/config.toml`, line 2, column 7\n\
             hint: put the private key in a file of its own that only you may read, and name it: jwk = \"key-file\"",
        ),
        (
            "[profiles.a.headers]\n'Api Key' = 'x'\n",
            "the header `Api Key` cannot be sent: its name has characters that no header has: \
             `/home/ola/config.toml`, line 2\nhint: write it as Accept = \"application/json\"",
        ),
        (
            "[profiles.a.headers]\nAccept = \"x\\r\\nCookie: y\"\n",
            "the header `Accept` cannot be sent: its value has control characters: `/home/ola/config.toml`, line 2\n\
             hint: write it as Accept = \"application/json\"",
        ),
        (
            "[profiles.a]\nttl = 1\nttl = 2\n",
            "the config file is not valid TOML: `/home/ola/config.toml`, line 3, column 1: duplicate key\n\
             hint: text stands in quotes: client_id = \"…\"; a path of Windows in single ones",
        ),
        (
            "[profiles.a]\n[profiles.a]\n",
            "the config file is not valid TOML: `/home/ola/config.toml`, line 2, column 11: duplicate key\n\
             hint: text stands in quotes: client_id = \"…\"; a path of Windows in single ones",
        ),
        (
            "[profiles.a]\nenv = test\n",
            "the config file is not valid TOML: `/home/ola/config.toml`, line 2, column 7: invalid boolean, \
             expected `true`\n\
             hint: text stands in quotes: client_id = \"…\"; a path of Windows in single ones",
        ),
        (
            "[profiles.a]\nenv = local\n",
            "the config file is not valid TOML: `/home/ola/config.toml`, line 2, column 7: string values must be \
             quoted, expected literal string\n\
             hint: text stands in quotes: client_id = \"…\"; a path of Windows in single ones",
        ),
    ] {
        assert_eq!(said(&user(text).unwrap_err()), wanted);
    }
}

#[test]
fn the_first_mistake_of_the_file_is_the_one_that_is_told() {
    let error = user("[profiles.z]\nzzz = 1\n[profiles.a]\naaa = 1\n").unwrap_err();

    assert!(error.to_string().contains("`zzz`"), "{error}");
}

#[test]
fn a_project_file_may_not_name_a_command_and_the_users_own_may() {
    let text = "[profiles.a]\nkeystore_password_command = 'pass show mp'\n";

    let error = project(text).unwrap_err();

    assert_eq!(
        said(&error),
        "a project file may not name what is run or loaded, because entering a folder must never run anything: \
         `keystore_password_command` in `/project/maskinporten.toml`, line 2, column 29\n\
         hint: move `keystore_password_command` to your own config file, or remove it"
    );
    assert_eq!(error.code(), "config_command");
    assert!(user(text).is_ok());
}

#[test]
fn a_plain_password_is_worth_a_warning_and_shows_nowhere() {
    let file = user("[profiles.a]\nkeystore_password = 'hunter2'\n[profiles.a.headers]\nApiKey = 'hunter2'\n").unwrap();

    let [warning] = file.warnings() else { panic!("{:?}", file.warnings()) };
    assert_eq!(
        format!("{warning}\n{}", warning.hint()),
        "`keystore_password` is in plain text in `/home/ola/config.toml`, line 2\n\
         use keystore_password_file, or keystore_password_env"
    );
    let profiles = Profiles::of(vec![file], KNOWN).unwrap();
    let shown = format!("{profiles:?} {:?}", profiles.profile(Some("a")));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn no_mistake_repeats_a_value() {
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
        let error = user(text).unwrap_err();
        let shown = format!("{} {error:?}", said(&error));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn files_that_are_no_config_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let read = || ConfigFile::read(&path, FileKind::User, KNOWN).unwrap_err();

    assert!(matches!(read(), ProfileError::Unreadable { .. }));
    assert_eq!(read().hint().unwrap(), "check the path, or write one with: maskinporten config init");
    std::fs::write(&path, b"# one\n# caf\xe9\n").unwrap();
    assert_eq!(read().to_string(), format!("the config file is not UTF-8: `{}`, line 2", path.display()));
    std::fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(read(), ProfileError::TooLarge(_)));
    std::fs::write(&path, vec![b'#'; 1024 * 1024]).unwrap();
    assert!(ConfigFile::read(&path, FileKind::User, KNOWN).is_ok());
}

#[test]
fn the_good_samples_are_good_and_each_bad_one_has_its_mistake() {
    let good = ConfigFile::read(&samples().join("good.toml"), FileKind::User, KNOWN).unwrap();
    let names: Vec<_> = good.profiles().map(|(name, place)| (name, place.line())).collect();
    assert_eq!(names, [("events", 15), ("jwk", 22), ("test", 5)]);

    for (file, code, line) in [
        ("bad-key.toml", "config_key", 4),
        ("bad-type.toml", "config_value", 3),
        ("bad-syntax.toml", "config_syntax", 4),
        ("bad-secret.toml", "config_secret", 3),
    ] {
        let error = ConfigFile::read(&samples().join(file), FileKind::User, KNOWN).unwrap_err();
        assert_eq!(error.code(), code, "{file}");
        assert!(error.to_string().contains(&format!("{file}`, line {line}")), "{error}");
    }
}
