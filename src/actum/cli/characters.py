"""Output in encodings other than UTF-8: no character makes printing fail, and JSON stays valid."""

import os
import re
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

BEYOND_ASCII = re.compile("[^\x00-\x7f]")


def accept_all_characters() -> None:
    """Has stdout and stderr escape what their encoding cannot represent; one that is closed discards it."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def print_json_text(text: str) -> None:
    """Prints JSON, in ASCII unless the output is UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        text = BEYOND_ASCII.sub(_escaped, text)
    print(text)


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
