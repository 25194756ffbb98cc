// The theme changes at once; the server keeps the choice in the background.
for (const button of document.querySelectorAll("[data-theme-choice]")) {
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    const form = button.form;
    document.documentElement.dataset.theme = button.value;
    for (const other of form.querySelectorAll("[data-theme-choice]")) other.setAttribute("aria-pressed", String(other === button));
    const data = new FormData(form);
    data.set("theme", button.value);
    try {
      await fetch(form.action, { method: "POST", body: data, redirect: "manual" });
    } catch {
      window.makegood.toast(window.makegood.say("network"));
    }
  });
}
