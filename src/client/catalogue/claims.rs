//! Refusals because of what the grant says: audience, times, reuse and form.

use super::{Explanation, Words};

/// Sets the clock by the network, on a Linux with systemd.
const SET_CLOCK: Option<&str> = Some("sudo timedatectl set-ntp true");

/// Makes a grant, and sends it itself.
const FETCH: Option<&str> = Some("maskinporten token");

/// Maskinporten takes the time from Justervesenet, which keeps Norway's.
const CLOCK: Words = Words {
    en: "whoever runs this machine must set its clock by the network (Justervesenet: ntp.justervesenet.no); on Linux this does it",
    nb: "den som drifter maskinen, må sørge for at klokken stilles automatisk over nettet (Justervesenet: ntp.justervesenet.no); på Linux gjør denne kommandoen det",
};

pub(super) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Issue time is after now",
        marks: &["Issue time is after now"],
        meaning: Words {
            en: "this machine's clock is ten seconds or more ahead of Maskinporten's",
            nb: "klokken på maskinen ligger ti sekunder eller mer foran Maskinportens",
        },
        remedy: CLOCK,
        command: SET_CLOCK,
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. Invalid JWT claim iat.",
        marks: &["Invalid JWT claim iat"],
        meaning: Words {
            en: "the grant was issued too long before it arrived: this machine's clock is behind Maskinporten's, or the \
                 grant was kept before it was sent",
            nb: "forespørselen ble laget for lenge før den kom fram: klokken på maskinen ligger etter Maskinportens, eller \
                 forespørselen ble liggende før den ble sendt",
        },
        remedy: CLOCK,
        command: SET_CLOCK,
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. Invalid JWT claim exp.",
        marks: &["Invalid JWT claim exp"],
        meaning: Words {
            en: "the grant is good for longer than Maskinporten allows: 120 seconds between iat and exp",
            nb: "forespørselen gjelder lenger enn Maskinporten tillater: 120 sekunder mellom iat og exp",
        },
        remedy: Words { en: "pass --ttl 120 or less", nb: "oppgi --ttl 120 eller mindre" },
        command: None,
    },
    Explanation {
        code: Some("MP-110"),
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. Invalid JWT claim aud",
        marks: &["Invalid JWT claim aud"],
        meaning: Words {
            en: "the audience of the grant is not this server's issuer identifier, to the letter",
            nb: "mottakeren i forespørselen (aud) er ikke nøyaktig Maskinportens adresse i dette miljøet",
        },
        remedy: Words {
            en: "use --env, or pass --audience with the issuer and its trailing slash, such as https://test.maskinporten.no/",
            nb: "bruk --env, eller oppgi adressen med skråstreken til slutt i --audience, for eksempel \
                 https://test.maskinporten.no/",
        },
        command: None,
    },
    Explanation {
        code: Some("MP-130"),
        error: "invalid_grant",
        text: "JWT is expired",
        marks: &["JWT is expired"],
        meaning: Words {
            en: "the grant had expired when it arrived: this machine's clock is behind Maskinporten's, or the grant was \
                 kept before it was sent",
            nb: "forespørselen var utløpt da den kom fram: klokken på maskinen ligger etter Maskinportens, eller forespørselen \
                 ble liggende før den ble sendt",
        },
        remedy: CLOCK,
        command: SET_CLOCK,
    },
    Explanation {
        code: Some("MP-012"),
        error: "invalid_grant",
        text: "Grant is used before",
        marks: &["Grant is used before"],
        meaning: Words {
            en: "a grant can be used once, and this one was used already",
            nb: "en forespørsel kan bare brukes én gang, og denne er brukt før",
        },
        remedy: Words {
            en: "make a new grant for each request, as this does by itself",
            nb: "lag en ny forespørsel hver gang, slik denne kommandoen gjør selv",
        },
        command: FETCH,
    },
    Explanation {
        code: Some("MP-011"),
        error: "invalid_request",
        text: "Invalid assertion. Invalid parameter value",
        marks: &["Invalid parameter value"],
        meaning: Words {
            en: "the assertion or another parameter holds line breaks or was copied wrongly",
            nb: "forespørselen (assertion) eller en annen parameter har linjeskift i seg eller er kopiert feil",
        },
        remedy: Words {
            en: "let the grant be sent by the tool that makes it, instead of copying it",
            nb: "la verktøyet som lager forespørselen, sende den også, i stedet for å kopiere den",
        },
        command: FETCH,
    },
];
