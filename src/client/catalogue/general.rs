//! What is left when no narrower text fits: the common beginnings of Maskinporten's texts, today's and older ones.

use super::{Explanation, Words, authentication::SHOW_GRANT};

pub(super) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: None,
        error: "unsupported_grant_type",
        text: "",
        marks: &[],
        meaning: Words {
            en: "the server is no Maskinporten: it does not take JWT bearer grants",
            nb: "serveren er ikke Maskinporten: den tar ikke imot slike forespørsler (JWT bearer grant)",
        },
        remedy: Words { en: "check --token-endpoint", nb: "kontroller --token-endpoint" },
        command: None,
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed.",
        marks: &["Client authentication failed", "Authentication of client by JWT failed"],
        meaning: Words {
            en: "Maskinporten could not tell that the grant is this client's: most often there is no active client with \
                 this client id in this environment, or the key is not the one that is registered on it",
            nb: "Maskinporten kunne ikke fastslå at forespørselen kommer fra denne klienten: oftest finnes det ingen aktiv \
                 klient med denne klient-id-en i dette miljøet, eller så er nøkkelen en annen enn den som er registrert",
        },
        remedy: Words {
            en: "compare --client-id, --env and the key with the client in Samarbeidsportalen; this shows what is sent",
            nb: "sammenlign klient-id, miljø og nøkkel med klienten i selvbetjeningen på Samarbeidsportalen; dette viser hva \
                 som sendes",
        },
        command: SHOW_GRANT,
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid assertion",
        marks: &["Invalid assertion", "Validation of JWT Bearer grant failed", "Validation of JWT failed"],
        meaning: Words {
            en: "the grant says something that Maskinporten does not take, such as a claim that is not documented",
            nb: "forespørselen inneholder noe som Maskinporten ikke godtar, for eksempel et felt som ikke er dokumentert",
        },
        remedy: Words {
            en: "leave out what --claim added; this shows what is sent",
            nb: "utelat det som er lagt til med --claim; dette viser hva som sendes",
        },
        command: SHOW_GRANT,
    },
];
