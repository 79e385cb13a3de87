// Subscriptions: the address of a feed is copied, and a threshold moves its line through the papers of the past weeks.
// Without this file the address can be selected, and a number with “Show” does the same.
"use strict";

(() => {
  // Buttons that copy; they also come with rows that changed.
  const offer = () => {
    for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = !navigator.clipboard;
  };
  offer();
  document.body.addEventListener("htmx:afterSettle", offer);
  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("button.copy");
    if (!button) return;
    const field = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(field.value);
      Papertide.say(document.querySelector(".toast").dataset.copied);
    } catch {
      field.select();
      Papertide.say(button.dataset.failed);
    }
  });

  const box = document.querySelector(".threshold[data-weekly]");
  if (!box) return;
  const slide = box.querySelector(".slide");
  const exact = box.querySelector(".exact");
  const told = box.querySelector(".weekly");
  const weekly = JSON.parse(box.dataset.weekly);
  const frame = document.querySelector(".window");
  const line = frame.querySelector(".line");
  const papers = [...frame.querySelectorAll(".paper")];
  const steps = Object.keys(weekly).sort();

  /** Papers a week at a threshold: those of the last step that is not above it. */
  const aWeek = (threshold) => weekly[steps.findLast((step) => Number(step) <= threshold + 1e-9) ?? steps[0]];

  function sentence(count) {
    if (!count) return box.dataset.none;
    return count < 1 ? box.dataset.few : box.dataset.many.replace("{n}", Math.round(count).toLocaleString(document.documentElement.lang));
  }

  function move(threshold, scroll) {
    const first = papers.find((paper) => Number(paper.dataset.score) < threshold);
    for (const paper of papers) paper.classList.toggle("under", Number(paper.dataset.score) < threshold);
    if (first) first.before(line);
    else papers.at(-1).after(line);
    line.firstElementChild.textContent = threshold.toFixed(2);
    told.textContent = sentence(aWeek(threshold));
    if (scroll) frame.scrollTop = line.offsetTop - frame.offsetTop - frame.clientHeight / 2;
  }

  slide.hidden = false;
  slide.addEventListener("input", () => {
    exact.value = Number(slide.value).toFixed(2);
    move(Number(slide.value), true);
  });
  exact.addEventListener("input", () => {
    const threshold = exact.valueAsNumber;
    if (!(threshold >= 0 && threshold <= 1)) return;
    slide.value = threshold;
    move(threshold, true);
  });
  move(Number(exact.value), true);
})();
