//! A key that has been located and not opened: its file is read, and no password was asked for yet.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use maskinporten::{
    cache::KeyIdentity,
    client::RefusalFacts,
    clock::{Clock as _, SystemClock},
    keystore::{
        Certificate, CertificateFile, CertificateThumbprint, DotnetStore, HardwareToken, JwkFile, KeyChoice,
        KeyFileKind, KeyMaterial, Keystore, KeystoreError, KeystoreFile, PemFile, PinTries, RENEWAL_TIME, SigningKey,
        Validity, read_key_file,
    },
};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::{
    places::describe,
    progress::Progress,
    prompt::Answers,
    report::{Exit, Failure, Report},
    settings::{ContentSettings, ContentSource, KeySettings, KeySource, Secret, Unlock},
    unlock::{unlock_keystore, unlock_pem},
};

/// Where .NET keeps this user's certificates, in the home folder.
const DOTNET_STORE: &str = ".dotnet/corefx/cryptography/x509stores/my";

/// A key that can be identified and opened.
pub(crate) struct LocatedKey {
    pub(crate) settings: KeySettings,
    /// The bytes of the key file; empty for a key that is not in a file.
    pub(super) content: Zeroizing<Vec<u8>>,
    /// The bytes of the certificate file, if one goes with the key.
    certificate: Option<Zeroizing<Vec<u8>>>,
    pub(super) answers: Arc<Answers>,
    pub(super) report: Arc<Report>,
}

impl LocatedKey {
    /// Reads the files of the key.
    pub(crate) fn read(settings: KeySettings, answers: Arc<Answers>, report: &Arc<Report>) -> Result<Self, Failure> {
        report.warn_of_unsafe_key(&settings.source.value);
        let content = match &settings.source.value {
            KeySource::Pkcs12 { file, .. } => read_key_file(KeyFileKind::Keystore, file)?,
            KeySource::Pem { file, .. } => read_key_file(KeyFileKind::Pem, file)?,
            KeySource::Jwk { file } => read_key_file(KeyFileKind::Jwk, file)?,
            KeySource::ClientJwk(json) => Zeroizing::new(json.expose_secret().as_bytes().to_vec()),
            KeySource::Content(content) => content.at_hand(&settings.source.origin, report)?,
            KeySource::DotnetStore { .. } | KeySource::Pkcs11 { .. } => Zeroizing::default(),
        };
        let certificate = settings.source.value.certificate();
        let certificate = certificate.map(|file| read_key_file(KeyFileKind::Certificates, file)).transpose()?;
        Ok(Self { settings, content, certificate, answers, report: Arc::clone(report) })
    }

    /// Returns what decides which key this is, for the token cache.
    pub(crate) fn key_identity(&self) -> KeyIdentity {
        let source = &self.settings.source.value;
        let identity = match source {
            KeySource::Pkcs12 { alias, thumbprint, .. } => {
                let identity = KeyIdentity::new("keystore").file(&self.content);
                let identity = thumbprint
                    .iter()
                    .fold(identity, |identity, thumbprint| identity.label("thumbprint", thumbprint.value.digits()));
                alias.iter().fold(identity, |identity, alias| identity.label("alias", &alias.value))
            }
            KeySource::Pem { .. } => KeyIdentity::new("key").file(&self.content),
            KeySource::Jwk { .. } => KeyIdentity::new("jwk").file(&self.content),
            KeySource::ClientJwk(_) => KeyIdentity::new("client-jwk").file(&self.content),
            KeySource::Content(settings) => settings.identity(&self.content),
            KeySource::DotnetStore { text, .. } => KeyIdentity::new("certificate-thumbprint").label("thumbprint", text),
            KeySource::Pkcs11 { module, token, key, .. } => {
                let identity = KeyIdentity::new("pkcs11-module").label("module", module);
                identity.label("token", token).label("key", key)
            }
        };
        // The same key with another certificate may be another organisation's.
        let identity = self.certificate.iter().fold(identity, |identity, content| identity.file(content));
        let identity = self.settings.key_id.iter().fold(identity, |identity, id| identity.label("kid", id));
        // A key that was opened without its certificates must not be taken for one that has them.
        if self.settings.key_id.is_some() && self.settings.uses_certificates {
            return identity.label("x5c", "");
        }
        identity
    }

