//! Decrypts the parts of a container whose MAC is right: all of them, or those that the chosen key needs.

use secrecy::SecretString;

use super::{
    Pkcs12, Protection, Safe,
    algorithm::{self, Encryption},
    bag::{Bag, BagKind, KeyContent},
    decryption::IterationBudget,
    parse_sequence,
};
use crate::keystore::{
    Certificate, KeystoreErrorKind, MAXIMUM_CERTIFICATES, engine, error::shown, private_key::PrivateKey, structure,
};

/// The nesting limit of safe contents in safe contents (RFC 7292 §4.2.6).
const MAXIMUM_NESTING: usize = 4;

/// The limit for keys: each is compared with every certificate.
const MAXIMUM_KEYS: usize = 100;

/// A container whose MAC is right. Nothing is decrypted twice.
pub(in crate::keystore) struct Unlocked<'file> {
    file: &'file Pkcs12,
    password: &'file SecretString,
    budget: IterationBudget,
    /// The safes that have been opened.
    safes: Vec<Option<OpenSafe>>,
}

/// The keys and certificates of a safe in their order.
#[derive(Default)]
struct OpenSafe {
    keys: Vec<KeyBag>,
    certificates: Vec<CertificateBag>,
}

/// A key in a container.
pub(in crate::keystore) struct KeyBag {
    pub(in crate::keystore) alias: Option<String>,
    pub(in crate::keystore) local_key_id: Option<Vec<u8>>,
    content: KeyContent,
    /// The key once it has been decrypted, or the name of its kind if that cannot sign a JWT.
    key: Option<Result<PrivateKey, String>>,
}

/// A certificate in a container.
pub(in crate::keystore) struct CertificateBag {
    alias: Option<String>,
    pub(in crate::keystore) local_key_id: Option<Vec<u8>>,
    der: Vec<u8>,
}

/// The content of a container in its order.
#[derive(Default)]
pub(in crate::keystore) struct Pkcs12Contents {
    pub(in crate::keystore) keys: Vec<(PrivateKey, Option<String>)>,
    pub(in crate::keystore) certificates: Vec<(Certificate, Option<String>)>,
    pub(in crate::keystore) protections: Vec<Protection>,
    /// The kinds of keys that were skipped because they cannot sign a JWT.
    pub(in crate::keystore) other_kinds: Vec<String>,
}

impl<'file> Unlocked<'file> {
    pub(super) fn new(file: &'file Pkcs12, password: &'file SecretString, budget: IterationBudget) -> Self {
        let safes = file.safes.iter().map(|_| None).collect();
        Self { file, password, budget, safes }
    }

    /// Opens the safes that are not encrypted.
    ///
    /// # Errors
    /// As [`Unlocked::open_safes`].
    pub(in crate::keystore) fn open_plain_safes(&mut self) -> Result<(), KeystoreErrorKind> {
        self.open(|safe| matches!(safe, Safe::Plain(_)))
    }

    /// Opens every safe, but no encrypted key in it.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::OtherKeyPassword`] if the MAC is right and decryption fails,
    /// [`KeystoreErrorKind::Undecipherable`] if there is no MAC, and others for damaged or unsupported content.
    pub(in crate::keystore) fn open_safes(&mut self) -> Result<(), KeystoreErrorKind> {
        self.open(|_| true)
    }

    /// Returns the keys in the safes that are open.
    pub(in crate::keystore) fn keys(&self) -> impl Iterator<Item = &KeyBag> {
        self.safes.iter().flatten().flat_map(|safe| &safe.keys)
    }

    /// Returns the certificates in the safes that are open.
    pub(in crate::keystore) fn certificate_bags(&self) -> impl Iterator<Item = &CertificateBag> {
        self.safes.iter().flatten().flat_map(|safe| &safe.certificates)
    }

    /// Parses the certificates in the safes that are open, each with its alias.
    ///
    /// # Errors
    /// [`KeystoreErrorKind::Damaged`] if one cannot be parsed.
    pub(in crate::keystore) fn certificates(&self) -> Result<Vec<(Certificate, Option<String>)>, KeystoreErrorKind> {
        let parse = |bag: &CertificateBag| Some((Certificate::from_der(&bag.der)?, bag.alias.clone()));
        let certificates: Option<_> = self.certificate_bags().map(parse).collect();
        certificates.ok_or(KeystoreErrorKind::Damaged("a certificate cannot be parsed"))
    }

    /// Decrypts the key at this place of [`Unlocked::keys`], with its alias; `None` if it cannot sign a JWT.
    ///
    /// # Errors
    /// As [`Unlocked::open_safes`].
    pub(in crate::keystore) fn open_key(
        &mut self,
        place: usize,
    ) -> Result<Option<(PrivateKey, Option<String>)>, KeystoreErrorKind> {
        let mut keys = self.safes.iter_mut().flatten().flat_map(|safe| &mut safe.keys);
        let Some(bag) = keys.nth(place) else { return Ok(None) };
        let key = bag.open(self.password, &mut self.budget).map_err(|kind| self.file.undecipherable(kind))?;
        Ok(key.ok().map(|key| (key, bag.alias.clone())))
    }

