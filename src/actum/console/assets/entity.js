// The slider through an entity's versions shows the state as it moves; and code is copied. Pages work without it.
"use strict";
(() => {
  const PAUSE = 120;
  let latest = 0;

  // The slider is being moved: it stays what it is.
  const keeping = {
    morphStyle: "innerHTML",
    callbacks: { beforeNodeMorphed: (node) => node.id !== "slider", beforeNodeRemoved: (node) => node.id !== "slider" },
  };

  const show = async (form, version) => {
    const mine = ++latest;
    const url = new URL(form.action);
    url.search = new URLSearchParams(new FormData(form));
    const response = await fetch(url);
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    if (mine !== latest || !response.ok) return;
    for (const id of ["at-version", "history", "what-if"]) {
      const [region, found] = [document.getElementById(id), fresh.getElementById(id)];
      if (region && found) Idiomorph.morph(region, found, keeping);
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