    /// Returns what the explanation of a refusal can name: when the file of a registered key was last changed.
    pub(crate) fn refusal_facts(&self) -> RefusalFacts {
        let mut facts = RefusalFacts::default();
        if let KeySource::Jwk { file } | KeySource::Pem { file, .. } = &self.settings.source.value {
            let changed = fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
            let changed = changed.map(|at| DateTime::<Utc>::from(at).format("%Y-%m-%d %H:%M UTC").to_string());
            facts.set("key_time", changed.as_deref());
        }
        facts
    }

    /// Opens the key, and warns of a certificate that the server refuses, or will soon.
    pub(crate) fn open_key(&self) -> Result<SigningKey, Failure> {
        self.open_key_announcing(&|| ())
    }

    pub(super) fn open_key_announcing(&self, computing: &dyn Fn()) -> Result<SigningKey, Failure> {
        let key = self.open_quietly(computing)?;
        if let Some(certificate) = key.certificates().first() {
            self.report.detail(&format!("using the key of {}", certificate.subject()));
            warn_of_certificate(certificate, &self.report);
        }
        Ok(key)
    }

    /// Opens the key, whatever the validity of its certificate. Calls `computing` when only computation is left.
    pub(crate) fn open_quietly(&self, computing: &dyn Fn()) -> Result<SigningKey, Failure> {
        let report = &*self.report;
        let source = &self.settings.source.value;
        // Only for the report: the parsers decode the key themselves. `open_content` reports on its own.
        if report.shows_details()
            && !matches!(source, KeySource::Content(_))
            && let Some(material) = KeyMaterial::recognise(&self.content)
        {
            describe(&material, self.name(), report);
        }
        match source {
            KeySource::Pkcs12 { alias, thumbprint, unlock, .. } => {
                let alias = alias.as_ref().map(|alias| alias.value.as_str());
                let certificate = thumbprint.as_ref().map(|thumbprint| &thumbprint.value);
                let uses_certificates = self.settings.uses_certificates;
                let choice = KeyChoice { alias, certificate, uses_certificates };
                let mut keystore = self.open_keystore(unlock, Some(&choice), computing)?;
                if let Some(certificate) = certificate {
                    keystore = keystore.with_certificate(certificate)?;
                }
                Ok(keystore.choose(alias)?)
            }
            KeySource::Jwk { .. } | KeySource::ClientJwk(_) => {
                let file = JwkFile::parse(self.name(), &*self.content).map_err(|error| self.not_a_jwk(error))?;
                computing();
                Ok(file.choose(self.settings.key_id.as_deref())?)
            }
            KeySource::Pem { unlock, file, .. } => {
                let pem = PemFile::parse(self.name(), &self.content, unlock.maximum_iterations)?;
                unlock_pem(&pem, self.certificates()?.as_ref(), unlock, file, &self.answers, report, computing)
            }
            KeySource::Content(settings) => self.open_content(settings, computing),
            KeySource::DotnetStore { thumbprint, .. } => open_dotnet_store(thumbprint),
            KeySource::Pkcs11 { module, token, key, pin, .. } => self.open_token(module, token, key, pin, computing),
        }
    }

    /// Makes the failure of a text that is not a JWK: in place of the JWK, a variable may hold the name of its file.
    fn not_a_jwk(&self, error: KeystoreError) -> Failure {
        let failure = Failure::from(error);
        let is_in_variable = matches!(self.settings.source.value, KeySource::ClientJwk(_));
        let names_file = || str::from_utf8(&self.content).is_ok_and(|text| Path::new(text.trim()).is_file());
        if is_in_variable && names_file() {
            return failure.advising(
                "the variable must hold the JWK itself, not the name of its file; pass --jwk FILE".to_owned(),
            );
        }
        failure
    }

    /// Opens the keystore, for one key or all of it. No password is asked for if the file is not a keystore.
    pub(crate) fn open_keystore(
        &self,
        unlock: &Unlock,
        choice: Option<&KeyChoice>,
        computing: &dyn Fn(),
    ) -> Result<Keystore, Failure> {
        self.open_keystore_in(&self.content, unlock, choice, computing)
    }

