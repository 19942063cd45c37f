"""Seals keys under one in AWS KMS, which never leaves it: `aws-kms://alias/actum?region=eu-central-1`."""

from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actum.errors import KeyMissing, Unavailable
from actum.ports.key_service import Cipher, KeyService

PREFIX = b"aws-kms:"
CONTEXT = {"purpose": "actum"}
MISSING = frozenset(
    {
        "AccessDeniedException",
        "DisabledException",
        "IncorrectKeyException",
        "InvalidCiphertextException",
        "KMSInvalidStateException",
        "NotFoundException",
    }
)
"""The codes of answers that another attempt does not change."""


async def open_aws_kms(url: str) -> KeyService:
    """Opens the service of a URL: the key's id, ARN or alias, and a `region` and an `endpoint` if need be.

    Credentials are found as botocore documents it. Raises KeyMissing for a URL without a key.
    """
    parts = urlsplit(url)
    key = f"{parts.netloc}{parts.path}".strip("/")
    if not key:
        raise KeyMissing(f"{url!r} names no key: write aws-kms://alias/actum?region=eu-central-1")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    stack = AsyncExitStack()
    try:
        client = await stack.enter_async_context(
            get_session().create_client(
                "kms",
                region_name=options.get("region"),
                endpoint_url=options.get("endpoint"),
                config=AioConfig(connect_timeout=5, read_timeout=10, retries={"mode": "standard"}),
            )
        )
    except (BotoCoreError, ClientError) as error:
        raise KeyMissing(f"AWS KMS cannot be used: {error}") from error
    return AwsKms(client, key, stack)


class AwsKms(KeyService):
    """One key of AWS KMS. Only keys of the application are sealed under it: few, and at the start."""

    def __init__(self, client: Any, key: str, stack: AsyncExitStack) -> None:
        self._client = client
        self._key = key
        self._stack = stack

    def __repr__(self) -> str:
        return f"<AwsKms {self._key}>"

    def cipher(self, key: bytes) -> Cipher:
        return AESGCM(key)

    async def wrap(self, key: bytes) -> bytes:
        answer = await self._call("encrypt", KeyId=self._key, Plaintext=key, EncryptionContext=CONTEXT)
        sealed: bytes = answer["CiphertextBlob"]
        return PREFIX + sealed

    async def unwrap(self, wrapped: bytes) -> bytes:
        if not wrapped.startswith(PREFIX):
            raise KeyMissing(
                f"personal data is sealed by another key service, and ACTUM_KEY names {self._key} in AWS: "
                "give back the former ACTUM_KEY"
            )
        sealed = wrapped.removeprefix(PREFIX)
        # KMS finds the key in what it has sealed, also after an alias was given to another one.
        answer = await self._call("decrypt", CiphertextBlob=sealed, EncryptionContext=CONTEXT)
        key: bytes = answer["Plaintext"]
        return key

    async def close(self) -> None:
        await self._stack.aclose()

    async def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return await getattr(self._client, operation)(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in MISSING:
                raise KeyMissing(f"AWS KMS refuses the key {self._key} ({code}): {error}") from error
            raise Unavailable(f"AWS KMS does not answer: {error}") from error
        except BotoCoreError as error:
            raise Unavailable(f"AWS KMS does not answer: {error}") from error
