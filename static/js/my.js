// The morning page: its sections, or all of it, are marked as seen in place, which can be undone. Without this file the
// site answers with a page that has a button for it.
"use strict";

(() => {
  const form = document.getElementById("mine");
  if (!form || typeof Sift === "undefined" || !Sift) return;
  const { say, tell, cards } = Papertide;
  const buttons = [...document.querySelectorAll('button[form="mine"]')];
  let busy = false;

  async function post(body) {
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      if (answer.ok) return await answer.json();
      tell(answer.status, await answer.text());
    } catch {
      tell();
    }
    return null;
  }

  /** The cards on the page of a section, or of all of them; those that come later are as the site knows them. */
  const cardsOf = (section) =>
    cards().filter((card) => section === "all" || card.closest(".topic")?.dataset.topic === section);

  /** What is done says so and does nothing more. */
  function setDone(list, done) {
    for (const button of list) {
      const label = button.firstChild;
      button.dataset.todo ??= label.textContent;
      label.textContent = done ? button.dataset.done : button.dataset.todo;
      button.setAttribute("aria-disabled", String(done));
    }
  }

  /** Do something when a part of the page has come that is under way now, and so knows nothing of a mark made now. */
  function whenLate(what) {
    const late = new Set(document.querySelectorAll("#main .htmx-request:not(.card *)"));
    const came = ({ detail }) => {
      if (!late.delete(detail.requestConfig?.elt)) return;
      if (!late.size) document.body.removeEventListener("htmx:afterRequest", came);
      what();
    };
    if (late.size) document.body.addEventListener("htmx:afterRequest", came);
  }

  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button) return;
    event.preventDefault();
    if (busy || button.getAttribute("aria-disabled") === "true") return;
    busy = true;
    await Sift.flush(); // so that undo leaves what was marked one by one
    const isSeen = (card) => card.classList.contains("is-seen");
    const before = new Set(cardsOf(button.value).filter(isSeen));
    const body = new URLSearchParams(new FormData(form));
    body.set(button.name, button.value);
    const answer = await post(body);
    busy = false;
    if (!answer) return;
    const done = buttons.filter((one) => button.value === "all" || one === button);
    const fresh = done.filter((one) => one.getAttribute("aria-disabled") !== "true");
    let seen;
    // Also those that come meanwhile, before or after the answer, as marked by this.
    const changed = () => cardsOf(button.value).filter((card) => !before.has(card));
    const show = (on) => {
      seen = on;
      Sift.paint(changed(), on, answer.changed);
      whenLate(() => Sift.paint(changed(), seen, 0));
      setDone(fresh, on);
    };
    show(true);
    if (!answer.changed) {
      say(form.dataset.none);
      return;
    }
    say(form.dataset.marked.replace("{number}", answer.changed.toLocaleString()), async () => {
      const back = new URLSearchParams(new FormData(form));
      back.set("undo", answer.undo);
      if (await post(back)) show(false);
    });
  });
})();
