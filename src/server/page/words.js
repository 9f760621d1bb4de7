// The page's texts in English and Norwegian (Bokmål), and how times are put in words. It touches no document.

export const WORDS = {
  en: {
    title: "Access token", languages: "Language", profile: "Profile", again: "Try again",
    secretTitle: "This server asks for a secret", secretLabel: "Secret", secretSend: "Continue",
    secretHelp: "It is the one that the server was started with. This page keeps it in memory alone.",
    secretWrong: "The server does not take this secret.",
    timeTitle: "Time left", expired: "Expired", unknownTime: "The server does not say.",
    minuteLeft: "Less than a minute is left.", hasExpired: "The token has expired.",
    reveal: "Show all of it", hide: "Hide it", copyToken: "Copy token", copyHeader: "Copy header", copyCurl: "Copy curl line",
    copied: { token: "Copied the token.", header: "Copied the header.", curl: "Copied the curl line." },
    notCopied: "The browser does not let this page copy. Select the text and copy it yourself.",
    fresh: "New token", fetching: "Asking for a token …", fetched: "This is a new token.",
    curlSummary: "The curl line",
    curlHelp: "It asks this server for the header, so that the token is in no process list and no shell history.",
    curlSecret: "Put the server's secret in the variable SECRET first.",
    claimsTitle: "What the token says", claim: "Claim", value: "Value",
    opaque: "This token is a reference: only its issuer knows what it stands for.",
    footer: "A token is a key: whoever has it can use it until it expires. This page keeps it in memory alone.",
    goneTitle: "The server does not answer", gone: "Start it again in a terminal, then try again:",
    refusedTitle: "The token endpoint refused", failedTitle: "There is no token",
    stillGood: "The token below is the one from before; it is still good.",
    error: "Error", description: "The server says", happened: "What happened", code: "Code", meaning: "That means", remedy: "What to do",
    trace: "Trace id", wait: "Try again in", environment: "environment", organisation: "organisation number",
    person: "a person's number; shown together with the token",
    claims: {
      iss: "issuer", aud: "for which API", exp: "expires", iat: "issued", nbf: "not before", jti: "the token's own id",
      scope: "scopes", client_id: "client", client_amr: "how the client signed in", token_type: "type",
      consumer: "on whose behalf", supplier: "who asks for them", delegation_source: "where it was delegated",
      pid: "person", sub: "subject", authorization_details: "authorization details",
    },
  },
  nb: {
    title: "Tilgangstoken", languages: "Språk", profile: "Profil", again: "Prøv igjen",
    secretTitle: "Denne serveren ber om en hemmelighet", secretLabel: "Hemmelighet", secretSend: "Fortsett",
    secretHelp: "Det er den serveren ble startet med. Denne siden har den bare i minnet.",
    secretWrong: "Serveren godtar ikke denne hemmeligheten.",
    timeTitle: "Tid igjen", expired: "Utløpt", unknownTime: "Serveren sier det ikke.",
    minuteLeft: "Det er mindre enn ett minutt igjen.", hasExpired: "Tokenet er utløpt.",
    reveal: "Vis hele", hide: "Skjul det", copyToken: "Kopier token", copyHeader: "Kopier header", copyCurl: "Kopier curl-linje",
    copied: { token: "Tokenet er kopiert.", header: "Headeren er kopiert.", curl: "Curl-linjen er kopiert." },
    notCopied: "Nettleseren lar ikke siden kopiere. Merk teksten og kopier den selv.",
    fresh: "Nytt token", fetching: "Ber om et token …", fetched: "Dette er et nytt token.",
    curlSummary: "Curl-linjen",
    curlHelp: "Den ber denne serveren om headeren, så tokenet ikke havner i noen prosessliste eller skallhistorikk.",
    curlSecret: "Legg først serverens hemmelighet i variabelen SECRET.",
    claimsTitle: "Dette sier tokenet", claim: "Claim", value: "Verdi",
    opaque: "Dette tokenet er en referanse: bare utstederen vet hva det står for.",
    footer: "Et token er en nøkkel: den som har det, kan bruke det til det utløper. Denne siden har det bare i minnet.",
    goneTitle: "Serveren svarer ikke", gone: "Start den igjen i en terminal, og prøv på nytt:",
    refusedTitle: "Tokenendepunktet sa nei", failedTitle: "Det ble ikke noe token",
    stillGood: "Tokenet nedenfor er det du hadde fra før; det er fortsatt gyldig.",
    error: "Feil", description: "Serveren sier", happened: "Dette skjedde", code: "Kode", meaning: "Det betyr", remedy: "Dette må gjøres",
    trace: "Trace-id", wait: "Prøv igjen om", environment: "miljø", organisation: "organisasjonsnummer",
    person: "et personnummer; vises sammen med tokenet",
    claims: {
      iss: "utsteder", aud: "for hvilket API", exp: "utløper", iat: "utstedt", nbf: "ikke før", jti: "tokenets egen id",
      scope: "scopes", client_id: "klient", client_amr: "hvordan klienten logget inn", token_type: "type",
      consumer: "på vegne av", supplier: "hvem som spør for dem", delegation_source: "hvor det er delegert",
      pid: "person", sub: "subjekt", authorization_details: "autorisasjonsdetaljer",
    },
  },
};

// 24 hours, as in every log.
const CLOCKS = { en: "en-GB", nb: "nb" };

/** The language of the page that the reader's languages (BCP 47) come nearest to. Nynorsk readers read Bokmål sooner. */
export function nearest(languages) {
  for (const language of languages) {
    const primary = language.toLowerCase().split("-")[0];
    if (["nb", "nn", "no"].includes(primary)) return "nb";
    if (primary === "en") return "en";
  }
  return "en";
}

/** A number of seconds in words: `1 minute 43 seconds`. */
export function duration(seconds, language) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [["hour", Math.floor(whole / 3600)], ["minute", Math.floor((whole % 3600) / 60)], ["second", whole % 60]];
  const unit = ([name, count]) =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" }).format(count);
  const told = parts.filter(([name, count]) => count > 0 || (name === "second" && whole === 0));
  return told.slice(0, 2).map(unit).join(" ");
}

/** A moment in words, as seen from `now`: `14:03:22, in 1 minute`. */
export function moment(at, now, language) {
  const date = new Date(at * 1000);
  const today = date.toDateString() === new Date(now * 1000).toDateString();
  const clock = new Intl.DateTimeFormat(CLOCKS[language], { timeStyle: "medium", dateStyle: today ? undefined : "medium" });
  const away = at - now;
  const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]]
    .find(([, seconds]) => Math.abs(away) >= seconds) ?? ["second", 1];
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(away / size), unit);
  return `${clock.format(date)}, ${relative}`;
}
