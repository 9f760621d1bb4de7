//! Refusals because of who asks: the client, its keys, its certificate and the signature.

use super::{Explanation, Words};

/// Shows the public half of the key that signs, under the key id that is sent.
const SHOW_KEY: Option<&str> = Some("maskinporten keys public");

/// Shows the certificates that are sent: whose they are, who issued them, and how long they hold.
const SHOW_CERTIFICATE: Option<&str> = Some("maskinporten inspect --grant");

/// Shows header and claims as they are sent.
pub(super) const SHOW_GRANT: Option<&str> = Some("maskinporten grant --decode");

pub(super) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. Unknown key identifier (kid) for client.",
        marks: &["Unknown key identifier"],
        meaning: Words {
            en: "the client has no key with this key id; most often the key is right and the client id or the \
                 environment is not, or the key was registered less than two minutes ago",
            nb: "klienten har ingen nøkkel med denne nøkkel-id-en (kid); oftest er nøkkelen riktig, mens klient-id-en \
                 eller miljøet er feil, eller så ble nøkkelen registrert for mindre enn to minutter siden",
        },
        remedy: Words {
            en: "compare --client-id, --env and --kid with the client in Samarbeidsportalen, and wait two minutes after \
                 a change of keys; this shows the key that signs",
            nb: "sammenlign klient-id, miljø og nøkkel-id med klienten i selvbetjeningen på Samarbeidsportalen, og vent \
                 to minutter når nøkler er endret; dette viser nøkkelen som signerer",
        },
        command: SHOW_KEY,
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. Invalid JWT. The client requires pre-registered jwk and \
               no key identifier (kid) provided",
        marks: &["requires pre-registered jwk", "no key identifier (kid) provided"],
        meaning: Words {
            en: "the client has registered keys, so the grant must name one of them by its key id; the enterprise \
                 certificate alone is not accepted for such a client",
            nb: "klienten har registrerte nøkler, og da må forespørselen oppgi nøkkel-id-en (kid) til en av dem; \
                 virksomhetssertifikatet alene godtas ikke for en slik klient",
        },
        remedy: Words {
            en: "pass --kid with the id of the registered key; or delete the client's keys in Samarbeidsportalen to go \
                 back to the certificate",
            nb: "oppgi nøkkel-id-en til den registrerte nøkkelen med --kid; eller slett nøklene på klienten i \
                 selvbetjeningen på Samarbeidsportalen for å gå tilbake til virksomhetssertifikatet",
        },
        command: None,
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Failed to extract certificate from jwt",
        marks: &["Failed to extract certificate from jwt"],
        meaning: Words {
            en: "the certificate that was sent along in x5c could not be read",
            nb: "sertifikatet som ble sendt med i x5c, kunne ikke leses",
        },
        remedy: Words {
            en: "whoever runs the client must send the certificate in standard base64 in x5c; this shows what is sent",
            nb: "den som drifter klienten, må sende sertifikatet med i x5c i standard base64; dette viser hva som sendes",
        },
        command: SHOW_GRANT,
    },
    Explanation {
        code: None,
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. Invalid JWT header alg.",
        marks: &["Invalid JWT header alg"],
        meaning: Words {
            en: "the grant was signed with an algorithm that Maskinporten does not take: it takes RS256, RS384 and RS512",
            nb: "forespørselen er signert med en algoritme som Maskinporten ikke godtar: RS256, RS384 og RS512 godtas",
        },
        remedy: Words {
            en: "sign with an RSA key and leave --alg out, or pass --alg RS256",
            nb: "signer med en RSA-nøkkel og utelat --alg, eller oppgi --alg RS256",
        },
        command: None,
    },
    Explanation {
        code: Some("MP-100"),
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed.",
        marks: &["Client not found"],
        meaning: Words {
            en: "there is no active client with this client id in this environment",
            nb: "det finnes ingen aktiv klient med denne klient-id-en i dette miljøet",
        },
        remedy: Words {
            en: "compare --client-id and --env with the client in Samarbeidsportalen: each environment has clients of its \
                 own; this shows which values count",
            nb: "sammenlign klient-id og miljø med klienten i selvbetjeningen på Samarbeidsportalen: test og produksjon \
                 har hver sine klienter; dette viser hvilke verdier som gjelder",
        },
        command: Some("maskinporten config show"),
    },
    Explanation {
        code: Some("MP-120"),
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. The JWT is signed with an invalid certificate.",
        marks: &["signed with an invalid certificate"],
        meaning: Words {
            en: "the certificate is not accepted here: a production certificate in the test environment or the reverse, \
                 or it has expired, was revoked, or comes from an issuer that is not accepted",
            nb: "sertifikatet godtas ikke her: det er et produksjonssertifikat i testmiljøet eller omvendt, eller det er \
                 utløpt, trukket tilbake eller utstedt av noen som ikke godtas",
        },
        remedy: Words {
            en: "use an enterprise certificate that was issued for this environment and is still valid; without one, the \
                 organisation must order it from Buypass or Commfides; this shows the certificate that is sent",
            nb: "bruk et virksomhetssertifikat som er utstedt for dette miljøet og fortsatt er gyldig; mangler det, må \
                 virksomheten bestille et hos Buypass eller Commfides; dette viser sertifikatet som sendes",
        },
        command: SHOW_CERTIFICATE,
    },
    Explanation {
        code: Some("MP-121"),
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. Expired key.",
        marks: &["Expired key"],
        meaning: Words {
            en: "the key on the client was registered more than a year ago, or the end date it was given has passed",
            nb: "nøkkelen på klienten ble registrert for mer enn ett år siden, eller utløpsdatoen den fikk, er passert",
        },
        remedy: Words {
            en: "register a new key on the client in Samarbeidsportalen, or the same one once more, which renews it; this \
                 shows what to register",
            nb: "registrer en ny nøkkel på klienten i selvbetjeningen på Samarbeidsportalen, eller den samme en gang til, \
                 som fornyer den; dette viser hva som skal registreres",
        },
        command: SHOW_KEY,
    },
    Explanation {
        code: Some("MP-122"),
        error: "invalid_grant",
        text: "Invalid JWT. Invalid organization number for client. Does not match certificate orgno",
        marks: &["Invalid organization number for client"],
        meaning: Words {
            en: "the organisation number in the certificate is not that of the organisation that owns the client",
            nb: "virksomhetssertifikatet har et annet organisasjonsnummer enn virksomheten som eier klienten",
        },
        remedy: Words {
            en: "use the certificate of the organisation that owns the client, or check --client-id; a supplier signs with \
                 its own certificate for its own client; this shows whose certificate is sent",
            nb: "bruk virksomhetssertifikatet til virksomheten som eier klienten, eller kontroller klient-id-en \
                 (--client-id); en leverandør signerer med sitt eget sertifikat for sin egen klient; dette viser hvem \
                 sertifikatet tilhører",
        },
        command: SHOW_CERTIFICATE,
    },
    Explanation {
        code: Some("MP-123"),
        error: "invalid_grant",
        text: "Invalid JWT header x5c",
        marks: &["Invalid JWT header x5c"],
        meaning: Words {
            en: "x5c in the header of the grant is not an array of certificates",
            nb: "x5c i hodet på forespørselen er ikke en liste med sertifikater",
        },
        remedy: Words {
            en: "whoever runs the client must send x5c as an array of strings; this shows what is sent",
            nb: "den som drifter klienten, må sende x5c som en liste med tekststrenger; dette viser hva som sendes",
        },
        command: SHOW_GRANT,
    },
    Explanation {
        code: Some("MP-124"),
        error: "invalid_grant",
        text: "Invalid assertion. Client authentication failed. Invalid JWT signature.",
        marks: &["Invalid JWT signature", "Could not validate JWT Signature"],
        meaning: Words {
            en: "the grant was signed with another key than the one that is registered on the client or sent along, or was \
                 changed on its way",
            nb: "forespørselen er signert med en annen nøkkel enn den som er registrert på klienten eller sendt med, eller \
                 den er endret på veien",
        },
        remedy: Words {
            en: "check that the key on the client in Samarbeidsportalen is the public half of the one that signs, and that \
                 --kid names it; this shows the public half",
            nb: "kontroller at nøkkelen på klienten i Samarbeidsportalen er den offentlige delen av nøkkelen som signerer, \
                 og at --kid peker på den; dette viser den offentlige delen",
        },
        command: SHOW_KEY,
    },
];
