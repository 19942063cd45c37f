"""Seals keys under one that the process was given, in ACTUM_KEY."""

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actum.errors import KeyMissing
from actum.ports.key_service import Cipher, KeyService

NONCE = 12
NAME = 8
PREFIX = b"local:"


class LocalKeys(KeyService):
    """Seals under the first of some keys, and opens what any of them has sealed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._first = _name_of(keys[0])
        self._keys = {_name_of(key): AESGCM(key) for key in keys}

    def __repr__(self) -> str:
        return f"<LocalKeys {self._first.hex()} of {len(self._keys)}>"

    def cipher(self, key: bytes) -> Cipher:
        return AESGCM(key)

    async def wrap(self, key: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return PREFIX + self._first + nonce + self._keys[self._first].encrypt(nonce, key, self._first)

    async def unwrap(self, wrapped: bytes) -> bytes:
        body = wrapped.removeprefix(PREFIX)
        name, nonce, sealed = body[:NAME], body[NAME : NAME + NONCE], body[NAME + NONCE :]
        key = self._keys.get(name)
        if not wrapped.startswith(PREFIX) or key is None:
            by = f"the key {name.hex()}" if wrapped.startswith(PREFIX) else "another key service"
            raise KeyMissing(
                f"personal data is sealed under {by}, and ACTUM_KEY holds {self._first.hex()}: give that key "
                "back in ACTUM_KEY or, after a change of it, in ACTUM_OLD_KEYS"
            )
        try:
            return key.decrypt(nonce, sealed, name)
        except InvalidTag as error:
            raise KeyMissing(f"a key that {name.hex()} has sealed was damaged: restore a backup") from error


def _name_of(key: bytes) -> bytes:
    """Returns what tells keys apart, and says nothing of the key."""
    return hashlib.blake2b(key, digest_size=NAME, person=b"actum key").digest()
