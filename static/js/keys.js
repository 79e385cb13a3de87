// Single keys, as arXiv's readers know them from mail programs. They can be switched off (WCAG 2.1.4).
"use strict";

(() => {
  const { cards, undoLast } = Papertide;
  const dialog = document.getElementById("keys");
  const allowed = document.getElementById("keys-on");
  allowed.checked = localStorage.getItem("keys") !== "off";
  allowed.addEventListener("change", () => localStorage.setItem("keys", allowed.checked ? "on" : "off"));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  const sift = typeof Sift === "undefined" ? null : Sift;
  const isShown = (card) => !card.classList.contains("is-out");

  function current() {
    const held = document.activeElement?.closest?.("#main .card");
    return held?.closest(".below")?.closest(".card") ?? held ?? null;
  }

  function go(card) {
    if (!card) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "start", behavior: "instant" });
  }

  /** The next card in a direction that fits, from the one that has the focus, else from the top of the window. */
  function next(by, fits = () => true) {
    const all = cards().filter(isShown);
    const here = current();
    let place = all.indexOf(here);
    if (place < 0) {
      const top = (sift?.bar.getBoundingClientRect().bottom ?? 0) + 1;
      place = all.findIndex((card) => card.getBoundingClientRect().bottom > top);
      if (by > 0) place -= 1;
    }
    do place += by;
    while (all[place] && !fits(all[place]));
    return all[place];
  }

  const click = (selector) => current()?.querySelector(selector)?.click();
  const actions = {
    "/": () => document.getElementById("q").select(),
    j: () => go(next(1)),
    k: () => go(next(-1)),
    n: () => go(next(1, (card) => !card.classList.contains("is-seen"))),
    o: () => click(".title a"),
    p: () => click(":scope > .base .to-pdf"),
    r: () => click(":scope > .base .to-related"),
    b: () => click(":scope > .base .to-bibtex"),
    e: () => click(":scope > .base .to-keep"),
    c: () => click(":scope > .base .copy"),
    s: () => click(":scope > .base .star"),
    m: () => {
      const card = current();
      if (card) sift?.mark([card], !card.classList.contains("is-seen"));
    },
    x: () => {
      const abstract = current()?.querySelector(":scope > .abstract");
      if (abstract) abstract.open = !abstract.open;
    },
    t: () => sift?.doing.titles(),
    a: () => sift?.doing.fold(),
    h: () => sift?.doing.hide(),
    f: () => sift?.bar.querySelector('[data-do="filter"]').click(),
    u: undoLast,
    g: () => {
      document.getElementById("main").focus({ preventScroll: true });
      scrollTo({ top: 0, behavior: "instant" });
    },
    "[": () => document.querySelector('.day-links [rel="prev"]')?.click(),
    "]": () => document.querySelector('.day-links [rel="next"]')?.click(),
    "?": () => dialog.showModal(),
  };

  const isTyping = (where) => where?.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (dialog.open) return;
    if (event.key === "Enter" && event.target.matches?.("#main .card")) {
      event.preventDefault();
      click(".title a");
    } else if (allowed.checked && !isTyping(event.target) && actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  });
})();
