// The slider through an entity's versions shows the state as it moves; and code is copied. Pages work without it.
"use strict";
(() => {
  const PAUSE = 120;
  let latest = 0;

  const show = async (form, version) => {
    const mine = ++latest;
    const url = new URL(form.action);
    url.search = new URLSearchParams(new FormData(form));
    const response = await fetch(url);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    if (mine !== latest || !response.ok) return;
    for (const id of ["state-heading", "at-version", "history"]) {
      document.getElementById(id)?.replaceChildren(...(fresh.getElementById(id)?.childNodes ?? []));
    }
    // What is being typed for an event that has not happened stays typed.
    for (const part of ["#what-if input[name=version]", "#what-if .buttons button"]) {
      const [old, found] = [document.querySelector(part), fresh.querySelector(part)];
      if (old && found) [old.value, old.textContent] = [found.value, found.textContent];
    }
    document.getElementById("version-shown").textContent = version;
    history.replaceState(null, "", url);
  };

  document.addEventListener("DOMContentLoaded", () => {
    let timer = 0;
    document.addEventListener("input", (event) => {
      if (event.target.id !== "version") return;
      const { form, value } = event.target;
      document.getElementById("version-shown").textContent = value;
      clearTimeout(timer);
      timer = setTimeout(() => show(form, value).catch(() => form.submit()), PAUSE);
    });
    for (const block of document.querySelectorAll("[data-copy]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(block.textContent);
        button.textContent = "Copied";
      });
      block.after(button);
    }
  });
})();
