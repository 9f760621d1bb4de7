//! Which key of a keystore is wanted, so that only what it needs is decrypted: each part takes a key derivation.
//!
//! A key that stays encrypted cannot be compared with the certificates. So a key is opened alone only if all others
//! could not be chosen, whatever they are; otherwise everything is opened.

use super::{
    Certificate, CertificateThumbprint, KeystoreErrorKind, Validity,
    pkcs12::{Pkcs12Contents, Unlocked},
};
use crate::clock::{Clock as _, SystemClock};

/// Which key of a keystore is wanted, and for what.
#[derive(Debug, Clone, Copy)]
pub struct KeyChoice<'choice> {
    /// The alias of the key.
    pub alias: Option<&'choice str>,
    /// The thumbprint of its certificate.
    pub certificate: Option<&'choice CertificateThumbprint>,
    /// Whether its certificates are used. A key that is registered under an id does not need them.
    pub uses_certificates: bool,
}

impl Default for KeyChoice<'_> {
    /// Returns the choice of the only key that may sign, with its certificates.
    fn default() -> Self {
        Self { alias: None, certificate: None, uses_certificates: true }
    }
}

impl KeyChoice<'_> {
    /// Decrypts what the key needs.
    ///
    /// # Errors
    /// As [`Unlocked::contents`], for the parts that are decrypted.
    pub(super) fn contents(&self, unlocked: &mut Unlocked) -> Result<Pkcs12Contents, KeystoreErrorKind> {
        match self.single_key(unlocked)? {
            Some(contents) => Ok(contents),
            None => unlocked.contents(),
        }
    }

    /// Decrypts the wanted key alone if no other can be meant, and its certificates unless they are not sent.
    fn single_key(&self, unlocked: &mut Unlocked) -> Result<Option<Pkcs12Contents>, KeystoreErrorKind> {
        if !self.uses_certificates && self.certificate.is_none() {
            // No known program writes keys to both kinds of safes; certificates are in the encrypted ones.
            unlocked.open_plain_safes()?;
            if let Some(contents) = self.named_key(unlocked, Vec::new())? {
                return Ok(Some(contents));
            }
        }
        unlocked.open_safes()?;
        if unlocked.keys().nth(1).is_none() {
            return Ok(None);
        }
        let certificates = unlocked.certificates()?;
        match self.alias {
            Some(_) if self.certificate.is_some() => Ok(None),
            Some(_) => self.named_key(unlocked, certificates),
            None => self.key_of_certificate(unlocked, certificates),
        }
    }

    /// Decrypts the only key with the wanted alias; without an alias, the only key.
    fn named_key(
        &self,
        unlocked: &mut Unlocked,
        certificates: Vec<(Certificate, Option<String>)>,
    ) -> Result<Option<Pkcs12Contents>, KeystoreErrorKind> {
        let place = match self.alias {
            None => only(unlocked.keys().map(|_| 0)),
            Some(alias) => place_of(alias, unlocked),
        };
        open(place, unlocked, certificates)
    }

    /// Decrypts the key of the only certificate that is wanted or may sign now, by the local key id that they share.
    ///
    /// The id can be wrong, so the numbers of the key decide.
    fn key_of_certificate(
        &self,
        unlocked: &mut Unlocked,
        certificates: Vec<(Certificate, Option<String>)>,
    ) -> Result<Option<Pkcs12Contents>, KeystoreErrorKind> {
        let wanted: Vec<usize> = match self.certificate {
            Some(thumbprint) => {
                certificates.iter().position(|(certificate, _)| thumbprint.matches(certificate)).into_iter().collect()
            }
            None => signing_now(&certificates),
        };
        let bags: Vec<_> = unlocked.certificate_bags().collect();
        let Some(id) = wanted.iter().find_map(|at| bags[*at].local_key_id.as_ref()) else { return Ok(None) };
        let with_id = unlocked.keys().enumerate().filter(|(_, key)| key.local_key_id.as_ref() == Some(id));
        let place = only(with_id.map(|(place, _)| place));
        let contents = open(place, unlocked, certificates)?;
        // If one belongs to another key, that key may be chosen as well.
        Ok(contents.filter(|Pkcs12Contents { keys, certificates, .. }| {
            wanted.iter().all(|at| keys.iter().all(|(key, _)| certificates[*at].0.belongs_to(&key.public)))
        }))
    }
}

/// Returns the place of the only key with this alias, if every key has one.
fn place_of(alias: &str, unlocked: &Unlocked) -> Option<usize> {
    let aliases: Vec<&str> = unlocked.keys().map(|key| key.alias.as_deref()).collect::<Option<_>>()?;
    let places = |matches: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..aliases.len()).filter(|place| matches(aliases[*place])).collect()
    };
    let exact = places(&|other| other == alias);
    // Java shows every alias in lower case.
    let found = if exact.is_empty() { places(&|other| other.to_lowercase() == alias.to_lowercase()) } else { exact };
    only(found.into_iter())
}

