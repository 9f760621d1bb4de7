//! Refusals because of the `authorization_details` (RFC 9396): Altinn's system users and consents.

use super::{Explanation, Words};

/// Where the documentation gives no error, it is that of RFC 9396 §5.
const ERROR: &str = "invalid_authorization_details";

pub(super) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Some("MP-301"),
        error: ERROR,
        text: "Unknown authorization details type",
        marks: &["Unknown authorization details type"],
        meaning: Words {
            en: "the type of the authorization details is not one that Maskinporten knows",
            nb: "typen i authorization_details er ikke en som Maskinporten kjenner",
        },
        remedy: Words {
            en: "use urn:altinn:systemuser (--system-user writes it) or urn:altinn:consent",
            nb: "bruk urn:altinn:systemuser (--system-user skriver den) eller urn:altinn:consent",
        },
        command: None,
    },
    Explanation {
        code: Some("MP-302"),
        error: ERROR,
        text: "Unknown fields in the authorization details",
        marks: &["Unknown fields in the authorization details"],
        meaning: Words {
            en: "the authorization details hold a member that does not belong there, or an external reference with other \
                 letters than Altinn takes",
            nb: "authorization_details har et felt som ikke hører hjemme der, eller en ekstern referanse (externalRef) med \
                 andre tegn enn Altinn godtar",
        },
        remedy: Words {
            en: "use --system-user and --external-ref, which write them as documented",
            nb: "bruk --system-user og --external-ref, som skriver dem slik de er dokumentert",
        },
        command: None,
    },
    Explanation {
        code: Some("MP-303"),
        error: ERROR,
        text: "Invalid authorization details values",
        marks: &["Invalid authorization details values"],
        meaning: Words {
            en: "a value in the authorization details is wrong; the text most often says which",
            nb: "en verdi i authorization_details er feil; feilteksten sier oftest hvilken",
        },
        remedy: Words {
            en: "check the organisation number and its form (0192:991825827), or use --system-user with the nine digits",
            nb: "kontroller organisasjonsnummeret og skrivemåten (0192:991825827), eller bruk --system-user med de ni \
                 sifrene",
        },
        command: None,
    },
    // The same code with an error of its own, which alone tells it: the text is Altinn's, and free.
    Explanation {
        code: Some("MP-303"),
        error: "invalid_altinn_customer_configuration",
        text: "",
        marks: &[],
        meaning: Words {
            en: "Altinn has no system user that fits: the client id is not on the system in Altinn's system register, the \
                 external reference is missing or another, or the organisation is the wrong one",
            nb: "Altinn har ingen systembruker som passer: klient-id-en står ikke på systemet i Altinns systemregister, den \
                 eksterne referansen mangler eller er en annen, eller organisasjonen er feil",
        },
        remedy: Words {
            en: "the supplier of the system checks --system-user (for an agent's system user: the agent's own number), \
                 --external-ref, and that the client id stands on the system in Altinn's system register; a customer that \
                 has no system user yet must approve one in Altinn",
            nb: "leverandøren av systemet kontrollerer --system-user (for klientdelegering: organisasjonsnummeret til den som \
                 eier systembrukeren), --external-ref, og at klient-id-en står på systemet i Altinns systemregister; en \
                 kunde som ikke har noen systembruker ennå, må godkjenne en i Altinn",
        },
        command: None,
    },
];
