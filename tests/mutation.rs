//! No input panics, aborts or hangs: damaged copies of every sample are opened, in this process.
//!
//! Each copy goes through the steps of a keystore in the program: parse, open, choose, read the certificates, sign. The copies are
//! the same in every run, so failures can be reproduced.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use chrono::Utc;
use maskinporten::keystore::{KeystoreError, KeystoreFile};
use secrecy::SecretString;

use super::{
    mutator::{Element, mutate_octets},
    openssl::openssl,
    random::Random,
    samples::{OPENABLE, OTHERS},
    support::{program, testdata},
};

/// The iteration limit for one copy; most samples need less.
const ITERATIONS: u64 = 20_000;

/// The time limit for one copy.
const LIMIT: Duration = Duration::from_secs(20);

const COPIES: usize = 8000;
const WORKERS: u64 = 2;

/// A file to damage.
#[derive(Clone)]
struct Source {
    name: String,
    bytes: Vec<u8>,
    password: SecretString,
    /// The file without its MAC, where it is DER.
    tree: Option<Element>,
}

impl Source {
    fn new(name: &str, bytes: Vec<u8>, password: &str) -> Self {
        let tree = Element::all(&bytes, 0).and_then(|elements| elements.into_iter().next()).map(Element::without_mac);
        Self { name: name.to_owned(), bytes, password: password.into(), tree }
    }
}

/// Returns every file in testdata, and some without encryption.
fn sources() -> Vec<Source> {
    let openable = OPENABLE.iter().map(|sample| (sample.file, sample.password));
    let others = OTHERS.iter().map(|file| (*file, "secret"));
    let kinds = [
        "base64.txt",
        "certificate.der",
        "empty.bin",
        "java.jks",
        "key.jwk.json",
        "not-pkcs12.pem",
        "pkcs7.p7b",
        "pkcs8.der",
        "random.bin",
    ];
    let files = openable.chain(others).chain(kinds.map(|file| (file, "secret")));
    let kept = files.map(|(file, password)| Source::new(file, fs::read(testdata(file)).unwrap(), password));
    // `keystore_errors` tests a hundred thousand levels.
    kept.filter(|source| source.bytes.len() < 20_000).chain(open_bags()).collect()
}

/// Makes keystores without encryption, so that changes reach the parsers of keys and certificates.
fn open_bags() -> Vec<Source> {
    let folder = tempfile::tempdir().unwrap();
    let clear = folder.path().join("clear.p12");
    let single = ["enterprise", "ec", "ec521", "ed25519", "signature"].map(|name| {
        let [key, leaf, chain] =
            [&format!("{name}-key"), name, "chain"].map(|name| testdata(&format!("keys/{name}.pem")));
        let mut export = openssl(&["pkcs12", "-export", "-inkey", &key, "-in", &leaf, "-certfile", &chain]);
        export.args(["-nomac", "-keypbe", "NONE", "-certpbe", "NONE", "-name", "enterprise", "-passout", "pass:"]);
        program(export.arg("-out").arg(&clear), b"");
        Source::new(name, fs::read(&clear).unwrap(), "")
    });
    let double = [(0, 1), (0, 4), (2, 3)].map(|(one, two)| {
        let (one, two): (&Source, &Source) = (&single[one], &single[two]);
        let tree = one.tree.clone().unwrap().with_safes_of(two.tree.clone().unwrap());
        Source::new(&format!("{} and {}", one.name, two.name), tree.encode(), "")
    });
    // Six of each, so that half of the samples are unencrypted.
    single.into_iter().chain(double).flat_map(|source| std::iter::repeat_n(source, 6)).collect()
}

/// Makes a damaged copy with the password of its source.
fn copy(sources: &[Source], random: &mut Random) -> (Vec<u8>, SecretString) {
    let (source, other) = (random.pick(sources), random.pick(sources));
    let bytes = match (source.tree.clone(), other.tree.clone()) {
        (Some(mut tree), Some(mut other)) if !random.one_in(4) => {
            for _ in 0..=random.below(3) {
                tree.mutate(&mut other, random);
            }
            tree.encode()
        }
        _ => {
            let mut bytes = source.bytes.clone();
            mutate_octets(&mut bytes, &other.bytes, random);
            bytes
        }
    };
    let password = if random.one_in(20) { "wrong".into() } else { source.password.clone() };
    (bytes, password)
}

