// The page of `maskinporten serve`: asks /page.json for a token, shows what it says, counts down, and copies.
//
// Token and secret are in this module's memory alone; the one thing remembered is the language.

import { copy, curl, offer, withdraw } from "/copying.js";
import { SHORT, account, element, isFinal, now, rows } from "/showing.js";
import { WORDS, duration, moment, nearest } from "/words.js";

const $ = (id) => document.getElementById(id);
const PATIENCE = 90_000; // milliseconds

let language = remembered() ?? nearest(navigator.languages);
let secret = null;
let shown = null; // the answer of /page.json, with `ends` in this browser's time
let trouble = null;
let request = null;
let revealed = false;
let announced = null;
let wanted = new URLSearchParams(location.search); // which token: `profile` and `scope`, as programs name them

const words = () => WORDS[language];

function remembered() {
  try {
    return Object.keys(WORDS).find((known) => known === localStorage.getItem("language"));
  } catch {
    return undefined; // storage is turned off
  }
}

// Asking

/** Asks for a token, from the server's memory unless `fresh`; a newer question ends an older one. */
async function ask(fresh) {
  request?.abort();
  const own = (request = new AbortController());
  const query = which();
  if (fresh) query.set("fresh", "true");
  busy(true);
  try {
    await pause();
    const headers = { Accept: "application/json" };
    if (secret !== null) headers.Authorization = `Bearer ${secret}`;
    const signal = AbortSignal.any([own.signal, AbortSignal.timeout(PATIENCE)]);
    const answer = await fetch(`/page.json?${query}`, { headers, signal, cache: "no-store", credentials: "omit" });
    take(answer, await answer.json(), fresh);
  } catch (error) {
    if (own.signal.aborted) return;
    trouble = { gone: true };
    render();
    say("");
  }
  if (request === own) busy(false);
}

/** Waits until the server, which leaves its own server alone for a moment after a failure, would ask again. */
function pause() {
  const rest = (trouble?.until ?? 0) - now();
  return rest > 0 && rest < SHORT && new Promise((done) => setTimeout(done, rest * 1000));
}

function which() {
  return new URLSearchParams([...wanted].filter(([name]) => ["profile", "scope"].includes(name)));
}

function busy(is) {
  $("main").setAttribute("aria-busy", is);
  for (const id of ["fresh", "again"]) $(id).setAttribute("aria-disabled", is);
  if (is && shown) say(words().fetching);
}

function take(answer, body, fresh) {
  if (answer.status === 401) {
    askForSecret();
    return;
  }
  $("secret-form").hidden = true;
  if (body.profiles) profiles(body.profiles, body.profile);
  if (answer.ok) {
    trouble = null;
    shown = { ...body, ends: ends(body) };
    announced = null;
    revealed = false;
  } else {
    const wait = Number(answer.headers.get("Retry-After"));
    trouble = { ...body, status: answer.status, wait, until: now() + wait };
  }
  render();
  say(answer.ok && fresh ? words().fetched : "", "done");
}

/** When the token ends by this browser's clock, which need not be the server's. */
function ends(body) {
  return body.expires_in === null || body.expires_in === undefined ? null : now() + body.expires_in;
}

function askForSecret() {
  $("secret-wrong").textContent = secret === null ? "" : words().secretWrong;
  $("secret").setAttribute("aria-invalid", secret !== null);
  secret = shown = trouble = null;
  $("secret-form").hidden = false;
  render();
  $("secret").value = "";
  $("secret").focus();
}

function profiles(names, chosen) {
  $("profile").replaceChildren(...names.map((name) => element("option", name, { value: name })));
  $("profile").value = chosen ?? "";
}

/** Another profile from now on, also when the page is loaded again. */
function choose(profile) {
  wanted = new URLSearchParams({ profile });
  history.replaceState(null, "", `?${wanted}`);
  shown = trouble = null;
  render();
  ask(false);
}

// Showing

function render() {
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = words()[place.dataset.text];
  for (const place of document.querySelectorAll("[data-label]")) place.ariaLabel = words()[place.dataset.label];
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", button.dataset.language === language);
  }
  $("profile-choice").hidden = $("profile").options.length < 2 || $("profile").value === "";
  $("token-card").hidden = $("claims-card").hidden = shown === null;
  withdraw($("by-hand"));
  renderNames();
  renderTrouble();
  if (shown) {
    renderToken();
    renderClaims();
    tick();
  }
}

/** Which profile of which environment this is, so that windows are told apart. */
function renderNames() {
  const { profile, environment } = shown ?? trouble ?? {};
  const names = [...new Set([profile, environment])].filter(Boolean);
  document.title = [names.join(", "), "Maskinporten"].filter(Boolean).join(" – ");
  const isProduction = environment === "prod";
  $("environment").hidden = !environment;
  $("environment").textContent = isProduction ? words().production : `${words().environment}: ${environment}`;
  $("environment").classList.toggle("production", isProduction);
}

