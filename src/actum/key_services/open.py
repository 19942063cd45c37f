"""Opens the key service that ACTUM_KEY names."""

import base64
import binascii
import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol, cast

from actum.errors import KeyMissing
from actum.ports.key_service import KeyService

KEY = "ACTUM_KEY"
OLD_KEYS = "ACTUM_OLD_KEYS"
SIZE = 32
AWS = "aws-kms:"
HOW = "set it to the output of `actum keys new`, or to the key of a service, as in aws-kms://alias/actum"
INSTALL = "personal data needs the package cryptography: pip install 'actum[people]'"


class LocalModule(Protocol):
    """The module `actum.key_services.local`, which needs cryptography."""

    def LocalKeys(self, keys: list[bytes]) -> KeyService:
        """Seals under keys that are given."""
        ...


class AwsModule(Protocol):
    """The module `actum.key_services.aws_kms`, which needs aiobotocore."""

    async def open_aws_kms(self, url: str) -> KeyService:
        """Seals under a key of AWS KMS."""
        ...


def new_key() -> str:
    """Returns a random key for ACTUM_KEY."""
    return base64.urlsafe_b64encode(os.urandom(SIZE)).decode()


def check_installed() -> None:
    """Raises KeyMissing, with the fix, if cryptography is not installed."""
    if find_spec("cryptography") is None:
        raise KeyMissing(INSTALL)


async def open_key_service(environment: Mapping[str, str], *, is_lasting: bool = True) -> KeyService:
    """Opens the key service that the environment names; raises KeyMissing, with the fix, if it names none.

    A store that does not last needs none: its key is made up, and goes with it.
    """
    check_installed()
    given = environment.get(KEY, "").strip()
    if not given and is_lasting:
        raise KeyMissing(f"the application has personal data, and {KEY} is not set: {HOW}")
    if given.startswith(AWS):
        if find_spec("aiobotocore") is None:
            raise KeyMissing(f"{KEY} names a key of AWS KMS, which needs aiobotocore: install it")
        module = cast("AwsModule", import_module("actum.key_services.aws_kms"))
        return await module.open_aws_kms(given)
    texts = [given or new_key(), *filter(None, map(str.strip, environment.get(OLD_KEYS, "").split(",")))]
    local = cast("LocalModule", import_module("actum.key_services.local"))
    return local.LocalKeys([_read(text, OLD_KEYS if number else KEY) for number, text in enumerate(texts)])


def _read(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except binascii.Error:
        key = b""
    if len(key) != SIZE:
        raise KeyMissing(f"{name} is no key of {SIZE} bytes in base64: {HOW}")
    return key
