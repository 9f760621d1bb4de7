//! The data folder: created, reused, renewed, and protected.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use chrono::TimeDelta;
use openssl::{
    asn1::Asn1Time,
    nid::Nid,
    pkcs12::Pkcs12,
    pkey::{PKey, Private},
    x509::{X509, X509KeyUsage},
};
use serde_json::Value;

use super::grants::now;
use crate::{
    clock::FixedClock,
    explain::Explain as _,
    simulator::{FolderState, Installation, Simulator, SimulatorError, SimulatorKeystore, SimulatorOptions},
};

/// Returns a new copy of a data folder that is created once.
pub(super) fn folder() -> (tempfile::TempDir, PathBuf) {
    static FILES: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("simulator");
        Installation::open_or_create(&dir, now()).unwrap();
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| (PathBuf::from(path.file_name().unwrap()), fs::read(&path).unwrap())).collect()
    });
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("simulator");
    fs::create_dir(&dir).unwrap();
    for (name, content) in files {
        fs::write(dir.join(name), content).unwrap();
    }
    (place, dir)
}

/// Returns alias, private key and certificate of each entry in a keystore, parsed with other code than wrote it where
/// possible: openssl for the modern form, the `p12` crate for the two that OpenSSL 3 cannot read.
pub(super) fn open(keystore: &SimulatorKeystore) -> Vec<(Option<String>, PKey<Private>, X509)> {
    let content = fs::read(&keystore.file).unwrap();
    let password = fs::read_to_string(&keystore.password_file).unwrap();
    if keystore.file.ends_with("modern.p12") {
        let parsed = Pkcs12::from_der(&content).unwrap().parse2(&password).unwrap();
        assert_eq!(parsed.ca.unwrap().len(), 2);
        let alias = parsed.cert.as_ref().unwrap().alias().map(|alias| String::from_utf8(alias.to_vec()).unwrap());
        return vec![(alias, parsed.pkey.unwrap(), parsed.cert.unwrap())];
    }
    let parsed = p12::PFX::parse(&content).unwrap();
    assert!(parsed.verify_mac(&password));
    assert!(!parsed.verify_mac("wrong"));
    let bags = parsed.bags(&password).unwrap();
    let certificates: Vec<X509> =
        bags.iter().filter_map(|bag| bag.bag.get_x509_cert()).map(|der| X509::from_der(&der).unwrap()).collect();
    assert_eq!(certificates.len(), keystore.aliases.len() + 2);
    let bmp: Vec<u8> = password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
    let keys = bags.iter().filter_map(|bag| Some((bag.friendly_name(), bag.bag.get_key(&bmp)?)));
    keys.map(|(alias, der)| {
        let key = PKey::private_key_from_pkcs8(&der).unwrap();
        let certificate = certificates.iter().find(|one| one.public_key().unwrap().public_eq(&key)).unwrap();
        (alias, key, certificate.clone())
    })
    .collect()
}

#[test]
fn is_created_once_and_reused() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("above").join("simulator");

    let first = Installation::open_or_create(&dir, now()).unwrap();
    fs::write(&first.clients_file, "{}").unwrap();
    let again = Installation::open_or_create(&dir, now()).unwrap();

    assert_eq!((first.state, again.state), (FolderState::Created, FolderState::Existing));
    assert_eq!(first.keystores, again.keystores);
    assert_eq!(fs::read_to_string(&again.clients_file).unwrap(), "{}");
    assert_eq!(fs::read_dir(dir.parent().unwrap()).unwrap().count(), 1, "no temporary folder is left");
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_secrets() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("simulator");

    Installation::open_or_create(&dir, now()).unwrap();

    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let public = ["ca.pem", "intermediate.pem", "tls-ca.pem", "tls-server.pem", "simulator.json"];
    for path in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(mode(&path), if public.contains(&name) { 0o644 } else { 0o600 }, "{name}");
    }
}

#[test]
fn each_keystore_has_the_entries_that_the_installation_describes() {
    let (_place, dir) = folder();
    let installation = Installation::open_or_create(&dir, now()).unwrap();

    for keystore in &installation.keystores {
        let entries = open(keystore);

        let aliases: Vec<_> = entries.iter().map(|(alias, ..)| alias.as_deref().unwrap()).collect();
        assert_eq!(aliases, keystore.aliases);
        for (_, key, certificate) in entries {
            assert!(certificate.public_key().unwrap().public_eq(&key));
            let orgno = crate::simulator::validator::organisation_number(certificate.subject_name());
            assert_eq!(orgno.as_deref(), Some(keystore.orgno));
            assert_eq!(one_line(&certificate), keystore.subject);
        }
    }
}

