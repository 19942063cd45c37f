"""Idempotency keys as they are stored: those of clients and those that Actum derives never meet."""

import hashlib
import re
import uuid

from msgspec import Struct

MARKED = "\x01"
DERIVED = re.compile(rf"\A{MARKED}|\Atimers/|@\d+/|#\d+\Z|/\$")
"""The form of keys that Actum makes: of a timer, of an action's cause, of a request's second call."""
IDS = uuid.UUID("6c1d7a52-3a0e-5d0b-9f0e-0f6a3a9a7e11")


def stored_key(key: str) -> str:
    """Returns what a client's key is stored as: the key itself unless it looks like one that Actum makes."""
    return MARKED + key if DERIVED.search(key) else key


def former_key(key: str) -> str | None:
    """Returns what earlier versions stored a client's key as, if that was different."""
    return key if DERIVED.search(key) else None


def made_id(source: str, count: int) -> str:
    """Returns the `count`th id derived from a source: a UUID, always the same."""
    return str(uuid.uuid5(IDS, f"{source}/{count}"))


def made_fraction(source: str, count: int) -> float:
    """Returns the `count`th number derived from a source: at least 0 and less than 1, always the same."""
    drawn = hashlib.blake2b(f"{source}/{count}".encode(errors="surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(drawn, "big") >> 11) / 2**53


def digest(*parts: str | bytes) -> str:
    """Identifies what a key stands for."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        written = part.encode() if isinstance(part, str) else part
        hashed.update(b"%d:" % len(written) + written)
    return hashed.hexdigest()


class RequestKey(Struct, frozen=True):
    """A client's key for a whole request, of which each call gets one of its own.

    Keys of calls begin with `stored`, and began with `former` in earlier versions. `identity` tells the
    request from others with its key; where it is not known, each call stands for its own arguments.
    """

    key: str
    stored: str
    former: str | None
    identity: str | None = None

    @classmethod
    def of(cls, key: str, *, caller: str = "", identity: str | None = None) -> "RequestKey":
        """Returns the key that a caller sent; keys of different callers differ."""
        if not caller:
            return cls(key, stored_key(key), former_key(key), identity)
        return cls(key, f"{MARKED}{len(caller)}:{caller}/{key}", key, identity)

    def call_keys(self, count: int) -> tuple[str, str | None]:
        """Returns the key of the `count`th call of a kind, and what earlier versions stored it as."""
        if count == 1:
            return self.stored, self.former
        return f"{self.stored}#{count}", None if self.former is None else f"{self.former}#{count}"
