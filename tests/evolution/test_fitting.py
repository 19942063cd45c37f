"""What the check says of two types, compared with what msgspec does with values of the one."""

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from actum.operations.evolution.fitting import Fit
from actum.operations.evolution.shapes import read_type
from actum.operations.evolution.type_text import TypeTexts


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(Enum):
    LOW = 1
    HIGH = 2


class Line(Struct):
    sku: str


class Priced(Struct):
    sku: str
    price: int = 1


class Strict(Struct, forbid_unknown_fields=True):
    sku: str


class Place(NamedTuple):
    x: int
    y: int = 0


class Point(Struct, array_like=True):
    x: int
    y: int = 0


class Card(Struct, tag="card"):
    number: str


class Cash(Struct, tag="cash"):
    coins: int


SAMPLES: list[tuple[Any, list[str]]] = [
    (None, ["null"]),
    (bool, ["true", "false"]),
    (int, ["0", "1", "-7", "12345678901234567890"]),
    (Annotated[int, Meta(ge=1)], ["1", "2", "3"]),
    (Annotated[int, Meta(gt=1, lt=4)], ["2", "3"]),
    (Annotated[int, Meta(multiple_of=6)], ["0", "-6"]),
    (Annotated[int, Meta(multiple_of=3)], ["0", "-3"]),
    (float, ["0.5", "1.0", "-3.25"]),
    (Annotated[float, Meta(ge=0)], ["0.0", "0.5"]),
    (str, ['""', '"a"', '"wxyz"']),
    (Annotated[str, Meta(min_length=2)], ['"xy"', '"abcdef"']),
    (Annotated[str, Meta(max_length=3)], ['""', '"abc"']),
    (Annotated[str, Meta(pattern="^a")], ['"a"', '"abcd"']),
    (datetime, ['"2026-01-31T12:00:00"', '"2026-01-31T12:00:00Z"']),
    (Annotated[datetime, Meta(tz=True)], ['"2026-01-31T12:00:00Z"']),
    (date, ['"2026-01-31"']),
    (timedelta, ['"PT60S"']),
    (UUID, ['"5b0d7a3c-8f5e-4b3a-9d0c-2f6f3f1c1a11"']),
    (Decimal, ['"1.5"', '"2"']),
    (Colour, ['"red"', '"blue"']),
    (Level, ["1", "2"]),
    (Literal["red"], ['"red"']),
    (Literal["red", 1], ['"red"', "1"]),
    (list[int], ["[]", "[1]", "[1,2]", "[1,2,3]"]),
    (Annotated[list[int], Meta(min_length=1)], ["[1]", "[1,2,3]"]),
    (set[int], ["[]", "[1,2]"]),
    (list[str], ["[]", '["a"]']),
    (tuple[int, int], ["[1,2]"]),
    (tuple[int, ...], ["[]", "[1]", "[1,2,3]"]),
    (Place, ["[1,2]"]),
    (Point, ["[1,2]"]),
    (dict[str, int], ["{}", '{"a":1}']),
    (dict[int, int], ["{}", '{"1":1}']),
    (dict[str, str], ["{}", '{"sku":"a"}']),
    (Line, ['{"sku":"a"}']),
    (Priced, ['{"sku":"a","price":2}']),
    (Strict, ['{"sku":"a"}']),
    (Card, ['{"type":"card","number":"1"}']),
    (Card | Cash, ['{"type":"card","number":"1"}', '{"type":"cash","coins":1}']),
    (int | None, ["null", "0", "-7"]),
    (int | str, ["0", '"a"']),
    (float | str, ["0.5", '"a"']),
    (str | None, ["null", '"a"']),
    (Line | None, ["null", '{"sku":"a"}']),
    (Any, ["null", "1", '"a"', "[[]]", '{"a":[]}']),
]


TEXTS = (datetime, Annotated[datetime, Meta(tz=True)], date, timedelta, UUID, Decimal)


@pytest.mark.parametrize("written", [kind for kind, _ in SAMPLES], ids=str)
def test_a_type_is_said_to_read_another_exactly_if_it_reads_all_its_values(written: Any) -> None:
    [samples] = [values for kind, values in SAMPLES if kind is written]
    wrong = []

    for read, _ in SAMPLES:
        texts = TypeTexts()
        old, new = read_type(texts.of(written)), read_type(texts.of(read))
        gaps = Fit(texts.types, texts.types).gaps(old, new)
        unread = [sample for sample in samples if not _reads(read, sample)]
        # Of the lengths of dates and the like nothing is known, so a limit on them is said to break.
        is_careful = written in TEXTS and bool(new.limits) and bool(gaps)
        if bool(gaps) != bool(unread) and not is_careful:
            wrong.append((read, gaps, unread))

    assert not wrong


def _reads(kind: Any, sample: str) -> bool:
    try:
        msgspec.json.decode(sample, type=kind)
    except msgspec.ValidationError:
        return False
    return True


def test_the_text_of_a_type_is_read_as_that_type() -> None:
    for (one, _), (other, _) in itertools.pairwise(SAMPLES):
        texts = TypeTexts()
        shape = read_type(texts.of(one))

        assert Fit(texts.types, texts.types).gaps(shape, shape) == [] or one is Any
        assert read_type(texts.of(other)) != shape


class Tree(Struct):
    name: str
    parts: "list[Tree]" = []


def test_a_class_that_holds_itself_is_compared_once() -> None:
    texts = TypeTexts()
    shape = read_type(texts.of(Tree))

    assert Fit(texts.types, texts.types).gaps(shape, shape) == []
