// The page's texts in English and Norwegian (Bokmål), and how times are put in words. It touches no document.

export const WORDS = {
  en: {
    title: "Access token", languages: "Language", profile: "Profile", environment: "Environment", again: "Try again",
    production: "Environment: prod, with real data",
    secretTitle: "This server asks for a secret", secretLabel: "Secret", secretSend: "Continue",
    secretHelp: "It is the one that the server was started with. This page keeps it in memory alone.",
    secretWrong: "The server does not take this secret.",
    timeTitle: "Time left", expired: "Expired", unknownTime: "The server does not say.",
    minuteLeft: "Less than a minute is left.", hasExpired: "The token has expired.",
    reveal: "Show all of it", hide: "Hide it", copyToken: "Copy token", copyHeader: "Copy header", copyCurl: "Copy curl line",
    copied: { token: "Copied the token.", header: "Copied the header.", curl: "Copied the curl line." },
    copiedExpired: "Copied, but the token has expired. Get a new one first.",
    notCopied: "The browser does not let this page copy. The text is selected below: press Ctrl+C (⌘C on a Mac).",
    byHand: "Text to copy",
    fresh: "New token", fetching: "Asking for a token …", fetched: "This is a new token.",
    curlSummary: "The curl line",
    curlHelp: "It asks this server for the header, so that the token is in no process list and no shell history.",
    curlSecret: "$SECRET is the secret that this server was started with. Set it first: read -rs SECRET",
    curlAddress: "Put the API's address in place of URL.",
    claimsTitle: "What the token says", claim: "Claim", value: "Value",
    opaque: "This token is a reference: only its issuer knows what it stands for.",
    footer: "A token is a key: whoever has it can use it until it expires. This page keeps it in memory alone.",
    goneTitle: "The server on this machine does not answer",
    gone: "Start it again in the terminal, in the same way as before. Then try again.",
    refusedTitle: "Maskinporten refused the request", failedTitle: "There is no token",
    stillGood: "The token below is the one from before; it is still good.",
    error: "Error", description: "Maskinporten's answer", happened: "Details", code: "Code", remedy: "What to do",
    trace: "Trace id", wait: "Try again in", organisation: "organisation number", served: "Profiles that are served here:",
    person: "a person's number; shown together with the token",
    failures: {
      connect: { happened: "Maskinporten could not be reached.", remedy: "Check the network. If this machine is behind a proxy, HTTPS_PROXY must name it." },
      simulator: { happened: "The simulator does not answer.", remedy: "Start it in another terminal: `maskinporten simulate`" },
      dns: { happened: "The address of Maskinporten was not found.", remedy: "Check the network and the spelling of the address." },
      tls: { happened: "No secure connection to Maskinporten could be made.", remedy: "If a proxy of your organisation opens TLS, start the server with `--ca-file`." },
      proxy: { happened: "The proxy did not let the request through.", remedy: "Check HTTPS_PROXY and NO_PROXY where the server was started." },
      timeout: { happened: "Maskinporten did not answer in time.", remedy: "Wait a little and try again." },
      unavailable: { happened: "Maskinporten cannot answer at the moment.", remedy: "Wait a little and try again. https://status.digdir.no tells of disturbances." },
      answer: { happened: "The answer could not be read as Maskinporten's.", remedy: "Check the address, and whether a proxy answers in its place." },
      reloaded: { happened: "The profile has just been changed.", remedy: "Try again." },
      unknown_profile: { title: "There is no profile of this name", happened: "The address of this page names a profile that is not served here.", remedy: "Choose one of those below." },
      scope_not_allowed: { title: "This scope is not allowed here", happened: "The address of this page names a scope that the profile does not allow.", remedy: "Choose a profile below. Whoever starts the server can allow the scope with `--allow-scopes`." },
      scope: { title: "This is not a scope", happened: "The address of this page names a scope that cannot be one.", remedy: "Choose a profile below." },
      other: { happened: "Something went wrong on this machine.", remedy: "The terminal where the server runs says more." },
    },
    claims: {
      iss: "who issued it", aud: "for which API", exp: "expires", iat: "issued", nbf: "not before", jti: "the token's own id",
      scope: "what the token gives access to", client_id: "client", client_amr: "how the client signed in",
      token_type: "how it is used: Bearer is for whoever holds it",
      consumer: "the organisation that was given the token", consumerOfSupplier: "the organisation on whose behalf the supplier acts",
      supplier: "the supplier that was given the token", delegation_source: "where it was delegated",
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
    goneTitle: "Serveren på denne maskinen svarer ikke",
    gone: "Start den igjen i terminalen på samme måte som før, og prøv på nytt.",
    refusedTitle: "Maskinporten avslo forespørselen", failedTitle: "Det ble ikke hentet noe token",
    stillGood: "Tokenet nedenfor er det du hadde fra før; det er fortsatt gyldig.",
    error: "Feil", description: "Svaret fra Maskinporten", happened: "Detaljer", code: "Kode", remedy: "Dette kan du gjøre",
    trace: "Sporings-id", wait: "Prøv igjen om", organisation: "organisasjonsnummer", served: "Profiler som finnes her:",
    person: "et personnummer; vises sammen med tokenet",
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
