// The options page: one address, checked before it is kept, and a place to try where an arXiv address leads.
"use strict";

import { placeOf } from "./address.js";
import { keepSite, keptSite, readSite } from "./site.js";

const say = (name) => chrome.i18n.getMessage(name);
const [form, site, result, address, place] = ["form", "site", "result", "address", "place"].map((id) =>
  document.getElementById(id),
);

document.documentElement.lang = say("language"); // of the texts: the browser may speak one that they do not
for (const element of document.querySelectorAll("[data-message]")) {
  element.textContent = say(element.dataset.message);
}
site.value = await keptSite();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const read = readSite(site.value);
  site.setAttribute("aria-invalid", String(read === null));
  result.className = read === null ? "wrong" : "";
  if (read === null) {
    result.textContent = say("site_wrong");
    site.focus();
    return;
  }
  await keepSite(read);
  site.value = read;
  result.textContent = say("saved");
  await show();
});

address.addEventListener("input", show);

async function show() {
  const typed = address.value.trim();
  const found = typed ? placeOf(typed) : null;
  place.textContent = found === null ? (typed ? say("try_nothing") : "") : `${await keptSite()}/${found}`;
}
