"""What commands claim, as a journal stores it: digests of values, and a record in the events' metadata."""

import hashlib
from collections.abc import Iterable
from typing import Any

from msgspec.json import encode

from actum.errors import DefinitionError
from actum.model.entity import EntityType
from actum.model.event import with_field
from actum.model.turn import ClaimChange
from actum.ports.journal import Claim, Journal, Write

MAX_BEGUN = 1_000
"""Digests of a kind and a name that are remembered."""


class Claims:
    """Prepares the claims of writes. `identity` is the journal's, so digests of two journals differ."""

    def __init__(self, identity: str, why_not: str) -> None:
        self._identity = identity
        self._why_not = why_not
        self._begun: dict[tuple[str, str], Any] = {}

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
        self.check(write.kind)
        claims = [
            Claim(name, self.digest(write.kind, name, form), is_released)
            for name, form, is_released in changes
        ]
        write.claims = claims
        write.metadata = with_claims(write.metadata, claims)

    def digest(self, kind: str, name: str, form: bytes) -> bytes:
        """Returns what stands for a value, given its canonical form."""
        begun = self._begun.get((kind, name))
        if begun is None:
            begun = hashlib.sha256(encode([self._identity, kind, name]))
            # Names may be made from data, so only some are remembered.
            if len(self._begun) < MAX_BEGUN:
                self._begun[kind, name] = begun
        digest = begun.copy()
        digest.update(form)
        found: bytes = digest.digest()
        return found


def with_claims(metadata: bytes, claims: Iterable[Claim]) -> bytes:
    """Adds a record of claims to metadata: the name, digest and release of each, in their order."""
    record = [(claim.name, claim.digest.hex(), claim.is_released) for claim in claims]
    return with_field(metadata, "claims", record)
