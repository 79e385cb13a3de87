// Completes what is typed into the search box, as a combobox with a listbox below it. Without this file the box
// searches all the same.
"use strict";

(() => {
  const form = document.querySelector("form[data-suggest]");
  const box = form?.querySelector("input[type=search]");
  if (!box) return;

  const PAUSE = 120; // milliseconds after the last letter
  const LONGEST = 300; // characters; nothing is suggested for more
  const LABELS = { category: "Category", keyword: "Keyword", author: "Author", title: "Paper" };

  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  const status = document.createElement("span");
  status.className = "unseen";
  status.setAttribute("role", "status");
  form.append(list, status);
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-autocomplete", "list"],
    ["aria-expanded", "false"],
    ["aria-controls", list.id],
  ]) {
    box.setAttribute(name, value);
  }

  let found = [];
  let active = -1; // the box itself
  let timer = 0;
  let asking = null;

  function rest() {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
  }

  function close() {
    rest();
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    status.textContent = "";
    mark(-1);
  }

  function mark(place) {
    active = place;
    [...list.children].forEach((option, number) => option.setAttribute("aria-selected", String(number === place)));
    const option = list.children[place];
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  }

  function row(suggestion, number) {
    const option = document.createElement("li");
    option.id = `suggestion-${number}`;
    option.className = `of-${suggestion.kind}`;
    option.setAttribute("role", "option");
    for (const [name, text] of [
      ["what", suggestion.text],
      ["kind", LABELS[suggestion.kind] ?? ""],
    ]) {
      const part = document.createElement("span");
      part.className = name;
      part.textContent = text;
      option.append(part, " ");
    }
    return option;
  }

  function show(suggestions) {
    found = suggestions;
    if (!found.length) return close();
    list.replaceChildren(...found.map(row));
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    status.textContent = found.length === 1 ? "1 suggestion" : `${found.length} suggestions`;
    mark(-1);
  }

  async function ask() {
    rest();
    const typed = box.value;
    if (!typed.trim() || typed.length > LONGEST) return show([]);
    const mine = (asking = new AbortController());
    try {
      const address = `${form.dataset.suggest}?${new URLSearchParams({ q: typed })}`;
      const response = await fetch(address, { signal: mine.signal });
      const answer = response.ok ? await response.json() : { items: [] };
      if (asking === mine && document.activeElement === box) show(answer.items);
    } catch {
      if (asking === mine) close(); // the site is away; searching will say so
    }
  }

  function go(place) {
    const address = new URL(found[place].url, location.href);
    close();
    location.assign(address.pathname + address.search); // whatever host the site takes itself for
  }

  function askSoon(event) {
    if (event.isComposing) return;
    rest();
    timer = setTimeout(ask, PAUSE);
  }

  function step(by) {
    if (list.hidden) return ask();
    const places = found.length + 1; // with the box
    mark(((active + 1 + by + places) % places) - 1);
  }

  box.addEventListener("input", askSoon);
  box.addEventListener("compositionend", askSoon);
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" && open && active >= 0) go(active);
    else if (event.key === "Escape" && open) close();
    else return;
    event.preventDefault();
  });
  form.addEventListener("submit", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const place = [...list.children].indexOf(event.target.closest("li"));
    if (place >= 0) go(place);
  });
})();
