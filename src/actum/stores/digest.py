"""Digests of keys: all of one length, however long the key, so that every index can hold them."""

import hashlib


def digest_of(key: str) -> str:
    """Gives 32 hexadecimal digits for a key; no two keys are known that share them."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
