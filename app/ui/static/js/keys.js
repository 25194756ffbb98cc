// Single keys press the real control that names them with data-key. Off in fields and dialogs, with modifiers, and by choice.
const isOff = () => document.body.dataset.keys === "off";
const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable], dialog[open], [role=listbox]") !== null;
const visible = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? true;
const controls = () => [...document.querySelectorAll("[data-key]")].filter(visible);
const rows = () => [...document.querySelectorAll("[data-rows] > *")].filter((row) => visible(row) && row.querySelector("a[href]"));

const press = (control) => {
  if (control.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
    control.focus();
    control.select?.();
  } else {
    control.click();
  }
};

const move = (step) => {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("is-current"));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)] ?? all[0];
  for (const row of all) row.classList.toggle("is-current", row === next);
  next.querySelector("a[href]").focus();
  next.scrollIntoView({ block: "nearest" });
};

const nameOf = (control) =>
  control.dataset.keyLabel ??
  control.getAttribute("aria-label") ??
  [...control.childNodes]
    .filter((node) => node.nodeName !== "KBD" && !node.classList?.contains("phone-only"))
    .map((node) => node.textContent.trim())
    .filter(Boolean)
    .join(" ");

const openList = () => {
  const dialog = document.getElementById("keys-dialog");
  const list = dialog?.querySelector("[data-keylist]");
  if (!list) return;
  const found = controls().map((control) => [control.dataset.key, nameOf(control)]);
  if (rows().length) found.push(["j k", window.makegood.say("rows")]);
  found.push(["?", window.makegood.say("keys")]);
  list.replaceChildren(
    ...found.flatMap(([keys, label]) => {
      const term = document.createElement("dt");
      for (const key of keys.split(" ")) {
        const cap = document.createElement("kbd");
        cap.textContent = key;
        term.append(cap);
      }
      const definition = document.createElement("dd");
      definition.textContent = label;
      return [term, definition];
    }),
  );
  dialog.showModal();
};

// Keys such as "g d": the first half waits a moment for the second.
let first = "";
let waiting = 0;
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "?" && !isTyping(event.target)) {
    event.preventDefault();
    return openList();
  }
  if (isOff() || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const key = first ? `${first} ${event.key}` : event.key;
  clearTimeout(waiting);
  first = "";
  const control = controls().find((one) => one.dataset.key === key);
  if (control) {
    event.preventDefault();
    return press(control);
  }
  if (key === "j" || key === "k") {
    event.preventDefault();
    return move(key === "j" ? 1 : -1);
  }
  if (controls().some((one) => one.dataset.key.startsWith(`${event.key} `))) {
    first = event.key;
    waiting = setTimeout(() => (first = ""), 1200);
  }
});