#[test]
fn each_faulty_keystore_has_the_key_of_the_modern_one_and_its_own_fault() {
    let (_place, dir) = folder();
    let installation = Installation::open_or_create(&dir, now()).unwrap();
    let (_, key, _) = open(&installation.keystores[0]).swap_remove(0);
    let found = installation.faulty_keystores.iter().map(|keystore| {
        let password = fs::read_to_string(&keystore.password_file).unwrap();
        let opened = Pkcs12::from_der(&fs::read(&keystore.file).unwrap()).unwrap().parse2(&password).unwrap();
        let certificate = opened.cert.unwrap();
        assert!(opened.pkey.unwrap().public_eq(&key) && certificate.public_key().unwrap().public_eq(&key));
        let until = Asn1Time::from_unix(now().timestamp()).unwrap().diff(certificate.not_after()).unwrap().days;
        let number = crate::simulator::validator::organisation_number(certificate.subject_name());
        let issuer = certificate.issuer_name().entries_by_nid(Nid::COMMONNAME).next().unwrap();
        (
            keystore.file.file_name().unwrap().to_str().unwrap().to_owned(),
            issuer.data().to_string().unwrap(),
            until,
            number.is_some(),
            certificate.key_usage() == Some(X509KeyUsage::DIGITAL_SIGNATURE),
            opened.ca.map_or(0, |chain| chain.len()),
        )
    });

    let ours = "Maskinporten Simulator Enterprise CA";
    let rows = [
        ("other-environment.p12", "Buypass Class 3 CA G2 ST Business", 1095, true, true, 2),
        ("expired.p12", ours, -1, true, true, 2),
        ("soon-expired.p12", ours, 20, true, true, 2),
        ("no-organisation-number.p12", ours, 1095, false, true, 2),
        ("encryption-only.p12", ours, 1095, true, false, 2),
        ("leaf-only.p12", ours, 1095, true, true, 0),
    ];
    let rows = rows.map(|(name, issuer, until, number, signs, chain)| {
        (name.to_owned(), issuer.to_owned(), until, number, signs, chain)
    });
    assert_eq!(found.collect::<Vec<_>>(), rows);
}

#[test]
fn a_folder_of_an_earlier_version_opens_without_faulty_keystores() {
    let (_place, dir) = folder();
    for keystore in Installation::open_or_create(&dir, now()).unwrap().faulty_keystores {
        fs::remove_file(keystore.file).unwrap();
    }

    let installation = Installation::open_or_create(&dir, now()).unwrap();

    assert_eq!((installation.state, installation.keystores.len()), (FolderState::Existing, 3));
    assert_eq!(installation.faulty_keystores, []);
}

fn one_line(certificate: &X509) -> String {
    let entries = certificate.subject_name().entries();
    let text = entries
        .map(|entry| format!("{} = {}", entry.object().nid().short_name().unwrap(), entry.data().to_string().unwrap()));
    text.collect::<Vec<_>>().join(", ")
}

#[test]
fn the_registered_key_is_the_private_jwk_of_the_registered_public_one() {
    let (_place, dir) = folder();
    let installation = Installation::open_or_create(&dir, now()).unwrap();

    let private: Value = serde_json::from_slice(&fs::read(&installation.registered_key.file).unwrap()).unwrap();
    let clients: Value = serde_json::from_slice(&fs::read(&installation.clients_file).unwrap()).unwrap();

    let public = &clients["clients"][3]["keys"][0];
    assert_eq!(clients["clients"][3]["client_id"], installation.registered_key.client_id);
    for member in ["kty", "use", "alg", "kid", "n", "e"] {
        assert_eq!(private[member], public[member]);
    }
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        assert!(private[member].as_str().unwrap().len() > 100);
        assert!(public.get(member).is_none());
    }
}

