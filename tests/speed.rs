//! What runs between the start and the end of the program: functions of OpenSSL, as valgrind sees them.

use std::{fs, process::Command};

use super::{
    server::{Server, token},
    support::{program, testdata},
};

/// How the names of OpenSSL's functions begin. Those of ring, which has code from it, begin with `ring_core_`.
const OPENSSL: &str =
    r"^(?:ossl|OPENSSL|OSSL|CRYPTO|ERR|EVP|BIO|BN|RSA|EC|ECDSA|ASN1|X509|PKCS\d+|OBJ|RAND|HMAC|SHA\d+|[di]2[di])_";

/// What the dynamic linker calls before the program begins: finds out what the processor can do.
const BEFORE_START: &[&str] = &["OPENSSL_cpuid_setup", "OPENSSL_ia32_cpuid"];

/// The functions of OpenSSL that run while the program gets a token, or only signs the grant, with these options.
#[track_caller]
fn openssl_functions(command: &str, key: &[&str]) -> Vec<String> {
    let (server, home) = (Server::start((command == "token").then(token)), tempfile::tempdir().unwrap());
    let profile = home.path().join("profile");
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--quiet", "--tool=callgrind", &format!("--callgrind-out-file={}", profile.display())])
        .args([env!("CARGO_BIN_EXE_maskinporten"), command, "-c", "client", "-s", "a:b", "-a", &server.url("/")])
        .args(["-e", &server.url("/token")])
        .args(key)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path());
    assert_ne!(program(&mut valgrind, b""), "", "{key:?}");

    // Each name is written once, where it first occurs: `fn=(17) EVP_sha256`.
    let profile = fs::read_to_string(profile).unwrap();
    let name = regex::Regex::new(r"(?m)^c?fn=\(\d+\) (\S+)").unwrap();
    let names: Vec<&str> = name.captures_iter(&profile).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(names.contains(&"main"), "{} functions, and none is main", names.len());
    let openssl = regex::Regex::new(OPENSSL).unwrap();
    let openssl = names.into_iter().filter(|name| openssl.is_match(name) && !BEFORE_START.contains(name));
    openssl.map(str::to_owned).collect()
}

#[test]
fn no_function_of_openssl_runs_for_the_default_keystore_a_pem_file_and_a_jwk() {
    let (keystore, pem, jwk) = (testdata("modern.p12"), testdata("pem/with-text.pem"), testdata("jwk/rsa.json"));
    for key in [&["--keystore", &keystore, "-p", "secret"][..], &["--key", &pem], &["--jwk", &jwk]] {
        for command in ["grant", "token"] {
            assert_eq!(openssl_functions(command, key), Vec::<String>::new(), "{command} {key:?}");
        }
    }
}

#[test]
fn functions_of_openssl_run_for_a_key_that_only_openssl_has() {
    let jwk = testdata("jwk/ec521.json");

    let functions = openssl_functions("grant", &["--jwk", &jwk, "--alg", "ES512"]);

    assert!(functions.iter().any(|name| name == "OPENSSL_init_crypto"), "{functions:?}");
}
