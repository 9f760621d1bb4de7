// Shows claims and errors as elements of the document. It has no state and sends no requests.
//
// Everything is inserted as text, never as HTML.

import { WORDS, duration, moment } from "/words.js";

const TIMES = ["exp", "iat", "nbf", "auth_time"];
const PERSON = /(?<!\d)\d{11}(?!\d)/g;
export const SHORT = 5; // seconds that the page waits without showing it
const LITERAL = /(`[^`]+`|--[a-z][a-z-]+|\b[A-Z]+_[A-Z_]+\b)/;

export const now = () => Date.now() / 1000;

export function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Makes an element with text that starts with a capital. Options and commands are marked as code. */
function prose(name, text, attributes = {}) {
  const made = element(name, undefined, attributes);
  for (const part of (text.charAt(0).toUpperCase() + text.slice(1)).split(LITERAL)) {
    const is = LITERAL.test(part);
    made.append(is ? element("code", part.replaceAll("`", ""), part.includes(" ") ? {} : { class: "whole" }) : part);
  }
  return made;
}

/** Makes a paragraph; there is no full stop after a command. */
const sentence = (text) => prose("p", /[.!?:`]$|: \S/.test(text) ? text : `${text}.`);

// Claims

/** Makes the rows of the table of claims. National identity numbers are shown only together with the token. */
export function rows(claims, revealed, language) {
  const words = WORDS[language];
  const meaning = (name) => {
    const key = name === "consumer" && claims.supplier ? "consumerOfSupplier" : name;
    return Object.hasOwn(words.claims, key) ? words.claims[key] : undefined;
  };
  return Object.entries(claims).map(([name, value]) => {
    const head = element("th", undefined, { scope: "row" });
    head.append(element("code", name));
    if (meaning(name)) head.append(element("small", meaning(name)));
    const line = element("tr");
    line.append(head, cell(name, value, revealed, language));
    return line;
  });
}

function cell(name, value, revealed, language) {
  const made = element("td");
  const text = typeof value !== "string" ? json(value) : name === "scope" ? value.replaceAll(" ", "\n") : value;
  const hidden = revealed ? text : text.replace(PERSON, "•".repeat(11));
  made.append(element("code", hidden));
  const note = inWords(name, value, language) ?? (hidden === text ? undefined : WORDS[language].person);
  if (note !== undefined) made.append(element("small", note, TIMES.includes(name) ? { "data-time": value } : {}));
  return made;
}

function json(value) {
  const line = JSON.stringify(value);
  return line.length < 80 ? line : JSON.stringify(value, null, 2);
}

/** Returns a value in words: a time, or an organisation as in `{"authority":"iso6523-actorid-upis","ID":"0192:310700010"}`. */
function inWords(name, value, language) {
  if (TIMES.includes(name) && Number.isFinite(value)) return moment(value, now(), language);
  const number = /^0192:(\d{3})(\d{3})(\d{3})$/.exec(value?.ID);
  return number ? `${WORDS[language].organisation} ${number.slice(1).join("\u00a0")}` : undefined;
}

// Errors

/** Makes the text about a login: whose token it is, and when the person must log in again. */
export function login({ provider, logged_in_at, ends_at, is_renewable, page }, language) {
  const words = WORDS[language];
  const time = (name, at) => element("span", moment(at, now(), language), { "data-time": at, class: name });
  const parts = [`${words.loggedIn} ${provider}`];
  if (logged_in_at !== null) parts.push(" ", time("logged-in", logged_in_at));
  parts.push(`. ${is_renewable ? words.loginRenewed : words.loginEnds}`);
  if (ends_at !== null) parts.push(" ", time("ends", ends_at));
  parts.push(". ", again(page, words));
  return parts;
}

/** Makes a link to a new login, or the text with the command for the terminal. */
function again(page, words) {
  return page ? element("a", words.loginAgain, { href: page }) : prose("span", words.loginCommand);
}

const isRefused = (error) => Boolean(error.mp_code ?? error.meaning ?? error.trace_id);

/** Explains why there is no token. */
export function explain(error, language) {
  const words = WORDS[language];
  if (error.gone) return [element("h2", words.goneTitle), element("p", words.gone)];
  const { title, happened, remedy, page } = isRefused(error) ? refusal(error, language) : failure(error, language);
  const provider = error.login?.provider ?? "Maskinporten";
  const named = (text) => text.replaceAll("Maskinporten", provider);
  const parts = [element("h2", named(title))];
  if (happened) parts.push(sentence(named(happened)));
  if (remedy) {
    parts.push(element("h3", words.remedy), sentence(named(remedy)));
  }
  if (page) {
    parts.push(element("p"));
    parts.at(-1).append(element("a", words.more, { href: page }));
  }
  if (isLogin(error)) {
    parts.push(element("p"));
    parts.at(-1).append(again(error.login.page, words));
  }
  if (isFinal(error) && error.profiles) parts.push(element("p", words.served), choices(error.profiles));
  return [...parts, facts(error, language)];
}

/** Whether the person must log in again. */
const isLogin = (error) => Boolean(error.login) && error.error.startsWith("session_");

/** Whether the request itself is wrong, so that another attempt would fail too. */
export const isFinal = (error) => error.status >= 400 && error.status < 500;

/** Explains a refusal of Maskinporten with the server's explanation of its code. */
function refusal(error, language) {
  const { meaning, remedy, page } = error.in_words?.[language] ?? error;
  return { title: WORDS[language].refusedTitle, happened: meaning, remedy, page };
}

/** Explains any other error. The server's own texts are in English only. */
function failure(error, language) {
  const { failures, failedTitle, loginTitle, loginOver } = WORDS[language];
  if (isLogin(error)) return { title: loginTitle, happened: loginOver };
  const code = error.error === "connect" && error.environment === "local" ? "simulator" : error.error;
  const known = Object.hasOwn(failures, code) ? failures[code] : failures.other;
  const own = language === "en" && !known.title ? error.remedy : undefined;
  return { title: failedTitle, ...known, remedy: own ?? known.remedy };
}

function choices(profiles) {
  const list = element("ul");
  for (const name of profiles) {
    const link = element("a", name, { href: `?${new URLSearchParams({ profile: name })}`, "data-profile": name });
    const item = element("li");
    item.append(link);
    list.append(item);
  }
  return list;
}

/** Lists what support asks for, and the error word for word. */
function facts(error, language) {
  const words = WORDS[language];
  const wait = error.wait >= SHORT ? duration(error.wait, language) : undefined;
  // Maskinporten's text ends with the id that is shown below it.
  const raw = error.error_description?.replace(/ \(trace_id: [^)]*\)$/, error.trace_id ? "" : "$&");
  const list = element("dl");
  for (const [name, value, attributes] of [
    [words.wait, wait], [words.code, error.mp_code], [words.error, error.error],
    [isRefused(error) ? words.description : words.happened, raw, { lang: "en" }], [words.trace, error.trace_id],
  ]) {
    if (value) list.append(element("dt", name), attributes ? prose("dd", value, attributes) : element("dd", value));
  }
  return list;
}
