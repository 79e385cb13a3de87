// Completes what is typed into the search box, as a combobox with a listbox below it, and says below that what the
// query language has for what is being typed. Without this file the box searches all the same.
"use strict";

(() => {
  const form = document.querySelector("form[data-suggest]");
  const box = form?.querySelector("input[type=search]");
  if (!box) return;

  const PAUSE = 120; // milliseconds after the last letter
  const LONGEST = 300; // characters; nothing is suggested for more
  // In English until the site has sent its hints in the reader's language.
  let texts = {
    label: "Suggestions",
    one: "1 suggestion",
    many: "%(count)s suggestions",
    category: "Category",
    keyword: "Keyword",
    author: "Author",
    title: "Paper",
  };
  const hints = new Map();

  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", texts.label);
  list.hidden = true;
  const status = document.createElement("span");
  status.className = "unseen";
  status.setAttribute("role", "status");
  const help = document.createElement("div");
  help.className = "syntax-hint";
  help.setAttribute("role", "status");
  help.hidden = true;
  const beneath = document.createElement("div");
  beneath.className = "beneath";
  beneath.hidden = true;
  beneath.append(list, help);
  form.append(beneath, status);
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
    frame();
  }

  function frame() {
    beneath.hidden = list.hidden && help.hidden;
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
      ["kind", texts[suggestion.kind] ?? ""],
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
    status.textContent = found.length === 1 ? texts.one : texts.many.replace("%(count)s", found.length);
    mark(-1);
    frame();
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

  async function learn() {
    try {
      const response = await fetch(`${form.getAttribute("action")}/hints`);
      if (!response.ok) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const told = page.querySelector(".hint-texts");
      if (!told) return;
      texts = { ...texts, ...told.dataset };
      list.setAttribute("aria-label", texts.label);
      for (const each of told.children) hints.set(each.dataset.hint, each);
      if (box.value) hint();
    } catch {
      // the box searches without hints too
    }
  }

  // Which hint fits the part that is being typed, "" for none. A field is known by its first letters, the shorter
  // names whole: "au", "auth", "author:x".
  const FIELDS = {
    author: ["au", "author"],
    title: ["ti", "title"],
    abstract: ["abs", "abstract"],
    cat: ["cat"],
    date: ["date"],
    sort: ["sort"],
    id: ["id:"],
    doi: ["doi"],
    comment: ["co:", "comment"],
    journal: ["jr", "journal"],
  };

  function fitting(text) {
    const quotes = (text.match(/["“”„]/g) ?? []).length;
    const within = quotes % 2 ? text.search(/\S*["“”„][^"“”„]*$/) : text.search(/\S*$/);
    const part = text.slice(within).replace(/^[(]*-*/, "");
    const named = /^([a-z]+):/i.exec(part)?.[1].toLowerCase();
    const typed = part.toLowerCase();
    for (const [hint, names] of Object.entries(FIELDS)) {
      const [short, long = short] = names;
      if (named ? names.some((name) => name.replace(":", "") === named) : typed === short) return hint;
      if (!named && typed.length > 2 && long.startsWith(typed)) return hint;
    }
    if (quotes % 2) return "quote";
    if (/(^|\s)-\S*$/.test(text)) return "not";
    if (/(^|\s)(OR|\|)\s*$/.test(text)) return "or";
    const bare = text.replace(/["“”„][^"“”„]*["“”„]/g, "");
    return bare.split("(").length > bare.split(")").length ? "group" : "";
  }

  function hint() {
    const told = hints.get(fitting(box.value));
    if (told && document.activeElement === box) {
      if (help.dataset.hint !== told.dataset.hint) help.replaceChildren(...told.cloneNode(true).childNodes);
      help.dataset.hint = told.dataset.hint;
    }
    help.hidden = !told || document.activeElement !== box;
    frame();
  }

  function leave() {
    help.hidden = true;
    close();
  }

  box.addEventListener("focus", learn, { once: true });
  box.addEventListener("input", askSoon);
  box.addEventListener("input", hint);
  box.addEventListener("compositionend", askSoon);
  box.addEventListener("blur", leave);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" && open && active >= 0) go(active);
    else if (event.key === "Escape" && !beneath.hidden) leave();
    else return;
    event.preventDefault();
  });
  form.addEventListener("submit", leave);
  beneath.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const place = [...list.children].indexOf(event.target.closest("li"));
    if (place >= 0) go(place);
  });
})();
