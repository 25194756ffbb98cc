// data-dialog="id" opens a native dialog. Without scripts the link leads to a page with the same form.
// A dialog with an address fetches its form when it is opened, and again if that failed.
const fetchForm = (dialog) => {
  const body = dialog.querySelector(".dialog__body[hx-get]");
  if (body && !body.querySelector("form")) body.dispatchEvent(new CustomEvent("dialog-open"));
};
document.addEventListener("htmx:after:swap", () => {
  const body = document.querySelector("dialog[open] .dialog__body[aria-busy]");
  if (!body?.querySelector("form")) return;
  body.removeAttribute("aria-busy");
  body.querySelector("select, textarea, input:not([type=hidden])")?.focus();
});
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog?.showModal) {
      event.preventDefault();
      dialog.showModal();
      fetchForm(dialog);
    }
  }
  // A press on the darkened ground beside the dialog closes it.
  if (event.target.matches?.("dialog[open]") && event.detail > 0) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});
for (const dialog of document.querySelectorAll("dialog[data-open]")) dialog.showModal();
document.querySelector("[data-focus]")?.focus();
