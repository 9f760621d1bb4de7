"use strict";

// The search: every word must occur in the entry. A list without it shows everything.
const form = document.querySelector("form");
if (form) {
  const [search, found] = [document.getElementById("search"), document.getElementById("found")];
  const entries = [...document.querySelectorAll("li")].map((entry) => [entry, entry.textContent.toLowerCase()]);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [entry, text] of entries) entry.hidden = !words.every((word) => text.includes(word));
    for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector("li:not([hidden])");
    const count = entries.filter(([entry]) => !entry.hidden).length;
    found.textContent = count ? `${count} ${found.dataset.found}` : found.dataset.none;
  };
  search.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  // The browser keeps what was typed when the reader comes back.
  filter();
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(text.value);
      button.textContent = button.dataset.copied;
    } catch {
      text.select();
    }
  });
}
