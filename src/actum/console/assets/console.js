// Keeps the parts of a page that change up to date, and asks before what cannot be undone. Pages work without it.
"use strict";
(() => {
  const INTERVAL = 500;
  const MAX_INTERVAL = 2500;
  const PATIENCE = 10000;
  const banner = () => document.getElementById("stale");
  let since = null;

  const say = (text) => {
    const place = banner();
    if (place && place.textContent !== text) {
      place.textContent = text;
      place.hidden = !text;
    }
  };

  // What the operator has opened stays open, and what is being typed stays typed.
  const keeping = {
    morphStyle: "outerHTML",
    ignoreActiveValue: true,
    callbacks: {
      beforeAttributeUpdated: (name, node) => !(name === "open" && node.nodeName === "DETAILS"),
      beforeNodeMorphed: (node) => !(node instanceof HTMLElement && node.dataset.keep !== undefined),
    },
  };

  const isSelecting = (region) => {
    const selection = window.getSelection();
    return selection && !selection.isCollapsed && region.contains(selection.anchorNode);
  };

  const refresh = async () => {
    const response = await fetch(location.href, {
      headers: { "Actum-Refresh": "1" },
      signal: AbortSignal.timeout(PATIENCE),
    });
    // A page that could not be shown comes whole once it can be.
    if (response.ok && document.querySelector("[data-until-well]")) location.reload();
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const region of document.querySelectorAll("[data-refresh]")) {
      const found = region.id && fresh.getElementById(region.id);
      if (found && !isSelecting(region)) Idiomorph.morph(region, found, keeping);
    }
    if (!response.ok && !document.querySelector("[data-until-well]")) throw new Error(`it answers with ${response.status}`);
  };

  const loop = async () => {
    const began = performance.now();
    if (!document.hidden && document.querySelector("[data-refresh], [data-until-well]")) {
      try {
        await refresh();
        since = null;
        say("");
      } catch (error) {
        since ??= new Date();
        const why = error instanceof TypeError ? "the application does not answer" : error.message;
        say(`This page is not up to date since ${since.toISOString().slice(11, 19)} UTC: ${why}. It is kept up to date again as soon as that works.`);
      }
    }
    // What takes long to answer is asked for less often, so that looking never takes most of the server's time;
    // but what stands still, as where a store hangs, must show within five seconds.
    setTimeout(loop, Math.min(MAX_INTERVAL, Math.max(INTERVAL, 3 * (performance.now() - began))));
  };

  document.addEventListener("DOMContentLoaded", () => {
    setTimeout(loop, INTERVAL);
    document.addEventListener("submit", (event) => {
      const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
      if (question && !window.confirm(question)) event.preventDefault();
    });
  });
})();
