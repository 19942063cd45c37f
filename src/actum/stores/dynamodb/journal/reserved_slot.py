"""A slot in the feed that one append has reserved, and what was sent there."""

import uuid

from actum.stores.dynamodb.journal.append_transaction import AppendTransaction


class ReservedSlot:
    """A slot in the feed that one append has reserved, and the transactions that were sent there."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.is_taken: bool = False
        self.transaction: AppendTransaction | None = None
        self._sent: dict[str, AppendTransaction] = {}

    def __repr__(self) -> str:
        return f"<ReservedSlot {self.slot}{' taken' if self.is_taken else ''}>"

    def token_for(self, transaction: AppendTransaction) -> str:
        """Returns a token for a transaction that is about to be sent."""
        token = str(uuid.uuid4())
        self._sent[token] = transaction
        return token

    def found(self, token: str | None) -> AppendTransaction | None:
        """Notes the token that was found in the slot, and returns the transaction that landed there."""
        self.is_taken = token is not None
        self.transaction = None if token is None else self._sent.get(token)
        return self.transaction
