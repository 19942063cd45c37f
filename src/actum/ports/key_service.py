"""A key service: it seals the application's keys under one that never leaves it."""

from abc import ABC, abstractmethod
from typing import Protocol


class Cipher(Protocol):
    """Seals and opens values under one key, by AES-256-GCM; a nonce of 12 bytes is never used twice."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Seals a value."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Opens a value; raises for one that was changed, or sealed under another key."""
        ...


class KeyService(ABC):
    """Seals and opens keys of 32 bytes.

    Raises KeyMissing for what was sealed under a key that it does not have, and Unavailable while it cannot
    be reached.
    """

    @abstractmethod
    def cipher(self, key: bytes) -> Cipher:
        """Gives what seals and opens under a key of 32 bytes."""

    @abstractmethod
    async def wrap(self, key: bytes) -> bytes:
        """Seals a key."""

    @abstractmethod
    async def unwrap(self, wrapped: bytes) -> bytes:
        """Opens a key that this service has sealed."""

    async def close(self) -> None:
        """Releases its connections."""
        return