    /// Decrypts everything.
    ///
    /// # Errors
    /// As [`Unlocked::open_safes`].
    pub(in crate::keystore) fn contents(&mut self) -> Result<Pkcs12Contents, KeystoreErrorKind> {
        self.open_safes()?;
        let certificates = self.certificates()?;
        let protections = vec![Protection::integrity(self.file.mac.as_ref())?];
        let mut contents = Pkcs12Contents { certificates, protections, ..Pkcs12Contents::default() };
        for ((number, safe), open) in (1..).zip(&self.file.safes).zip(&mut self.safes) {
            contents.protections.push(Protection::encryption(format!("safe {number}"), safe.encryption())?);
            for bag in open.iter_mut().flat_map(|open| &mut open.keys) {
                let key = bag.open(self.password, &mut self.budget).map_err(|kind| self.file.undecipherable(kind))?;
                let name = bag.alias.as_deref().map_or_else(|| (contents.keys.len() + 1).to_string(), shown);
                contents.protections.push(Protection::encryption(format!("key {name}"), bag.content.encryption())?);
                match key {
                    Ok(key) => contents.keys.push((key, bag.alias.clone())),
                    Err(kind) => contents.other_kinds.push(kind),
                }
            }
        }
        Ok(contents)
    }

    /// Returns how many iterations of key derivations have been made.
    #[cfg(test)]
    pub(in crate::keystore) fn iterations(&self) -> u64 {
        self.budget.spent()
    }

    fn open(&mut self, wanted: fn(&Safe) -> bool) -> Result<(), KeystoreErrorKind> {
        for (place, safe) in self.file.safes.iter().enumerate() {
            if self.safes[place].is_some() || !wanted(safe) {
                continue;
            }
            let bags = match safe {
                Safe::Plain(bags) => bags.clone().ok_or(KeystoreErrorKind::Damaged("its bags cannot be parsed"))?,
                Safe::Encrypted(info) => {
                    let encryption = Encryption::read(&info.content_encryption_algorithm)?;
                    let parse = |plain: &[u8]| parse_sequence(plain, Bag::parse);
                    let bags = encryption.decrypt(&info.encrypted_content, self.password, &mut self.budget, parse);
                    bags.map_err(|kind| self.file.undecipherable(kind))?
                }
                Safe::Other(content_type) => return Err(algorithm::unsupported(content_type)),
            };
            self.safes[place] = Some(OpenSafe::default());
            self.add(place, bags, MAXIMUM_NESTING)?;
        }
        Ok(())
    }

    /// Adds bags to an open safe.
    fn add(&mut self, place: usize, bags: Vec<Bag>, nesting: usize) -> Result<(), KeystoreErrorKind> {
        let (mut keys, mut certificates) = (self.keys().count(), self.certificate_bags().count());
        for bag in bags {
            if keys >= MAXIMUM_KEYS || certificates >= MAXIMUM_CERTIFICATES {
                return Err(KeystoreErrorKind::TooManyEntries {
                    keys: MAXIMUM_KEYS,
                    certificates: MAXIMUM_CERTIFICATES,
                });
            }
            let Bag { kind, alias, local_key_id } = bag;
            let safe = self.safes[place].get_or_insert_default();
            match kind {
                BagKind::Key(content) => {
                    safe.keys.push(KeyBag { alias, local_key_id, content, key: None });
                    keys += 1;
                }
                BagKind::Certificate(der) => {
                    safe.certificates.push(CertificateBag { alias, local_key_id, der });
                    certificates += 1;
                }
                BagKind::SafeContents(inner) => {
                    let inner = parse_sequence(&inner, Bag::parse).filter(|_| nesting > 0);
                    let inner = inner.ok_or(KeystoreErrorKind::Damaged("its bags cannot be parsed"))?;
                    self.add(place, inner, nesting - 1)?;
                    (keys, certificates) = (self.keys().count(), self.certificate_bags().count());
                }
                BagKind::Other => {}
            }
        }
        Ok(())
    }
}

impl KeyBag {
    fn open(
        &mut self,
        password: &SecretString,
        budget: &mut IterationBudget,
    ) -> Result<Result<PrivateKey, String>, KeystoreErrorKind> {
        if let Some(key) = &self.key {
            return Ok(key.clone());
        }
        let parsed = match &self.content {
            KeyContent::Encrypted(info) => {
                let parse = |plain: &[u8]| structure::first_element(plain).map(engine::from_pkcs8);
                let encryption = Encryption::read(&info.encryption_algorithm)?;
                encryption.decrypt(&info.encrypted_data, password, budget, parse)?
            }
            KeyContent::Plain(pkcs8) => engine::from_pkcs8(pkcs8),
        };
        let key = match parsed {
            Err(KeystoreErrorKind::KeyKind(kind)) => Err(kind),
            key => Ok(key?),
        };
        Ok(self.key.insert(key).clone())
    }
}

impl Pkcs12 {
    /// Names the error of a decryption: if the MAC was right, the password is not simply wrong.
    fn undecipherable(&self, kind: KeystoreErrorKind) -> KeystoreErrorKind {
        match kind {
            KeystoreErrorKind::Undecipherable if self.has_mac() => KeystoreErrorKind::OtherKeyPassword,
            kind => kind,
        }
    }
}
