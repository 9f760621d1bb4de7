// Copies to the clipboard if the browser allows it, else offers a field to copy from by hand.

import { element } from "/showing.js";

/** Copies a text to the clipboard and returns whether that succeeded. */
export async function copy(text) {
  const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  return done || copyBySelection(text);
}

/** For plain http to another machine, where browsers have no `navigator.clipboard`. */
function copyBySelection(text) {
  const focused = document.activeElement;
  const field = element("textarea", text, { readonly: "", class: "aside" });
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return done;
}

/** Shows a text and selects it, ready for the browser's own copy command. */
export function offer(field, text) {
  field.value = text;
  field.hidden = false;
  field.focus();
  field.select();
  field.scrollTop = 0;
}

/** Hides the text again. */
export function withdraw(field) {
  field.value = "";
  field.hidden = true;
}

/** Returns a command that sends the header to an API and does not contain the token. With `-f`, an error sends no header. */
export function curl(headers, api, needsSecret) {
  const authorization = needsSecret ? "printf 'Authorization: Bearer %s' \"$SECRET\" | " : "";
  const own = `${needsSecret ? "-H @- " : ""}${quoted(headers)}`;
  return `${authorization}curl -fsS ${own} | curl -fsS -H @- ${api ? quoted(api) : "URL"}`;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