/// Returns the places of the certificates that may sign; only of those that are valid now, if any is.
fn signing_now(certificates: &[(Certificate, Option<String>)]) -> Vec<usize> {
    let now = SystemClock.now();
    let mut places: Vec<usize> = (0..certificates.len()).filter(|at| certificates[*at].0.may_sign()).collect();
    let is_valid = |at: &usize| certificates[*at].0.validity(now) == Validity::Valid;
    if places.iter().any(is_valid) {
        places.retain(is_valid);
    }
    places
}

/// Decrypts the key at a place.
fn open(
    place: Option<usize>,
    unlocked: &mut Unlocked,
    certificates: Vec<(Certificate, Option<String>)>,
) -> Result<Option<Pkcs12Contents>, KeystoreErrorKind> {
    let Some(place) = place else { return Ok(None) };
    let Some(key) = unlocked.open_key(place)? else { return Ok(None) };
    Ok(Some(Pkcs12Contents { keys: vec![key], certificates, ..Pkcs12Contents::default() }))
}

/// Returns the only item; `None` if there is none or another.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use openssl::{pkey::PKey, x509::X509};
    use p12::{CertBag, OtherBag, PKCS12Attribute, SafeBag, SafeBagKind};
    use secrecy::SecretString;
    use yasna::models::ObjectIdentifier;

    use super::*;
    use crate::{
        explain::Explain as _,
        keystore::{DEFAULT_ITERATIONS, KeyEntry, KeystoreFile, SigningKey, pkcs12::Pkcs12},
    };

    fn read(file: &str) -> Vec<u8> {
        fs::read(format!("{}/testdata/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn choice<'choice>(alias: impl Into<Option<&'choice str>>, uses_certificates: bool) -> KeyChoice<'choice> {
        KeyChoice { alias: alias.into(), certificate: None, uses_certificates }
    }

    /// Returns how many key derivations a choice takes, of `iterations` each.
    fn derivations(file: &str, password: &str, iterations: u64, choice: &KeyChoice) -> u64 {
        let (container, password) = (Pkcs12::parse(&read(file), DEFAULT_ITERATIONS).unwrap(), password.into());
        let mut unlocked = container.unlock(&password).unwrap();
        choice.contents(&mut unlocked).unwrap();
        assert_eq!(unlocked.iterations() % iterations, 0, "{file}");
        unlocked.iterations() / iterations
    }

    #[test]
    fn a_key_that_is_registered_under_an_id_takes_the_derivations_of_mac_and_key() {
        for (file, password, iterations) in [
            ("modern.p12", "secret", 2048),
            ("pbmac1.p12", "secret", 2048),
            ("dotnet8.p12", "secret", 2000),
            ("keytool.p12", "secret12", 10_000),
        ] {
            assert_eq!(derivations(file, password, iterations, &choice(None, false)), 2, "{file}");
            assert_eq!(derivations(file, password, iterations, &choice(None, true)), 3, "{file}");
        }
        for alias in ["enterprise", "ENTERPRISE"] {
            assert_eq!(derivations("modern.p12", "secret", 2048, &choice(alias, false)), 2, "{alias}");
        }
        assert_eq!(derivations("modern.p12", "secret", 2048, &choice("other", false)), 3);
    }

    #[test]
    fn of_several_keys_only_the_chosen_one_is_decrypted() {
        let three = |choice: &KeyChoice| derivations("keytool-three.p12", "secret12", 10_000, choice);
        let certificates = Pkcs12::parse(&read("keytool-three.p12"), DEFAULT_ITERATIONS).unwrap();
        let certificates = certificates.unlock(&"secret12".into()).unwrap().contents().unwrap().certificates;

        assert_eq!(three(&choice("encryption", false)), 2);
        assert_eq!(three(&choice("Encryption", true)), 3);
        assert_eq!(three(&choice("other", true)), 5);
        for uses_certificates in [true, false] {
            assert_eq!(three(&choice(None, uses_certificates)), 3);
            for (own, alias) in certificates.iter().filter(|(own, _)| own.subject().contains("TESTETATEN")) {
                let thumbprint = CertificateThumbprint::parse(&own.thumbprint()).unwrap();
                let by_certificate = KeyChoice { certificate: Some(&thumbprint), ..choice(None, uses_certificates) };
                assert_eq!(three(&by_certificate), 3, "{alias:?}");
            }
        }
    }

    #[test]
    fn nothing_is_derived_twice_when_every_key_must_be_compared() {
        assert_eq!(derivations("two-signers.p12", "secret", 10_000, &choice(None, true)), 4);
        assert_eq!(derivations("two-signers.p12", "secret", 10_000, &choice(None, false)), 4);
    }

    /// Describes the chosen key with its certificates, or why there is none.
    fn chosen(
        file: &KeystoreFile,
        password: &SecretString,
        choice: &KeyChoice,
        all: bool,
    ) -> Result<(String, Vec<String>), String> {
        let opened = if all { file.open(password) } else { file.open_for(password, choice) };
        let opened = opened.and_then(|opened| match choice.certificate {
            Some(thumbprint) => opened.with_certificate(thumbprint),
            None => Ok(opened),
        });
        let key: Result<SigningKey, _> = opened.and_then(|opened| opened.choose(choice.alias));
        key.map(|key| (key.thumbprint(), key.certificates().iter().map(Certificate::thumbprint).collect()))
            .map_err(|error| format!("{}: {error:?}", error.code()))
    }

    #[test]
    fn every_sample_gives_the_same_key_or_error_as_when_all_of_it_is_opened() {
        let folder = |name: &str| {
            let files = fs::read_dir(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            let names = files.map(|file| format!("{name}{}", file.unwrap().file_name().display()));
            names
                .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "p12"))
                .collect::<Vec<_>>()
        };
        let mut keys = 0;
        for name in [folder(""), folder("cases/")].concat() {
            // The files with the most iterations take too long in a debug build.
            let Ok(file) = KeystoreFile::parse(&name, &read(&name), 60_000) else { continue };
            for password in ["secret", "secret12", "Hemmelig1"].map(SecretString::from) {
                let Ok(keystore) = file.open(&password) else { continue };
                let aliases: Vec<String> = keystore.entries().iter().map(|entry| entry.alias().to_owned()).collect();
                let thumbprints: Vec<CertificateThumbprint> = keystore
                    .entries()
                    .iter()
                    .flat_map(KeyEntry::certificates)
                    .map(|own| CertificateThumbprint::parse(&own.thumbprint()).unwrap())
                    .collect();
                let by_alias = aliases.iter().map(String::as_str).chain(["1", "nothing"]).map(Some).chain([None]);
                let by_alias = by_alias.map(|alias| choice(alias, true));
                let by_certificate = thumbprints
                    .iter()
                    .map(|thumbprint| KeyChoice { certificate: Some(thumbprint), ..choice(None, true) });

                for choice in by_alias.chain(by_certificate) {
                    let all = chosen(&file, &password, &choice, true);
                    assert_eq!(chosen(&file, &password, &choice, false), all, "{name} {choice:?}");
                    let registered = KeyChoice { uses_certificates: false, ..choice };
                    if let Ok((thumbprint, _)) = all {
                        let found = chosen(&file, &password, &registered, false).unwrap();
                        assert_eq!(found.0, thumbprint, "{name} {choice:?}");
                        keys += 1;
                    }
                }
            }
        }
        assert!(keys > 100, "{keys}");
    }

    /// Writes bags without encryption, the way [`Pkcs12::parse`] reads them.
    fn container(bags: &[SafeBag]) -> Vec<u8> {
        let safe =
            yasna::construct_der(|writer| writer.write_sequence_of(|w| bags.iter().for_each(|b| b.write(w.next()))));
        let content =
            yasna::construct_der(|writer| writer.write_sequence_of(|w| p12::ContentInfo::Data(safe).write(w.next())));
        p12::PFX { version: 3, auth_safe: p12::ContentInfo::Data(content), mac_data: None }.to_der()
    }

    #[test]
    fn a_local_key_id_that_names_another_key_does_not_decide() {
        let key = |name: &str, id: u8| {
            let key = PKey::private_key_from_pem(&read(&format!("keys/{name}-key.pem"))).unwrap();
            let bag_id = ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 12, 10, 1, 1]);
            let bag = SafeBagKind::OtherBagKind(OtherBag { bag_id, bag_value: key.private_key_to_pkcs8().unwrap() });
            SafeBag { bag, attributes: vec![PKCS12Attribute::LocalKeyId(vec![id])] }
        };
        let certificate = |name: &str, id: u8| {
            let x509 = X509::from_pem(&read(&format!("keys/{name}.pem"))).unwrap();
            let bag = SafeBagKind::CertBag(CertBag::X509(x509.to_der().unwrap()));
            SafeBag { bag, attributes: vec![PKCS12Attribute::LocalKeyId(vec![id])] }
        };
        // The encryption certificate may not sign, so the other decides; its id is that of the wrong key.
        for (first, second) in [(1, 2), (2, 1), (1, 1), (7, 8)] {
            let bags = [
                key("enterprise", 1),
                key("encryption", 2),
                certificate("enterprise", first),
                certificate("encryption", second),
            ];
            let file = KeystoreFile::parse("crafted.p12", &container(&bags), DEFAULT_ITERATIONS).unwrap();
            let enterprise = X509::from_pem(&read("keys/enterprise.pem")).unwrap().to_der().unwrap();
            let enterprise = Certificate::from_der(&enterprise).unwrap().thumbprint();

            for all in [true, false] {
                let (_, chain) = chosen(&file, &SecretString::default(), &KeyChoice::default(), all).unwrap();
                assert_eq!(chain, [enterprise.as_str()], "{first} {second}");
            }
        }
    }
}
