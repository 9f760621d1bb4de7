//! The `pkcs11:` URI (RFC 7512), as far as it names a private key.

use super::part::{PartFault, WrongPart};

/// A private key in a hardware token; what is `None` comes from the options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pkcs11Place {
    /// The label of the token (`token`).
    pub token: Option<String>,
    /// The label of the key (`object`).
    pub object: Option<String>,
    /// The module (`module-path`).
    pub module: Option<String>,
    /// The file with the PIN (`pin-source`).
    pub pin_file: Option<String>,
}

impl Pkcs11Place {
    /// Parses what follows `pkcs11:`. Attributes that would choose another object are refused, not ignored; the PIN itself
    /// does not belong in a URI.
    pub(super) fn parse(text: &str) -> Result<Self, WrongPart> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut place = Self::default();
        let attributes = |text: &str, separator| text.split(separator).map(str::to_owned).collect::<Vec<_>>();
        for attribute in attributes(path, ';').into_iter().chain(attributes(query, '&')) {
            let Some((name, value)) = attribute.split_once('=') else {
                if attribute.is_empty() {
                    continue;
                }
                return Err(("attribute", PartFault::Missing));
            };
            let value = decode(value)?;
            match name {
                "token" => place.token = Some(value),
                "object" => place.object = Some(value),
                "module-path" => place.module = Some(value),
                "pin-source" => place.pin_file = Some(value.strip_prefix("file:").unwrap_or(&value).to_owned()),
                "pin-value" => return Err(("pin-value", PartFault::Secret)),
                "type" if value == "private" => {}
                // They describe the token further, and its label is enough.
                "manufacturer" | "model" | "library-manufacturer" | "library-description" | "library-version" => {}
                _ => return Err(("attribute", PartFault::Unknown)),
            }
        }
        Ok(place)
    }
}

/// Decodes percent encoding (RFC 3986 §2.1).
fn decode(text: &str) -> Result<String, WrongPart> {
    let fault = ("value", PartFault::Character);
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit(rest.next()).ok_or(fault)?, digit(rest.next()).ok_or(fault)?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| fault)?);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attributes_of_a_private_key_are_read() {
        let text = "token=The%20Software%20PKCS%2311%20token;object=my-key;type=private;model=a\
                    ?module-path=/usr/lib/libsofthsm2.so&pin-source=file:/etc/pin";

        assert_eq!(
            Pkcs11Place::parse(text).unwrap(),
            Pkcs11Place {
                token: Some("The Software PKCS#11 token".to_owned()),
                object: Some("my-key".to_owned()),
                module: Some("/usr/lib/libsofthsm2.so".to_owned()),
                pin_file: Some("/etc/pin".to_owned()),
            }
        );
    }

    #[test]
    fn what_would_choose_another_object_or_shows_the_pin_is_refused() {
        for (text, fault) in [
            ("token=a;id=%01", ("attribute", PartFault::Unknown)),
            ("token=a;serial=1", ("attribute", PartFault::Unknown)),
            ("token=a;type=cert", ("attribute", PartFault::Unknown)),
            ("token=a?pin-value=1234", ("pin-value", PartFault::Secret)),
            ("token=%4", ("value", PartFault::Character)),
            ("token=%ff", ("value", PartFault::Character)),
            ("token", ("attribute", PartFault::Missing)),
        ] {
            assert_eq!(Pkcs11Place::parse(text), Err(fault), "{text}");
        }
    }
}
