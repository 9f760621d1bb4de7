// The page's texts in English and Norwegian (Bokmål), and the wording of times. It does not use the document.

export const WORDS = {
  en: {
    title: "Access token", languages: "Language", profile: "Profile", environment: "Environment", again: "Try again",
    production: "Environment: prod, with real data",
    secretTitle: "This server requires a secret", secretLabel: "Secret", secretSend: "Continue",
    secretHelp: "Enter the secret that the server was started with. This page keeps it in memory only.",
    secretWrong: "The server rejected this secret.",
    timeTitle: "Time left", expired: "Expired", unknownTime: "Unknown",
    minuteLeft: "Less than a minute left.", hasExpired: "The token has expired.",
    reveal: "Show token", hide: "Hide token", copyToken: "Copy token", copyHeader: "Copy header", copyCurl: "Copy curl command",
    copied: { token: "Copied the token.", header: "Copied the header.", curl: "Copied the curl command." },
    copiedExpired: "Copied, but the token has expired. Get a new one first.",
    notCopied: "The browser does not let this page copy. The text is selected below: press Ctrl+C (⌘C on a Mac).",
    byHand: "Text to copy",
    fresh: "New token", fetching: "Requesting a token …", fetched: "This is a new token.",
    curlSummary: "curl command",
    curlHelp: "It gets the header from this server, so the token is neither in the process list nor in the shell history.",
    curlSecret: "$SECRET is the secret that this server was started with. Set it first: read -rs SECRET",
    curlAddress: "Replace URL with the address of the API.",
    claimsTitle: "Claims of the token", claim: "Claim", value: "Value",
    opaque: "This token is opaque: only its issuer can read it.",
    footer: "Anyone who has this token can use it until it expires. This page keeps it in memory only.",
    loggedIn: "The token of the person who logged in at", loginRenewed: "It is renewed for as long as that is allowed, now until",
    loginEnds: "It cannot be renewed, and ends", loginAgain: "Log in again",
    loginCommand: "Log in again, with the same --env and --profile: `maskinporten login --keep`",
    loginTitle: "The login is over", loginOver: "The person must log in again before this server has a token.",
    goneTitle: "The server on this machine does not respond",
    gone: "Start it again in the terminal as before, then try again.",
    refusedTitle: "Maskinporten refused the request", failedTitle: "No token received",
    stillGood: "The token below is the previous one, which is still valid.",
    error: "Error", description: "Maskinporten's response", happened: "Details", code: "Code", remedy: "What to do", more: "More about this refusal",
    trace: "Trace id", wait: "Try again in", organisation: "organisation number", served: "Available profiles:",
    person: "a national identity number; shown together with the token",
    failures: {
      connect: { happened: "Could not reach Maskinporten.", remedy: "Check the network connection. If this machine is behind a proxy, set HTTPS_PROXY." },
      simulator: { happened: "The simulator does not respond.", remedy: "Start it in another terminal: `maskinporten simulate`" },
      dns: { happened: "Could not find the address of Maskinporten.", remedy: "Check the network connection and the spelling of the address." },
      tls: { happened: "Could not establish a secure connection to Maskinporten.", remedy: "If your organisation's proxy inspects TLS, start the server with `--ca-file`." },
      proxy: { happened: "The proxy rejected the request.", remedy: "Check HTTPS_PROXY and NO_PROXY where the server was started." },
      timeout: { happened: "Maskinporten did not respond in time.", remedy: "Wait a moment and try again." },
      unavailable: { happened: "Maskinporten is temporarily unavailable.", remedy: "Wait a moment and try again. Known incidents: https://status.digdir.no" },
      answer: { happened: "Maskinporten sent an unexpected response.", remedy: "Check the address, and whether a proxy responded instead of Maskinporten." },
      reloaded: { happened: "The profile has just been changed.", remedy: "Try again." },
      unknown_profile: { title: "Unknown profile", happened: "The address of this page names a profile that this server does not have.", remedy: "Choose one of the profiles below." },
      scope_not_allowed: { title: "Scope not allowed", happened: "The address of this page names a scope that the profile does not allow.", remedy: "Choose a profile below. To allow the scope, start the server with `--allow-scopes`." },
      scope: { title: "Invalid scope", happened: "The address of this page names a scope that is not valid.", remedy: "Choose a profile below." },
      other: { happened: "An error occurred on this machine.", remedy: "For details, see the terminal where the server runs." },
    },
    claims: {
      iss: "issuer", aud: "the API that it is for", exp: "expires", iat: "issued", nbf: "valid from", jti: "id of the token",
      scope: "the access that it grants", client_id: "client", client_amr: "how the client authenticated",
      token_type: "how it is used; Bearer: by anyone who has it",
      consumer: "the organisation that received the token", consumerOfSupplier: "the organisation on whose behalf the supplier acts",
      supplier: "the supplier that received the token", delegation_source: "where the access was delegated",
      pid: "person", sub: "subject", authorization_details: "authorization details",
    },
  },
  nb: {
    title: "Tilgangstoken", languages: "Språk", profile: "Profil", environment: "Miljø", again: "Prøv igjen",
    production: "Miljø: prod, med ekte data",
    secretTitle: "Denne serveren ber om en hemmelighet", secretLabel: "Hemmelighet", secretSend: "Fortsett",
    secretHelp: "Det er den serveren ble startet med. Denne siden har den bare i minnet.",
    secretWrong: "Serveren godtar ikke denne hemmeligheten.",
    timeTitle: "Tid igjen", expired: "Utløpt", unknownTime: "Serveren sier det ikke.",
    minuteLeft: "Det er mindre enn ett minutt igjen.", hasExpired: "Tokenet er utløpt.",
    reveal: "Vis hele", hide: "Skjul det", copyToken: "Kopier token", copyHeader: "Kopier header", copyCurl: "Kopier curl-linje",
    copied: { token: "Tokenet er kopiert.", header: "Headeren er kopiert.", curl: "Curl-linjen er kopiert." },
    copiedExpired: "Kopiert, men tokenet er utløpt. Hent et nytt først.",
    notCopied: "Nettleseren lar ikke siden kopiere. Teksten er merket nedenfor: trykk Ctrl+C (⌘C på Mac).",
    byHand: "Tekst som skal kopieres",
    fresh: "Nytt token", fetching: "Ber om et token …", fetched: "Dette er et nytt token.",
    curlSummary: "Curl-linjen",
    curlHelp: "Den ber denne serveren om headeren, så tokenet ikke havner i noen prosessliste eller skallhistorikk.",
    curlSecret: "$SECRET er hemmeligheten serveren ble startet med. Sett den først: read -rs SECRET",
    curlAddress: "Sett inn adressen til API-et i stedet for URL.",
    claimsTitle: "Dette sier tokenet", claim: "Claim", value: "Verdi",
    opaque: "Dette tokenet er en referanse: bare utstederen vet hva det står for.",
    footer: "Et token er en nøkkel: den som har det, kan bruke det til det utløper. Denne siden har det bare i minnet.",
    loggedIn: "Tokenet til den som logget inn i", loginRenewed: "Det fornyes så lenge det er tillatt, nå til",
    loginEnds: "Det kan ikke fornyes, og utløper", loginAgain: "Logg inn på nytt",
    loginCommand: "Logg inn på nytt, med samme --env og --profile: `maskinporten login --keep`",
    loginTitle: "Innloggingen er over", loginOver: "Personen må logge inn på nytt før denne serveren kan gi et token.",
    goneTitle: "Serveren på denne maskinen svarer ikke",
    gone: "Start den igjen i terminalen på samme måte som før, og prøv på nytt.",
    refusedTitle: "Maskinporten avslo forespørselen", failedTitle: "Det ble ikke hentet noe token",
    stillGood: "Tokenet nedenfor er det du hadde fra før; det er fortsatt gyldig.",
    error: "Feil", description: "Svaret fra Maskinporten", happened: "Detaljer", code: "Kode", remedy: "Dette kan du gjøre", more: "Mer om dette avslaget",
    trace: "Sporings-id", wait: "Prøv igjen om", organisation: "organisasjonsnummer", served: "Profiler som finnes her:",
    person: "et fødselsnummer; vises sammen med tokenet",
    failures: {
      connect: { happened: "Fikk ikke kontakt med Maskinporten.", remedy: "Kontroller nettverket. Hvis maskinen står bak en proxy, må den være oppgitt i HTTPS_PROXY." },
      simulator: { happened: "Simulatoren svarer ikke.", remedy: "Start den i en annen terminal: `maskinporten simulate`" },
      dns: { happened: "Fant ikke adressen til Maskinporten.", remedy: "Kontroller nettverket og at adressen er riktig skrevet." },
      tls: { happened: "Fikk ikke en sikker forbindelse med Maskinporten.", remedy: "Hvis en proxy hos dere åpner TLS, må serveren startes med `--ca-file`." },
      proxy: { happened: "Proxyen slapp ikke forespørselen gjennom.", remedy: "Kontroller HTTPS_PROXY og NO_PROXY der serveren ble startet." },
      timeout: { happened: "Maskinporten svarte ikke i tide.", remedy: "Vent litt og prøv igjen." },
      unavailable: { happened: "Maskinporten kan ikke svare akkurat nå.", remedy: "Vent litt og prøv igjen. https://status.digdir.no viser driftsmeldinger." },
      answer: { happened: "Svaret kunne ikke leses som et svar fra Maskinporten.", remedy: "Kontroller adressen, og om en proxy svarer i stedet." },
      reloaded: { happened: "Profilen er nettopp endret.", remedy: "Prøv igjen." },
      unknown_profile: { title: "Det finnes ingen profil med dette navnet", happened: "Adressen til denne siden nevner en profil som ikke finnes her.", remedy: "Velg en av profilene nedenfor." },
      scope_not_allowed: { title: "Dette scopet er ikke tillatt her", happened: "Adressen til denne siden nevner et scope som profilen ikke tillater.", remedy: "Velg en profil nedenfor. Den som starter serveren, kan tillate scopet med `--allow-scopes`." },
      scope: { title: "Dette er ikke et scope", happened: "Adressen til denne siden nevner et scope som ikke er gyldig.", remedy: "Velg en profil nedenfor." },
      other: { happened: "Noe gikk galt på denne maskinen.", remedy: "Det står mer i terminalen der serveren kjører." },
    },
    claims: {
      iss: "hvem som har utstedt det", aud: "for hvilket API", exp: "utløper", iat: "utstedt", nbf: "ikke før", jti: "tokenets egen id",
      scope: "hva tokenet gir tilgang til", client_id: "klient", client_amr: "hvordan klienten logget inn",
      token_type: "hvordan det brukes: Bearer gjelder for den som har det",
      consumer: "organisasjonen som har fått tokenet", consumerOfSupplier: "organisasjonen leverandøren handler på vegne av",
      supplier: "leverandøren som har fått tokenet", delegation_source: "hvor det er delegert",
      pid: "person", sub: "subjekt", authorization_details: "autorisasjonsdetaljer",
    },
  },
};

// Clocks with 24 hours, as in logs.
const CLOCKS = { en: "en-GB", nb: "nb" };

/** Returns the page's language for the reader's languages (BCP 47). Nynorsk counts as Bokmål. */
export function matchLanguage(languages) {
  for (const language of languages) {
    const primary = language.toLowerCase().split("-")[0];
    if (["nb", "nn", "no"].includes(primary)) return "nb";
    if (primary === "en") return "en";
  }
  return "en";
}

/** Returns a number of seconds in words: `1 minute 43 seconds`. */
export function duration(seconds, language) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [["hour", Math.floor(whole / 3600)], ["minute", Math.floor((whole % 3600) / 60)], ["second", whole % 60]];
  const unit = ([name, count]) =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" }).format(count);
  const shown = parts.filter(([name, count]) => count > 0 || (name === "second" && whole === 0));
  return shown.slice(0, 2).map(unit).join(" ");
}

/** Returns a time in words, relative to `now`: `14:03:22, in 1 minute`. */
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
