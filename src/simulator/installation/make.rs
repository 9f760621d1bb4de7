//! Makes the data folder: beside its place first, moved there when it is whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use openssl::{
    error::ErrorStack,
    pkey::{PKey, Private},
    x509::X509,
};
use zeroize::Zeroizing;

use super::{
    CA, CLIENTS, INTERMEDIATE, Keystore, MARK, Mark, REGISTERED_KEY, TLS_CA, TLS_CERTIFICATE, TLS_KEY, TOKEN_KEY,
    VERSION,
    authority::{self, Identity, Place, Usage, Validity},
    exists, faulty, files, keystores,
};
use crate::simulator::{Error, jwk};

/// Real access tokens from the test environment are signed with 3072 bits.
const TOKEN_KEY_BITS: u32 = 3072;
/// The size of the keys in enterprise certificates.
const ENTERPRISE_KEY_BITS: u32 = 2048;

pub(super) const REGISTERED_CLIENT: &str = "673d59a6-b427-49bc-b413-b51d7a8f05be";
pub(super) const REGISTERED_ORGNO: &str = "310700045";

/// The clients, scopes and organisations of a new folder; three words in it stand for the registered key and for
/// one that is another.
const DEFAULT_CLIENTS: &str = include_str!("clients.json");

/// A keystore that every data folder has.
pub(super) struct Plan {
    name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) organization: &'static str,
    pub(super) orgno: &'static str,
    pub(super) place: Place,
    pub(super) client_id: &'static str,
    form: &'static str,
}

/// The first entry of a keystore that was written, and the password.
pub(super) struct Holder {
    pub(super) identity: Identity,
    pub(super) password: Zeroizing<String>,
}

/// The keystores; the organisation numbers are of the synthetic kind that begins with 3.
pub(super) const KEYSTORES: [Plan; 3] = [
    Plan {
        name: "modern",
        aliases: &["virksomhet"],
        organization: "SIMULERT KOMMUNE",
        orgno: "310700010",
        place: Place::SerialNumber,
        client_id: "8d001e58-c758-4beb-a9ec-ae1d770fa35e",
        form: "PBES2 with AES-256, HMAC-SHA-256",
    },
    Plan {
        name: "legacy",
        aliases: &["virksomhet"],
        organization: "GAMMEL ETAT",
        orgno: "310700029",
        place: Place::Organization,
        client_id: "b894c5f4-3d09-4edc-94b2-2c1b5192be95",
        form: "RC2-40 and triple DES, HMAC-SHA-1",
    },
    Plan {
        name: "three-entries",
        aliases: &["authentication", "signature", "encryption"],
        organization: "TRE NØKLER AS",
        orgno: "310700037",
        place: Place::OrganizationIdentifier,
        client_id: "9d70b74d-a404-4e73-9254-78891f03398f",
        form: "three entries, triple DES, HMAC-SHA-1",
    },
];

impl Plan {
    /// Where its password is in a data folder.
    pub(super) fn password_file(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.password", self.name))
    }

    /// Finds the keystore in a data folder.
    pub(super) fn locate(&self, dir: &Path) -> Result<Keystore, Error> {
        let file = dir.join(format!("{}.p12", self.name));
        let password_file = self.password_file(dir);
        exists(&file)?;
        exists(&password_file)?;
        Ok(Keystore {
            file,
            password_file,
            alias: self.aliases[0],
            aliases: self.aliases,
            subject: self.subject(),
            orgno: self.orgno,
            client_id: self.client_id,
            form: self.form,
        })
    }

    fn subject(&self) -> String {
        let Self { organization: name, orgno, .. } = self;
        match self.place {
            Place::SerialNumber => format!("C = NO, O = {name}, serialNumber = {orgno}, CN = {name}"),
            Place::Organization => format!("C = NO, O = {name} - {orgno}, CN = {name}"),
            Place::OrganizationIdentifier => {
                format!("C = NO, O = {name}, organizationIdentifier = NTRNO-{orgno}, CN = {name}")
            }
            Place::Nowhere => format!("C = NO, O = {name}, CN = {name}"),
        }
    }

    fn write(&self, dir: &Path, issuer: &Identity, chain: &[X509], validity: Validity) -> Result<Holder, Error> {
        let password = random_password()?;
        let subject = authority::enterprise_subject(self.organization, self.orgno, self.place)?;
        let usages = [Usage::Authentication, Usage::Signature, Usage::Encryption];
        let mut entries = Vec::new();
        for (alias, usage) in self.aliases.iter().zip(usages) {
            let key = authority::rsa_key(ENTERPRISE_KEY_BITS)?;
            entries.push((*alias, authority::enterprise(&subject, usage, issuer, key, validity)?));
        }
        let content = match (self.name, entries.as_slice()) {
            ("modern", [(alias, leaf)]) => keystores::modern(alias, leaf, chain, &password)?,
            (_, [(alias, leaf)]) => keystores::legacy(alias, leaf, chain, &password)?,
            (_, entries) => keystores::several(entries, chain, &password)?,
        };
        files::write_private(&dir.join(format!("{}.p12", self.name)), &content)?;
        files::write_private(&self.password_file(dir), password.as_bytes())?;
        let (_, identity) = entries.into_iter().next().ok_or(Error::Keystore)?;
        Ok(Holder { identity, password })
    }
}

