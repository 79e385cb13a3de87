// What a reader keeps of papers, in place: notes, tags and lists change without a new page, and no text is lost. All of
// it are plain forms without this file.
"use strict";

(() => {
  // The site says in its answer what was done, and which form undoes it.
  document.body.addEventListener("kept", ({ detail }) => {
    const form = detail.undo && document.querySelector(detail.undo);
    Papertide.say(detail.say, form ? () => form.isConnected && form.requestSubmit(form.querySelector("button")) : null);
  });

  // An answer that refuses something brings the piece with the reason, and with the text.
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (![400, 409].includes(detail.xhr.status) || !detail.target.matches?.(".own")) return;
    detail.shouldSwap = true;
    detail.isError = false;
  });

  // A note that is not saved holds the page, and what it is opened in.

  const isUnsaved = (form) => {
    const area = form.querySelector("textarea");
    return "changed" in form.dataset || area.value !== area.defaultValue;
  };
  const unsaved = (within) => [...within.querySelectorAll("form[data-guard]")].find(isUnsaved);

  document.addEventListener("closing", (event) => {
    const form = unsaved(event.target);
    if (!form) return;
    event.preventDefault();
    Papertide.say(form.dataset.guard);
    form.querySelector("textarea").focus();
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved(document)) event.preventDefault();
  });
  document.addEventListener("reset", ({ target }) => {
    if (!target.matches("form[data-guard]")) return;
    delete target.dataset.changed;
    target.closest("details").open = false;
  });

  // After a comma the reader's tags are offered again.
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("input[data-many]")) return;
    const before = target.value.match(/^.*[,;]\s*/)?.[0] ?? "";
    const had = new Set(before.toLowerCase().split(/[,;]/).map((name) => name.trim()));
    for (const option of target.list.options) {
      option.dataset.name ??= option.value;
      option.value = had.has(option.dataset.name.toLowerCase()) ? "" : before + option.dataset.name;
    }
  });

  document.addEventListener("change", ({ target }) => {
    if (!target.matches("input[data-all]")) return;
    for (const box of document.querySelectorAll(`input[form="${target.form.id}"]`)) box.checked = target.checked;
  });
})();
