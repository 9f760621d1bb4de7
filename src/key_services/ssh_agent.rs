//! Keys in an SSH agent, which signs with them (draft-ietf-sshm-ssh-agent; RFC 8332 for the flags of RSA).
//!
//! The agent is a program of this user, reached through the socket that `SSH_AUTH_SOCK` names. Its answers are capped and
//! checked like those of any other program.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    sync::Arc,
    time::Duration,
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{PlaceError, PlaceFacts, agent_error::AgentError};
use crate::{
    keystore::{
        KeySet, RemoteError, RemoteSignature, RemoteSigner, SignatureAlgorithm, SigningInput, SigningKey,
        VerificationKey,
    },
    text::excerpt,
};

/// The variable with the path of the socket.
const SOCKET: &str = "SSH_AUTH_SOCK";

/// The largest answer: hundreds of keys with certificates.
const MAXIMUM_ANSWER: usize = 256 * 1024;

// Message numbers and flags of the protocol.
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGNATURE: u8 = 14;
const RSA_SHA2_256: u32 = 2;
const RSA_SHA2_512: u32 = 4;

/// A key that the agent lists.
struct AgentKey {
    blob: Vec<u8>,
    comment: String,
    public: Option<VerificationKey>,
}

/// Signs in the agent.
struct AgentSigner {
    blob: Vec<u8>,
    time: Duration,
}

/// Finds the key with this comment or fingerprint; the only one if the text is empty.
pub(super) fn key(wanted: &str, time: Duration) -> Result<SigningKey, AgentError> {
    let all = keys(time)?;
    let listed = list(&all);
    let mut found =
        all.into_iter().filter(|key| wanted.is_empty() || key.comment == wanted || key.fingerprint() == wanted);
    let mut able = found.by_ref().filter_map(|key| Some((key.blob, key.public?)));
    match (able.next(), able.next()) {
        (Some((blob, public)), None) => Ok(SigningKey::remote(&public, Arc::new(AgentSigner { blob, time }))),
        (None, _) => Err(AgentError::NoSuchKey(listed)),
        (Some(_), Some(_)) => Err(AgentError::SeveralKeys(listed)),
    }
}

/// Returns where the agent is.
pub(super) fn facts() -> PlaceFacts {
    let socket = std::env::var(SOCKET).unwrap_or_default();
    PlaceFacts { location: format!("the SSH agent at {}", excerpt(&socket, 200)), ..PlaceFacts::default() }
}

fn keys(time: Duration) -> Result<Vec<AgentKey>, AgentError> {
    let answer = exchange(&[REQUEST_IDENTITIES], time)?;
    let mut reader = Reader(answer.strip_prefix(&[IDENTITIES]).ok_or(AgentError::Answer)?);
    // Each key takes bytes of a capped answer, so that the count needs no limit of its own.
    let count = reader.number().ok_or(AgentError::Answer)?;
    let keys = (0..count).map(|_| {
        let blob = reader.string()?.to_vec();
        let comment = String::from_utf8_lossy(reader.string()?).into_owned();
        Some(AgentKey { public: public_key(&blob), blob, comment })
    });
    keys.collect::<Option<Vec<_>>>().ok_or(AgentError::Answer)
}

impl AgentKey {
    /// Returns the fingerprint as `ssh-add -l` shows it.
    fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, &self.blob)))
    }
}

/// Lists keys for an error, one per line.
fn list(keys: &[AgentKey]) -> String {
    let lines = keys.iter().take(100).fold(String::new(), |mut text, key| {
        let kind = key.public.as_ref().map_or_else(|| "cannot sign a JWT".to_owned(), VerificationKey::kind);
        let _ = write!(text, "\n  {}: {}, {kind}", excerpt(&key.comment, 80), key.fingerprint());
        text
    });
    if lines.is_empty() { " none".to_owned() } else { lines }
}

/// Parses a public key (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4); `None` for a kind that cannot sign a JWT.
fn public_key(blob: &[u8]) -> Option<VerificationKey> {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let mut reader = Reader(blob);
    let (jwk, algorithm): (Value, _) = match reader.string()? {
        b"ssh-rsa" => {
            let (e, n) = (unsigned(reader.string()?), unsigned(reader.string()?));
            (json!({ "kty": "RSA", "e": encode(e), "n": encode(n) }), SignatureAlgorithm::Rs256)
        }
        b"ssh-ed25519" => {
            let x = reader.string()?;
            (json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(x) }), SignatureAlgorithm::EdDsa)
        }
        name if name.starts_with(b"ecdsa-sha2-") => {
            let (curve, algorithm) = match reader.string()? {
                b"nistp256" => ("P-256", SignatureAlgorithm::Es256),
                b"nistp384" => ("P-384", SignatureAlgorithm::Es384),
                b"nistp521" => ("P-521", SignatureAlgorithm::Es512),
                _ => return None,
            };
            let point = reader.string()?.strip_prefix(&[4])?;
            let (x, y) = point.split_at(point.len() / 2);
            (json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) }), algorithm)
        }
        _ => return None,
    };
    KeySet::parse(jwk.to_string().as_bytes()).ok()?.find(None, algorithm).next().cloned()
}

