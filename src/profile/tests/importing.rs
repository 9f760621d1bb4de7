//! Other tools' files: what is imported, and what is reported.

use std::{fs, path::PathBuf};

use super::{KNOWN, samples, user};
use crate::{
    explain::Explain as _,
    profile::{
        ImportError, ImportProblem, Imported, KnownSetting, ProfileDraft, Profiles, SettingKind, SettingRole, import,
    },
};

/// Imports samples, to be written in `testdata`.
fn imported(files: &[&str]) -> Imported {
    let files: Vec<PathBuf> = files.iter().map(|file| samples().join(file)).collect();
    import(&files, samples().parent().unwrap(), KNOWN).unwrap()
}

/// Imports a text under a name.
fn import_text(name: &str, text: &str) -> Imported {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    import(&[path], folder.path(), KNOWN).unwrap()
}

/// Returns the remarks as they are shown, with the file name alone.
fn remarks(imported: &Imported) -> Vec<String> {
    let folder = format!("{}/", samples().display());
    imported
        .remarks
        .iter()
        .map(|remark| {
            let name = remark.location.file().file_name().unwrap().to_string_lossy();
            let whole = remark.to_string().replace(&folder, "");
            whole.replace(&format!("`{}`", remark.location.file().display()), &format!("`{name}`"))
        })
        .collect()
}

fn values(draft: &ProfileDraft) -> Vec<String> {
    draft.values.iter().map(|(name, values)| format!("{name}={}", values.join("|"))).collect()
}

#[test]
fn the_originals_own_file_alone_has_no_client_and_needs_no_remark() {
    let imported = imported(&["config.ps1"]);

    assert_eq!(imported.drafts, []);
    assert_eq!(remarks(&imported), [""; 0]);
}

#[test]
fn a_local_file_over_the_originals_gives_profiles_in_every_encoding() {
    for local in ["utf8", "utf8-bom", "utf16-le", "utf16-be", "latin1"] {
        let imported = imported(&["config.ps1", &format!("{local}.local.ps1")]);

        let [prod, test] = imported.drafts.as_slice() else { panic!("{:?}", imported.drafts) };
        assert_eq!((prod.name.as_str(), test.name.as_str()), ("prod", "test"));
        assert_eq!(
            values(prod),
            [
                "env=prod",
                "client-id=11111111-2222-3333-4444-555555555555",
                "consumer-org=991825827",
                "scope=altinn:serviceowner|altinn:events.publish",
                "no-resource=true",
                "certificate-thumbprint=AB CD EF 01 23 45 67 89 AB CD EF 01 23 45 67 89 AB CD EF 01",
            ]
        );
        assert_eq!(
            values(test),
            [
                "env=ver2",
                "client-id=blåbær",
                "resource=https://api.example.no/",
                "scope=digdir:a|digdir:b",
                "keystore=config/certs/test.p12",
                "kid=it's mine",
            ],
            "{local}"
        );
        let password = format!(
            "`{local}.local.ps1`, line 9: `test_keystore_password`: a password is not written to a config file"
        );
        assert_eq!(remarks(&imported), [password]);
    }
}

#[test]
fn every_fault_of_a_file_is_reported_with_its_line() {
    let imported = imported(&["faults.ps1"]);

    assert_eq!(imported.drafts.iter().map(values).collect::<Vec<_>>(), [["env=test", "client-id=client"]]);
    assert_eq!(
        remarks(&imported),
        [
            "`faults.ps1`, line 1: `test_kid`: it is commented out",
            "`faults.ps1`, line 3: `test_scopes`: its value is not in quotes, so PowerShell runs it as a command",
            "`faults.ps1`, line 4: `test_jwk_path`: it is commented out",
            "`faults.ps1`, line 7: `test_resource`: its value is in doubled quotes, so PowerShell sees an empty string \
             with something after it",
            "`faults.ps1`, line 8: `test_consumer_org`: its value comes from the environment variable CONSUMER",
            "`faults.ps1`, line 9: `test_keystore_path`: its value has to be computed by a shell, which is not run",
            "`faults.ps1`, line 10: `test_keystore_password`: a password is not written to a config file",
            "`faults.ps1`, line 11: `test_scope`: unknown key",
            "`faults.ps1`, line 12: `test_audience`: its value is a here-string",
            "`faults.ps1`, line 15: it is not an assignment",
            "`faults.ps1`, line 16: `test_token_endpoint`: it is in a block, which may not be executed",
            "`faults.ps1`, line 18: `unused`: unknown key",
            "`faults.ps1`, line 19: it is not an assignment",
            "`faults.ps1`, line 20: `dev_client_id`: it has no value",
            "`faults.ps1`, line 21: a quote or comment starts here and is not closed, so nothing after it is read",
        ]
    );
    let typo = &imported.remarks.iter().find(|remark| remark.name.as_deref() == Some("test_scope")).unwrap().problem;
    assert_eq!(typo.hint(), "write `test_scopes` and import again");
}