/// Uses a keystore as the program does, and returns how far it got.
fn outcome(bytes: &[u8], password: &SecretString, alias: Option<&str>) -> String {
    let reason = |error: KeystoreError| match error {
        KeystoreError::Unopened { source, .. } => {
            let (message, name) = (source.to_string(), format!("{source:?}"));
            assert!(!message.is_empty());
            name.split(|character: char| !character.is_alphanumeric()).next().unwrap().to_owned()
        }
        other => unreachable!("no other source was read: {other}"),
    };
    let opened = KeystoreFile::parse("copy", bytes, ITERATIONS).and_then(|file| {
        let _ = (file.has_integrity(), file.needs_password());
        file.open(password)
    });
    let key = match opened.and_then(|keystore| keystore.choose(alias)) {
        Ok(key) => key,
        Err(error) => return reason(error),
    };
    for certificate in key.certificates() {
        let _ = (certificate.subject(), certificate.issuer(), certificate.organisation_number(), certificate.der());
        let _ = (certificate.key_usage(), certificate.thumbprint(), certificate.validity(Utc::now()));
    }
    match key.sign(key.default_algorithm(), b"message") {
        Ok(signature) => {
            assert_eq!(signature.len(), key.signature_length());
            "Opened".to_owned()
        }
        Err(error) => format!("NotSigned: {error}"),
    }
}

#[test]
fn the_samples_survive_the_mutator_when_it_changes_nothing() {
    for source in sources() {
        let untouched = source.tree.as_ref().map(|_| {
            let elements = Element::all(&source.bytes, 0).unwrap();
            elements.iter().flat_map(Element::encode).collect::<Vec<u8>>()
        });

        assert!(untouched.is_none_or(|bytes| bytes == source.bytes), "{}", source.name);
    }
}

#[test]
fn no_damaged_keystore_panics_or_hangs() {
    let sources = sources();
    let (report, reports) = mpsc::channel();
    for worker in 1..=WORKERS {
        let (sources, report) = (sources.clone(), report.clone());
        thread::spawn(move || {
            let mut random = Random::new(worker);
            for number in 0..COPIES {
                let (bytes, password) = copy(&sources, &mut random);
                let alias = random.one_in(8).then(|| *random.pick(&["ENTERPRISE", "nobody"]));
                let started = Instant::now();
                let came = catch_unwind(AssertUnwindSafe(|| outcome(&bytes, &password, alias)));
                let came = came.unwrap_or_else(|_| panic!("worker {worker}, copy {number}: {bytes:02x?}"));
                report.send((worker, number, came, started.elapsed())).unwrap();
            }
        });
    }
    drop(report);

    let mut reached: BTreeMap<String, usize> = BTreeMap::new();
    let mut last = BTreeMap::new();
    while last.len() < 2 || last.values().any(|number| number + 1 < COPIES) {
        let (worker, number, came, took) =
            reports.recv_timeout(5 * LIMIT).unwrap_or_else(|error| panic!("after {last:?}: {error}"));
        assert!(took < LIMIT, "worker {worker}, copy {number}: {took:?}");
        last.insert(worker, number);
        *reached.entry(came).or_default() += 1;
    }

    eprintln!("{reached:?}");
    for kind in [
        "Opened",
        "WrongPassword",
        "Undecipherable",
        "Damaged",
        "NotPkcs12",
        "NoPrivateKey",
        "ForeignKey",
        "Unsupported",
        "TooManyIterations",
        "NoSuchAlias",
        "Ambiguous",
    ] {
        assert!(reached.get(kind).is_some_and(|count| *count >= 5), "{kind} was hardly reached: {reached:?}");
    }
}
