"""Opens a page in the browser, where there is somebody to look at it."""

import sys
import webbrowser
from collections.abc import Mapping
from contextlib import suppress

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
REMOTE = ("SSH_CONNECTION", "SSH_TTY")


def may_open(environment: Mapping[str, str], *, is_terminal: bool, platform: str = sys.platform) -> bool:
    """Says whether a browser would be seen: by somebody at a terminal of this machine, and not in CI.

    Whoever sets BROWSER has said which one to open.
    """
    if not is_terminal or environment.get("CI", "").lower() not in ("", "0", "false"):
        return False
    if environment.get("BROWSER"):
        return True
    if any(environment.get(name) for name in REMOTE):
        return False
    return platform in ("darwin", "win32") or any(environment.get(name) for name in DISPLAYS)


def open_page(url: str) -> None:
    """Opens a page; that there is no browser is no failure."""
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(url)