impl RemoteSigner for AgentSigner {
    fn sign(&self, input: &SigningInput<'_>) -> Result<RemoteSignature, RemoteError> {
        let signature = self.signature(input).map_err(|error| Arc::new(PlaceError::Agent(error)) as RemoteError)?;
        Ok(RemoteSignature::Jws(signature))
    }
}

impl AgentSigner {
    fn signature(&self, input: &SigningInput<'_>) -> Result<Vec<u8>, AgentError> {
        use SignatureAlgorithm::{EdDsa, Es256, Es384, Es512, Rs256, Rs512};
        let (flags, coordinate) = match input.algorithm {
            Rs256 => (RSA_SHA2_256, None),
            Rs512 => (RSA_SHA2_512, None),
            EdDsa => (0, None),
            Es256 => (0, Some(32)),
            Es384 => (0, Some(48)),
            Es512 => (0, Some(66)),
            other => return Err(AgentError::Algorithm(other)),
        };
        let mut request = vec![SIGN_REQUEST];
        for part in [self.blob.as_slice(), input.message] {
            request.extend(u32::try_from(part.len()).map_err(|_| AgentError::Answer)?.to_be_bytes());
            request.extend(part);
        }
        request.extend(flags.to_be_bytes());
        let answer = exchange(&request, self.time)?;
        let Some((&SIGNATURE, rest)) = answer.split_first() else {
            return Err(if answer.first() == Some(&FAILURE) { AgentError::Refused } else { AgentError::Answer });
        };
        signature(rest, coordinate).ok_or(AgentError::Answer)
    }
}

/// Reads the signature of an answer; that of ECDSA is two numbers (RFC 5656 §3.1.2).
fn signature(answer: &[u8], coordinate: Option<usize>) -> Option<Vec<u8>> {
    let mut reader = Reader(Reader(answer).string()?);
    let _algorithm = reader.string()?;
    let signature = reader.string()?;
    let Some(length) = coordinate else { return Some(signature.to_vec()) };
    let mut numbers = Reader(signature);
    let mut jws = Vec::with_capacity(2 * length);
    for _ in 0..2 {
        let number = unsigned(numbers.string()?);
        jws.extend(std::iter::repeat_n(0, length.checked_sub(number.len())?));
        jws.extend(number);
    }
    Some(jws)
}

/// Returns a number without the zeros before it.
fn unsigned(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Reads the types of RFC 4251 §5.
struct Reader<'answer>(&'answer [u8]);

impl<'answer> Reader<'answer> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'answer [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}

/// Sends a message to the agent, and returns its answer.
fn exchange(message: &[u8], time: Duration) -> Result<Vec<u8>, AgentError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => AgentError::TimedOut,
        _ => AgentError::Unreachable(error.to_string()),
    };
    let mut stream = connect(time)?;
    let length = u32::try_from(message.len()).map_err(|_| AgentError::Answer)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).map_err(failed)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).map_err(failed)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MAXIMUM_ANSWER {
        return Err(AgentError::Answer);
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).map_err(failed)?;
    Ok(answer)
}

#[cfg(unix)]
fn connect(time: Duration) -> Result<impl Read + Write, AgentError> {
    use std::os::unix::net::UnixStream;

    let path = std::env::var_os(SOCKET).filter(|path| !path.is_empty()).ok_or(AgentError::NoAgent)?;
    let stream = UnixStream::connect(path).and_then(|stream| {
        stream.set_read_timeout(Some(time))?;
        stream.set_write_timeout(Some(time))?;
        Ok(stream)
    });
    stream.map_err(|error| AgentError::Unreachable(error.to_string()))
}

/// Opens the pipe of the agent that is part of Windows; a pipe has no time limits.
#[cfg(windows)]
fn connect(_: Duration) -> Result<impl Read + Write, AgentError> {
    let path = std::env::var_os(SOCKET).filter(|path| !path.is_empty());
    let path = path.unwrap_or_else(|| r"\\.\pipe\openssh-ssh-agent".into());
    let pipe = std::fs::OpenOptions::new().read(true).write(true).open(path);
    pipe.map_err(|error| AgentError::Unreachable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    #[test]
    fn the_numbers_of_an_ecdsa_signature_are_padded_side_by_side() {
        let numbers = [string(&[0, 0xff, 1]), string(&[7])].concat();
        let answer = string(&[string(b"ecdsa-sha2-nistp256"), string(&numbers)].concat());

        let jws = signature(&answer, Some(32)).unwrap();

        assert_eq!(jws.len(), 64);
        assert_eq!((jws[29..32].to_vec(), jws[63]), (vec![0, 0xff, 1], 7));
        assert_eq!(signature(&answer, Some(1)), None);
    }

    #[test]
    fn truncated_answers_and_keys_are_refused() {
        let key = [string(b"ssh-ed25519"), string(&[1; 32])].concat();
        let answer = string(&[string(b"ssh-ed25519"), string(&[2; 64])].concat());
        assert!(signature(&answer, None).is_some());
        for length in 0..answer.len() {
            assert_eq!(signature(&answer[..length], None), None);
        }
        for length in 0..key.len() {
            assert!(public_key(&key[..length]).is_none());
        }
        assert!(public_key(&string(b"ssh-dss")).is_none());
        assert!(public_key(&[string(b"ssh-rsa"), string(&[]), string(&[])].concat()).is_none());
    }
}
