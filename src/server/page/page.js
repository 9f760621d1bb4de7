// The page of `maskinporten serve`: requests a token from /page.json, shows its claims, counts down, and copies.
//
// Token and secret are kept in this module's memory only; the language is the only thing that is stored.

import { copy, curl, offer, withdraw } from "/copying.js";
import { SHORT, element, explain, isFinal, login, now, rows } from "/showing.js";
import { WORDS, duration, matchLanguage, moment } from "/words.js";

const $ = (id) => document.getElementById(id);
const REQUEST_TIMEOUT = 90_000; // milliseconds

let language = storedLanguage() ?? matchLanguage(navigator.languages);
let secret = null;
let shown = null; // the token from /page.json, with `ends` in this browser's time
let error = null;
let request = null;
let revealed = false;
let announced = null;
let parameters = new URLSearchParams(location.search); // `profile` and `scope`, as for programs

const words = () => WORDS[language];

function storedLanguage() {
  try {
    return Object.keys(WORDS).find((known) => known === localStorage.getItem("language"));
  } catch {
    return undefined; // storage is disabled
  }
}

// Requests

/** Requests a token, from the server's memory unless `fresh`; a newer request cancels an older one. */
async function requestToken(fresh) {
  request?.abort();
  const own = (request = new AbortController());
  const query = tokenQuery();
  if (fresh) query.set("fresh", "true");
  busy(true);
  try {
    await backoff();
    const headers = { Accept: "application/json" };
    if (secret !== null) headers.Authorization = `Bearer ${secret}`;
    const signal = AbortSignal.any([own.signal, AbortSignal.timeout(REQUEST_TIMEOUT)]);
    const response = await fetch(`/page.json?${query}`, { headers, signal, cache: "no-store", credentials: "omit" });
    take(response, await response.json(), fresh);
  } catch {
    if (own.signal.aborted) return;
    error = { gone: true };
    render();
    showMessage("");
  }
  if (request === own) busy(false);
}

/** Waits until the server sends requests again, if that is soon. */
function backoff() {
  const remaining = (error?.until ?? 0) - now();
  return remaining > 0 && remaining < SHORT && new Promise((done) => setTimeout(done, remaining * 1000));
}

function tokenQuery() {
  return new URLSearchParams([...parameters].filter(([name]) => ["profile", "scope"].includes(name)));
}

function busy(is) {
  $("main").setAttribute("aria-busy", is);
  for (const id of ["fresh", "again"]) $(id).setAttribute("aria-disabled", is);
  if (is && shown) showMessage(words().fetching);
}

function take(response, body, fresh) {
  if (response.status === 401) {
    askForSecret();
    return;
  }
  $("secret-form").hidden = true;
  if (body.profiles) profiles(body.profiles, body.profile);
  if (response.ok) {
    error = null;
    shown = { ...body, ends: ends(body) };
    announced = null;
    revealed = false;
  } else {
    const wait = Number(response.headers.get("Retry-After"));
    error = { ...body, status: response.status, wait, until: now() + wait };
  }
  render();
  showMessage(response.ok && fresh ? words().fetched : "", "done");
}

/** Returns when the token expires by this browser's clock, which may differ from the server's. */
function ends(body) {
  return body.expires_in === null || body.expires_in === undefined ? null : now() + body.expires_in;
}

function askForSecret() {
  $("secret-wrong").textContent = secret === null ? "" : words().secretWrong;
  $("secret").setAttribute("aria-invalid", secret !== null);
  secret = shown = error = null;
  $("secret-form").hidden = false;
  render();
  $("secret").value = "";
  $("secret").focus();
}

function profiles(names, chosen) {
  $("profile").replaceChildren(...names.map((name) => element("option", name, { value: name })));
  $("profile").value = chosen ?? "";
}

/** Switches to another profile, also for when the page is reloaded. */
function choose(profile) {
  parameters = new URLSearchParams({ profile });
  history.replaceState(null, "", `?${parameters}`);
  shown = error = null;
  render();
  requestToken(false);
}

// Rendering

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
  renderError();
  if (shown) {
    renderToken();
    renderClaims();
    tick();
  }
}

