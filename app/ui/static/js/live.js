// A page that waits for something listens for it; where it can't, it asks every few seconds instead.
// <div data-live="/address/of/events" hx-get="/address/of/state" hx-trigger="live">
const ASK_MILLISECONDS = 4000;
const BEAT_MILLISECONDS = 15000; // a stream that was silent for longer is stuck somewhere on its way

let stream = null;
let heardAt = 0;

const place = () => document.querySelector("[data-live]");
const news = () => place()?.dispatchEvent(new CustomEvent("live"));

const hush = () => {
  stream?.close();
  stream = null;
  heardAt = 0;
};

const listen = () => {
  const from = place()?.dataset.live;
  if (!from || document.hidden || !window.EventSource) return hush();
  const path = new URL(from, location.href);
  if (stream && stream.path === path.pathname) return undefined;
  hush();
  stream = new EventSource(path);
  stream.path = path.pathname;
  stream.addEventListener("open", news); // what happened while nobody listened
  stream.addEventListener("beat", () => { heardAt = Date.now(); });
  stream.addEventListener("changed", () => { heardAt = Date.now(); news(); });
  stream.addEventListener("error", () => { heardAt = 0; });
  return undefined;
};

document.addEventListener("DOMContentLoaded", listen);
document.addEventListener("visibilitychange", listen);
document.addEventListener("htmx:after:swap", listen);
setInterval(() => { if (Date.now() - heardAt > BEAT_MILLISECONDS) news(); }, ASK_MILLISECONDS);
