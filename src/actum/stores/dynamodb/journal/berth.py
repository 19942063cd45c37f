"""A slot in the feed that one append has for itself, and what was sent there."""

import uuid

from actum.stores.dynamodb.journal.parcel import Parcel


class Berth:
    """A slot in the feed that one append has for itself, and the parcels that were sent there."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.is_taken: bool = False
        self.parcel: Parcel | None = None
        self._sent: dict[str, Parcel] = {}

    def __repr__(self) -> str:
        return f"<Berth {self.slot}{' taken' if self.is_taken else ''}>"

    def token_for(self, parcel: Parcel) -> str:
        """Gives a token for a parcel that is about to be sent."""
        token = str(uuid.uuid4())
        self._sent[token] = parcel
        return token

    def found(self, token: str | None) -> Parcel | None:
        """Takes note of the token that was found in the slot, and gives the parcel that landed there."""
        self.is_taken = token is not None
        self.parcel = None if token is None else self._sent.get(token)
        return self.parcel
