//! Refusals because of what is asked for: scopes, who has granted or delegated them, and the resource.

use super::{Explanation, Words};

pub(super) const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: Some("MP-200"),
        error: "invalid_scope",
        text: "Token request contains invalid scopes for client, <scope>",
        marks: &["invalid scopes for client"],
        meaning: Words {
            en: "the scope is not registered on the client", nb: "scopet er ikke registrert på klienten"
        },
        remedy: Words {
            en: "whoever manages the client must add the scope to it in Samarbeidsportalen; if it cannot be chosen there, \
                 the owner of the API must grant your organisation access first",
            nb: "den som forvalter klienten, må legge scopet til på den i selvbetjeningen på Samarbeidsportalen; kan det \
                 ikke velges der, må API-tilbyderen gi virksomheten tilgang først",
        },
        command: None,
    },
    Explanation {
        code: Some("MP-201"),
        error: "invalid_scope",
        text: "Token request contains scopes not allowed for maskinporten",
        marks: &["scopes not allowed for maskinporten", "only allowed for user login"],
        meaning: Words {
            en: "the scope is for logging people in (ID-porten or Ansattporten), not for machines",
            nb: "scopet er for innlogging av personer (ID-porten eller Ansattporten), ikke for maskiner",
        },
        remedy: Words {
            en: "ask the owner of the API which scope is for Maskinporten",
            nb: "spør API-tilbyderen hvilket scope som er for Maskinporten",
        },
        command: None,
    },
    Explanation {
        code: Some("MP-250"),
        error: "forbidden",
        text: "Consumer has not been granted access to the scope <scope>",
        marks: &["has not been granted access to the scope"],
        meaning: Words {
            en: "the owner of the API has not granted this organisation access to the scope; a supplier gets this too when \
                 it leaves out whom it acts for",
            nb: "API-tilbyderen har ikke gitt virksomheten tilgang til scopet; en leverandør får også dette svaret når den ikke \
                 oppgir hvem den handler på vegne av",
        },
        remedy: Words {
            en: "ask the owner of the API to grant your organisation number access; a supplier passes the consumer's \
                 organisation number with --consumer-org",
            nb: "be API-tilbyderen gi virksomhetens organisasjonsnummer tilgang til scopet; en leverandør oppgir konsumentens \
                 organisasjonsnummer med --consumer-org",
        },
        command: None,
    },
    Explanation {
        code: Some("MP-251"),
        error: "forbidden",
        text: "Consumer <orgno> has not delegated access to the scope <scope> to supplier <orgno>",
        marks: &["has not delegated access to the scope"],
        meaning: Words {
            en: "the consumer has not delegated the scope to the supplier in Altinn; delegations in production do not exist \
                 in the test environment",
            nb: "konsumenten har ikke delegert scopet til leverandøren i Altinn; delegeringer i produksjon finnes ikke i \
                 testmiljøet",
        },
        remedy: Words {
            en: "ask the consumer to delegate the API to the supplier's organisation number in Altinn, in the same \
                 environment",
            nb: "be konsumenten delegere API-et til leverandørens organisasjonsnummer i Altinn, i samme miljø",
        },
        command: None,
    },
    Explanation {
        code: None,
        error: "invalid_request",
        text: "Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client is \
               invalid",
        marks: &["combination consumer_org in claim and delegation scope"],
        meaning: Words {
            en: "the consumer organisation is the one that owns the client, or the scope cannot be delegated",
            nb: "konsumenten som er oppgitt, er virksomheten som selv eier klienten, eller så kan ikke scopet delegeres",
        },
        remedy: Words {
            en: "leave --consumer-org out for your own organisation; else ask the owner of the API for a scope that can be \
                 delegated",
            nb: "utelat --consumer-org når det gjelder egen virksomhet; ellers må API-tilbyderen opprette et scope som kan \
                 delegeres",
        },
        command: None,
    },
    Explanation {
        code: None,
        error: "invalid_target",
        text: "",
        marks: &[],
        meaning: Words {
            en: "the resource is not an absolute URI without a fragment",
            nb: "ressursen (resource) er ikke en fullstendig adresse (URI) uten fragment",
        },
        remedy: Words {
            en: "check --resource, or pass --no-resource",
            nb: "kontroller --resource, eller bruk --no-resource",
        },
        command: None,
    },
];
