"use strict";
// Light or dark: as the system says, until the reader chooses.
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
let chosen = null;
try { chosen = localStorage.getItem("theme"); } catch { /* no storage in a file: fine */ }
function paint() {
  root.style.colorScheme = chosen || "";
  const button = document.getElementById("page-theme");
  if (!button) return;
  button.hidden = false;
  button.textContent = (chosen ? chosen === "dark" : dark.matches) ? "Light" : "Dark";
}
paint();
dark.addEventListener("change", paint);

document.addEventListener("DOMContentLoaded", () => {
  paint();
  if (matchMedia("(max-width: 60rem)").matches) document.getElementById("page-menu").open = false;
  document.getElementById("page-theme").addEventListener("click", (event) => {
    chosen = event.target.textContent.toLowerCase();
    try { localStorage.setItem("theme", chosen); } catch { /* it holds for this page */ }
    paint();
  });
});

// Escape closes the explanation of a word; leaving the word opens the way for the next one.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") root.classList.add("no-tips");
});
for (const kind of ["focusin", "mouseover"]) {
  document.addEventListener(kind, (event) => {
    if (!event.target.closest(".term, .tip")) root.classList.remove("no-tips");
  });
}

// What is folded is printed too.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});
