// Sentences come from the server in the reader's language; {x} is filled in here.
// Each file of this folder runs in a block of its own; what they share hangs on one name.
const meta = document.querySelector('meta[name="makegood-words"]');
const sentences = meta ? JSON.parse(meta.content) : {};

const say = (key, values = {}) =>
  (sentences[key] ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

const span = (seconds) => {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  if (minutes < 1) return say("under");
  if (minutes < 60) return say("m", { m: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? say("hm", { h: hours, m: String(minutes % 60).padStart(2, "0") }) : say("h", { h: hours });
  const days = Math.floor(hours / 24);
  return hours % 24 && days < 7 ? say("dh", { d: days, h: hours % 24 }) : say("d", { d: days });
};

const toast = (text, kind = "bad") => {
  const region = document.getElementById("toasts");
  if (!region) return;
  const box = document.createElement("div");
  box.className = `notice notice--${kind}`;
  box.dataset.toast = "";
  const words = document.createElement("div");
  words.textContent = text;
  box.append(words);
  region.append(box);
  setTimeout(() => box.remove(), 8000);
};

window.makegood = { say, span, toast };
document.documentElement.classList.add("scripted");
