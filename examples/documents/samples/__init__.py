"""The images that this example ships, and the words that are known to be in them."""

from pathlib import Path

import msgspec
from msgspec import Struct

FOLDER = Path(__file__).parent


class Sample(Struct, frozen=True):
    """One shipped image: who uploads it, what was done to the page, and words that must be found in it."""

    file_name: str
    owner: str
    condition: str
    words: list[str]

    def content(self) -> bytes:
        return (FOLDER / self.file_name).read_bytes()


def load_samples() -> list[Sample]:
    return msgspec.json.decode((FOLDER / "manifest.json").read_bytes(), type=list[Sample])
