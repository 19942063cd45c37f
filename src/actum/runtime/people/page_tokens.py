"""Tokens of pages: they are sealed where an application has personal data, which may be in them."""

from actum.errors import Unopened
from actum.model.people import open_keys
from actum.queries.pages.tokens import check_length, from_text, no_token, to_text
from actum.runtime.people.keyring import ANSWERS, Keyring


class PageTokens:
    """Writes and reads the tokens of pages, which travel in addresses and stand in logs.

    Without a keyring they are not secret, and whoever changes one gets another place of the same answer.
    """

    def __init__(self, keyring: Keyring | None) -> None:
        self._keyring = keyring

    def __repr__(self) -> str:
        return f"<PageTokens{'' if self._keyring is None else ', sealed'}>"

    async def write(self, body: bytes) -> str:
        """Writes a token; raises TooLarge for one that no address can hold."""
        if self._keyring is None:
            return to_text(body)
        await self._keyring.ensure([ANSWERS])
        # No await in between, so that the key is not closed.
        text = self._keyring.seal(ANSWERS, body)
        check_length(text)
        return text

    async def read(self, text: str) -> bytes:
        """Reads a token; raises Invalid for what is none."""
        if self._keyring is None:
            return from_text(text)
        await self._keyring.ensure([ANSWERS])
        id = text.partition(".")[0]
        if id != self._keyring.key_of(ANSWERS):
            # Looking up whatever id a request names would fill this process with them.
            raise no_token()
        await self._keyring.prepare_keys([id])
        try:
            body = open_keys.opened(text)
        except Unopened as error:
            raise no_token() from error
        if body is None:
            raise no_token()
        return body
