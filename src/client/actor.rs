//! Who must act after a refusal.

use crate::language::Words;

/// A person or organisation that must act.
#[derive(Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name in the catalogue.
    key: &'static str,
    /// What people call it.
    pub name: Words,
    /// What it must do unless the explanation has a remedy of its own.
    pub(super) remedy: Option<Words>,
}

const fn actor(key: &'static str, en: &'static str, nb: &'static str) -> Actor {
    Actor { key, name: Words { en, nb }, remedy: None }
}

impl Actor {
    const fn with_remedy(self, en: &'static str, nb: &'static str) -> Self {
        Self { remedy: Some(Words { en, nb }), ..self }
    }
}

static ACTORS: [Actor; 10] = [
    actor("operator", "the operator of the client", "den som drifter klienten"),
    actor(
        "client",
        "the administrator of the client in Samarbeidsportalen",
        "den som forvalter klienten i selvbetjeningen på Samarbeidsportalen",
    ),
    actor("organisation", "the organisation that owns the client", "virksomheten som eier klienten"),
    actor("api", "the owner of the API", "API-tilbyderen"),
    actor("consumer", "the consumer, in Altinn", "konsumenten, i Altinn"),
    actor("developer", "the developer of the program", "den som utvikler programmet").with_remedy(
        "correct the request; the response names the member in `paths` or `detail`",
        "rett forespørselen; svaret oppgir feltet i `paths` eller `detail`",
    ),
    actor("vendor", "the supplier of the system", "systemleverandøren"),
    actor("customer", "the customer, in Altinn", "kunden, i Altinn").with_remedy(
        "a person with the right role in the customer's organisation must do it, or first be given that role, in Altinn",
        "en person med riktig rolle hos kunden må gjøre det, eller først få rollen i Altinn",
    ),
    actor("owner", "the owner of the service in Altinn", "tjenesteeieren i Altinn"),
    actor("altinn", "Altinn", "Altinn").with_remedy(
        "try again later; if it happens again, report it to Altinn with the time and the `traceId` of the response",
        "prøv igjen senere; skjer det flere ganger, meld det til Altinn med tidspunktet og `traceId` fra svaret",
    ),
];

impl Actor {
    /// Finds the actor that the catalogue names.
    pub(super) fn find(key: &str) -> Option<&'static Self> {
        ACTORS.iter().find(|actor| actor.key == key)
    }
}
