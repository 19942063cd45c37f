"""Output whose encoding is not UTF-8: no character makes it fail, and JSON stays JSON."""

import re
import sys
from io import TextIOWrapper

BEYOND_ASCII = re.compile("[^\x00-\x7f]")


def take_all_characters() -> None:
    """Has stdout and stderr show what their encoding cannot hold by escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_json_text(text: str) -> None:
    """Prints JSON, in ASCII unless the output takes UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        text = BEYOND_ASCII.sub(_escaped, text)
    print(text)


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
