// Find or make: htmx fills the list while somebody types; arrows choose, Enter takes, Escape closes.
// What is typed stays what is sent, unless one of the found is chosen; then its id goes along.
const idField = (root) => {
  const form = root.closest("form");
  const known = form?.elements.namedItem(root.dataset.combobox);
  if (known || !form || !root.dataset.combobox) return known;
  const made = document.createElement("input");
  made.type = "hidden";
  made.name = root.dataset.combobox;
  root.append(made);
  return made;
};

const partsOf = (target) => {
  const root = target.closest?.("[data-combobox]");
  if (!root) return null;
  return {
    root,
    input: root.querySelector("[role=combobox]"),
    list: root.querySelector("[role=listbox]"),
    id: idField(root),
    chosen: root.querySelector("[data-combobox-chosen]"),
  };
};
const options = (parts) => [...parts.list.querySelectorAll("[role=option]")];

const close = (parts) => {
  parts.list.replaceChildren();
  parts.input.setAttribute("aria-expanded", "false");
  parts.input.removeAttribute("aria-activedescendant");
};

const mark = (parts, option) => {
  for (const one of options(parts)) one.setAttribute("aria-selected", String(one === option));
  if (option) {
    parts.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
};

const take = (parts, option) => {
  parts.input.value = option.dataset.label ?? option.textContent.trim();
  if (parts.id) parts.id.value = option.dataset.value ?? "";
  parts.chosen.textContent = option.dataset.value ? window.makegood.say("chosen", { name: parts.input.value }) : "";
  close(parts);
  parts.root.dispatchEvent(new CustomEvent("combobox:chosen", { bubbles: true, detail: { ...option.dataset } }));
};

document.addEventListener("htmx:after:swap", (event) => {
  const parts = partsOf(event.target) ?? partsOf(event.detail?.ctx?.target ?? document.body);
  if (!parts) return;
  if (document.activeElement !== parts.input) return close(parts);
  const found = options(parts);
  found.forEach((option, index) => (option.id ||= `${parts.input.id}-option-${index}`));
  parts.input.setAttribute("aria-expanded", String(found.length > 0));
  const { say } = window.makegood;
  parts.chosen.textContent = !parts.input.value.trim() ? "" : found.length === 1 ? say("found_one") : found.length ? say("found", { n: found.length }) : say("found_none");
});

document.addEventListener("input", (event) => {
  const parts = partsOf(event.target);
  if (!parts || event.target !== parts.input) return;
  if (parts.id) parts.id.value = "";
  parts.chosen.textContent = "";
});

document.addEventListener("keydown", (event) => {
  const parts = partsOf(event.target);
  if (!parts || event.target !== parts.input) return;
  const all = options(parts);
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "Escape" && all.length) {
    event.preventDefault();
    close(parts);
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    mark(parts, all[(at + step + all.length) % all.length] ?? all[0]);
  } else if (event.key === "Enter" && at >= 0) {
    event.preventDefault();
    take(parts, all[at]);
  }
});

document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest?.("[data-combobox] [role=option]");
  if (option) {
    event.preventDefault();
    take(partsOf(option), option);
  }
});
document.addEventListener("focusout", (event) => {
  const parts = partsOf(event.target);
  if (parts && event.target === parts.input) close(parts);
});
