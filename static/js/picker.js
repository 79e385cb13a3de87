// The boxes of categories: in, left out, neither; and a field that finds one. Without this file a box is what it was or
// off, and more can be left out in the text field.
"use strict";

(() => {
  const picker = document.getElementById("picker");
  if (!picker) return;
  const find = document.getElementById("find");
  const none = picker.querySelector(".none");
  const boxes = [...picker.querySelectorAll("input.box")];
  const AFTER = { off: "in", in: "out", out: "off" };

  function set(box, state) {
    box.dataset.state = state;
    box.name = state === "out" ? "x" : "c";
    box.checked = state !== "off";
    box.indeterminate = state === "out"; // told as “mixed”, and then in words
    const told = box.closest("label").querySelector(".state");
    told.textContent = state === "out" ? ` ${told.dataset.out}` : "";
  }

  for (const box of boxes) {
    // As the address says: after a step back a browser may tick what was ticked last, under another name.
    set(box, !box.defaultChecked ? "off" : box.name === "x" ? "out" : "in");
    box.addEventListener("change", () => set(box, AFTER[box.dataset.state]));
  }

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const shelves = [...picker.querySelectorAll("details")].map((shelf) => ({
    shelf,
    open: shelf.open,
    rows: [...shelf.querySelectorAll("li")].map((row) => ({ row, text: plain(row.textContent) })),
    name: plain(shelf.querySelector("summary").textContent),
  }));

  find.addEventListener("input", () => {
    const words = plain(find.value).split(/\s+/).filter(Boolean);
    let any = false;
    for (const { shelf, open, rows, name } of shelves) {
      let some = false;
      for (const { row, text } of rows) {
        row.hidden = !words.every((word) => text.includes(word) || name.includes(word));
        some ||= !row.hidden;
      }
      shelf.hidden = !some;
      shelf.open = words.length ? some : open || Boolean(shelf.querySelector("input:checked"));
      any ||= some;
    }
    none.textContent = any ? "" : none.dataset.text;
  });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it finds a box; it does not open the list
    picker.querySelector("li:not([hidden]) input.box")?.focus();
  });
})();
