// What a card does in place: PDF, BibTeX and relatives open below it, its line is copied, its star is kept. All of them
// are plain links and buttons without this file.
"use strict";

const Papertide = (() => {
  const form = document.getElementById("marks");
  const box = document.querySelector(".toast");
  const pattern = document.getElementById("below");
  const words = { ...box.dataset, ...pattern.dataset };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const SHOWN = 7000; // milliseconds that a toast stays
  const AGAIN = 3000; // milliseconds until a list that could not go on tries again
  let timer = 0;
  let takeBack = null; // undoes what was done last
  let from = null; // what had the focus when it was done

  /** What was done last can be taken back by `undo`: also where no word is said about it. */
  function undoable(undo) {
    takeBack = undo;
    from = document.activeElement;
    if (box.querySelector("button")) box.replaceChildren(); // its button meant what was done before
  }

  /** Tell the reader something, with a way to take it back. */
  function say(text, undo = null) {
    clearTimeout(timer);
    if (undo) undoable(undo);
    const what = document.createElement("span");
    what.textContent = text;
    box.replaceChildren(what);
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words.undo;
      button.addEventListener("click", undoLast);
      box.append(button);
    }
    timer = setTimeout(hush, SHOWN);
  }

  /** Tell the reader of an answer that was none: by its status, 0 where nothing came, and its text. */
  function tell(status = 0, answer = "") {
    if (status === 403) renew(answer);
    const text = { 401: words.signedOut, 403: words.stale, 409: words.full, 429: words.fast }[status] ?? words.away;
    say(text);
    if (status !== 401) return text;
    const link = document.createElement("a");
    Object.assign(link, { href: words.login, target: "_blank", textContent: words.signIn });
    box.append(link);
    return text;
  }

  /** Signing in or out in another window changes what forms are known by. The answer that says so has the new sign. */
  function renew(answer) {
    const page = new DOMParser().parseFromString(answer, "text/html");
    const token = page.querySelector('#marks [name="csrfmiddlewaretoken"]')?.value;
    if (token) for (const field of document.getElementsByName("csrfmiddlewaretoken")) field.value = token;
  }

  function hush() {
    if (box.matches(":hover, :focus-within")) {
      timer = setTimeout(hush, SHOWN);
      return;
    }
    box.replaceChildren(); // what was done can still be undone by key
  }

  function undoLast() {
    const undo = takeBack;
    const held = box.contains(document.activeElement);
    takeBack = null;
    box.replaceChildren();
    if (held) giveBack();
    undo?.();
  }

  /** The focus goes back to where it was when something was said, else to the card there, else to the first in view. */
  function giveBack() {
    const shown = (card) => card.getBoundingClientRect().bottom > 60;
    const again = from?.isConnected ? from : from?.id && document.getElementById(from.id);
    for (const place of [again, from?.closest(".card"), cards().find(shown)]) {
      if (place && place !== document.body) place.focus({ preventScroll: true });
      if (place && place === document.activeElement) return;
    }
  }

  /** Keep marks: `{ seen: ["2401.00001"] }`. Whether the site took them. */
  async function send(marks) {
    const body = new URLSearchParams(new FormData(form));
    for (const [name, ids] of Object.entries(marks)) body.set(name, ids.join(","));
    try {
      return (await fetch(form.action, { method: "POST", body, keepalive: true })).ok;
    } catch {
      return false;
    }
  }

  /** The page's own cards, without those that were opened below one of them. */
  const cards = () => [...document.querySelectorAll("#main .card:not(.card .card)")];

  const first = new Map(); // the card of each paper

  /** Whether a card is its paper's first. A list that grew meanwhile goes on with its last card again: that one goes. */
  function isFirst(card) {
    const known = first.get(card.id);
    if (known?.isConnected && known !== card) {
      card.remove();
      return false;
    }
    first.set(card.id, card);
    return true;
  }

  /** Do something with each card of the page that there is, and with each that comes later. */
  function onCards(what) {
    const known = new WeakSet();
    const look = (list) => {
      const fresh = list.filter((card) => !known.has(card) && known.add(card) && isFirst(card));
      if (fresh.length) what(fresh);
    };
    look(cards());
    document.body.addEventListener("htmx:afterSwap", ({ target }) => {
      if (target.closest?.("#main") && !target.closest(".card")) look(cards());
    });
  }

  // The end of a list asks for what comes next some time before it is reached.
  const ahead = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        ahead.unobserve(target);
        htmx.trigger(target, "onward");
      }
    },
    { rootMargin: "800px" },
  );
  let growing = false; // back to a place further down
  const lookAhead = () => growing || document.querySelectorAll(".onward").forEach((end) => ahead.observe(end));
  document.body.addEventListener("htmx:afterSettle", lookAhead);
  addEventListener("load", lookAhead);

  // Whoever comes back to a list that had gone on finds her place again, also where the browser has not kept the page.
  // With what was seen left out the list is another one by then.

  const MOST_PARTS = 40; // that are fetched for it
  const PLACE = "place"; // of the pages left last, by address, in this tab
  const KEPT_PLACES = 20;

  const places = () => {
    try {
      return JSON.parse(sessionStorage.getItem(PLACE)) ?? {};
    } catch {
      return {};
    }
  };
  const isReduced = () => new URLSearchParams(location.search).has("unseen");

  function remember() {
    const all = cards();
    const top = all.find((card) => card.getBoundingClientRect().bottom > 60);
    const { [location.href]: _, ...others } = places();
    const kept = Object.entries(others).slice(1 - KEPT_PLACES);
    if (top && scrollY && !isReduced()) {
      kept.push([location.href, { id: top.id, at: top.getBoundingClientRect().top, count: all.length }]);
    }
    sessionStorage.setItem(PLACE, JSON.stringify(Object.fromEntries(kept)));
  }

  /** Whether the next part of the list came. */
  const grown = (end) =>
    new Promise((go) => {
      const away = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];
      const done = new AbortController();
      const told = (came) => () => {
        done.abort();
        go(came);
      };
      document.body.addEventListener("htmx:afterSettle", told(true), { signal: done.signal });
      for (const fault of away) document.body.addEventListener(fault, told(false), { signal: done.signal });
      ahead.unobserve(end);
      htmx.trigger(end, "onward");
    });

  async function comeBack() {
    const place = performance.getEntriesByType("navigation")[0]?.type === "back_forward" && places()[location.href];
    if (!place || isReduced() || document.getElementById(place.id)) return;
    const gone = new AbortController(); // whoever scrolls meanwhile has another place
    for (const gesture of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      addEventListener(gesture, () => gone.abort(), { passive: true, signal: gone.signal });
    }
    growing = true;
    for (let part = 0; part < MOST_PARTS && !gone.signal.aborted; part += 1) {
      const end = document.querySelector(".onward");
      if (!end || document.getElementById(place.id) || cards().length >= place.count) break;
      if (!(await grown(end))) break;
    }
    growing = false;
    for (let number = 0; number < 3 && !gone.signal.aborted; number += 1) {
      const card = document.getElementById(place.id); // its neighbours get their height when they are drawn
      if (card) scrollBy({ top: card.getBoundingClientRect().top - place.at, behavior: "instant" });
      await frame();
    }
    gone.abort();
    lookAhead();
  }

  addEventListener("pagehide", remember);
  addEventListener("load", comeBack);

  const frame = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));

  /** Do `work` for each item, some in each frame, as long as it is `wanted`; whether all were done. */
  async function inFrames(items, work, wanted = () => true, most = 50, slice = 5) {
    let began = performance.now();
    let done = 0;
    for (const item of items) {
      work(item);
      done += 1;
      if (done % most && performance.now() - began < slice) continue;
      await frame();
      if (!wanted()) return false;
      began = performance.now();
    }
    return true;
  }

  const isPlain = (event) => !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

  function opened(card) {
    send({ opened: [card.dataset.paper] });
    card.dispatchEvent(new CustomEvent("opened", { bubbles: true }));
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea"); // no secure address: the old way
      area.value = text;
      area.className = "unseen";
      const before = document.activeElement;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      before?.focus?.({ preventScroll: true });
      if (!done) return;
    }
    say(words.copied);
  }

  // What opens below a card: one thing at a time.

  const panelOf = (card) => card.querySelector(":scope > .below");
  const linkOf = (card, kind) => card.querySelector(`:scope > .base .to-${kind}`);

  function close(card) {
    const panel = panelOf(card);
    if (!panel || !panel.dispatchEvent(new CustomEvent("closing", { bubbles: true, cancelable: true }))) return false;
    const link = linkOf(card, panel.dataset.kind);
    const held = panel.contains(document.activeElement);
    panel.remove();
    link.setAttribute("aria-expanded", "false");
    if (held) link.focus();
    return true;
  }

  function toggle(card, kind) {
    const open = panelOf(card)?.dataset.kind;
    if (open && !close(card)) return; // it holds what is not saved yet
    if (open !== kind) show(card, kind);
  }

  async function show(card, kind) {
    const link = linkOf(card, kind);
    const panel = pattern.content.firstElementChild.cloneNode(true);
    const body = panel.querySelector(".below-body");
    const apart = panel.querySelector(".below-apart");
    panel.dataset.kind = kind;
    panel.tabIndex = -1;
    panel.setAttribute("aria-label", `${words[kind]}: ${card.querySelector(".title").textContent.trim()}`);
    panel.querySelector(".below-title").textContent = words[kind];
    apart.href = link.href;
    if (kind === "pdf") Object.assign(apart, { target: "_blank", rel: "external noopener" });
    panel.querySelector(".below-close").addEventListener("click", () => close(card));
    card.append(panel);
    link.setAttribute("aria-expanded", "true");
    const filled = fill[kind](body, link, panel);
    panel.focus({ preventScroll: true });
    bring(panel);
    await filled; // it is higher now
    if (panel.contains(document.activeElement)) bring(panel);
  }

  const bring = (panel) => panel.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });

  const fill = {
    pdf(body, link, panel) {
      const frame = document.createElement("iframe");
      frame.title = panel.getAttribute("aria-label");
      frame.referrerPolicy = "no-referrer";
      frame.src = link.href;
      body.append(frame);
    },
    async bibtex(body, link, panel) {
      const text = await get(link.href, body);
      if (text === null) return;
      const code = document.createElement("pre");
      code.tabIndex = 0;
      code.textContent = text.trim();
      body.replaceChildren(code);
      const button = panel.querySelector(".below-copy");
      button.hidden = false;
      button.addEventListener("click", () => copy(`${text.trim()}\n`));
    },
    async keep(body, link) {
      const text = await get(`${link.href}?part=1`, body);
      if (text === null) return;
      body.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
      htmx.process(body);
    },
    async related(body, link) {
      const text = await get(link.href, body);
      if (text === null) return;
      const found = [...new DOMParser().parseFromString(text, "text/html").querySelectorAll(".card")];
      for (const card of found) {
        card.removeAttribute("id"); // it may stand in the list, too
        card.querySelector(".title").setAttribute("aria-level", "4");
        card.querySelector(".abstract")?.removeAttribute("open");
      }
      body.replaceChildren(...found);
      if (!found.length) body.textContent = words.none;
      htmx.process(body);
    },
  };

  /** The text at an address of this site; null, and a word about it in `body`, where there is none. */
  async function get(address, body) {
    body.setAttribute("aria-live", "polite"); // that it loads, and that it failed; what comes is read at leisure
    body.textContent = words.loading;
    let status = 0;
    try {
      const answer = await fetch(address);
      const text = answer.ok ? await answer.text() : null;
      status = answer.status;
      if (text !== null) {
        body.removeAttribute("aria-live");
        return text;
      }
    } catch {
      // told below
    }
    body.textContent = tell(status);
    return null;
  }

  // A PDF opens in a frame where the browser can show it there and the window has room for it.
  const framesPdf = () => navigator.pdfViewerEnabled !== false && innerWidth >= 640;

  document.addEventListener("click", (event) => {
    const what = event.target.closest?.("a, button");
    if (!what) return;
    if (what.matches(".copy")) copy(what.dataset.copy);
    const card = what.closest(".card");
    if (!card) return;
    const kind = ["pdf", "bibtex", "related", "keep"].find((name) => what.matches(`:is(.base, .kept) .to-${name}`));
    if (kind && isPlain(event) && (kind !== "pdf" || framesPdf())) {
      event.preventDefault();
      if (kind === "pdf" && panelOf(card)?.dataset.kind !== "pdf") opened(card);
      toggle(card, kind);
    } else if (isText(what)) {
      opened(card);
    }
  });
  document.addEventListener("auxclick", (event) => {
    const link = event.target.closest?.("a");
    if (event.button === 1 && link?.closest(".card") && isText(link)) opened(link.closest(".card"));
  });
  /** Whether a link leads to the paper itself. */
  const isText = (link) => link.matches('.links > a[href^="https://arxiv.org/"]');

  // A category's +/− come with the first tap; the second one follows the link.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".of > .category");
    if (!link?.nextElementSibling || event.pointerType !== "touch" || link.dataset.tapped) return;
    event.preventDefault();
    link.dataset.tapped = "1";
    link.focus();
    link.addEventListener("blur", () => delete link.dataset.tapped, { once: true });
  });

  let takingBack = null; // the id of a star that is pressed to undo something

  // A star that changed here changes wherever the same paper stands on the page.
  document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
    const before = detail.requestConfig?.elt;
    if (!before?.matches?.(".star")) return;
    const id = before.value;
    const now = document.getElementById(before.id);
    for (const other of document.querySelectorAll(`.star[value="${CSS.escape(id)}"]`)) {
      if (other === now || other.name === now?.name) continue;
      const same = now.cloneNode(true);
      other.replaceWith(same);
      htmx.process(same);
    }
    if (takingBack === before.id) {
      takingBack = null; // that is not one more thing to undo
      return;
    }
    const undo = () => {
      takingBack = before.id;
      document.getElementById(before.id)?.click();
    };
    if (before.name === "unstar") say(words.unstarred, undo);
    else undoable(undo);
  });
  for (const fault of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(fault, ({ target, detail }) => {
      tell(detail.xhr?.status, detail.xhr?.responseText);
      if (target.matches(".onward")) setTimeout(() => ahead.observe(target), AGAIN);
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const card = document.activeElement?.closest?.(".card:has(> .below)");
    if (card && close(card)) event.preventDefault();
  });

  return { say, tell, undoable, send, cards, onCards, inFrames, frame, undoLast, close, words, calm };
})();
