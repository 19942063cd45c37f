// Adds events to the list as they come. A paused list is caught up by the server when it goes on.
"use strict";
(() => {
  const MAX_ROWS = 300;
  const RETRY_MS = 2000;

  const cell = (row, kind, text) => {
    const found = document.createElement("td");
    found.className = kind;
    found.append(text);
    row.append(found);
    return found;
  };

  const link = (address, text) => {
    if (!address) return text;
    const found = document.createElement("a");
    found.href = address;
    found.textContent = text;
    return found;
  };

  const rowOf = (line, hasTraces) => {
    const row = document.createElement("tr");
    cell(row, "number", line.position.toLocaleString("en"));
    const time = document.createElement("time");
    time.dateTime = line.exact;
    time.textContent = line.time;
    cell(row, "time", time);
    cell(row, "name", line.type);
    const version = document.createElement("span");
    version.className = "muted";
    version.textContent = `@${line.version}`;
    cell(row, "name", link(line.entity_url, line.entity)).append(version);
    const payload = document.createElement("code");
    payload.textContent = line.payload;
    cell(row, "wide", payload);
    cell(row, "value", line.by);
    const trace = link(line.trace_url, line.trace_url ? "trace" : "");
    if (line.trace_url) trace.setAttribute("aria-label", `Trace of event ${line.position}`);
    if (hasTraces) cell(row, "tight", trace);
    return row;
  };

  document.addEventListener("DOMContentLoaded", () => {
    const table = document.getElementById("events");
    if (!table?.dataset.stream) return;
    const body = table.tBodies[0];
    const state = document.getElementById("live-state");
    const skipped = document.getElementById("live-skipped");
    const button = document.getElementById("pause");
    let last = Number(table.dataset.from);
    let missed = 0;
    let source = null;
    let retry = 0;
    let waiting = [];

    const draw = () => {
      // Only the newest can be seen, so only they are made.
      const lines = waiting.slice(-MAX_ROWS);
      waiting = [];
      if (lines.length) document.getElementById("no-events")?.remove();
      for (const line of lines) body.prepend(rowOf(line, table.dataset.traces !== undefined));
      while (body.rows.length > MAX_ROWS) body.deleteRow(-1);
    };

    const open = () => {
      const address = new URL(table.dataset.stream, location.href);
      address.searchParams.set("from", String(last));
      source = new EventSource(address);
      source.onopen = () => (state.textContent = "live");
      source.onerror = () => {
        state.textContent = "connecting again";
        // An answer that is no stream, as while a change of the code cannot be loaded, ends it for good.
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
      };
      source.addEventListener("event", (message) => {
        last = Number(message.lastEventId);
        if (!waiting.length) requestAnimationFrame(draw);
        waiting.push(JSON.parse(message.data));
        if (waiting.length > MAX_ROWS) waiting = waiting.slice(-MAX_ROWS);
      });
      source.addEventListener("position", (message) => (last = Number(message.lastEventId)));
      source.addEventListener("skipped", (message) => {
        last = Number(message.lastEventId);
        missed += JSON.parse(message.data);
        skipped.textContent = `${missed.toLocaleString("en")} positions were skipped to keep up`;
      });
    };

    document.getElementById("live-controls").hidden = false;
    button.addEventListener("click", () => {
      if (source) {
        clearTimeout(retry);
        source.close();
        source = null;
        state.textContent = "paused";
        button.textContent = "Go on";
      } else {
        state.textContent = "connecting";
        button.textContent = "Pause";
        open();
      }
    });
    open();
  });
})();
