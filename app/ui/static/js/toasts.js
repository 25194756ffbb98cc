// Good news leaves by itself; what went wrong stays until it is closed.
document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]")?.remove());

for (const toast of document.querySelectorAll("[data-toast].notice--good, [data-toast].notice--info")) {
  let timer = setTimeout(() => toast.remove(), 7000);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("focusin", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => (timer = setTimeout(() => toast.remove(), 4000)));
}
