"""Checks the head of a request against RFC 9110 and 9112, for any application."""

import re
from typing import NamedTuple

import httptools

HOST = re.compile(rb"(\[[0-9a-fA-F:.]+\]|[\w.~!$&'()*+,;=%-]*)(:(\d{0,5}))?")
ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)
LAST_PORT = 65_535

EVERY_TARGET = b"*"
"""The target of an OPTIONS request about the server as a whole."""

UNKNOWN_METHOD = "no address here accepts a method of that name"
UNREADABLE = "this cannot be read as an HTTP request"
REASONS = {
    "content-length can't": "it has both a Content-Length and a Transfer-Encoding",
    "content-length": "its Content-Length is not one number of bytes",
    "transfer-encoding": "its Transfer-Encoding does not end in chunked",
    "chunk": "a chunk of its body does not have the size that it states, or states none",
    "header": "one of its headers is not written as NAME: VALUE, or has characters that no header may have",
    "url": "its address has characters that must be written as %XX, or does not begin with /",
    "lf": "its lines do not end in CR and LF",
    "version": "it is not HTTP/1.0 or HTTP/1.1",
    "pri": "it is HTTP/2, and this server speaks HTTP/1.1",
    "method": "it does not begin with a method",
}
"""Words in the parser's messages, in order, and what a client is told for each."""


class HeadRefused(Exception):
    """A request is refused; `status` and `detail` say why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Head(NamedTuple):
    """A request's head as it arrived; names of headers are in lower case."""

    method: bytes
    version: str
    url: bytes
    headers: list[tuple[bytes, bytes]]

    def target(self) -> bytes:
        """Gives the address within this server; raises HeadRefused for what no application should receive.

        A host in the address replaces the one in the header, as RFC 9112 demands.
        """
        if self.method == b"CONNECT":
            raise HeadRefused(501, UNKNOWN_METHOD)
        self._check_headers()
        if self.url.startswith(b"/"):
            return _without_fragment(self.url)
        if self.url == EVERY_TARGET and self.method == b"OPTIONS":
            return self.url
        return self._of_absolute()

    def _check_headers(self) -> None:
        hosts = []
        for name, value in self.headers:
            if name == b"host":
                hosts.append(value)
            elif name == b"transfer-encoding" and value.lower() != b"chunked":
                raise HeadRefused(
                    501, "the only Transfer-Encoding accepted here is chunked: send the body plain"
                )
        if len(hosts) > 1:
            raise HeadRefused(400, "the header Host came more than once: send one")
        if not hosts and self.version == "1.1":
            raise HeadRefused(400, "the header Host is missing: every request of HTTP/1.1 has one")
        if hosts and not _is_host(hosts[0]):
            raise HeadRefused(
                400, "the header Host is not a host: send a name or an address, and a port if there is one"
            )

    def _of_absolute(self) -> bytes:
        found = ABSOLUTE.fullmatch(self.url)
        if found is None or not found[1] or not _is_host(found[1]):
            raise HeadRefused(
                400, "the address is not one of this server: it must begin with /, or with http://HOST/"
            )
        for place, (name, _) in enumerate(self.headers):
            if name == b"host":
                self.headers[place] = (name, found[1])
        rest = found[2]
        return _without_fragment(rest if rest.startswith(b"/") else b"/" + rest)


def reason_of(error: httptools.HttpParserError) -> str:
    """Says why the parser failed, in words that do not depend on the parser."""
    said = str(error).lower()
    reason = next((reason for word, reason in REASONS.items() if word in said), None)
    return f"{UNREADABLE}: {reason}" if reason else UNREADABLE


def _without_fragment(target: bytes) -> bytes:
    if b"#" in target:
        raise HeadRefused(400, "the address has a #, which only clients use: leave it out, or write %23")
    return target


def _is_host(value: bytes) -> bool:
    found = HOST.fullmatch(value)
    return found is not None and int(found[3] or 0) <= LAST_PORT
