// One box that chooses all of a page. Pages work without it.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("[data-choose-all]")) box.hidden = false;
  document.addEventListener("change", (event) => {
    if (event.target.dataset.chooseAll === undefined) return;
    const boxes = event.target.closest("table").querySelectorAll("tbody input[type=checkbox]");
    for (const box of boxes) box.checked = event.target.checked;
  });
});
