"""A browser for tests: Chromium, in the sizes of a desktop and a phone, and what every page keeps."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.cli.commands import Process

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
WHY_NONE = "Chromium is not here: apt-get install chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
IN_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason=WHY_NONE),
    # Playwright leaves its event loop and pipes to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
"""The marks of tests that need a browser."""
SIZES: dict[str, dict[str, int]] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
KEPT = os.environ.get("SCREENSHOTS")
"""Where pictures of pages are kept, to be looked at."""
PATIENCE = 30_000
"""Milliseconds that a page has to show what a test waits for."""
SERIOUS = ("serious", "critical")


class Site:
    """An application that is served in development, by a process of its own."""

    def __init__(self, app: str, store: Path) -> None:
        self.process = Process(
            ROOT, "run", app, "--development", "--port", "0", "--store", f"sqlite:///{store}"
        )
        self.url = self.process.url

    def console(self, page: str) -> str:
        """The address of a page of its console."""
        return f"{self.url}/-/console/{page}"

    def order(self, id: str, amount: int) -> None:
        """Places an order."""
        httpx.post(f"{self.url}/orders/{id}", params={"customer": "ann", "amount": amount}).raise_for_status()

    def stop(self) -> None:
        """Ends the process."""
        self.process.stop()
        self.process.kill()


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Starts Chromium, and ends it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened_page(browser: Browser, size: str = "desktop", **options: Any) -> Iterator[Page]:
    """Opens a page in a window of a size; at its end the browser must have complained of nothing."""
    context = browser.new_context(viewport=SIZES[size], **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert [one for one in complaints if not is_answer(one)] == []


def is_answer(complaint: str) -> bool:
    """Whether the browser only says that a page was answered with an error, or not at all."""
    return complaint.startswith("Failed to load resource") or "ERR_" in complaint


def check(page: Page, name: str) -> None:
    """Checks what every page keeps, and keeps a picture of it."""
    if KEPT:
        page.screenshot(path=Path(KEPT) / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, "it is too wide"
    found_faults = layout_faults(page)
    assert found_faults == [], "\n".join(found_faults)
    found = Axe().run(page).response["violations"]
    faults = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
    assert faults == []


LAYOUT = """() => {
    const faults = [], isPhone = innerWidth < 640;
    const named = (one) => `${one.tagName} ${one.className} "${one.textContent.trim().slice(0, 40)}"`;
    const all = (chosen) => [...document.querySelectorAll(chosen)].filter((one) => one.checkVisibility());
    for (const one of all("body *:not(.skip, svg *)")) {
        if (one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll"))
            faults.push(`beyond the page: ${named(one)}`);
    }
    for (const one of all("th, td, dt, dd, p, li, label, summary, button, .button, h1, h2, .card, .node")) {
        if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth && !one.closest("svg, thead"))
            faults.push(`over its edge: ${named(one)}`);
    }
    for (const one of all("button, .button, select, summary, header nav a, input")) {
        const least = one.matches("[type=checkbox]") ? (isPhone ? 24 : 16) : isPhone ? 37 : 22;
        if (one.type !== "hidden" && one.getBoundingClientRect().height < least)
            faults.push(`too small to be touched: ${named(one)}`);
    }
    for (const one of all("td button")) {
        const text = document.createRange();
        text.selectNodeContents(one);
        if (text.getClientRects().length > 1) faults.push(`a button of several lines: ${named(one)}`);
    }
    if (!isPhone) return faults;
    for (const one of all(".scroll:has(table.stack)")) {
        if (one.scrollWidth > one.clientWidth + 1) faults.push(`a list that scrolls: ${named(one)}`);
    }
    for (const row of all(".stack tbody tr")) {
        const cells = [...row.children].map((cell) => [cell, cell.getBoundingClientRect()]);
        for (const [one, box] of cells) for (const [other, beside] of cells) {
            if (one !== other && box.left < beside.right - 1 && beside.left < box.right - 1
                && box.top < beside.bottom - 1 && beside.top < box.bottom - 1)
                faults.push(`upon one another: ${named(one)} and ${named(other)}`);
        }
    }
    return faults;
}"""


def layout_faults(page: Page) -> list[str]:
    """What reaches beyond the page or its own edge, lies on something else, or is too small for a finger."""
    faults: list[str] = page.evaluate(LAYOUT)
    return faults


def cut_names(page: Page) -> list[str]:
    """The names on the map that do not fit into their boxes."""
    names: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".graph a, .graph g")].flatMap((part) => {
            const box = part.querySelector("rect")?.getBBox();
            return box ? [...part.querySelectorAll("text")].filter((text) => {
                const inner = text.getBBox();
                return inner.x < box.x || inner.x + inner.width > box.x + box.width
                    || inner.y < box.y || inner.y + inner.height > box.y + box.height;
            }).map((text) => text.textContent) : [];
        })"""
    )
    return names


def overlapping_labels(page: Page) -> list[str]:
    """The labels on the map that lie on a box or on another label."""
    labels: list[str] = page.evaluate(
        """() => {
            const found = [...document.querySelectorAll(".graph .label, .graph .node, .graph .heading")];
            const boxes = found.map((one) => one.getBBox());
            return found.filter((one, place) => one.matches(".label") && boxes.some((box, other) =>
                other !== place
                && box.x < boxes[place].x + boxes[place].width && boxes[place].x < box.x + box.width
                && box.y < boxes[place].y + boxes[place].height && boxes[place].y < box.y + box.height
            )).map((one) => one.textContent);
        }"""
    )
    return labels
