// Sifts the papers on the page by words, without asking the site: with some, without others, and words to be coloured.
// Texts are folded and compared in slices of a few milliseconds; colours are drawn for cards near the window only.
"use strict";

(() => {
  const bar = document.getElementById("bar");
  if (!bar) return;
  const { cards, onCards, inFrames } = Papertide;
  const form = document.getElementById("filter");
  const button = bar.querySelector('[data-do="filter"]');
  const matches = form.querySelector(".matches");
  const further = form.querySelector(".further");
  const fields = form.elements;
  const SLICE = 6; // milliseconds
  const COLOURS = 5;
  const PULLS = 8; // pages that come by themselves while most papers are hidden
  const KEPT = `filter:${location.pathname}`; // one list's words are not meant for another
  const PARTS = ".title, .authors, .abstract p, .category, .keywords a";
  const texts = new WeakMap();

  // Words as they are compared: small, without accents

  const LETTERS = { ß: "ss", ø: "o", ł: "l", đ: "d", æ: "ae", œ: "oe", ı: "i", ς: "σ", "’": "'" };
  const lower = (text) =>
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/[ßøłđæœıς’]/g, (letter) => LETTERS[letter]);
  const isLetter = (character) => /[\p{L}\p{N}]/u.test(character);
  const NO_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

  /** Words, and phrases in quotation marks, which are meant exactly. */
  function termsIn(text) {
    const found = [];
    for (const [, phrase, word] of text.matchAll(/["“”«»]([^"“”«»]+)["“”«»]|([^\s,;"“”«»]+)/g)) {
      const folded = lower(phrase ?? word).trim().replace(/\s+/g, " ");
      if (folded) found.push({ text: folded, exact: phrase !== undefined, free: NO_SPACES.test(folded) });
    }
    return found.slice(0, 20);
  }

  /** Where a term stands in a folded text: begins of it. */
  function* places(term, text) {
    for (let at = text.indexOf(term.text); at >= 0; at = text.indexOf(term.text, at + term.text.length)) {
      const end = at + term.text.length;
      if (!term.free) {
        if (at && isLetter(term.text[0]) && isLetter(text[at - 1])) continue;
        if (term.exact && end < text.length && isLetter(text[end])) continue;
      }
      yield at;
    }
  }
  const holds = (term, text) => !places(term, text).next().done;

  function textOf(card) {
    let text = texts.get(card);
    if (text === undefined) {
      const parts = [...card.querySelectorAll(PARTS)].filter((part) => part.closest(".card") === card);
      text = lower(parts.map((part) => part.textContent).join("\n")).replace(/[^\S\n]+/g, " ");
      texts.set(card, text);
    }
    return text;
  }

  // What is asked for

  let asked = read();
  let turn = 0;

  function read() {
    const terms = (name) => termsIn(fields[name].value);
    const [wanted, unwanted, tints] = [terms("with"), terms("without"), terms("tint")];
    return { wanted, unwanted, tints, all: fields.how.value === "all", only: fields.only.checked };
  }
  const sorts = ({ wanted, unwanted }) => wanted.length + unwanted.length > 0;

  function fits(card) {
    const text = textOf(card);
    if (asked.unwanted.some((term) => holds(term, text))) return false;
    const has = (term) => holds(term, text);
    return !asked.wanted.length || (asked.all ? asked.wanted.every(has) : asked.wanted.some(has));
  }

  const pause = () => globalThis.scheduler?.yield?.() ?? new Promise((go) => setTimeout(go));

  /** The cards that do not fit; null where a newer turn has begun. Nothing is drawn on the way, so no frame is waited for. */
  async function misfits(all, mine) {
    const out = new Set();
    let began = performance.now();
    for (const card of all) {
      if (!fits(card)) out.add(card);
      if (performance.now() - began < SLICE) continue;
      await pause();
      if (mine !== turn) return null;
      began = performance.now();
    }
    return out;
  }

  async function apply() {
    const mine = ++turn;
    asked = read();
    keep();
    const all = cards();
    const out = sorts(asked) ? await misfits(all, mine) : new Set();
    if (!out) return;
    tell(all.length - out.size, all.length);
    const current = () => mine === turn;
    if (!(await inFrames(all, (card) => place(card, out.has(card)), current))) return;
    tidy();
    if (!asked.only) release();
    recolour();
  }

  function place(card, out) {
    card.classList.toggle("is-out", out && asked.only);
    card.classList.toggle("is-dim", out && !asked.only);
  }

  /** A day's heading stands as long as one of its papers does; a day that goes on in the next part has no other. */
  function tidy() {
    const days = new Map();
    let day = null;
    for (const part of document.querySelectorAll("#main .cards > .day")) {
      if (!day || part.querySelector(":scope > h2")) days.set((day = part), []);
      days.get(day).push(part);
    }
    for (const parts of days.values()) {
      const empty = !parts.some((part) => part.querySelector(":scope > .card:not(.is-out)"));
      for (const part of parts) part.classList.toggle("is-empty", empty);
    }
  }

  function tell(matching, all) {
    const text = (matching ? form.dataset.text : form.dataset.none).replace("{matching}", matching).replace("{all}", all);
    matches.textContent = sorts(asked) ? text : "";
    button.classList.toggle("is-on", sorts(asked) || asked.tints.length > 0);
  }

  // Colours, without a change to the document

  const near = new Set();
  const drawn = new Map();
  const canDraw = Boolean(globalThis.CSS?.highlights);
  const palette = [];
  if (canDraw) {
    for (let number = 0; number <= COLOURS; number += 1) {
      palette.push(new Highlight());
      CSS.highlights.set(`tint-${number}`, palette[number]);
    }
  }

  /** Begin and end in `text` of what stands from `from` to `to` in the folded text. */
  function unfolded(text, spans) {
    const starts = [];
    let at = 0;
    let space = false;
    for (const character of text) {
      const isSpace = /\s/.test(character);
      const folded = isSpace ? (space ? "" : " ") : lower(character);
      for (let number = 0; number < folded.length; number += 1) starts.push(at);
      if (folded) space = isSpace;
      at += character.length;
    }
    starts.push(at);
    return spans.map(([from, to]) => [starts[from], starts[to] ?? at]);
  }

  function draw(card) {
    wipe(card);
    const terms = [...asked.wanted.map((term) => [0, term]), ...asked.tints.map((term, number) => [1 + (number % COLOURS), term])];
    if (!terms.length || card.classList.contains("is-out")) return;
    const mine = [];
    for (const part of card.querySelectorAll(PARTS)) {
      const walk = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const folded = lower(node.data).replace(/\s+/g, " ");
        for (const [colour, term] of terms) {
          const spans = [...places(term, folded)].map((from) => [from, from + term.text.length]);
          if (!spans.length) continue;
          for (const [startOffset, endOffset] of unfolded(node.data, spans)) {
            const range = new StaticRange({ startContainer: node, startOffset, endContainer: node, endOffset });
            palette[colour].add(range);
            mine.push([palette[colour], range]);
          }
        }
      }
    }
    if (mine.length) drawn.set(card, mine);
  }

  function wipe(card) {
    for (const [colour, range] of drawn.get(card) ?? []) colour.delete(range);
    drawn.delete(card);
  }

  function recolour() {
    const mine = turn;
    if (canDraw) inFrames([...near], draw, () => mine === turn);
  }

  const watch = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting === near.has(target)) continue;
        if (isIntersecting) near.add(target);
        else near.delete(target);
        if (!isIntersecting) wipe(target);
        else if (asked.wanted.length + asked.tints.length) draw(target);
      }
    },
    { rootMargin: "400px" },
  );

  // The form of each list, remembered as long as the tab is open

  function keep() {
    const { value: how } = fields.how;
    const given = Object.fromEntries(["with", "without", "tint"].map((name) => [name, fields[name].value]));
    sessionStorage.setItem(KEPT, JSON.stringify({ ...given, how, only: fields.only.checked }));
  }

  function recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
      for (const name of ["with", "without", "tint", "how"]) {
        if (typeof kept[name] === "string") fields[name].value = kept[name];
      }
      fields.only.checked = kept.only === true;
    } catch {
      sessionStorage.removeItem(KEPT);
    }
  }

  function unfold(open) {
    form.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    const { style } = document.documentElement; // what stops below the bar stops below the form
    if (open) style.setProperty("--bar", `${bar.offsetHeight + parseFloat(getComputedStyle(bar).top) - 8}px`);
    else style.removeProperty("--bar");
  }

  function toggle(open) {
    unfold(open);
    if (open) fields.with.focus({ preventScroll: true });
    else if (form.contains(document.activeElement) || document.activeElement === document.body) button.focus();
  }

  let timer = 0;
  const applySoon = () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 120);
  };
  form.addEventListener("input", applySoon);
  form.addEventListener("reset", applySoon); // the fields are empty a moment later
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    toggle(false);
  });
  button.addEventListener("click", () => toggle(form.hidden));

  // Where nearly all is hidden the end of the list is always in view: after some pages a click has to ask for more

  let pulls = 0;
  let held = null;

  function release() {
    pulls = 0;
    further.hidden = true;
    held?.();
    held = null;
  }
  further.addEventListener("click", release);
  document.body.addEventListener("htmx:confirm", (event) => {
    if (!event.target.matches(".onward") || !asked.only || !sorts(asked)) return;
    pulls += 1;
    if (pulls <= PULLS) return;
    event.preventDefault();
    held = () => event.detail.issueRequest(true);
    further.hidden = false;
    unfold(true); // else the list seems to end here
  });

  recall();
  asked = read();
  onCards((fresh) => {
    for (const card of fresh) watch.observe(card);
    if (!sorts(asked)) return;
    for (const card of fresh) place(card, !fits(card));
    tidy();
    const all = cards();
    tell(all.filter((card) => !card.matches(".is-out, .is-dim")).length, all.length);
  });
  if (sorts(asked) || asked.tints.length) {
    unfold(true);
    apply();
  }
})();
