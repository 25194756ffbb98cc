// Requests of htmx carry the CSRF token; a lost connection says so and loses nothing.
const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRFToken"] = token();
});

document.addEventListener("htmx:error", () => window.makegood.toast(window.makegood.say("network")));

// An answer that is a whole page (a sign-in, an error page) belongs in the window, not inside a fragment's place.
document.addEventListener("htmx:before:swap", (event) => {
  const text = event.detail.ctx?.text ?? "";
  if (/^\s*<!doctype html/i.test(text) && event.detail.ctx.response?.status !== 422) {
    event.preventDefault();
    window.location.reload();
  }
});
