//! Inputs that went wrong in trials: one row for each file, with its arguments and what is expected.

use std::{fs, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::Utc;
use maskinporten::keystore::{Certificate, Validity};
use serde_json::Value;

use crate::support::{Maskinporten, maskinporten, program, testdata};

/// The password of the keystores in `testdata/cases`.
const PASSWORD: &str = "Hemmelig1";

/// Returns the path of a file in `testdata/cases`.
fn case(name: &str) -> String {
    testdata(&format!("cases/{name}"))
}

/// Makes a command that is complete except for its key.
fn grant(arguments: &str) -> Maskinporten {
    let command = maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b", "--decode"]);
    let command = command.env("MASKINPORTEN_KEYSTORE_PASSWORD", PASSWORD);
    arguments.split(' ').fold(command, |command, word| command.args([word.replace("CASES/", &case(""))]))
}

/// Runs `grant` and returns the decoded header.
#[track_caller]
fn header(arguments: &str) -> Value {
    let outcome = grant(arguments).run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{arguments}");
    serde_json::from_str::<Value>(&outcome.stdout).unwrap()["header"].take()
}

/// Runs `grant`, which fails, and returns its stderr.
#[track_caller]
fn failure(arguments: &str) -> String {
    grant(arguments).run().failure(4).to_owned()
}

#[test]
fn every_jwk_whose_meaning_is_clear_gives_a_grant() {
    for (arguments, key_id) in [
        ("-j CASES/dotnet-empty-lists.jwk.json", "testklient-TEST.2026-11-28"),
        ("-j CASES/dotnet.jwk.b64", "testklient-TEST.2026-11-28"),
        ("-j CASES/set-public-and-private-same-kid.json", "mykid"),
        ("-j CASES/set-public-and-private-same-kid.json --kid mykid", "mykid"),
    ] {
        let header = header(arguments);

        assert_eq!((&header["kid"], &header["x5c"]), (&key_id.into(), &Value::Null), "{arguments}");
    }
}

#[test]
fn a_jwk_in_base64_is_read_from_a_variable() {
    let text = fs::read_to_string(case("dotnet.jwk.b64")).unwrap();

    let outcome = maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b"])
        .env("MASKINPORTEN_CLIENT_JWK", text)
        .run();

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn empty_lists_in_a_public_key_do_not_make_a_good_signature_bad() {
    let key = ["-j", &case("dotnet-empty-lists.jwk.json")];
    let token = maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b"]).args(key).run().artefact();

    let report = maskinporten(["inspect", "--jwks", &case("dotnet-public.jwks.json")]).stdin(token).run();

    assert_eq!(report.code, 0, "{}{}", report.stdout, report.stderr);
    assert!(report.stdout.contains("signature"), "{}", report.stdout);
}

#[test]
fn attributes_of_any_type_leave_a_keystore_readable() {
    for arguments in ["-k CASES/lkid-int.p12", "-k CASES/fname-utf8.p12", "-k CASES/fname-utf8.p12 --alias nøkkel"] {
        assert_eq!(leaf(arguments).organisation_number().unwrap().digits(), "991825827", "{arguments}");
    }
}

#[test]
fn pem_texts_with_lost_line_breaks_are_read() {
    for file in ["literaln.pem", "oneline.pem", "leaf.pk8"] {
        let header = header(&format!("--key CASES/{file} --kid k"));

        assert_eq!(header["kid"], "k", "{file}");
    }
}

#[test]
fn a_ca_file_is_read_as_a_certificate_file_is() {
    let text = fs::read_to_string(case("ca-bom.pem")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    for content in [text.clone(), text.replace('\n', "\\n"), text.replace('\n', " "), text.replace('\n', "\r")] {
        fs::write(&file, content).unwrap();

        let outcome = maskinporten(["token", "--env", "test", "-c", "client", "-s", "a:b"])
            .args(["--token-endpoint", "https://127.0.0.1:1/", "--audience", "https://127.0.0.1:1/"])
            .args(["-j", &case("dotnet-empty-lists.jwk.json"), "--retries", "0"])
            .args(["--ca-file".as_ref(), file.as_os_str()])
            .run();

        // Nothing listens there, which is only found once the file has been read.
        assert_eq!(outcome.code, 6, "{}", outcome.stderr);
    }
}

#[test]
fn each_option_for_pem_reads_the_same_texts_and_names_the_same_faults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.pem");
    let certificate = fs::read_to_string(testdata("keys/enterprise.pem")).unwrap();
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let last = certificate.lines().count();
    let begins = format!("line 1 should be `{begin}`, with five dashes on each side");
    for (content, fault) in [
        (certificate.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), String::new()),
        (certificate.replace("CERTIFICATE", "X509 CERTIFICATE"), String::new()),
        (certificate.replace(begin, "--BEGIN CERTIFICATE--"), begins.clone()),
        (certificate.replace(begin, "–––––BEGIN CERTIFICATE–––––"), begins),
        (
            certificate.replace(begin, ""),
            format!("line {last} ends `CERTIFICATE`, but there is no line `{begin}` before it"),
        ),
        (certificate.replace(end, ""), format!("line 1 begins `CERTIFICATE`, but there is no line `{end}` after it")),
        (
            certificate.replace(end, "-----END PUBLIC KEY-----"),
            format!("line {last} ends `PUBLIC KEY`, but the block began as `CERTIFICATE`"),
        ),
        (certificate.replacen("MII", "M#I", 1), "line 2 has characters that are not base64".to_owned()),
        (
            certificate.replacen("MII", "MI", 1),
            "the base64 after line 1 is incomplete: characters are missing or doubled".to_owned(),
        ),
    ] {
        fs::write(&file, content).unwrap();
        let key = testdata("keys/enterprise-key.pem");
        let address = ["--token-endpoint", "https://127.0.0.1:1/", "--audience", "https://127.0.0.1:1/"];
        let token = || maskinporten(["token", "--env", "test", "-c", "client", "-s", "a:b", "--retries", "0"]);
        let path = file.as_os_str();
        for (option, outcome) in [
            ("--key", token().args(address).args(["--key".as_ref(), path]).run()),
            ("--certificate", token().args(address).args(["--key", &key]).args(["--certificate".as_ref(), path]).run()),
            (
                "--ca-file",
                token().args(address).args(["--key", &key, "--kid", "k"]).args(["--ca-file".as_ref(), path]).run(),
            ),
        ] {
            let (code, cause) = match (option, fault.as_str()) {
                ("--key", "") => (4, "it has no private key, only ".to_owned()),
                // Nothing listens there, which is only found once the file has been read.
                (_, "") => (6, "connection refused".to_owned()),
                ("--ca-file", fault) => (3, format!("it is not well-formed PEM: {fault}\n")),
                (_, fault) => (4, format!("it is not well-formed PEM: {fault}\n")),
            };
            assert!(outcome.failure(code).contains(&cause), "{option}: {}", outcome.stderr);
        }
    }
}

/// Runs the commands of a hint in a folder, each with the answers to its questions. Only the last must succeed.
#[cfg(target_os = "linux")]
#[track_caller]
fn run_hint(stderr: &str, folder: &std::path::Path, answers: &[&str]) {
    use std::{io::Write as _, process::Stdio};

    let (_, commands) = stderr.trim_end().split_once("openssl ").unwrap();
    let commands = format!("openssl {commands}").replace(" && ", "; ");
    let commands: Vec<&str> = commands.split("; ").filter(|command| command.starts_with("openssl")).collect();
    assert_eq!(commands.len(), answers.len(), "{stderr}");
    for (command, answers) in commands.iter().zip(answers) {
        // Without a terminal, OpenSSL asks on stdin.
        let mut process = Command::new("setsid");
        process.args(["-w", "sh", "-c", command]).current_dir(folder);
        let process = process.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut process = process.unwrap();
        process.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        process.wait().unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_commands_of_a_hint_make_a_key_that_opens() {
    let (key, store) = ("--key CASES/old-des.pem", "-k CASES/key-password-differs.p12");
    let each = ["Hemmelig1\nKeyPass99\n", "Hemmelig1\n", "Hemmelig1\nHemmelig1\n"];
    for (arguments, answers, result) in
        [(key, &["Hemmelig1\nHemmelig1\nHemmelig1\n"][..], "--key NEW/new.pem"), (store, &each, "-k NEW/new.p12")]
    {
        let folder = tempfile::tempdir().unwrap();
        let stderr = failure(&format!("{arguments} --kid k"));

        run_hint(&stderr, folder.path(), answers);

        let result = result.replace("NEW", &folder.path().display().to_string());
        assert_eq!(header(&format!("{result} --kid k"))["kid"], "k", "{stderr}");
    }
}

#[test]
fn a_password_file_in_another_encoding_is_named_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let console = folder.path().join("console.password").display().to_string();
    fs::write(&console, b"bl\x86b\x91r\x9d\r\n").unwrap();
    for (password, encoding) in
        [(case("latin1.password"), "Latin-1 (Windows-1252)"), (console, "code page 850 (of the Windows console)")]
    {
        let asked = maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b", "-k", &case("norwegian.p12")]);

        let outcome = asked.args(["--keystore-password-file", &password]).run();

        let what = format!("could not read the password file `{password}`: it is not UTF-8 text, perhaps {encoding}");
        outcome.fails(4, &format!("error: {what}\nhint: save the file as UTF-8\n"));
    }
}

#[test]
fn a_password_in_utf8_that_was_read_as_windows_1252_is_named() {
    let utf8 = "blåbær øl Å";
    let misread: String = utf8.bytes().map(|byte| if byte == 0x85 { '…' } else { char::from(byte) }).collect();
    let asked = maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b"]);
    let asked = asked.args(["-k", &testdata("norwegian-password.p12")]);

    let outcome = asked.env("MASKINPORTEN_KEYSTORE_PASSWORD", misread).run();

    let fault = "MASKINPORTEN_KEYSTORE_PASSWORD: it is UTF-8 that was read as Windows-1252, and is right as UTF-8\n";
    assert!(outcome.failure(4).ends_with(fault), "{}", outcome.stderr);
}

#[test]
fn a_certificate_for_rsassa_pss_is_named_as_such_with_a_key_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (key, certificate, both) = (file("key.pem"), file("certificate.pem"), file("both.pem"));
    for (out, only) in [(&key, &["-nocerts"][..]), (&certificate, &["-nokeys"]), (&both, &[])] {
        let store = case("psscert-rsakey.p12");
        let mut openssl = Command::new("openssl");
        openssl
            .args(["pkcs12", "-nodes", "-in", &store, "-out", out, "-passin", &format!("pass:{PASSWORD}")])
            .args(only);
        program(&mut openssl, b"");
    }
    for arguments in [
        "-k CASES/psscert-rsakey.p12".to_owned(),
        format!("--key {key} --certificate {certificate}"),
        format!("--key {both}"),
    ] {
        let stderr = failure(&arguments);

        let why = "its certificate is for RSASSA-PSS only, and does not fit the private key";
        assert!(stderr.contains(why) && stderr.contains("hint: get a certificate for the RSA key itself"), "{stderr}");
    }
}

/// Returns the certificate of the key as it was sent.
#[track_caller]
fn leaf(arguments: &str) -> Certificate {
    let x5c = header(arguments)["x5c"][0].as_str().unwrap().to_owned();
    Certificate::from_der(&STANDARD.decode(x5c).unwrap()).unwrap()
}

#[test]
fn of_several_certificates_for_one_key_the_one_that_may_sign_now_is_sent() {
    let now = Utc::now();
    for file in ["future-renewal.p12", "same-key-sign+enc-cert.p12"] {
        let sent = leaf(&format!("-k CASES/{file}"));

        assert_eq!((sent.may_sign(), sent.validity(now)), (true, Validity::Valid), "{file}");
    }
}

#[test]
fn a_thumbprint_chooses_a_key_where_an_alias_cannot() {
    for arguments in ["-k CASES/two-same-alias.p12 --alias a", "-k CASES/two-same-alias.p12"] {
        let stderr = failure(arguments);

        assert!(stderr.ends_with("hint: choose one of them with --certificate-thumbprint HEX\n"), "{stderr}");
        let listed: Vec<&str> = stderr.split("; thumbprint ").skip(1).map(|rest| &rest[..40]).collect();
        assert_eq!(listed.len(), 2, "{stderr}");
        for thumbprint in listed {
            assert_eq!(leaf(&format!("{arguments} --certificate-thumbprint {thumbprint}")).thumbprint(), thumbprint);
        }
    }
    let unknown = failure(&format!("-k CASES/two-same-alias.p12 -t {}", "ab".repeat(20)));
    assert!(unknown.contains("it has no key whose certificate has the thumbprint ABABAB"), "{unknown}");
}

#[test]
fn a_thumbprint_chooses_from_the_keystore_of_a_weaker_source() {
    let file = case("two-same-alias.p12");
    let listed = failure("-k CASES/two-same-alias.p12");
    let thumbprint = &listed.split("; thumbprint ").nth(1).unwrap()[..40];

    let outcome = grant(&format!("--certificate-thumbprint {thumbprint}")).env("MASKINPORTEN_KEYSTORE", file).run();

    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn a_file_of_another_kind_names_the_option_that_takes_it() {
    for (arguments, cause, hint) in [
        ("-j CASES/empty.json", "it is empty", "pass a private JWK"),
        ("-j CASES/leaf.p12", "it looks like a PKCS#12 keystore", "--keystore (-k)"),
        ("-j CASES/leaf.pk8", "it looks like PEM text", "--key,"),
        ("-k CASES/leaf.pk8", "it looks like PEM text", "--key "),
        ("-k CASES/empty.json", "it is empty", "--keystore"),
        ("-k CASES/dotnet-empty-lists.jwk.json", "it looks like JSON", "--jwk "),
        ("--key CASES/leaf.p12", "it looks like a PKCS#12 keystore", "--keystore "),
        ("--key CASES/empty.json", "it is empty", "--key"),
        ("--key CASES/leaf.pk8 --certificate CASES/leaf.p12", "it looks like a PKCS#12 keystore", "--keystore "),
        ("--key CASES/leaf.pk8 --certificate CASES/empty.json", "it is empty", "--certificate"),
    ] {
        let stderr = failure(arguments);

        let (before, found) = stderr.split_once("\nhint: ").unwrap();
        assert!(before.contains(cause) && found.contains(hint), "{arguments}: {stderr}");
    }
}

#[test]
fn config_files_in_the_code_pages_of_windows_are_imported() {
    for (file, value) in
        [("cp850.cmd", r"keystore = 'C:\Åse\nøkkel.p12'"), ("cp1252-quotes.ps1", r#"client_id = "abc""#)]
    {
        let profile = maskinporten(["config", "import", "--print", &case(file)]).run();

        assert!(profile.code == 0 && profile.stdout.contains(value), "{}{}", profile.stdout, profile.stderr);
    }
}