function renderToken() {
  const single = $("profile").options.length === 1 && `${words().profile}: ${shown.profile}`;
  $("about").textContent = [single, shown.scope].filter(Boolean).join(" · ");
  $("token").textContent = revealed ? shown.token : `${shown.token.slice(0, 6)}${"•".repeat(16)}`;
  $("reveal").dataset.text = revealed ? "hide" : "reveal";
  $("reveal").textContent = words()[$("reveal").dataset.text];
  $("curl").textContent = curlLine();
  $("curl-secret").hidden = secret === null;
  $("curl-address").hidden = api() !== undefined;
}

function curlLine() {
  const query = which().size > 0 ? `?${which()}` : "";
  return curl(`${location.origin}/headers${query}`, api(), secret !== null);
}

/** An API that takes the token. The simulator says of Altinn's scopes that they are for Altinn, as Maskinporten does. */
function api() {
  const apis = shown.environment === "local" ? [shown.api] : [shown.claims?.aud].flat();
  return apis.find((address) => URL.canParse(address));
}

function renderClaims() {
  $("opaque").hidden = shown.claims !== null;
  $("claim-rows").replaceChildren(...rows(shown.claims ?? {}, revealed, language));
  $("claims").hidden = $("claim-rows").children.length === 0;
}

function renderTrouble() {
  $("trouble").hidden = trouble === null;
  $("again").hidden = trouble !== null && isFinal(trouble);
  const parts = trouble === null ? [] : account(trouble, language);
  if (trouble && shown && !isOver()) parts.push(element("p", words().stillGood));
  $("trouble-text").replaceChildren(...parts);
}

const isOver = () => shown.ends !== null && shown.ends <= now();

/** Once a second: the time left, and the times among the claims. */
function tick() {
  if (!shown) return;
  const left = shown.ends === null ? null : shown.ends - now();
  $("progress").hidden = left === null;
  $("copy-token").classList.toggle("main", !isOver());
  $("fresh").classList.toggle("main", isOver());
  $("time-left").textContent =
    left === null ? words().unknownTime : left > 0 ? duration(left, language) : words().expired;
  if (left !== null) {
    const { exp, iat } = shown.claims ?? {};
    $("progress").max = exp - iat > 0 ? exp - iat : Math.max(shown.expires_in, 1);
    $("progress").value = Math.max(0, left);
    warn(left);
  }
  for (const note of document.querySelectorAll("[data-time]")) {
    note.textContent = moment(Number(note.dataset.time), now(), language);
  }
}

/** Says it once when the token is nearly used up, and once when it is, to those who do not see it count. */
function warn(left) {
  const stage = left <= 0 ? "hasExpired" : left <= 60 ? "minuteLeft" : null;
  if (stage === null || stage === announced) return;
  const first = announced === null && left > shown.expires_in - 2; // it never had more
  announced = stage;
  if (!first) say(words()[stage]);
}

/** Says something below the buttons; `how` it went is `done` or `failed`, if either. */
function say(text, how = "") {
  $("said").textContent = text;
  $("said").className = how;
}

async function copyThis(what) {
  const text = { token: shown.token, header: `Authorization: Bearer ${shown.token}`, curl: curlLine() }[what];
  withdraw($("by-hand"));
  const done = await copy(text);
  const isUseless = isOver() && what !== "curl";
  if (!done) {
    say(`${isUseless ? `${words().hasExpired} ` : ""}${words().notCopied}`, "failed");
    offer($("by-hand"), text);
  } else if (isUseless) {
    say(words().copiedExpired, "failed");
  } else {
    say(words().copied[what], "done");
  }
}

// Listening

for (const what of ["token", "header", "curl"]) $(`copy-${what}`).addEventListener("click", () => copyThis(what));
for (const id of ["fresh", "again"]) {
  $(id).addEventListener("click", () => $("main").ariaBusy === "true" || ask(id === "fresh"));
}
$("reveal").addEventListener("click", () => {
  revealed = !revealed;
  renderToken();
  renderClaims();
});
$("profile").addEventListener("change", () => choose($("profile").value));
$("trouble-text").addEventListener("click", (event) => {
  const { profile } = event.target.dataset;
  if (profile === undefined) return;
  event.preventDefault();
  choose(profile);
});
$("secret-form").addEventListener("submit", (event) => {
  event.preventDefault();
  secret = $("secret").value;
  $("secret").value = "";
  ask(false);
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    language = button.dataset.language;
    try {
      localStorage.setItem("language", language);
    } catch {
      // Storage is turned off: the choice holds until the page is closed.
    }
    say("");
    render();
  });
}

setInterval(tick, 1000);
render();
ask(false);
