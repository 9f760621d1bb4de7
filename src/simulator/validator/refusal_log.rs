//! What the log has of a refusal and the response does not: the reason, and the switch that would allow the assertion.

use std::fmt;

use super::refusal::GrantRefusal;
use crate::simulator::algorithm::Algorithm;

impl GrantRefusal {
    /// Returns the text for the log: the code or the error, the reason, and the switch that would allow the assertion.
    pub(crate) fn summary(&self) -> String {
        let (_, error, code, _) = self.row();
        let name = code.map_or(error, str::to_owned);
        match (self.reason(), self.switch()) {
            (None, None) => name,
            (None, Some(switch)) => format!("{name} (allowed by {switch})"),
            (Some(reason), None) => format!("{name} ({reason})"),
            (Some(reason), Some(switch)) => format!("{name} ({reason}; allowed by {switch})"),
        }
    }

    /// Returns what the response does not have.
    fn reason(&self) -> Option<String> {
        Some(match self {
            Self::Parameter(why) | Self::X5c(why) | Self::Client(why) | Self::Form(why) => (*why).to_owned(),
            Self::Certificate(why, _) => why.clone(),
            Self::ClaimUnknown { name, .. } => format!("unknown claim {name}"),
            Self::Claim { name, why, .. } => {
                let why = why.strip_prefix("It").map_or_else(|| format!(": {why}"), str::to_owned);
                format!("{name}{why}")
            }
            Self::JtiMissing => "jti is missing".to_owned(),
            Self::Algorithm(name) => format!("alg {name}"),
            Self::KidMissing | Self::KidUnknown => "kid".to_owned(),
            Self::IssuedAhead { issued, now } => {
                format!("iat is {} s ahead of the clock ({issued}, {now})", issued.saturating_sub(*now))
            }
            Self::Expired { expires, now } => {
                format!("exp was {} s ago ({expires}, {now})", now.saturating_sub(*expires))
            }
            Self::Audience { in_an_array: true } => "aud is an array".to_owned(),
            Self::Replayed { without_jti: true } => "without jti, the whole assertion is the identifier".to_owned(),
            Self::Resource { single: true } => "resource is not an array".to_owned(),
            Self::GrantType
            | Self::IntegrationType
            | Self::KeyExpired
            | Self::Orgno
            | Self::Signature
            | Self::Audience { .. }
            | Self::Replayed { .. }
            | Self::Consumer
            | Self::ScopeMissing
            | Self::ScopeInvalid(_)
            | Self::ScopeNotAllowed
            | Self::NotGranted(_)
            | Self::NotDelegated { .. }
            | Self::Resource { .. }
            | Self::Details(..)
            | Self::SystemUser
            | Self::Busy => return None,
        })
    }

    /// Returns the option or the member of `clients.json` that would allow the assertion.
    fn switch(&self) -> Option<String> {
        let member = |name: &str, value: &dyn fmt::Display| {
            Some(format!("\"strictness\": {{\"{name}\": {value}}} in clients.json"))
        };
        match self {
            Self::Algorithm(name) => Algorithm::parse(name).map(|_| format!("--allow-alg {name}")),
            Self::ClaimUnknown { name, .. } if !name.contains('?') => Some(format!("--allow-claim {name}")),
            Self::Claim { name: "sub", .. } => Some("--allow-claim sub".to_owned()),
            // The switches have 32 bits.
            Self::Claim { switch: Some((name, value)), .. } if u32::try_from(*value).is_ok() => member(name, value),
            Self::Certificate(_, Some((name, value))) => member(name, value),
            Self::JtiMissing => member("require_jti", &false),
            Self::Audience { in_an_array: true } => member("allow_audience_array", &true),
            Self::Replayed { without_jti: true } => member("allow_replay_without_jti", &true),
            Self::Resource { single: true } => member("require_resource_array", &false),
            Self::Expired { expires, now } => {
                let leeway = u32::try_from(now.saturating_sub(*expires).saturating_add(1)).ok()?;
                member("expiry_leeway_seconds", &leeway)
            }
            Self::IssuedAhead { issued, now } => {
                let ahead = u32::try_from(issued.saturating_sub(*now).saturating_add(1)).ok()?;
                member("maximum_seconds_ahead", &ahead)
            }
            _ => None,
        }
    }
}
