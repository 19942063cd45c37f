"""The target of a request: its path and query are UTF-8, and each stands for one text."""

import re
from urllib.parse import unquote_to_bytes

from actum.errors import Invalid
from actum.http import Scope

REPLACED = "\N{REPLACEMENT CHARACTER}"
STRAY = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def check_text(scope: Scope) -> None:
    """Refuses a path or query that is not UTF-8 or has a stray %: different ones would decode to one text."""
    if REPLACED in scope["path"] or "%" in scope["path"]:
        _check_quoted("path", scope.get("raw_path") or b"")
    query = scope.get("query_string", b"")
    if b"%" in query:
        _check_quoted("query", query)


def _check_quoted(part: str, quoted: bytes) -> None:
    if STRAY.search(quoted):
        raise Invalid(f"the {part} has a % without two hexadecimal digits after it: write %25")
    try:
        unquote_to_bytes(quoted).decode()
    except UnicodeDecodeError:
        raise Invalid(f"the {part} is not UTF-8: write its bytes as %XX of UTF-8") from None