/// Makes the folder where there is none, or an empty one.
pub(super) fn whole(dir: &Path, now: DateTime<Utc>) -> Result<(), Error> {
    let place = beside(dir, now, None)?;
    match fs::rename(place.path(), dir) {
        Ok(()) => {
            // Moved away: there is nothing left to remove.
            let _ = place.keep();
            Ok(())
        }
        // Another simulator was quicker: its folder is as good as ours.
        Err(_) if dir.join(MARK).is_file() => Ok(()),
        Err(source) => Err(Error::Unwritable { path: dir.to_owned(), source }),
    }
}

/// Makes the folder anew, with the old one's clients and registered key, and returns where the old one went.
pub(super) fn again(dir: &Path, now: DateTime<Utc>) -> Result<PathBuf, Error> {
    let place = beside(dir, now, Some(dir))?;
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(format!(".expired-{}", now.format("%Y%m%dT%H%M%SZ")));
    let old = dir.with_file_name(name);
    // The new folder is whole before the old one leaves, so that little can fail between the two.
    let unwritable = |source| Error::Unwritable { path: dir.to_owned(), source };
    fs::rename(dir, &old).map_err(unwritable)?;
    fs::rename(place.path(), dir).map_err(unwritable)?;
    let _ = place.keep();
    Ok(old)
}

/// Makes the content in a folder beside the place where it is to be; removed again when that fails.
fn beside(dir: &Path, now: DateTime<Utc>, old: Option<&Path>) -> Result<tempfile::TempDir, Error> {
    let parent = dir.parent().unwrap_or(Path::new("/"));
    if !parent.is_dir() {
        files::make_folder(parent)?;
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".simulator-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    // tempfile's own words name a folder that nobody asked for.
    let unwritable = |error: io::Error| Error::Unwritable { path: dir.to_owned(), source: error.kind().into() };
    let place = builder.tempdir_in(parent).map_err(unwritable)?;
    content(place.path(), now, old)?;
    Ok(place)
}

fn content(dir: &Path, now: DateTime<Utc>, old: Option<&Path>) -> Result<(), Error> {
    let validity = Validity::three_years(now);
    let root = authority::root("Maskinporten Simulator Root CA", authority::rsa_key(ENTERPRISE_KEY_BITS)?, validity)?;
    let intermediate = authority::intermediate(
        "Maskinporten Simulator Enterprise CA",
        &root,
        authority::rsa_key(ENTERPRISE_KEY_BITS)?,
        validity,
    )?;
    files::write_public(&dir.join(CA), &root.certificate.to_pem()?)?;
    files::write_public(&dir.join(INTERMEDIATE), &intermediate.certificate.to_pem()?)?;
    let chain = [intermediate.certificate.clone(), root.certificate];
    let [sound, others @ ..] = &KEYSTORES;
    let holder = sound.write(dir, &intermediate, &chain, validity)?;
    for plan in others {
        plan.write(dir, &intermediate, &chain, validity)?;
    }
    faulty::write(dir, sound, &holder, &intermediate, &chain, now)?;
    write_key(&dir.join(TOKEN_KEY), &authority::rsa_key(TOKEN_KEY_BITS)?)?;

    let (tls_authority, server) = authority::tls(now)?;
    files::write_public(&dir.join(TLS_CA), &tls_authority.certificate.to_pem()?)?;
    files::write_public(&dir.join(TLS_CERTIFICATE), &server.certificate.to_pem()?)?;
    write_key(&dir.join(TLS_KEY), &server.key)?;

    match old {
        Some(old) => {
            files::write_private(&dir.join(CLIENTS), &files::read(&old.join(CLIENTS))?)?;
            files::write_private(&dir.join(REGISTERED_KEY), &files::read(&old.join(REGISTERED_KEY))?)?;
        }
        None => write_clients(dir, &holder.identity.key)?,
    }
    let mark = Mark { version: VERSION, made_at: now, expires_at: validity.until };
    let mut mark = serde_json::to_vec_pretty(&mark)
        .map_err(|error| Error::Damaged { path: dir.join(MARK), problem: error.to_string() })?;
    mark.push(b'\n');
    files::write_public(&dir.join(MARK), &mark)
}

fn write_clients(dir: &Path, another: &PKey<Private>) -> Result<(), Error> {
    let key = authority::rsa_key(ENTERPRISE_KEY_BITS)?;
    let rsa = key.rsa()?;
    let private = jwk::private_rsa(&rsa);
    files::write_private(&dir.join(REGISTERED_KEY), private.as_bytes())?;
    let clients = DEFAULT_CLIENTS
        .replace("REGISTERED_KEY_ID", &jwk::thumbprint(rsa.n(), rsa.e()))
        .replace("REGISTERED_KEY_MODULUS", &URL_SAFE_NO_PAD.encode(rsa.n().to_vec()))
        .replace("ANOTHER_KEY_MODULUS", &URL_SAFE_NO_PAD.encode(another.rsa()?.n().to_vec()));
    files::write_private(&dir.join(CLIENTS), clients.as_bytes())
}

fn write_key(path: &Path, key: &PKey<Private>) -> Result<(), Error> {
    files::write_private(path, &Zeroizing::new(key.private_key_to_pem_pkcs8()?))
}

/// 144 random bits in letters, digits, `-` and `_`.
fn random_password() -> Result<Zeroizing<String>, ErrorStack> {
    let mut bytes = Zeroizing::new([0_u8; 18]);
    openssl::rand::rand_bytes(&mut *bytes)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}
