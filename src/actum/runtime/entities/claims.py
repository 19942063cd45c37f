"""What commands claim, as a journal stores it: digests of values, and a record in the events' metadata."""

import hashlib
from binascii import hexlify
from collections.abc import Iterable
from typing import Any

from msgspec.json import encode

from actum.errors import DefinitionError
from actum.model.entity import EntityType
from actum.model.event import with_json_field
from actum.model.turn import ClaimChange
from actum.ports.journal import Claim, Journal, Write

MAX_BEGUN = 1_000
"""Digests of a kind and a name that are remembered."""


class Claims:
    """Prepares the claims of writes. `identity` is the journal's, so digests of two journals differ."""

    def __init__(self, identity: str, why_not: str) -> None:
        self._identity = identity
        self._why_not = why_not
        self._begun: dict[tuple[str, str], tuple[Any, bytes]] = {}

    def __repr__(self) -> str:
        return f"<Claims of journal {self._identity}>"

    @classmethod
    def of(cls, journal: Journal, identity: str) -> "Claims":
        """Returns those of a journal."""
        return cls(identity, journal.why_no_claims)

    def check(self, kind: str, command: str = "") -> None:
        """Raises DefinitionError if entities cannot claim values in this store."""
        if self._why_not:
            what = f"{kind}.{command}" if command else kind
            raise DefinitionError(
                f"{what} claims or releases values, which this store cannot keep: {self._why_not}"
            )

    def check_declared(self, kinds: Iterable[EntityType]) -> None:
        """Raises DefinitionError if one of the entities claims values, and this store cannot keep them."""
        for kind in kinds if self._why_not else ():
            if kind.claiming is not None:
                self.check(kind.name, kind.claiming)

    def attach(self, write: Write, changes: Iterable[ClaimChange]) -> None:
        """Adds claims to a write, and says so in the metadata of its events."""
        if self._why_not:
            self.check(write.kind)
        claims: list[Claim] = []
        records: list[bytes] = []
        for name, form, is_released in changes:
            begun, record = self._begun.get((write.kind, name)) or self._begin(write.kind, name)
            hashed = begun.copy()
            hashed.update(form)
            digest = hashed.digest()
            claims.append(Claim(name, digest, is_released))
            records.append(record % (hexlify(digest), b"true" if is_released else b"false"))
        write.claims = claims
        write.metadata = with_json_field(write.metadata, b"claims", b"[%b]" % b",".join(records))

    def digest(self, kind: str, name: str, form: bytes) -> bytes:
        """Returns what stands for a value, given its canonical form."""
        hashed = self._begin(kind, name)[0].copy()
        hashed.update(form)
        found: bytes = hashed.digest()
        return found

    def _begin(self, kind: str, name: str) -> tuple[Any, bytes]:
        """Returns the hash of all but the value, and a record to be filled in: name, digest, release."""
        begun = hashlib.sha256(encode([self._identity, kind, name]))
        found = (begun, b'[%b,"%%b",%%b]' % encode(name).replace(b"%", b"%%"))
        # Names may be made from data, so only some are remembered.
        if len(self._begun) < MAX_BEGUN:
            self._begun[kind, name] = found
        return found