#[test]
fn renews_expired_certificates_and_keeps_the_clients() {
    let (_place, dir) = folder();
    let before = Installation::open_or_create(&dir, now()).unwrap();
    fs::write(&before.clients_file, "{\"about\": [\"mine\"]}").unwrap();
    let key = fs::read(&before.registered_key.file).unwrap();
    let later = now() + TimeDelta::days(3 * 365);

    let after = Installation::open_or_create(&dir, later).unwrap();

    let old = dir.with_file_name("simulator.expired-20291121T120000Z");
    assert_eq!(after.state, FolderState::Renewed { old: old.clone() });
    assert!(after.expires_at > later);
    assert!(old.join("modern.p12").is_file());
    assert_eq!(fs::read_to_string(&after.clients_file).unwrap(), "{\"about\": [\"mine\"]}");
    assert_eq!(fs::read(&after.registered_key.file).unwrap(), key);
    assert_eq!(Installation::open_or_create(&dir, later).unwrap().state, FolderState::Existing);
}

#[test]
fn rejects_a_folder_with_other_files_and_does_not_change_it() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("letter.txt"), "dear").unwrap();

    let error = Installation::open_or_create(place.path(), now()).unwrap_err();

    assert!(matches!(error, SimulatorError::NotOurs(_)));
    assert_eq!(error.hint().unwrap(), "pass another folder: --dir FOLDER");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn names_the_file_that_is_missing_or_damaged() {
    let (_place, dir) = folder();
    let start = || {
        let options = SimulatorOptions { clock: Arc::new(FixedClock(now())), tls: true, ..SimulatorOptions::new(&dir) };
        Simulator::start(options).unwrap_err()
    };

    fs::write(dir.join("clients.json"), "{\n\"clients\": 1\n}").unwrap();
    assert_eq!(start().to_string(), format!("`{}` is not valid on line 2", dir.join("clients.json").display()));

    fs::write(dir.join("token-signing-key.pem"), "hello").unwrap();
    let path = dir.join("token-signing-key.pem");
    assert_eq!(start().to_string(), format!("`{}` is damaged: it contains no private key", path.display()));

    fs::remove_file(dir.join("legacy.p12")).unwrap();
    let error = start();
    assert_eq!(
        error.to_string(),
        format!("`{}` is missing from the simulator's folder", dir.join("legacy.p12").display())
    );
    assert_eq!(
        error.hint().unwrap(),
        format!("remove the folder `{}` and start again: everything in it is created again", dir.display())
    );
}

#[test]
fn a_port_in_use_is_an_error() {
    let (_place, dir) = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();

    let error = Simulator::start(SimulatorOptions { port, ..SimulatorOptions::new(dir) }).unwrap_err();

    assert_eq!(error.to_string(), format!("port {port} on 127.0.0.1 is already in use"));
    assert_eq!(error.hint().unwrap(), "choose another port, or --port 0 for any free port");
}

#[test]
fn writes_the_address_file_for_the_local_environment() {
    let (place, dir) = folder();
    let address_file = place.path().join("local.json");

    let options = SimulatorOptions {
        address_file: Some(address_file.clone()),
        clock: Arc::new(FixedClock(now())),
        ..SimulatorOptions::new(&dir)
    };
    let simulator = Simulator::start(options).unwrap();

    let left = crate::environment::LocalEnvironment::read(&address_file).unwrap();
    assert_eq!(left, simulator.local_environment());
    assert_eq!(left.token_endpoint, format!("{}token", simulator.issuer()));
    let base = simulator.issuer().trim_end_matches('/');
    assert_eq!(left.admin_url.as_deref(), Some(base));
    assert_eq!(left.business_register_url.as_deref(), Some(base));
    assert_eq!(left.ca_file, None);
    assert!(left.keystore.is_file() && left.keystore_password_file.is_file());
}

#[test]
fn rejects_a_file_of_additional_roots_without_a_certificate() {
    let (_place, dir) = folder();
    let with = |name: &str| SimulatorOptions {
        trust: vec![dir.join(name)],
        clock: Arc::new(FixedClock(now())),
        ..SimulatorOptions::new(&dir)
    };

    assert!(Simulator::start(with("tls-ca.pem")).is_ok());
    assert!(matches!(Simulator::start(with("clients.json")), Err(SimulatorError::Trust(_))));
    assert!(matches!(Simulator::start(with("no.pem")), Err(SimulatorError::Unreadable { .. })));
}
