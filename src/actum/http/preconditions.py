"""Preconditions of a request (RFC 9110): the version that If-Match and If-None-Match require."""

import re

from actum.errors import Invalid
from actum.runtime.entities.precondition import Precondition

ANY = b"*"
TAG = re.compile(rb'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
TAGS = re.compile(rb"[\s,]*(%s)(\s*,[\s,]*(%s))*[\s,]*" % (TAG.pattern, TAG.pattern))
VERSION = re.compile(rb"0|[1-9]\d{0,17}")

Tag = tuple[bytes, bytes]
"""An entity tag: `W/` where it is weak, and its text."""


def read_preconditions(if_match: bytes | None, if_none_match: bytes | None) -> int | Precondition | None:
    """Gives the version that a change requires; raises Invalid for a header without tags.

    One number is the usual case, and `If-None-Match: *` requires version 0: an entity that does not exist. A
    weak tag stands for answers that are equivalent, not identical, so If-Match never accepts one.
    """
    if if_match is None and if_none_match is None:
        return None
    wanted, unwanted = _read(if_match, "If-Match"), _read(if_none_match, "If-None-Match")
    if wanted is None and unwanted == ANY:
        return 0
    if unwanted is None and isinstance(wanted, list) and len(wanted) == 1 and (one := _versions(wanted)):
        return next(iter(one))
    among = None if wanted in (None, ANY) else _versions(wanted or [])
    if unwanted == ANY:
        among = frozenset({0}) if among is None else among & {0}
    return Precondition(
        said=_said(if_match, if_none_match),
        among=among,
        other_than=_versions(unwanted, is_weak_too=True) if isinstance(unwanted, list) else frozenset(),
        must_exist=wanted == ANY,
    )


def is_unchanged(if_none_match: bytes, tag: bytes) -> bool:
    """Says whether a client has this answer already; it has not if its tags cannot be read."""
    text = if_none_match.strip()
    if text == ANY:
        return True
    return TAG.fullmatch(tag) is not None and TAG.findall(tag)[0][1] in {found for _, found in _tags(text)}


def _read(value: bytes | None, header: str) -> list[Tag] | bytes | None:
    if value is None:
        return None
    text = value.strip()
    if text == ANY:
        return ANY
    if not TAGS.fullmatch(text):
        raise Invalid(
            f'the header {header} has no version: send an ETag as it was received, such as "7", several '
            "separated by commas, or *",
            field=header,
        )
    return _tags(text)


def _tags(text: bytes) -> list[Tag]:
    return TAG.findall(text)


def _versions(tags: list[Tag] | bytes, *, is_weak_too: bool = False) -> frozenset[int]:
    """Gives the versions among tags; tags of other servers have none."""
    assert isinstance(tags, list)
    strong = [text for weak, text in tags if is_weak_too or not weak]
    return frozenset(int(text) for text in strong if VERSION.fullmatch(text))


def _said(if_match: bytes | None, if_none_match: bytes | None) -> str:
    named = (("If-Match", if_match), ("If-None-Match", if_none_match))
    return " and ".join(f"{name}: {value.decode('latin-1')}" for name, value in named if value is not None)
