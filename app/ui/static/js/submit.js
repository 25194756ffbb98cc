// A form is sent once: its buttons rest while it is under way. Filters send themselves when a choice changes.
const release = (form) => {
  delete form.dataset.sending;
  for (const button of form.querySelectorAll("button[data-sending]")) {
    delete button.dataset.sending;
    button.disabled = false;
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.ask && !window.confirm(form.dataset.ask)) return event.preventDefault();
  if (form.dataset.sending !== undefined) return event.preventDefault();
  if (form.method === "get") return;
  form.dataset.sending = "";
  const button = event.submitter;
  // After this turn, so that the button's own name and value are still sent.
  setTimeout(() => {
    if (button) button.dataset.sending = "";
    for (const other of form.querySelectorAll("button:not([type=button])")) {
      if (!other.disabled) {
        other.dataset.sending ??= "";
        other.disabled = true;
      }
    }
  });
});

document.addEventListener("htmx:finally:request", (event) => {
  const form = event.target.closest?.("form");
  if (form) release(form);
});
// Back from the browser's memory: nothing is under way any more.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(release));

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-autosubmit]");
  if (form) form.requestSubmit();
});
