// The page of `maskinporten serve`: asks /page.json for a token, shows what it says, counts down, and copies.
//
// Everything goes into the document as text. Token and secret are in this module's memory alone; the one thing
// remembered is the language.

import { WORDS, duration, moment, nearest } from "/words.js";

const $ = (id) => document.getElementById(id);
const TIMES = ["exp", "iat", "nbf", "auth_time"];
const PERSON = /(?<!\d)\d{11}(?!\d)/g;
const PATIENCE = 90_000; // milliseconds
const SHORT = 5; // seconds that the page waits by itself

let language = remembered() ?? nearest(navigator.languages);
let secret = null;
let shown = null; // the answer of /page.json, with `ends` in this browser's time
let trouble = null;
let request = null;
let revealed = false;
let announced = null;
let wanted = new URLSearchParams(location.search); // which token: `profile` and `scope`, as programs name them

const words = () => WORDS[language];
const now = () => Date.now() / 1000;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

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
    trouble = { ...body, wait, until: now() + wait };
  }
  render();
  say(answer.ok && fresh ? words().fetched : "");
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
  $("profile").value = chosen;
}

// Showing

function render() {
  document.documentElement.lang = language;
  document.title = words().title;
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = words()[place.dataset.text];
  for (const place of document.querySelectorAll("[data-label]")) place.ariaLabel = words()[place.dataset.label];
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", button.dataset.language === language);
  }
  $("profile-choice").hidden = $("profile").options.length < 2;
  $("token-card").hidden = $("claims-card").hidden = shown === null;
  renderTrouble();
  if (shown) {
    renderToken();
    renderClaims();
    tick();
  }
}

function renderToken() {
  const single = $("profile").options.length === 1 && `${words().profile} ${shown.profile}`;
  const about = [single, `${words().environment} ${shown.environment}`, shown.scope];
  $("about").textContent = about.filter(Boolean).join(" · ");
  $("token").textContent = revealed ? shown.token : `${shown.token.slice(0, 6)}${"•".repeat(16)}`;
  $("reveal").dataset.text = revealed ? "hide" : "reveal";
  $("reveal").textContent = words()[$("reveal").dataset.text];
  $("curl").textContent = curl();
}

/** A line that sends the header to the API; the token is not in it. */
function curl() {
  const query = which().size > 0 ? `?${which()}` : "";
  const own = quoted(`${location.origin}/headers${query}`);
  const api = [shown.claims?.aud].flat().find((audience) => URL.canParse(audience));
  const allowed = secret === null ? "" : "printf 'Authorization: Bearer %s' \"$SECRET\" | ";
  return `${allowed}curl -sS ${secret === null ? "" : "-H @- "}${own} | curl -sS -H @- ${api ? quoted(api) : "URL"}`;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function renderClaims() {
  const claims = Object.entries(shown.claims ?? {});
  $("opaque").hidden = shown.claims !== null;
  $("claims").hidden = claims.length === 0;
  $("claim-rows").replaceChildren(...claims.map(([name, value]) => row(name, value)));
}

function row(name, value) {
  const head = element("th", undefined, { scope: "row" });
  head.append(element("code", name));
  if (Object.hasOwn(words().claims, name)) head.append(element("small", words().claims[name]));
  const cell = element("td");
  const text = typeof value !== "string" ? json(value) : name === "scope" ? value.replaceAll(" ", "\n") : value;
  const hidden = revealed ? text : text.replace(PERSON, "•".repeat(11));
  cell.append(element("code", hidden));
  const note = told(name, value) ?? (hidden === text ? undefined : words().person);
  if (note !== undefined) cell.append(element("small", note, TIMES.includes(name) ? { "data-time": value } : {}));
  const line = element("tr");
  line.append(head, cell);
  return line;
}

function json(value) {
  const line = JSON.stringify(value);
  return line.length < 80 ? line : JSON.stringify(value, null, 2);
}

/** A value in words: a time, or an organisation as in `{"authority":"iso6523-actorid-upis","ID":"0192:310700010"}`. */
function told(name, value) {
  if (TIMES.includes(name) && Number.isFinite(value)) return moment(value, now(), language);
  const number = /^0192:(\d{3})(\d{3})(\d{3})$/.exec(value?.ID);
  return number ? `${words().organisation} ${number.slice(1).join("\u00a0")}` : undefined;
}

function renderTrouble() {
  $("trouble").hidden = trouble === null;
  if (trouble === null) {
    $("trouble-text").replaceChildren();
    return;
  }
  const said = words();
  const parts = trouble.gone
    ? [element("h2", said.goneTitle), element("p", said.gone), element("pre", "maskinporten serve")]
    : [element("h2", isRefused() ? said.refusedTitle : said.failedTitle), facts()];
  if (shown && shown.ends > now()) parts.push(element("p", said.stillGood));
  $("trouble-text").replaceChildren(...parts);
}

const isRefused = () => Boolean(trouble.mp_code ?? trouble.meaning ?? trouble.trace_id);

function facts() {
  const said = words();
  const { meaning, remedy } = trouble.in_words?.[language] ?? trouble;
  const wait = trouble.wait >= SHORT ? duration(trouble.wait, language) : undefined;
  const list = element("dl");
  for (const [name, value] of [
    [said.error, trouble.error], [said.code, trouble.mp_code], [isRefused() ? said.description : said.happened, trouble.error_description],
    [said.meaning, meaning], [said.remedy, remedy], [said.trace, trouble.trace_id], [said.wait, wait],
  ]) {
    if (value) list.append(element("dt", name), element("dd", value));
  }
  return list;
}

/** Once a second: the time left, and the times among the claims. */
function tick() {
  if (!shown) return;
  const left = shown.ends === null ? null : shown.ends - now();
  $("progress").hidden = left === null;
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

function say(text) {
  $("said").textContent = text;
}

// Copying

async function copy(what) {
  const text = { token: shown.token, header: `Authorization: Bearer ${shown.token}`, curl: curl() }[what];
  const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  say(done || copyTheOldWay(text) ? words().copied[what] : words().notCopied);
}

/** Browsers have no `navigator.clipboard` on plain http to another machine. */
function copyTheOldWay(text) {
  const focused = document.activeElement;
  const field = element("textarea", text, { readonly: "", class: "aside" });
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return done;
}

// Listening

for (const what of ["token", "header", "curl"]) $(`copy-${what}`).addEventListener("click", () => copy(what));
for (const id of ["fresh", "again"]) {
  $(id).addEventListener("click", () => $("main").ariaBusy === "true" || ask(id === "fresh"));
}
$("reveal").addEventListener("click", () => {
  revealed = !revealed;
  renderToken();
  renderClaims();
});
$("profile").addEventListener("change", () => {
  wanted = new URLSearchParams({ profile: $("profile").value });
  shown = trouble = null;
  render();
  ask(false);
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