    /// Opens the keystore in these bytes.
    pub(super) fn open_keystore_in(
        &self,
        content: &[u8],
        unlock: &Unlock,
        choice: Option<&KeyChoice>,
        computing: &dyn Fn(),
    ) -> Result<Keystore, Failure> {
        let file = KeystoreFile::parse(self.name(), content, unlock.maximum_iterations)?;
        let name = self.settings.source.value.location().unwrap_or_default();
        unlock_keystore(&file, choice, unlock, name, &self.answers, &self.report, computing)
    }

    /// Returns what messages call the file.
    pub(super) fn name(&self) -> &str {
        match self.settings.source.value.location() {
            None => &self.settings.source.origin.label,
            Some("-") => "stdin",
            Some(path) => path,
        }
    }

    pub(super) fn certificates(&self) -> Result<Option<CertificateFile>, Failure> {
        let files = self.settings.source.value.certificate().zip(self.certificate.as_ref());
        Ok(files.map(|(name, content)| CertificateFile::parse(name, content)).transpose()?)
    }

    /// Adds the certificates of the file that goes with the key, if one was named.
    pub(super) fn certified(&self, key: SigningKey) -> Result<SigningKey, Failure> {
        Ok(match self.certificates()? {
            Some(certificates) => key.with_certificates(&certificates)?,
            None => key,
        })
    }

    fn open_token(
        &self,
        module: &str,
        token: &str,
        key: &str,
        pin: &Secret,
        computing: &dyn Fn(),
    ) -> Result<SigningKey, Failure> {
        let report = &*self.report;
        let certificates = self.certificates()?;
        let hardware = HardwareToken::connect(Path::new(module), token)?;
        match hardware.tries() {
            PinTries::Few => report.warning("a wrong PIN was given before; the token accepts only a few more"),
            PinTries::One => report.warning("the next wrong PIN locks the token"),
            _ => {}
        }
        let pin = hardware.needs_pin().then(|| pin.read(token, &self.answers, report)).transpose()?;
        let _progress = Progress::start("opening the hardware token", report);
        computing();
        let key = hardware.open(key, pin.as_ref())?;
        Ok(match certificates {
            Some(certificates) => key.with_certificates(&certificates)?,
            None => key,
        })
    }
}

impl KeySource {
    /// Returns the file, the module or the thumbprint that the settings name; `None` for a key in a variable.
    pub(crate) fn location(&self) -> Option<&str> {
        match self {
            Self::Pkcs12 { file, .. } | Self::Jwk { file } | Self::Pem { file, .. } => Some(file),
            Self::Pkcs11 { module, .. } => Some(module),
            Self::DotnetStore { text, .. } => Some(text),
            Self::Content(ContentSettings { from: ContentSource::Place(place), .. }) => Some(place.shown()),
            Self::Content(_) | Self::ClientJwk(_) => None,
        }
    }

    fn certificate(&self) -> Option<&str> {
        match self {
            Self::Pem { certificate, .. }
            | Self::Pkcs11 { certificate, .. }
            | Self::Content(ContentSettings { certificate, .. }) => certificate.as_deref(),
            _ => None,
        }
    }
}

fn open_dotnet_store(thumbprint: &CertificateThumbprint) -> Result<SigningKey, Failure> {
    let home = etcetera::home_dir().map_err(|_| {
        let hint = Some("set HOME".to_owned());
        Failure::plain(Exit::Configuration, "home", "this user has no home folder".to_owned(), hint)
    })?;
    Ok(DotnetStore::new(&home.join(PathBuf::from(DOTNET_STORE))).find(thumbprint)?)
}

fn warn_of_certificate(certificate: &Certificate, report: &Report) {
    let now = SystemClock.now();
    let date = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let validity = match certificate.validity(now) {
        Validity::Expired(at) => Some(format!("expired on {}", date(at))),
        Validity::NotYetValid(at) => Some(format!("is not valid before {}", date(at))),
        Validity::Valid => {
            let soon = certificate.not_after().filter(|until| *until - now < RENEWAL_TIME);
            soon.map(|until| format!("expires on {}: order a new one now", date(until)))
        }
    };
    let usage = (!certificate.may_sign()).then(|| {
        let usage = certificate.key_usage().unwrap_or_default().join(" ");
        format!("may not sign: its key usage is {usage}, without digitalSignature")
    });
    let faults: Vec<String> = usage.into_iter().chain(validity).collect();
    if !faults.is_empty() {
        report.warning(&format!("the certificate {}", faults.join(", and ")));
    }
}
