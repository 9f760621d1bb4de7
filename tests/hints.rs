//! Every command in a hint works when pasted: the commands are found in the source, and each is run.
//!
//! A new command needs a row here. `conversions` and `cases` run some of them from the errors that show them.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use regex::Regex;

use super::{
    openssl::succeeds,
    support::{maskinporten, testdata},
};

/// The old password of a file, and the new one.
const OLD: &str = "secret";
const NEW: &str = "secret12";

/// A command as the source has it, and how it is run.
struct Hint {
    /// The commands up to the end of the hint; what follows ` | ` is not a command.
    text: &'static str,
    /// Files in the folder where it runs: the source in `testdata`, and the name.
    files: &'static [(&'static str, &'static str)],
    /// What stands in for words in the text: `FILE=a.p12`.
    words: &'static [(&'static str, &'static str)],
    /// What is typed at the questions of programs other than OpenSSL.
    answers: &'static str,
    result: Made,
}

/// What a command is for.
enum Made {
    /// A key, which `grant` opens with these arguments.
    Key(&'static str),
    /// Certificates for a key, which `grant` takes with these arguments.
    Certificates(&'static str),
    /// A text on stdout or stderr that contains this.
    Text(&'static str),
    /// A file of so many bytes.
    File(&'static str, u64),
    /// An access mode of a file or folder.
    Mode(&'static str, u32),
}

const fn hint(
    text: &'static str,
    files: &'static [(&'static str, &'static str)],
    words: &'static [(&'static str, &'static str)],
    result: Made,
) -> Hint {
    Hint { text, files, words, answers: "", result }
}

const KEY_AND_CERTIFICATE: &[(&str, &str)] =
    &[("keys/enterprise-key.pem", "key.pem"), ("keys/enterprise.pem", "certificate.pem")];

static HINTS: &[Hint] = &[
    hint(
        "openssl pkcs12 -export -inkey key.pem -in certificate.pem -out keystore.p12",
        KEY_AND_CERTIFICATE,
        &[],
        Made::Key("-k keystore.p12"),
    ),
    hint(
        "openssl pkey -inform DER -in {file} -out key.pem && openssl pkcs12 -export -inkey key.pem -in certificate.pem \
         -out keystore.p12; rm key.pem",
        &[("pkcs8.der", "f"), ("keys/enterprise.pem", "certificate.pem")],
        &[("{file}", "f")],
        Made::Key("-k keystore.p12"),
    ),
    hint(
        "openssl pkcs12 -legacy -in {file} -nodes -out key-and-certificates.pem && openssl pkcs12 -export -in \
         key-and-certificates.pem -out new.p12; rm key-and-certificates.pem",
        &[("rc4.p12", "f")],
        &[("{file}", "f")],
        Made::Key("-k new.p12"),
    ),
    hint(
        "openssl pkcs12 -legacy -in OLD.p12 -out KEYS.pem && openssl pkcs12 -export -in KEYS.pem -out NEW.p12 | , then \
         delete KEYS.pem",
        &[("legacy.p12", "OLD.p12")],
        &[],
        Made::Key("-k NEW.p12"),
    ),
    Hint {
        answers: "secret12\nsecret12\nsecret12\n",
        ..hint(
            "keytool -importkeystore -srckeystore {file} -destkeystore keystore.p12 -deststoretype pkcs12",
            &[("java.jks", "f")],
            &[("{file}", "f")],
            Made::Key("-k keystore.p12"),
        )
    },
    Hint {
        answers: "secret12\nsecret12\nsecret12\n",
        ..hint(
            "keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12",
            &[("java.jks", "FILE")],
            &[],
            Made::Key("-k FILE.p12"),
        )
    },
    hint(
        "openssl pkcs7 -inform DER -in {file} -print_certs -out certificate.pem",
        &[("pkcs7.p7b", "f"), ("keys/enterprise-key.pem", "key.pem")],
        &[("{file}", "f")],
        Made::Certificates("--key key.pem --certificate certificate.pem"),
    ),
    hint(
        "openssl pkcs7 -in {file} -print_certs -out certificate.pem",
        &[("keys/enterprise-key.pem", "key.pem")],
        &[("{file}", "pem.p7b")],
        Made::Certificates("--key key.pem --certificate certificate.pem"),
    ),
    hint(
        "openssl x509 -in {file}",
        &[("keys/enterprise.pem", "f")],
        &[("{file}", "f")],
        Made::Text("-----BEGIN CERTIFICATE-----"),
    ),
    hint(
        "openssl x509 -in {file} -noout -pubkey",
        &[("keys/enterprise.pem", "f")],
        &[("{file}", "f")],
        Made::Text("-----BEGIN PUBLIC KEY-----"),
    ),
    hint(
        "openssl x509 -in certificate.pem -noout -fingerprint -sha1",
        KEY_AND_CERTIFICATE,
        &[],
        Made::Text("Fingerprint="),
    ),
    hint("openssl pkey -in {file}", &[("pkcs8.der", "f")], &[("{file}", "f")], Made::Text("PRIVATE KEY")),
    Hint {
        answers: "\n\n",
        ..hint(
            "cp {file} key.pem && chmod 600 key.pem && ssh-keygen -p -m PKCS8 -f key.pem",
            &[("pem/openssh.pem", "f")],
            &[("{file}", "f")],
            Made::Key("--key key.pem --kid k"),
        )
    },
    hint(
        "openssl pkcs8 -topk8{providers} -in {file} -out new.pem",
        &[("cases/old-des.pem", "f")],
        &[("{file}", "f"), ("{providers}", " -provider legacy -provider default")],
        Made::Key("--key new.pem --kid k"),
    ),
    hint("openssl genrsa 3072", &[], &[], Made::Text("-----END PRIVATE KEY-----")),
    hint("openssl rand -hex 32 > secret | , and pass --secret-file secret", &[], &[], Made::File("secret", 65)),
    hint("chmod 700 {}", &[], &[("{}", ".")], Made::Mode(".", 0o700)),
    hint("chmod 600 {name}", &[("keys/enterprise.pem", "f")], &[("{name}", "f")], Made::Mode("f", 0o600)),
    hint("chmod 600 | on it", &[("keys/enterprise.pem", "f")], &[("chmod 600", "chmod 600 f")], Made::Mode("f", 0o600)),
    Hint {
        answers: "secret12\nsecret12\nsecret123\nsecret123\n",
        ..hint(
            "keytool -keypasswd -keystore FILE -alias ALIAS",
            &[("java.jks", "FILE")],
            &[("ALIAS", "enterprise")],
            Made::Text(""),
        )
    },
];

/// Hints whose commands are not run here.
const NOT_RUN: [&str; 5] = [
    // Run in `cases`: each of its programs asks for other passwords.
    "openssl pkcs12 -in {file} -twopass -nocerts -nodes -out key.pem; openssl pkcs12 -in {file} -nokeys -out \
     certificates.pem && openssl pkcs12 -export -inkey key.pem -in certificates.pem -out new.p12; rm key.pem",
    // They need a device; `help` checks their options.
    "pkcs11-tool --module MODULE --login --write-object certificate.der --type cert --id ID",
    "pkcs11-tool --module MODULE --list-mechanisms; then choose with --alg",
    "pkcs11-tool --module MODULE --list-slots; SoftHSM needs SOFTHSM2_CONF",
    // An ellipsis stands for the rest of it.
    "openssl pkcs12 -export -certfile CHAIN.pem …), or register the key",
];

/// Returns the commands in the string literals of a file, each up to the end of its literal.
fn commands(source: &str) -> Vec<String> {
    static LITERAL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""((?:[^"\\]|\\(?s:.))*)""#).unwrap());
    static CONTINUATION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\\n\s*").unwrap());
    static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
        let programs =
            "openssl [a-z0-9]+ (-|[0-9])|keytool -|ssh-keygen -|pkcs11-tool -|certutil -|iconv -|cp [^ ]+ [^ ]+ &&";
        Regex::new(&format!(r"\b({programs}|base64 -d|chmod [0-7]{{3}})")).unwrap()
    });
    let code: Vec<&str> = source.split("#[cfg(test)]").next().unwrap().lines().collect();
    let code: Vec<&str> = code.into_iter().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace(r##"'\"'"##, "").replace(r##"'"'"##, "");
    let code = CONTINUATION.replace_all(&code, "");
    let literals = LITERAL.captures_iter(&code).map(|found| found[1].to_owned());
    literals.filter_map(|literal| Some(literal[COMMAND.find(&literal)?.start()..].to_owned())).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The catalogue of translations has the same commands, and tests have others.
        match path.file_name().and_then(|name| name.to_str()) {
            Some("language" | "tests") => {}
            _ if path.is_dir() => sources(&path, found),
            _ if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            _ => {}
        }
    }
}

#[test]
fn every_command_in_the_source_has_a_row_here() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut found: Vec<String> = files.iter().flat_map(|file| commands(&fs::read_to_string(file).unwrap())).collect();
    found.sort();
    found.dedup();

    let run = HINTS.iter().map(|hint| hint.text.replace(" | ,", ",").replace(" | ", " "));
    let mut known: Vec<String> = run.chain(NOT_RUN.map(str::to_owned)).collect();
    known.sort();
    assert_eq!(found, known);
}

/// Answers OpenSSL's questions, which it asks on the terminal.
fn without_questions(command: &str) -> String {
    let passwords = "-passin env:OLD -passout env:NEW";
    command
        .replace("openssl pkcs12 -legacy", &format!("openssl pkcs12 {passwords} -legacy"))
        .replace("openssl pkcs12 -export -in KEYS", "openssl pkcs12 -export -passin env:NEW -in KEYS")
        .replace("openssl pkcs12 -export", "openssl pkcs12 -passout env:NEW -export")
        .replace("openssl pkcs8", &format!("openssl pkcs8 {passwords}"))
}

fn password_of(file: &str) -> &'static str {
    if file.starts_with("cases/") { "Hemmelig1" } else { OLD }
}

#[test]
#[cfg(unix)]
fn every_command_in_a_hint_does_what_the_hint_promises() {
    for hint in HINTS {
        let folder = tempfile::tempdir().unwrap();
        let old = hint.files.first().map_or(OLD, |(from, _)| password_of(from));
        for (from, name) in hint.files {
            fs::copy(testdata(from), folder.path().join(name)).unwrap();
        }
        let command = hint.text.split(" | ").next().unwrap();
        let command = hint.words.iter().fold(command.to_owned(), |text, (from, to)| text.replace(from, to));
        let program = command.split(' ').next().unwrap();
        if !succeeds(Command::new("sh").args(["-c", &format!("command -v {program}")])) {
            eprintln!("not run: there is no {program} here");
            continue;
        }
        prepare(hint, folder.path());

        let (succeeded, output) = run(&without_questions(&command), hint.answers, old, folder.path());

        check(hint, succeeded, &output, folder.path());
    }
}

/// Makes the files that are not in `testdata`.
fn prepare(hint: &Hint, folder: &Path) {
    let made = match hint.text {
        "openssl pkcs7 -in {file} -print_certs -out certificate.pem" => {
            format!("openssl pkcs7 -inform DER -in '{}' -out pem.p7b", testdata("pkcs7.p7b"))
        }
        "openssl pkey -in {file}" => "openssl pkey -inform DER -in f -out g && mv g f".to_owned(),
        _ => return,
    };
    assert!(run(&made, "", OLD, folder).0, "{made}");
}

/// Runs a command without a terminal, so that programs ask on stdin.
fn run(command: &str, answers: &str, old: &str, folder: &Path) -> (bool, String) {
    let mut process = Command::new("setsid");
    process.args(["-w", "sh", "-c", command]).current_dir(folder).env("OLD", old).env("NEW", NEW);
    let process = process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut process = process.unwrap();
    // It may not read them all.
    let _ = process.stdin.take().unwrap().write_all(answers.as_bytes());
    let output = process.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
#[cfg(unix)]
fn check(hint: &Hint, succeeded: bool, output: &str, folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    assert!(succeeded, "{}: {output}", hint.text);
    match hint.result {
        Made::Key(arguments) | Made::Certificates(arguments) => {
            let (arguments, password) = match arguments.strip_suffix(" OLD") {
                Some(arguments) => (arguments, OLD),
                None => (arguments, NEW),
            };
            let asked = maskinporten(["grant", "--env", "test", "-c", "client", "-s", "a:b"]);
            let asked = asked.args(arguments.split(' ')).env("MASKINPORTEN_KEYSTORE_PASSWORD", password);
            let printed = asked.in_folder(folder).run().artefact();
            assert_eq!(printed.matches('.').count(), 2, "{}", hint.text);
        }
        Made::Text(text) => assert!(output.contains(text), "{}: {output}", hint.text),
        Made::File(name, size) => assert_eq!(folder.join(name).metadata().unwrap().len(), size, "{}", hint.text),
        Made::Mode(name, mode) => {
            assert_eq!(folder.join(name).metadata().unwrap().permissions().mode() & 0o777, mode, "{}", hint.text);
        }
    }
}
