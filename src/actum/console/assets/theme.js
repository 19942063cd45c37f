// Sets the colours that were chosen before the page is drawn, and changes them with the switch.
"use strict";
(() => {
  const KEY = "actum-console-theme";
  const CHOICES = ["auto", "light", "dark"];
  const chosen = () => {
    try {
      const found = localStorage.getItem(KEY);
      return CHOICES.includes(found) ? found : "auto";
    } catch {
      return "auto"; // Storage may be forbidden.
    }
  };
  const apply = (choice) => {
    document.documentElement.dataset.theme = choice;
    const button = document.getElementById("theme");
    if (button) {
      button.hidden = false;
      button.textContent = { auto: "Colours: system", light: "Colours: light", dark: "Colours: dark" }[choice];
    }
  };
  apply(chosen());
  document.addEventListener("DOMContentLoaded", () => {
    apply(chosen());
    document.getElementById("theme")?.addEventListener("click", () => {
      const next = CHOICES[(CHOICES.indexOf(chosen()) + 1) % CHOICES.length];
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // It holds for this page.
      }
      apply(next);
    });
  });
})();
