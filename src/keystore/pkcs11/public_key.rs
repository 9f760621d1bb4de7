//! Finds the public key of a private key in a token: in its own attributes, or in the public key or certificate with the
//! same `CKA_ID` (PKCS#11 §4.8).

use cryptoki::{
    error::Error,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::Session,
};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
};

use super::module::error_kind;
use crate::keystore::{Certificate, HardwareErrorKind, KeystoreErrorKind, openssl_key, public_key::PublicKey};

/// The curves of JWS by their `CKA_EC_PARAMS`: the DER of an object identifier.
const CURVES: [(&[u8], Nid); 3] = [
    (b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", Nid::X9_62_PRIME256V1),
    (b"\x06\x05\x2b\x81\x04\x00\x22", Nid::SECP384R1),
    (b"\x06\x05\x2b\x81\x04\x00\x23", Nid::SECP521R1),
];

/// The attributes of a key or certificate.
#[derive(Default)]
pub(super) struct ObjectAttributes {
    pub(super) id: Vec<u8>,
    pub(super) label: String,
    pub(super) always_authenticate: bool,
    kind: Option<KeyType>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    curve: Vec<u8>,
    point: Vec<u8>,
    value: Vec<u8>,
}

impl ObjectAttributes {
    /// Reads the attributes of an object; missing ones are empty.
    pub(super) fn read(session: &Session, object: ObjectHandle, class: ObjectClass) -> Result<Self, Error> {
        let mut wanted = vec![AttributeType::Id, AttributeType::Label];
        if class == ObjectClass::CERTIFICATE {
            wanted.push(AttributeType::Value);
        } else {
            wanted.extend([AttributeType::KeyType, AttributeType::Modulus, AttributeType::PublicExponent]);
            wanted.extend([AttributeType::EcParams, AttributeType::EcPoint, AttributeType::AlwaysAuthenticate]);
        }
        let mut read = Self::default();
        for attribute in session.get_attributes(object, &wanted)? {
            match attribute {
                Attribute::Id(id) => read.id = id,
                Attribute::Label(label) => read.label = String::from_utf8_lossy(&label).into_owned(),
                Attribute::AlwaysAuthenticate(always) => read.always_authenticate = always,
                Attribute::KeyType(kind) => read.kind = Some(kind),
                Attribute::Modulus(number) => read.modulus = number,
                Attribute::PublicExponent(number) => read.exponent = number,
                Attribute::EcParams(der) => read.curve = der,
                Attribute::EcPoint(point) => read.point = point,
                Attribute::Value(value) => read.value = value,
                _ => {}
            }
        }
        Ok(read)
    }

    fn public_key(&self) -> Result<Option<PublicKey>, KeystoreErrorKind> {
        let damaged = |_| KeystoreErrorKind::Damaged("the public key in the token cannot be parsed");
        match self.kind {
            Some(KeyType::RSA) if !self.modulus.is_empty() && !self.exponent.is_empty() => {
                rsa(&self.modulus, &self.exponent).map(Some).map_err(damaged)
            }
            Some(KeyType::EC) if !self.point.is_empty() => {
                let curve = CURVES.iter().find(|(parameters, _)| *parameters == self.curve);
                let (_, curve) =
                    curve.ok_or(KeystoreErrorKind::KeyKind("EC on a curve without a name in JWS".to_owned()))?;
                ec(*curve, &self.point).map(Some).map_err(damaged)
            }
            Some(KeyType::RSA | KeyType::EC) => Ok(None),
            other => {
                let kind = other.map_or_else(|| "without a name".to_owned(), |kind| kind.to_string());
                Err(KeystoreErrorKind::KeyKind(kind))
            }
        }
    }
}

/// Returns the certificates that the session can see, each with its `CKA_ID`.
pub(super) fn certificates(session: &Session) -> Result<Vec<(Vec<u8>, Certificate)>, HardwareErrorKind> {
    let template = [Attribute::Class(ObjectClass::CERTIFICATE), Attribute::Token(true)];
    let objects = session.find_objects(&template).map_err(|error| error_kind(&error))?;
    let read = objects.into_iter().filter_map(|object| {
        let attributes = ObjectAttributes::read(session, object, ObjectClass::CERTIFICATE).ok()?;
        Some((attributes.id, Certificate::from_der(&attributes.value)?))
    });
    Ok(read.collect())
}

/// Finds the public key of the private key with these attributes.
pub(super) fn find(
    session: &Session,
    private: &ObjectAttributes,
    certificates: &[(Vec<u8>, Certificate)],
) -> Result<PublicKey, HardwareErrorKind> {
    if let Some(public) = private.public_key().map_err(HardwareErrorKind::Key)? {
        return Ok(public);
    }
    let mut template = vec![Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Token(true)];
    // A key without an id shares only its label with its public key.
    template.push(if private.id.is_empty() {
        Attribute::Label(private.label.clone().into_bytes())
    } else {
        Attribute::Id(private.id.clone())
    });
    for object in session.find_objects(&template).map_err(|error| error_kind(&error))? {
        let public =
            ObjectAttributes::read(session, object, ObjectClass::PUBLIC_KEY).map_err(|error| error_kind(&error))?;
        if let Some(public) = public.public_key().map_err(HardwareErrorKind::Key)? {
            return Ok(public);
        }
    }
    let beside = certificates.iter().find(|(id, _)| !id.is_empty() && *id == private.id);
    beside.and_then(|(_, certificate)| certificate.public_key().cloned()).ok_or(HardwareErrorKind::NoPublicKey)
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, ErrorStack> {
    let rsa = Rsa::from_public_components(BigNum::from_slice(modulus)?, BigNum::from_slice(exponent)?)?;
    openssl_key::public_key(&*PKey::from_rsa(rsa)?)
}

/// Builds an EC key. The standard wraps the point in an OCTET STRING in DER, but some tokens do not.
#[allow(clippy::redundant_closure_for_method_calls)] // methods of yasna cannot be passed by name
fn ec(curve: Nid, point: &[u8]) -> Result<PublicKey, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    let mut context = BigNumContext::new()?;
    let unwrapped = yasna::parse_der(point, |reader| reader.read_bytes()).unwrap_or_else(|_| point.to_vec());
    let point = EcPoint::from_bytes(&group, &unwrapped, &mut context)
        .or_else(|_| EcPoint::from_bytes(&group, point, &mut context))?;
    openssl_key::public_key(&*PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)?)
}
