// The search page: what narrows it is open where there is room beside the papers, and a range of years is chosen by
// drawing over the bars. Without this file there are a disclosure and two fields for it.
"use strict";

(() => {
  const wide = matchMedia("(min-width: 62rem)");

  function unfold() {
    const narrow = document.querySelector("details.narrow");
    if (narrow && wide.matches) narrow.open = true;
  }
  // HTMX, which fetches the facets when it opens, is ready at this event, and its listener came first.
  document.addEventListener("DOMContentLoaded", unfold);
  wide.addEventListener("change", unfold);

  const AWAY = 60; // pixels off the bars where a drawing that ends is not meant
  let drawn = null; // { bars, first, last }: what is being drawn over

  const place = (bars, x) => {
    const { left, width } = bars.getBoundingClientRect();
    const count = bars.children.length;
    return Math.min(count - 1, Math.max(0, Math.floor(((x - left) / width) * count)));
  };

  function show() {
    const [from, to] = [Math.min(drawn.first, drawn.last), Math.max(drawn.first, drawn.last)];
    [...drawn.bars.children].forEach((bar, number) => bar.classList.toggle("drawn", number >= from && number <= to));
    const years = [from, to].map((number) => drawn.bars.children[number].dataset.year);
    tell(drawn.bars, from === to ? drawn.bars.children[from] : years.join("–"));
    return years;
  }

  function tell(bars, what) {
    const output = bars.parentElement.querySelector("output");
    if (output) output.textContent = typeof what === "string" ? what : what.querySelector("title").textContent;
  }

  function stop() {
    for (const bar of drawn?.bars.children ?? []) bar.classList.remove("drawn");
    drawn = null;
  }

  document.addEventListener("pointerdown", (event) => {
    const bars = event.button === 0 ? event.target.closest("svg.bars") : null;
    if (bars) drawn = { bars, first: place(bars, event.clientX), last: place(bars, event.clientX) };
  });
  document.addEventListener("pointermove", (event) => {
    if (drawn) {
      drawn.last = place(drawn.bars, event.clientX);
      show();
    } else {
      const bars = event.target.closest?.("svg.bars");
      if (bars) tell(bars, bars.children[place(bars, event.clientX)]);
    }
  });
  function isAway({ clientX, clientY }) {
    const { left, top, right, bottom } = drawn.bars.getBoundingClientRect();
    return Math.max(left - clientX, clientX - right, top - clientY, clientY - bottom) > AWAY;
  }

  document.addEventListener("pointerup", (event) => {
    if (drawn && drawn.first !== drawn.last && !isAway(event)) {
      const form = drawn.bars.parentElement.querySelector("form.span");
      [form.elements.from.value, form.elements.to.value] = show();
      form.requestSubmit();
    }
    stop();
  });
  document.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drawn) return;
    event.preventDefault();
    stop();
  });
  document.addEventListener("dragstart", (event) => {
    if (event.target.closest?.("svg.bars")) event.preventDefault(); // a link is not carried away
  });
})();
