// data-dialog="id" opens a native dialog. Without scripts the link leads to a page with the same form.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog?.showModal) {
      event.preventDefault();
      dialog.showModal();
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
