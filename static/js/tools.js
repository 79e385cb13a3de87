// The page of tools: a click on the bookmarklet says how it is meant, and its text can be copied.
"use strict";

(() => {
  const link = document.querySelector(".bookmarklet");
  const hint = document.getElementById("hint");
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the page's own policy would stop it, and say nothing
    hint.textContent = link.dataset.hint;
  });

  const code = document.getElementById("code");
  const copy = document.getElementById("copy");
  const copied = document.getElementById("copied");
  copy.hidden = false;
  code.addEventListener("focus", () => code.select());
  copy.addEventListener("click", async () => {
    code.select();
    try {
      await navigator.clipboard.writeText(code.value);
      copied.textContent = copy.dataset.done;
    } catch {
      copied.textContent = copy.dataset.failed; // no secure address, or not allowed
    }
  });
})();
