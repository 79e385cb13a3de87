// A list that is sifted: what was seen, titles only, folds, counters. The addresses in the bar do most of it without.
"use strict";

const Sift = (() => {
  const bar = document.getElementById("bar");
  if (!bar) return null;
  const { say, send, cards, onCards } = Papertide;
  const LOOKED = 1000; // milliseconds after which a paper that goes by was looked at
  const WAIT = 2500; // milliseconds until marks are sent
  const MOST = 500; // papers of one request
  const find = (name) => bar.querySelector(`[data-do="${name}"]`);
  const [titles, fold, hide, passing, seen] = ["titles", "fold", "hide", "passing", "seen"].map(find);
  const menu = bar.querySelector(".menu");

  // Counters

  const tally = { seen: bar.querySelector(".tally-seen"), shown: bar.querySelector(".tally-shown") };
  const known = "seen" in bar.dataset; // else as many as are shown
  let before = Number(bar.dataset.seen || 0);

  function count() {
    const all = cards();
    const number = known ? before : all.filter((card) => card.classList.contains("is-seen")).length;
    tally.seen.textContent = number ? bar.dataset.seenText.replace("{seen}", number.toLocaleString()) : "";
    const shown = bar.dataset.shownText.replace("{shown}", all.length).replace("{total}", bar.dataset.total);
    if (tally.shown.textContent !== shown && all.length) tally.shown.textContent = shown;
    if (seen) {
      const undone = all.length > 0 && all.every((card) => card.classList.contains("is-seen"));
      seen.textContent = undone ? seen.dataset.unmark : seen.dataset.mark;
      seen.name = undone ? "unseen" : "seen";
    }
  }

  // Marks: changed at once, sent a little later

  const queues = { seen: new Set(), unseen: new Set() };
  let timer = 0;

  function setSeen(list, on) {
    const changed = list.filter((card) => card.classList.contains("is-seen") !== on);
    for (const card of changed) {
      card.classList.toggle("is-seen", on);
      queues[on ? "seen" : "unseen"].add(card.dataset.paper);
      queues[on ? "unseen" : "seen"].delete(card.dataset.paper);
    }
    if (!changed.length) return changed;
    before += on ? changed.length : -changed.length;
    count();
    clearTimeout(timer);
    timer = setTimeout(flush, WAIT);
    return changed;
  }

  async function flush() {
    clearTimeout(timer);
    for (const [name, ids] of Object.entries(queues)) {
      while (ids.size) {
        const some = [...ids].slice(0, MOST);
        some.forEach((id) => ids.delete(id));
        if (!(await send({ [name]: some }))) return; // a mark that was lost is no harm: the next look makes it again
      }
    }
  }

  // On leaving there is no time to wait for the first answer.
  addEventListener("pagehide", () => {
    for (const [name, ids] of Object.entries(queues)) if (ids.size) send({ [name]: [...ids].slice(0, MOST) });
    for (const ids of Object.values(queues)) ids.clear();
  });
  document.addEventListener("visibilitychange", () => document.hidden && flush());

  function markAll(on) {
    const changed = setSeen(cards(), on);
    if (!changed.length) return;
    flush();
    say((on ? bar.dataset.markedText : bar.dataset.unmarkedText).replace("{number}", changed.length), () => {
      setSeen(changed, !on);
      flush();
    });
  }

  // What is scrolled past after a look at it was seen. Nothing is kept of who only looks, so for a browser that the site
  // does not know yet this has to be switched on.

  const choice = localStorage.getItem("passing");
  passing.checked = choice ? choice === "on" : "known" in bar.dataset;
  passing.addEventListener("change", () => localStorage.setItem("passing", passing.checked ? "on" : "off"));

  const since = new WeakMap();
  const passed = [];
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting, time, boundingClientRect } of entries) {
      if (isIntersecting) {
        if (!since.has(target)) since.set(target, time);
        continue;
      }
      const looked = time - (since.get(target) ?? time);
      since.delete(target);
      if (passing.checked && looked >= LOOKED && boundingClientRect.height && boundingClientRect.bottom <= 60) {
        passed.push(target);
      }
    }
    if (passed.length) setSeen(passed.splice(0), true);
  });
  document.addEventListener("opened", ({ target }) => {
    const card = target.closest("#main > * .card:not(.card .card)");
    if (card) setSeen([card], true);
  });

  // Folds

  const isTitles = () => bar.classList.contains("is-titles");
  const isFolded = () => fold.getAttribute("aria-pressed") === "true";

  /** Fold or unfold these cards; what stands at the top of the window stays there. */
  function foldAll(list, folded) {
    for (const card of list) {
      const abstract = card.querySelector(":scope > .abstract");
      if (abstract && abstract.open === folded) abstract.open = !folded;
    }
  }

  function steady(change) {
    const top = bar.getBoundingClientRect().bottom;
    const focused = document.activeElement?.closest?.(".card");
    const inWindow = ({ bottom, top: above }) => bottom > top && above < innerHeight;
    const at = focused && inWindow(focused.getBoundingClientRect()) ? focused : firstBelow(top);
    const was = at?.getBoundingClientRect().top;
    change();
    if (at && scrollY > 0) scrollBy({ top: at.getBoundingClientRect().top - was, behavior: "instant" });
  }

  /** The first card that ends below a height of the window. */
  function firstBelow(height) {
    const all = cards();
    let [from, to] = [0, all.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (all[middle].getBoundingClientRect().bottom <= height) from = middle + 1;
      else to = middle;
    }
    return all[from] ?? null;
  }

  function setFold(folded) {
    fold.setAttribute("aria-pressed", String(folded));
    steady(() => foldAll(cards(), folded));
  }

  function setTitles(on) {
    steady(() => {
      bar.classList.toggle("is-titles", on);
      foldAll(cards(), on);
    });
    fold.setAttribute("aria-pressed", String(on));
    if (on) titles.setAttribute("aria-current", "true");
    else titles.removeAttribute("aria-current");
    const other = titles.getAttribute("href");
    titles.href = location.pathname + location.search;
    history.replaceState(history.state, "", other);
  }

  async function toggleHide() {
    hide.setAttribute("aria-busy", "true");
    await flush();
    location.assign(hide.href);
  }

  const doing = {
    titles: () => setTitles(!isTitles()),
    fold: () => setFold(!isFolded()),
    hide: toggleHide,
    seen: () => markAll(seen.name === "seen"),
    keys: () => document.getElementById("keys").showModal(),
  };
  bar.addEventListener("click", (event) => {
    const control = event.target.closest("[data-do]");
    if (menu.open && event.target.closest(".menu-body :is(a, button)")) menu.open = false;
    if (!control || event.metaKey || event.ctrlKey || event.shiftKey || !doing[control.dataset.do]) return;
    event.preventDefault();
    doing[control.dataset.do]();
  });
  document.addEventListener("click", ({ target }) => {
    if (menu.open && !menu.contains(target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.preventDefault();
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  onCards((fresh) => {
    if (isFolded()) foldAll(fresh, true);
    for (const card of fresh) watch.observe(card);
    count();
  });

  return { setSeen, firstBelow, doing, flush, bar };
})();
