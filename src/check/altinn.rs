//! Checks that Altinn exchanges the received token.

use super::{Check, check_ids::EXCHANGE};
use crate::{
    altinn::{AltinnClient, AltinnError, AltinnExchange},
    client::{AccessToken, RefusalFacts, RetryPolicy},
    clock::Clock,
    http::HttpOptions,
    language::Language,
};

/// What an exchange needs.
pub struct ExchangeCheck<'request> {
    /// The exchange.
    pub exchange: &'request AltinnExchange,
    /// How requests are sent.
    pub http: &'request HttpOptions,
    /// How often and for how long.
    pub retry_policy: RetryPolicy,
    /// The issuer of the token.
    pub issuer: &'request str,
    /// Where the settings came from that a refusal may be about.
    pub origins: &'request RefusalFacts,
    /// The clock.
    pub clock: &'request dyn Clock,
    /// The language in which a refusal is explained.
    pub language: Language,
}

impl ExchangeCheck<'_> {
    /// Exchanges a token.
    pub async fn run(&self, token: &AccessToken) -> Check {
        let exchanged = async {
            let client = AltinnClient::new(self.exchange.platform.clone(), self.http, self.retry_policy)?;
            client.exchange(token, self.exchange, self.clock, |_, _| ()).await
        };
        let exchanged = exchanged.await.map_err(|error| error.knowing(self.origins, self.issuer));
        match exchanged {
            Ok(token) => {
                let seconds = token.expires_in_seconds.unwrap_or_default();
                EXCHANGE.pass(format!("exchanged at {}, for {seconds} s", self.exchange.platform))
            }
            Err(AltinnError::Refused(refusal)) => {
                let check = EXCHANGE.fail(refusal.to_string(), refusal.remedy(self.language));
                check.with_details(refusal.meaning(self.language))
            }
            Err(error) => EXCHANGE.failed(&error),
        }
    }
}
