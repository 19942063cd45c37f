"""The files that pages of the console load: style sheet, scripts and icon, all shipped with Actum."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from msgspec import Struct

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FOLDERS = ("", "vendor")


class Asset(Struct, frozen=True):
    """A file as it is sent."""

    content: bytes
    media_type: str


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """Gives the files, by name."""
    root = files("actum.console") / "assets"
    found: dict[str, Asset] = {}
    for folder in FOLDERS:
        for entry in (root / folder if folder else root).iterdir():
            ending = entry.name.rpartition(".")[2]
            if entry.is_file() and ending in TYPES:
                found[entry.name] = Asset(entry.read_bytes(), TYPES[ending])
    return found


@lru_cache(maxsize=1)
def asset_version() -> str:
    """Gives what differs whenever a file does, so that browsers may keep files for ever."""
    digest = hashlib.sha256()
    for name, asset in sorted(assets().items()):
        digest.update(name.encode() + asset.content)
    return digest.hexdigest()[:12]
