// Copying: to the clipboard if the browser lets us, else a field from which the reader copies by hand.

import { element } from "/showing.js";

/** Puts a text on the clipboard; whether that is done. */
export async function copy(text) {
  const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  return done || copyTheOldWay(text);
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

/** Shows a text and selects it, so that the browser's own copying takes it. */
export function offer(field, text) {
  field.value = text;
  field.hidden = false;
  field.focus();
  field.select();
  field.scrollTop = 0;
}

/** Takes it away again. */
export function withdraw(field) {
  field.value = "";
  field.hidden = true;
}

/** A line that sends the header to an API; the token is not in it. `-f` sends nothing on when there is no header. */
export function curl(headers, api, asksForSecret) {
  const allowed = asksForSecret ? "printf 'Authorization: Bearer %s' \"$SECRET\" | " : "";
  const own = `${asksForSecret ? "-H @- " : ""}${quoted(headers)}`;
  return `${allowed}curl -fsS ${own} | curl -fsS -H @- ${api ? quoted(api) : "URL"}`;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