#[test]
fn the_older_cmd_file_keeps_its_password_in_its_variable() {
    let imported = imported(&["config.cmd"]);

    assert_eq!(
        imported.drafts.iter().map(values).collect::<Vec<_>>(),
        [[
            "env=ver2",
            "client-id=client with blanks",
            "scope=altinn:serviceowner",
            "no-resource=true",
            "keystore=~/certs/test.p12",
            "keystore-password-env=KEYSTORE_PASSWORD",
        ]]
    );
    assert_eq!(
        remarks(&imported),
        [
            "`config.cmd`, line 13: `test_kid`: it is commented out",
            "`config.cmd`, line 16: `test_authorize_endpoint`: it is used in person mode only, which is off",
            "`config.cmd`, line 18: `dev_client_id`: the space before `=` is part of the name, so it had no effect",
            "`config.cmd`, line 19: `dev_scopes`: its value has to be computed by a shell, which is not run",
            "`config.cmd`, line 20: it is not an assignment",
        ]
    );
}

#[test]
fn the_java_demonstrations_file_is_named_by_its_audience() {
    let imported = imported(&["client.properties"]);

    assert_eq!(imported.drafts[0].name, "test");
    assert_eq!(
        values(&imported.drafts[0]),
        [
            "env=test",
            "client-id=11111111-2222-3333-4444-555555555555",
            "resource=https://api.example.no/blåbær",
            "scope=digdir:a|digdir:b",
            "keystore=config/certs/test.p12",
            "alias=virksomhet",
        ]
    );
    assert_eq!(
        remarks(&imported),
        [
            "`client.properties`, line 9: `keystore.type`: it is a keystore in Java's own format, not PKCS#12",
            "`client.properties`, line 11: `keystore.password`: a password is not written to a config file",
            "`client.properties`, line 13: `keystore.alias.password`: the password of the key differs from the \
             one of the keystore, or cannot be read",
            "`client.properties`, line 14: unknown key",
        ]
    );
}

#[test]
fn key_ids_and_persons_of_the_java_demonstration_are_imported() {
    let text = "issuer=client\naudience=https://test.maskinporten.no/\nscope=a:b\nkeystore.file=a.p12\n\
                keystore.kid=my-key\npid=01017012345\n";
    let imported = import_text("client.properties", text);

    assert_eq!(remarks(&imported), [""; 0]);
    assert_eq!(
        values(&imported.drafts[0])[..],
        ["env=test", "client-id=client", "scope=a:b", "keystore=a.p12", "kid=my-key", "pid=01017012345"]
    );
}

#[test]
fn arguments_and_delayed_variables_of_a_script_are_reported() {
    for (line, problem) in [
        ("set test_client_id=%1", ImportProblem::Argument),
        ("set test_client_id=a%~1b", ImportProblem::Argument),
        ("set \"test_client_id=%~f2\"", ImportProblem::Argument),
        ("set test_client_id=%*", ImportProblem::Argument),
        ("set test_client_id=%1-%2", ImportProblem::Argument),
        ("set test_client_id=!CLIENT!", ImportProblem::DelayedVariable),
        ("set test_client_id=a!CLIENT_ID!b", ImportProblem::DelayedVariable),
    ] {
        let imported = import_text("config.cmd", &format!("{line}\nset test_scopes=a:b\n"));

        let problems: Vec<_> = imported.remarks.iter().map(|remark| remark.problem.clone()).collect();
        assert_eq!(problems, [problem], "{line}");
        assert_eq!(imported.drafts.len(), 1);
        assert!(!values(&imported.drafts[0]).iter().any(|value| value.starts_with("client-id")), "{line}");
    }
    let plain = import_text("config.cmd", "set test_client_id=wow! 100%%!\n");
    assert!(values(&plain.drafts[0]).contains(&"client-id=wow! 100%!".to_owned()), "{:?}", plain.drafts);
}

