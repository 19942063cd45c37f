"""Continues with HTTP/1.1 after a request for an upgrade to another protocol, which is ignored.

The parser stops after the head of such a request. A server may serve it as if it asked for no upgrade (RFC
9110, 7.8); clients that prefer HTTP/2 ask for it in every first request, with a body or without.
"""

from typing import Protocol

import httptools

BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})


class Reader(Protocol):
    """What a parser calls as it reads."""

    def on_message_begin(self) -> None:
        """A request begins."""

    def on_url(self, url: bytes) -> None:
        """A piece of its address was read."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header was read."""

    def on_headers_complete(self) -> None:
        """Its head is complete."""

    def on_body(self, body: bytes) -> None:
        """A piece of its body was read."""

    def on_message_complete(self) -> None:
        """It is complete."""


class _AfterHead:
    """Forwards a parser's calls except those for a first head, which the reader has had."""

    def __init__(self, reader: Reader) -> None:
        self.on_body = reader.on_body
        self.on_message_complete = reader.on_message_complete
        self._reader = reader
        self._is_behind = False

    def on_message_begin(self) -> None:
        if self._is_behind:
            self._reader.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._is_behind:
            self._reader.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_behind:
            self._reader.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_behind:
            self._reader.on_headers_complete()
        self._is_behind = True


def parser_behind(reader: Reader, headers: list[tuple[bytes, bytes]]) -> httptools.HttpRequestParser:
    """Gives a parser that continues after the head of a request with these headers."""
    parser = httptools.HttpRequestParser(_AfterHead(reader))
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    lines = [b"%s: %s\r\n" % header for header in headers if header[0] in BODY_HEADERS]
    parser.feed_data(b"".join([b"POST / HTTP/1.1\r\n", *lines, b"\r\n"]))
    return parser
