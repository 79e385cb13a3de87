// The page of one paper: the system's own way of sharing, where it has one, and dots of the map that light up with their
// lines in the list beside it; that the page was looked at, for the history of who keeps one. Without this file the
// button copies the address.
"use strict";

(() => {
  const viewed = document.querySelector(".paper[data-history]");
  const look = () => document.visibilityState === "visible" && Papertide.send({ viewed: [viewed.dataset.paper] });
  if (viewed && !look()) document.addEventListener("visibilitychange", look, { once: true }); // opened in another tab

  document.addEventListener(
    "click",
    async (event) => {
      const button = event.target.closest?.("button.share");
      if (!button || !navigator.share) return;
      event.stopPropagation(); // or else it is copied as well
      try {
        await navigator.share({ title: button.dataset.title, url: button.dataset.copy });
      } catch (error) {
        if (error.name !== "AbortError") Papertide.say(Papertide.words.away); // else the reader thought better of it
      }
    },
    true,
  );

  const numberAt = (node) => node?.closest?.(".neighbourhood [data-near]")?.dataset.near;

  function light(number) {
    for (const each of document.querySelectorAll(".neighbourhood [data-near]")) {
      each.classList.toggle("is-lit", each.dataset.near === number);
    }
  }

  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => light(numberAt(event.target)));
  }
  document.addEventListener("focusout", () => light());
})();