#[test]
fn no_password_of_a_sample_shows_anywhere() {
    for files in
        [vec!["config.ps1", "utf8.local.ps1"], vec!["faults.ps1"], vec!["config.cmd"], vec!["client.properties"]]
    {
        let imported = imported(&files);
        let hints: Vec<_> = imported.remarks.iter().map(|remark| remark.problem.hint()).collect();
        let written = ProfileDraft::file(&imported.drafts, None, KNOWN).unwrap();
        let shown = format!("{imported:?} {:?} {hints:?} {written}", remarks(&imported));
        for secret in ["hunter", "pa$", "$nothing"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn an_import_is_a_valid_config_file() {
    for files in [vec!["config.ps1", "utf8.local.ps1"], vec!["config.cmd"], vec!["client.properties"]] {
        let imported = imported(&files);
        let default = imported.drafts.first().map(|draft| draft.name.as_str());

        let text = ProfileDraft::file(&imported.drafts, default, KNOWN).unwrap();

        let profiles = Profiles::new(vec![user(&text).unwrap()], KNOWN);
        assert_eq!(profiles.names().len(), imported.drafts.len());
        for draft in &imported.drafts {
            assert!(profiles.profile(Some(&draft.name)).is_ok(), "{}", draft.name);
        }
    }
}

/// Each case is a PowerShell expression assigned to a client id, and the id, or the problem.
#[test]
fn strings_are_read_as_powershell_reads_them() {
    for (expression, wanted) in [
        (r#""plain""#, "plain"),
        ("'single $not `n'", "single $not `n"),
        ("'it''s'", "it's"),
        (r#""a""b""#, "a\"b"),
        (r#""a`"b`$c``d`te""#, "a\"b$c`d\te"),
        ("\"`u{e5}\"", "å"),
        ("\u{201c}curly\u{201d}", "curly"),
        (r#""cost: $ 5""#, "cost: $ 5"),
        (r#""a" # comment"#, "a"),
        (r#""a"; $test_kid = "k""#, "a"),
        ("`\n  \"next line\"", "next line"),
        ("'  blanks  '", "blanks"),
        ("12345", "12345"),
        ("$true", "true"),
        ("$helper", "help"),
        (r#""$helper-$($helper)-${helper}""#, "help-help-help"),
        (r#""a" + "b""#, "its value has to be computed by a shell, which is not run"),
        (r#""a", "b""#, "its value has to be computed by a shell, which is not run"),
        (r#""$(Get-Date)""#, "its value has to be computed by a shell, which is not run"),
        ("(Get-Content id.txt)", "its value has to be computed by a shell, which is not run"),
        ("@('a')", "its value has to be computed by a shell, which is not run"),
        ("my-client", "its value is not in quotes, so PowerShell runs it as a command"),
        (r"C:\my files\x", "its value is not in quotes, so PowerShell runs it as a command"),
        ("$env:CLIENT", "its value comes from the environment variable CLIENT"),
        (r#""a-$env:CLIENT""#, "its value comes from the environment variable CLIENT"),
        ("$nowhere", "its value comes from `nowhere`, which is not set in these files"),
        ("'<your client id>'", "its value is a placeholder"),
        ("", "it has no value"),
    ] {
        for assigns in ["$test_client_id = ", "$Test_Client_ID=", "[string]$script:test_client_id = "] {
            let imported =
                import_text("config.ps1", &format!("$helper = 'help'\n$test_scopes='s'\n{assigns}{expression}\n"));

            let client = imported.drafts[0].values.iter().find(|(name, _)| *name == "client-id");
            let told = imported.remarks.iter().find(|remark| remark.location.line() == 3 && remark.name.is_some());
            let found = client.map(|(_, values)| values[0].clone()).or(told.map(|remark| remark.problem.to_string()));
            assert_eq!(found.as_deref(), Some(wanted), "{assigns}{expression}");
            let helper_is_told = imported.remarks.iter().any(|remark| remark.location.line() == 1);
            assert_eq!(helper_is_told, !expression.contains("helper"), "{expression}");
        }
    }
}

#[test]
fn paths_are_made_relative_to_the_folder_that_they_are_written_in() {
    let home = |rest: &str| format!("~/{rest}");
    for (written, wanted) in [
        (r#""certs\a.p12""#, "certs/a.p12".to_owned()),
        (r#"".\a.p12""#, "a.p12".to_owned()),
        (r#""$PSScriptRoot\certs\a.p12""#, "certs/a.p12".to_owned()),
        (r#""$HOME/a.p12""#, home("a.p12")),
        (r#""$env:USERPROFILE\certs\a.p12""#, home("certs/a.p12")),
        (r#""~/a.p12""#, home("a.p12")),
        (r#""C:\certs\a.p12""#, r"C:\certs\a.p12".to_owned()),
        (r#""/etc/a.p12""#, "/etc/a.p12".to_owned()),
    ] {
        let imported = import_text("config.ps1", &format!("$test_keystore_path = {written}\n"));

        assert_eq!(imported.drafts[0].values.last().unwrap(), &("keystore", vec![wanted]), "{written}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let file = samples().join("client.properties");
    let imported = import(&[file], elsewhere.path(), KNOWN).unwrap();
    let keystore = imported.drafts[0].values.iter().find(|(name, _)| *name == "keystore").unwrap();
    assert_eq!(keystore.1, [samples().join("certs/test.p12").display().to_string()]);
}

#[test]
fn lines_that_cannot_be_imported_are_reported() {
    for (text, wanted) in [
        ("$test_client_id='c'\n$test_person_mode='TRUE'\n", "person mode is not part of a profile"),
        (
            "$test_client_id='c'\n$test_person_mode='true'\n$test_authorize_endpoint='https://a/'\n",
            "there is no setting `authorize_endpoint`",
        ),
        (
            "$test_certificate_thumbprint='ab'\n",
            "the original searched the machine's certificate store; here the user's is searched",
        ),
        (
            "$test_keystore_path='a.p12'\n$test_jwk_path='a.json'\n",
            "the profile has another key, `jwk`, which is set later",
        ),
        (
            "$test_jwk_path='{\"kty\":\"RSA\"}'\n",
            "its value is a private key, or looks like one, instead of the name of a file",
        ),
        ("$tset_client_id = 'c'\n", "unknown key"),
        ("$env:HTTPS_PROXY = 'p'\n", "it is not an assignment"),
        ("$test_client_id += 'c'\n", "its value has to be computed by a shell, which is not run"),
        (". .\\other.ps1\n", "it is not an assignment"),
        ("<# never closed\n", "a quote or comment starts here and is not closed, so nothing after it is read"),
        (
            "$test_kid = @'\nnever closed\n",
            "a quote or comment starts here and is not closed, so nothing after it is read",
        ),
    ] {
        let told: Vec<_> =
            import_text("config.ps1", text).remarks.iter().map(|remark| remark.problem.to_string()).collect();
        assert!(told.iter().any(|reason| reason == wanted), "{told:?} for {text}");
    }
    #[cfg(not(windows))]
    assert_eq!(
        remarks(&import_text("config.ps1", "$test_keystore_path='C:\\a.p12'\n")),
        ["`config.ps1`, line 1: `test_keystore_path`: it is a Windows path, which is kept as it is"]
    );
    for (text, wanted) in [
        ("keystore.file=C:\\certs\\a.p12\n", "Java removes each single backslash from its path"),
        ("issuer=\\u12\n", "it has `\\u` without four hexadecimal digits, which Java rejects"),
    ] {
        assert_eq!(import_text("a.properties", text).remarks[0].problem.to_string(), wanted);
    }
}

#[test]
fn a_key_itself_is_not_imported() {
    let folder = samples().parent().unwrap().join("cases");
    let jwk = fs::read_to_string(folder.join("jwk-literal.ps1")).unwrap();
    let base64 = fs::read_to_string(folder.join("dotnet.jwk.b64")).unwrap();
    let with = |key: &str, value: &str| format!("$test_client_id='c'\n$test_{key} = '{value}'\n");
    for (text, key) in [
        (jwk, "test_jwk_path"),
        (with("jwk_path", base64.trim()), "test_jwk_path"),
        (with("keystore_path", &format!("base64:{}", base64.trim())), "test_keystore_path"),
        (with("keystore_path", &format!("base64:{}", &base64[..16])), "test_keystore_path"),
    ] {
        let imported = import_text("config.ps1", &text);

        let settings: Vec<&str> = imported.drafts[0].values.iter().map(|(name, _)| *name).collect();
        assert_eq!(settings, ["env", "client-id"], "{key}");
        let [remark] = imported.remarks.as_slice() else { panic!("{:?}", imported.remarks) };
        assert_eq!(remark.problem, ImportProblem::PrivateKey);
        assert_eq!((remark.name.as_deref(), remark.location.line()), (Some(key), 2));
    }
}

#[test]
fn an_address_that_is_not_maskinportens_is_reported() {
    let foreign = |text: &str| {
        let imported = import_text("config.ps1", &format!("$test_client_id='c'\n{text}"));
        imported.remarks.iter().filter(|remark| remark.problem == ImportProblem::ForeignAddress).count()
    };
    assert_eq!(foreign("$test_token_endpoint='https://evil.example/token'\n$test_audience='https://other/'\n"), 2);
    assert_eq!(foreign("$test_token_endpoint='http://127.0.0.1:8080/token'\n"), 1);
    assert_eq!(foreign("$test_token_endpoint='https://maskinporten.no.evil.example/'\n"), 1);
    let here = "$test_token_endpoint='http://127.0.0.1:8080/token'\n$test_audience='http://localhost:8080/'\n";
    assert_eq!(foreign(here), 0);
    assert_eq!(foreign("$test_audience='https://ver2.maskinporten.no/'\n"), 0);
    assert_eq!(foreign("$test_token_endpoint='https://maskinporten.no/token'\n"), 0);
}

#[test]
fn addresses_are_left_out_when_they_are_the_environments_own() {
    for (text, wanted) in [
        ("", vec!["env=test"]),
        ("$test_audience='https://test.maskinporten.no/'\n", vec!["env=test"]),
        ("$test_audience='https://maskinporten.no/'\n", vec!["env=prod"]),
        ("$test_audience='https://other/'\n", vec!["env=test", "audience=https://other/"]),
        (
            "$test_audience='https://test.maskinporten.no/'\n$test_token_endpoint='https://other/token'\n",
            vec!["env=test", "token-endpoint=https://other/token"],
        ),
    ] {
        let imported = import_text("config.ps1", &format!("$test_client_id='c'\n{text}"));

        let addresses: Vec<_> =
            values(&imported.drafts[0]).into_iter().filter(|value| !value.starts_with("client-id")).collect();
        assert_eq!(addresses, wanted);
    }
    let own = import_text("my client.properties", "issuer=c\naudience=https://other/\n");
    assert_eq!(
        (own.drafts[0].name.as_str(), values(&own.drafts[0])[0].as_str()),
        ("my client", "audience=https://other/")
    );
}

#[test]
fn a_later_file_overrides_an_earlier_one_and_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["config.ps1", "config.local.ps1"].map(|name| folder.path().join(name));
    fs::write(&files[0], "$test_client_id = Get-Id\n$test_kid = 'k'\n$test_scopes = 'a'\n").unwrap();
    fs::write(&files[1], "$TEST_CLIENT_ID = 'c'\n$test_kid = ''\n#$test_scopes = 'b'\n").unwrap();

    let imported = import(&files, folder.path(), KNOWN).unwrap();

    assert_eq!(values(&imported.drafts[0]), ["env=test", "client-id=c", "scope=a"]);
    assert_eq!(imported.remarks, []);
}

#[test]
fn a_setting_that_does_not_exist_is_reported_and_not_written() {
    let known = [KnownSetting::new("client-id", SettingKind::Text, "")];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.ps1");
    fs::write(&path, "$test_client_id = 'c'\n$test_kid = 'k'\n").unwrap();

    let imported = import(&[path], folder.path(), &known).unwrap();

    assert_eq!(values(&imported.drafts[0]), ["client-id=c"]);
    assert_eq!(imported.remarks[0].problem.to_string(), "there is no setting `kid`");
}

#[test]
fn files_that_cannot_be_imported_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let rejected = || import(std::slice::from_ref(&path), folder.path(), KNOWN).unwrap_err();

    assert!(matches!(rejected(), ImportError::Unreadable { .. }));
    fs::write(&path, b"\0\x01").unwrap();
    assert!(matches!(rejected(), ImportError::NotText(_)));
    fs::write(&path, "hello\n").unwrap();
    assert!(matches!(rejected(), ImportError::UnknownKind(_)));
    assert_eq!(rejected().code(), "import");
    fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(rejected(), ImportError::TooLarge(_)));
    for text in ["# c\n$test_client_id='c'\n", "@set test_client_id=c\n", "# c\nissuer=c\n"] {
        fs::write(&path, text).unwrap();
        assert_eq!(import(std::slice::from_ref(&path), folder.path(), KNOWN).unwrap().drafts.len(), 1, "{text}");
    }
}

/// Imports a text with the settings for keys that are not in a file, and returns values and remarks.
fn import_settings(name: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let more = ["key-from", "key"].map(|name| {
        KnownSetting::new(name, SettingKind::Text, "A key").with(&[SettingRole::KeySource, SettingRole::Path])
    });
    let known: Vec<KnownSetting> = KNOWN.iter().copied().chain(more).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let imported = import(&[path], folder.path(), &known).unwrap();
    let drafts = imported.drafts.iter().flat_map(|draft| [vec![draft.name.clone()], values(draft)].concat());
    (drafts.collect(), remarks(&imported))
}

#[test]
fn the_settings_of_dotnet_are_imported_without_their_key() {
    let section = r#""ClientId": "c", "Scope": "a:b c:d", "Environment": "test", "EncodedJwk": "c2VjcmV0""#;
    for (name, text) in [
        ("appsettings.json", format!("{{\n\"Logging\": {{}},\n\"MaskinportenSettings\": {{\n{section}\n}}}}")),
        ("maskinporten-settings.json", format!("\n\n\n{{{section}}}")),
    ] {
        let (values, remarks) = import_settings(name, &text);

        let key = "key-from=env:MaskinportenSettings__EncodedJwk";
        assert_eq!(values, ["test", "env=test", "client-id=c", "scope=a:b|c:d", key], "{name}");
        let why = "the key in this file is not copied; the profile reads it from the variable \
                   MaskinportenSettings__EncodedJwk";
        assert_eq!(remarks, [format!("`{name}`, line 4: `EncodedJwk`: {why}")]);
        assert!(!format!("{values:?}{remarks:?}").contains("c2VjcmV0"));
    }
}

#[test]
fn settings_with_colons_and_a_certificate_are_imported_without_the_password() {
    let text = r#"{"Maskinporten:ClientId": "c", "Maskinporten:Authority": "https://maskinporten.no/",
        "Maskinporten:CertificatePkcs12Path": "a.p12", "Maskinporten:CertificatePkcs12Password": "hunter2"}"#;

    let (values, remarks) = import_settings("appsettings.json", text);

    assert_eq!(values, ["prod", "env=prod", "client-id=c", "keystore=a.p12"]);
    assert!(remarks.len() == 1 && remarks[0].contains("a password is not written"), "{remarks:?}");
}

#[test]
fn env_files_of_pymaskinporten_and_wenche_are_imported() {
    let text = "# mine\nexport MP_CLIENT_ID='c'\nMP_KID=k # id\nMP_ENCODEDJWK=c2VjcmV0\nOTHER=hunter2\n";
    let (values, remarks) = import_settings("mine.env", text);
    assert_eq!(values, ["mine", "client-id=c", "key-from=env:MP_ENCODEDJWK", "kid=k"]);
    assert!(remarks.len() == 1 && !remarks[0].contains("c2VjcmV0"), "{remarks:?}");

    let text = "MASKINPORTEN_CLIENT_ID=c\nMASKINPORTEN_KID=k\nMASKINPORTEN_PRIVAT_NOKKEL=a.pem\nWENCHE_ENV=prod\n";
    let (values, remarks) = import_settings(".env", text);
    assert_eq!(values, ["prod", "env=prod", "client-id=c", "key=a.pem", "kid=k"]);
    assert_eq!(remarks, [""; 0]);
}

#[test]
fn json_without_settings_of_maskinporten_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("appsettings.json");
    for text in
        ["", "[]", "{", r#"{"Logging": {}}"#, r#"{"MaskinportenSettings": {}}"#, r#"{"MaskinportenSettings": 1}"#]
    {
        fs::write(&path, text).unwrap();
        let error = import(std::slice::from_ref(&path), folder.path(), KNOWN).unwrap_err();
        assert!(matches!(error, ImportError::NoSettings(_)), "{text}: {error}");
    }
}
