"""What is wrong with the head of a request, as RFC 9110 and 9112 have it, whatever application it is for."""

import re
from typing import NamedTuple

import httptools

HOST = re.compile(rb"(\[[0-9a-fA-F:.]+\]|[\w.~!$&'()*+,;=%-]*)(:(\d{0,5}))?")
ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE)
LAST_PORT = 65_535

EVERY_TARGET = b"*"
"""What an OPTIONS asks about that is for the server as a whole."""

UNKNOWN_METHOD = "no address here takes a method of that name"
UNREADABLE = "this cannot be read as an HTTP request"
REASONS = {
    "content-length can't": "it has a Content-Length beside a Transfer-Encoding",
    "content-length": "its Content-Length is not one number of bytes",
    "transfer-encoding": "its Transfer-Encoding does not end in chunked",
    "chunk": "a chunk of its body does not have the size that it says, or says none",
    "header": "one of its headers is not written as NAME: VALUE, or holds what no header may",
    "url": "its address holds what is to be written as %XX, or does not begin with /",
    "lf": "its lines do not end in CR and LF",
    "version": "it is not of HTTP/1.0 or HTTP/1.1",
    "pri": "it is of HTTP/2, and HTTP/1.1 is spoken here",
    "method": "it does not begin with a method",
}
"""What the parser's messages speak of, in order, and what to tell a client."""


class HeadRefused(Exception):
    """A request is not to be served; `status` and `detail` say why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Head(NamedTuple):
    """A request's head as it came; names of headers are in lower case."""

    method: bytes
    version: str
    url: bytes
    headers: list[tuple[bytes, bytes]]

    def target(self) -> bytes:
        """Gives the address within this server; raises HeadRefused for what no application should get.

        Where the address names a host, that takes the place of the header, as RFC 9112 has it.
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
                raise HeadRefused(501, "no Transfer-Encoding but chunked is read here: send the body plain")
        if len(hosts) > 1:
            raise HeadRefused(400, "the header Host came more than once: send one")
        if not hosts and self.version == "1.1":
            raise HeadRefused(400, "the header Host is missing: every request of HTTP/1.1 has one")
        if hosts and not _is_host(hosts[0]):
            raise HeadRefused(
                400, "the header Host holds no host: send a name or an address, and a port if any"
            )

    def _of_absolute(self) -> bytes:
        found = ABSOLUTE.fullmatch(self.url)
        if found is None or not found[1] or not _is_host(found[1]):
            raise HeadRefused(
                400, "the address is none of this server: it begins with /, or with http://HOST/"
            )
        for place, (name, _) in enumerate(self.headers):
            if name == b"host":
                self.headers[place] = (name, found[1])
        rest = found[2]
        return _without_fragment(rest if rest.startswith(b"/") else b"/" + rest)


def reason_of(error: httptools.HttpParserError) -> str:
    """Says why the parser could not go on, in words that do not depend on the parser."""
    said = str(error).lower()
    reason = next((reason for word, reason in REASONS.items() if word in said), None)
    return f"{UNREADABLE}: {reason}" if reason else UNREADABLE


def _without_fragment(target: bytes) -> bytes:
    if b"#" in target:
        raise HeadRefused(
            400, "the address has a #, which is for the client alone: leave it out, or write %23"
        )
    return target


def _is_host(value: bytes) -> bool:
    found = HOST.fullmatch(value)
    return found is not None and int(found[3] or 0) <= LAST_PORT