/** Shows the profile and the environment, which distinguish one window from another. */
function renderNames() {
  const { profile, environment } = shown ?? error ?? {};
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
  $("login").hidden = !shown.login;
  if (shown.login) $("login").replaceChildren(...login(shown.login, language));
  $("token").textContent = revealed ? shown.token : `${shown.token.slice(0, 6)}${"•".repeat(16)}`;
  $("reveal").dataset.text = revealed ? "hide" : "reveal";
  $("reveal").textContent = words()[$("reveal").dataset.text];
  $("curl").textContent = curlLine();
  $("curl-secret").hidden = secret === null;
  $("curl-address").hidden = api() !== undefined;
}

function curlLine() {
  const query = tokenQuery().size > 0 ? `?${tokenQuery()}` : "";
  return curl(`${location.origin}/headers${query}`, api(), secret !== null);
}

/** Returns an API that accepts the token. The simulator sets Altinn's `aud` like Maskinporten, but has an API of its own. */
function api() {
  const apis = shown.environment === "local" ? [shown.api] : [shown.claims?.aud].flat();
  return apis.find((address) => URL.canParse(address));
}

function renderClaims() {
  $("opaque").hidden = shown.claims !== null;
  $("claim-rows").replaceChildren(...rows(shown.claims ?? {}, revealed, language));
  $("claims").hidden = $("claim-rows").children.length === 0;
}

function renderError() {
  $("error").hidden = error === null;
  $("again").hidden = error !== null && isFinal(error);
  const parts = error === null ? [] : explain(error, language);
  if (error && shown && !isOver()) parts.push(element("p", words().stillGood));
  $("error-text").replaceChildren(...parts);
}

const isOver = () => shown.ends !== null && shown.ends <= now();

/** Updates the time left and the times among the claims, once a second. */
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

/** Announces once that the token is about to expire, and once that it has, for screen readers. */
function warn(left) {
  const stage = left <= 0 ? "hasExpired" : left <= 60 ? "minuteLeft" : null;
  if (stage === null || stage === announced) return;
  const first = announced === null && left > shown.expires_in - 2; // it was issued like this
  announced = stage;
  if (!first) showMessage(words()[stage]);
}

/** Shows a message below the buttons; `outcome` is `done`, `failed` or empty. */
function showMessage(text, outcome = "") {
  $("message").textContent = text;
  $("message").className = outcome;
}

async function copyThis(what) {
  const text = { token: shown.token, header: `Authorization: Bearer ${shown.token}`, curl: curlLine() }[what];
  withdraw($("by-hand"));
  const done = await copy(text);
  const isExpired = isOver() && what !== "curl";
  if (!done) {
    showMessage(`${isExpired ? `${words().hasExpired} ` : ""}${words().notCopied}`, "failed");
    offer($("by-hand"), text);
  } else if (isExpired) {
    showMessage(words().copiedExpired, "failed");
  } else {
    showMessage(words().copied[what], "done");
  }
}

// Events

for (const what of ["token", "header", "curl"]) $(`copy-${what}`).addEventListener("click", () => copyThis(what));
for (const id of ["fresh", "again"]) {
  $(id).addEventListener("click", () => $("main").ariaBusy === "true" || requestToken(id === "fresh"));
}
$("reveal").addEventListener("click", () => {
  revealed = !revealed;
  renderToken();
  renderClaims();
});
$("profile").addEventListener("change", () => choose($("profile").value));
$("error-text").addEventListener("click", (event) => {
  const { profile } = event.target.dataset;
  if (profile === undefined) return;
  event.preventDefault();
  choose(profile);
});
$("secret-form").addEventListener("submit", (event) => {
  event.preventDefault();
  secret = $("secret").value;
  $("secret").value = "";
  requestToken(false);
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    language = button.dataset.language;
    try {
      localStorage.setItem("language", language);
    } catch {
      // Storage is disabled, so the choice lasts until the page is closed.
    }
    showMessage("");
    render();
  });
}

setInterval(tick, 1000);
render();
requestToken(false);
