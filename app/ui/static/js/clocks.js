// Deadlines count down while the page is open. The server's words stand until then, and without scripts.
const COUNTDOWN_SECONDS_MAX = 8 * 3600;

const phrase = (what, left) => {
  const { say, span } = window.makegood;
  const key = left < 0 ? "late" : "due";
  if (what) return say(`what_${key}`, { what, span: span(left) });
  const words = say(key, { span: span(left) });
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const turnLate = (chip) => {
  chip.classList.remove("chip--running", "chip--soon");
  chip.classList.add("chip--breached");
  chip.dataset.clock = "breached";
  const use = chip.querySelector(".icon use");
  if (use) use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#i-breached"));
  const word = chip.querySelector("[data-clock-word]");
  if (word) word.textContent = `${window.makegood.say("late_state")}: `;
};

const tick = () => {
  const now = Date.now();
  for (const chip of document.querySelectorAll("[data-clock]")) {
    const time = chip.querySelector("time[datetime]");
    if (!time) continue;
    const left = (Date.parse(time.dateTime) - now) / 1000;
    if (Number.isNaN(left) || left > COUNTDOWN_SECONDS_MAX) continue;
    if (left < 0 && chip.dataset.clock !== "breached") turnLate(chip);
    const text = phrase(chip.dataset.what, left);
    if (time.textContent !== text) time.textContent = text;
  }
};

let timer = 0;
const run = () => {
  clearInterval(timer);
  if (document.hidden) return;
  tick();
  timer = setInterval(tick, 15000);
};
document.addEventListener("visibilitychange", run);
document.addEventListener("htmx:after:swap", tick);
run();
