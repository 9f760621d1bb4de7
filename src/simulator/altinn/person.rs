//! People by their national identity number, as Altinn's register knows them.

use openssl::sha::sha256;
use serde_json::{Value, json};

use crate::simulator::registry::people::Pid;

/// A person with the numbers that Altinn gives to one.
pub(super) struct Person {
    pub(super) user_id: u32,
    pub(super) party_id: u32,
    pub(super) party_uuid: String,
}

impl Person {
    /// Finds a person. Everyone whose number has valid check digits exists, synthetic people too.
    pub(super) fn find(pid: &str) -> Option<Self> {
        Pid::parse(pid)?;
        let hash = sha256(pid.as_bytes());
        let number = u32::from(u16::from_be_bytes([hash[0], hash[1]]));
        let uuid = uuid::Builder::from_custom_bytes(first_sixteen(&hash)).into_uuid();
        Some(Self { user_id: 20_000 + number, party_id: 50_000_000 + number, party_uuid: uuid.to_string() })
    }

    /// Returns the claims about the person in Altinn's tokens.
    pub(super) fn claims(&self) -> [(&'static str, Value); 5] {
        [
            ("nameid", json!(self.user_id.to_string())),
            ("urn:altinn:userid", json!(self.user_id.to_string())),
            ("urn:altinn:username", json!("")),
            ("urn:altinn:partyid", json!(self.party_id)),
            ("urn:altinn:party:uuid", json!(self.party_uuid)),
        ]
    }
}

fn first_sixteen(hash: &[u8; 32]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes
}
