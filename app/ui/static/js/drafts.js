// Text marked data-draft="case:MG-1:note" survives a closed tab on this device. It goes once the server has taken it,
// and all of it at sign-out.
const PREFIX = "draft:";
const SENT = "draft-sent";
const AGE_MAX = 7 * 24 * 3600 * 1000;

const read = (name) => {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + name));
    return kept && Date.now() - kept.at < AGE_MAX ? kept : null;
  } catch {
    return null;
  }
};
const clock = (at) => new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format(at);

const noteFor = (area) => {
  const known = area.form?.querySelector("[data-draft-note]");
  if (known) return known;
  const note = document.createElement("small");
  note.className = "tiny";
  note.dataset.draftNote = "";
  note.setAttribute("role", "status");
  area.after(note);
  return note;
};

// A page that came up after sending means that the server has it. One that says otherwise (an error, a sign-in) keeps the
// draft; a sign-in that carries the text leaves it to the page that shows it.
const sent = sessionStorage.getItem(SENT);
const said = document.querySelector("[data-drafts]")?.dataset.drafts;
if (sent && said !== "later") {
  if (said !== "stay") localStorage.removeItem(PREFIX + sent);
  sessionStorage.removeItem(SENT);
}

const start = (area) => {
  if (area.dataset.draftReady !== undefined) return;
  area.dataset.draftReady = "";
  const name = area.dataset.draft;
  const kept = read(name);
  if (kept && !area.value.trim()) {
    area.value = kept.text;
    const note = noteFor(area);
    note.textContent = `${window.makegood.say("draft", { time: clock(kept.at) })} `;
    const discard = document.createElement("button");
    discard.type = "button";
    discard.className = "button button--quiet button--small";
    discard.textContent = window.makegood.say("discard");
    discard.addEventListener("click", () => {
      area.value = "";
      localStorage.removeItem(PREFIX + name);
      note.textContent = "";
      area.focus();
    });
    note.append(discard);
  }
  let timer = 0;
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!area.value.trim()) return localStorage.removeItem(PREFIX + name);
      localStorage.setItem(PREFIX + name, JSON.stringify({ text: area.value, at: Date.now() }));
      noteFor(area).textContent = window.makegood.say("draft_kept", { time: clock(Date.now()) });
    }, 600);
  });
  area.form?.addEventListener("submit", () => {
    clearTimeout(timer);
    sessionStorage.setItem(SENT, name);
  });
};

const startAll = () => document.querySelectorAll("textarea[data-draft]").forEach(start);
document.addEventListener("htmx:after:swap", startAll);
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-forget]")) return;
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
});
startAll();
