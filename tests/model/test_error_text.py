"""The text of an error: one that every store can keep, whatever the error is and whatever it does."""

import sys
from typing import Any

import pytest

from actum.model.error_text import MAX_CHARACTERS, error_message, error_text, plain_text


class Untold(Exception):
    """An error whose text depends on an attribute that it lacks, as a typo in a library has it."""

    def __str__(self) -> str:
        return f"failed with {self.cod}"  # type: ignore[attr-defined]


class Exiting(Exception):
    def __str__(self) -> str:
        return str(sys.exit("no text"))


class Endless(Exception):
    def __str__(self) -> str:
        return str(self)


class Wrong(Exception):
    def __str__(self) -> Any:
        return self.args[0]


class Loud(str):
    __slots__ = ()

    def encode(self, *_: object, **__: object) -> bytes:
        raise ValueError("no bytes")

    def __getitem__(self, _: object) -> str:
        raise ValueError("no part")


class Shouting(Exception):
    def __str__(self) -> str:
        return Loud("said loudly")


class Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise ValueError("no name")


class Unnamed(Exception, metaclass=Nameless):
    pass


class Hollow(ExceptionGroup[Exception]):
    @property
    def exceptions(self) -> Any:
        raise ValueError("nothing in it")


def nested(depth: int) -> ExceptionGroup[Exception]:
    group: ExceptionGroup[Exception] = ExceptionGroup("outer", [ValueError(1)])
    for _ in range(depth):
        group = ExceptionGroup("outer", [group])
    return group


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("a\0b"), "ValueError: a\\x00b"),
        (ValueError("half of 😀 \ud83d"), "ValueError: half of 😀 \\ud83d"),
        (OSError(), "OSError"),
        (SystemExit("usage: wrong"), "SystemExit: usage: wrong"),
        (Untold(), "Untold: (its text cannot be shown, because __str__ raised AttributeError)"),
        (Exiting(), "Exiting: (its text cannot be shown, because __str__ raised SystemExit)"),
        (Endless(), "Endless: (its text cannot be shown, because __str__ raised RecursionError)"),
        (Wrong(7), "Wrong: (its text cannot be shown, because __str__ raised TypeError)"),
        (Shouting(), "Shouting: said loudly"),
        (Unnamed("x"), "error: x"),
        (
            BaseExceptionGroup("two", [Untold(), KeyboardInterrupt()]),
            "BaseExceptionGroup: two (2 sub-exceptions): "
            "Untold: (its text cannot be shown, because __str__ raised AttributeError); KeyboardInterrupt",
        ),
        (Hollow("h", [ValueError(1)]), "Hollow: h (1 sub-exception)"),
    ],
)
def test_every_error_has_a_text_that_can_be_kept(error: BaseException, text: str) -> None:
    """NUL and half characters are escaped; an error that cannot be shown is told by its class."""
    assert error_text(error) == text


@pytest.mark.parametrize("error", [ValueError("\ud800" * 10_000_000), nested(10_000)])
def test_a_text_has_an_end(error: BaseException) -> None:
    """However long the message is and however deep the group: a store keeps one short line of it."""
    text = error_text(error)

    assert len(text) <= MAX_CHARACTERS
    assert text.encode()


def test_a_message_alone_is_kept_as_safely() -> None:
    """Where the class is said in other words, the message alone stands."""
    assert error_message(ValueError("a\0\udcff")) == "a\\x00\\udcff"
    assert plain_text("é" * 11, limit=10) == "é" * 9 + "…"
