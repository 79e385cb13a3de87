// A list that is sifted: what was seen, titles only, folds, counters. The addresses in the bar do most of it without.
"use strict";

const Sift = (() => {
  const bar = document.getElementById("bar");
  if (!bar) return null;
  const { say, send, cards, onCards, inFrames, frame } = Papertide;
  const LOOKED = 1000; // milliseconds after which a paper that goes by was looked at
  const WAIT = 2500; // milliseconds until marks are sent
  const MOST = 500; // papers of one request
  const HELD = 8; // frames for which a card is held in its place
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

  /** Show cards as seen or not; so many papers of the list were changed, those without a card, too. */
  function paint(list, on, number) {
    for (const card of list) card.classList.toggle("is-seen", on);
    before += on ? number : -number;
    count();
  }

  function setSeen(list, on) {
    const changed = list.filter((card) => card.classList.contains("is-seen") !== on);
    for (const card of changed) {
      queues[on ? "seen" : "unseen"].add(card.dataset.paper);
      queues[on ? "unseen" : "seen"].delete(card.dataset.paper);
    }
    if (!changed.length) return changed;
    paint(changed, on, changed.length);
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

  /** Mark cards because the reader says so, which can be undone. */
  function mark(list, on) {
    const changed = setSeen(list, on);
    if (!changed.length) return;
    const text = on ? bar.dataset.markedText : bar.dataset.unmarkedText;
    say(text.replace("{number}", changed.length), () => setSeen(changed, !on));
  }

  function markAll(on) {
    mark(cards(), on);
    flush();
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

  const isTitles = () => titles.hasAttribute("aria-current");
  const isFolded = () => fold.getAttribute("aria-pressed") === "true";

  function foldOne(card, folded) {
    const abstract = card.querySelector(":scope > .abstract");
    if (abstract && abstract.open === folded) abstract.open = !folded;
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

  /** The card that is read: the one with the focus if it is in view, else the first of which more than the end shows. */
  function anchor(top) {
    const focused = document.activeElement?.closest?.("#main .card");
    if (focused) {
      const { top: begin, bottom: end } = focused.getBoundingClientRect();
      if (end > top && begin < innerHeight) return focused;
    }
    const first = firstBelow(top);
    const { top: begin, bottom: end } = first?.getBoundingClientRect() ?? {};
    return begin < top - 10 && end < top + 100 ? firstBelow(end) : first;
  }

  let turns = 0;
  // Whoever scrolls meanwhile is not held.
  for (const gesture of ["wheel", "touchmove"]) {
    addEventListener(gesture, () => (turns += bar.classList.contains("is-turning") ? 0 : 1), { passive: true });
  }

  /** Fold or unfold all. What is in view changes at once and stays where it is; meanwhile the rest is not drawn, and
      follows some in each frame. */
  async function turn(folded, change = () => {}) {
    const mine = ++turns;
    const all = cards();
    const top = bar.getBoundingClientRect().bottom;
    const at = anchor(top);
    const place = Math.max(0, all.indexOf(at));
    const near = all.slice(Math.max(0, place - 3), place + (folded ? 32 : 8));
    const was = at && scrollY > 0 ? Math.max(at.getBoundingClientRect().top, top) : undefined;
    for (const card of document.querySelectorAll(".is-near")) card.classList.remove("is-near");
    for (const card of near) card.classList.add("is-near");
    bar.classList.add("is-turning");
    fold.setAttribute("aria-pressed", String(folded));
    await frame(); // one frame for what is not drawn now, one for what is drawn anew
    if (mine !== turns) return;
    change();
    for (const card of near) foldOne(card, folded);
    const hold = () => {
      const by = was === undefined ? 0 : at.getBoundingClientRect().top - was;
      if (Math.abs(by) >= 1) scrollBy({ top: by, behavior: "instant" });
    };
    hold();
    if (!(await inFrames(all, (card) => foldOne(card, folded), () => mine === turns))) return;
    bar.classList.remove("is-turning");
    for (const card of near) card.classList.remove("is-near");
    for (let number = 0; number < HELD && mine === turns; number += 1) {
      await frame(); // those just above are drawn now, and are not as high as they were
      if (mine === turns) hold();
    }
  }

  function setTitles(on) {
    if (on) titles.setAttribute("aria-current", "true");
    else titles.removeAttribute("aria-current");
    turn(on, () => bar.classList.toggle("is-titles", on));
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
    fold: () => turn(!isFolded()),
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
    if (isFolded()) fresh.forEach((card) => foldOne(card, true));
    for (const card of fresh) watch.observe(card);
    count();
  });

  return { mark, paint, firstBelow, doing, flush, bar };
})();
