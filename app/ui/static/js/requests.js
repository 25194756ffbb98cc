// Requests of htmx carry the CSRF token; a lost connection says so and loses nothing.
const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRFToken"] = token();
});

document.addEventListener("htmx:error", () => window.makegood.toast(window.makegood.say("network")));

// An answer that is a whole page (a sign-in, an error page, the page after a deed) belongs in the window, not in a
// fragment's place. Who asks for a piece of a page with hx-select gets it.
document.addEventListener("htmx:before:swap", (event) => {
  const ctx = event.detail?.ctx;
  if (!ctx || ctx.select || ctx.target === document.body || !/^\s*<!doctype html/i.test(ctx.text ?? "")) return;
  event.preventDefault();
  const answer = ctx.response?.raw;
  if (answer?.redirected) window.location.assign(answer.url);
  else window.location.reload();
});
