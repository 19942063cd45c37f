"""Fingerprints: changed by all that shapes a state, however deep it lies, and by nothing else."""

import importlib.util
import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from actum.model.entity import entity_type
from actum.model.view import view_type

MODEL = '''
"""A shop's model."""
import dataclasses, functools, re, types, zoneinfo
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar
from msgspec import Meta, Struct, field
from actum import Entity, Event, View, command, query, reducer

T = TypeVar("T")
Sku = NewType("Sku", str)
RATE = Decimal("0.2")
MARKS = {"gift", "fragile", "heavy", "cold", "late"}

class Colour(Enum):
    RED = "red"

class Rates:
    by_size = {"s": Decimal(11)}

    class Express:
        extra = 12

class Tariff:
    def __init__(self, base: int) -> None:
        self.base = base

    def __call__(self, count: int) -> int:
        return count * self.base + 13

TARIFF = Tariff(14)
SETTINGS = types.SimpleNamespace(least=15)
SHORT = re.compile("[a-z]{16}")
ZONE = zoneinfo.ZoneInfo("Europe/Berlin")

def scaled(scale):
    def around(function):
        @functools.wraps(function)
        def inner(count):
            inner.calls = True
            return function(count) * scale + 17
        return inner
    return around

plain = lambda count: count
bulk = scaled(18)(plain)

@functools.lru_cache
def rebate(count: int) -> int:
    return count + 19

@functools.singledispatch
def weight(thing: object) -> int:
    return 20

@weight.register
def _(thing: int) -> int:
    return 21

class Place(NamedTuple):
    row: int
    shelf: int = 3

class Hint(TypedDict):
    text: str

@dataclass
class Box:
    width: int
    weights: list[int] = dataclasses.field(default_factory=list)

class Crate(Struct, Generic[T]):
    inside: T

class Part(Struct, rename="camel"):
    serial_number: str = "?"

class Base(Struct):
    unit: str = "piece"

class Line(Base):
    sku: Sku | None = None
    count: int = 1
    parts: list[Part] = []
    crate: Crate[int] | None = None
    colour: Colour = Colour.RED
    place: Place | None = None
    hint: Hint | None = None
    size: Literal["s", "m"] = "s"
    box: Box | None = None
    within: "list[Line]" = []
    grade: Annotated[int, Meta(ge=1)] = 1
    made: date = field(default_factory=lambda: date(2026, 1, 2))

    def cost(self) -> Decimal:
        return self.count * RATE

class Card(Struct, frozen=True, tag="card"):
    number: str = ""

class Cash(Struct, frozen=True, tag="cash"):
    coins: int = 0

class Fact(Event):
    at: int = 7

class Added(Fact, kw_only=True):
    line: Line
    how: Card | Cash = Card()

    def doubled(self) -> int:
        return self.at * 2

class Kept(Entity):
    total: Decimal = Decimal(0)

    def _count(self, line: Line) -> Decimal:
        return line.cost() + shipping(line)

class Cart(Kept):
    lines: list[Line] = []

    @command
    def add(self, line: Line) -> None:
        """Adds a line."""
        self.emit(Added(line=line))

    @query
    def size(self) -> int:
        return len(self.lines)

    @reducer
    def added(self, event: Added) -> None:
        self.lines.append(event.line)
        self.total += self._count(event.line)

class Carts(View):
    id: str
    lines: list[Line] = []
    price: Decimal = Decimal(0)

    @reducer
    def added(self, event: Added) -> None:
        self.lines.append(event.line)
        self.price += event.line.cost() + shipping(event.line)

def shipping(line: Line) -> Decimal:
    """What sending costs."""
    return Decimal(5) if "gift" in MARKS else _dear(line)

def _dear(line: Line) -> Decimal:
    TARIFF(1), SETTINGS.least, SHORT, ZONE, bulk(1), rebate(1), weight(1), Rates.by_size, Rates.Express.extra
    return Decimal(9)
'''
SHAPING = {
    "a nested field is renamed": ("count: int = 1", "amount: int = 1"),
    "a nested default": ("count: int = 1", "count: int = 2"),
    "a nested type": ("count: int = 1", "count: float = 1"),
    "how JSON names the fields of a class two levels down": (', rename="camel"', ', rename="kebab"'),
    "a default two levels down": ('serial_number: str = "?"', 'serial_number: str = "!"'),
    "a field of a base class": ('unit: str = "piece"', 'unit: str = "box"'),
    "an argument of a generic": ("Crate[int]", "Crate[str]"),
    "an enum's value": ('RED = "red"', 'RED = "rouge"'),
    "a new member of an enum": ('RED = "red"', 'RED = "red"\n    BLUE = "blue"'),
    "a NamedTuple's default": ("shelf: int = 3", "shelf: int = 4"),
    "a TypedDict's field": ("text: str", "text: bytes"),
    "a dataclass's field": ("width: int", "width: float"),
    "a dataclass's factory": ("default_factory=list)", "default_factory=lambda: [4])"),
    "a literal": ('Literal["s", "m"]', 'Literal["s", "m", "l"]'),
    "what a NewType stands for": ('NewType("Sku", str)', 'NewType("Sku", bytes)'),
    "a bound": ("Meta(ge=1)", "Meta(ge=0)"),
    "what a default's factory gives": ("date(2026, 1, 2)", "date(2026, 1, 3)"),
    "a tag": ('tag="cash"', 'tag="money"'),
    "another member of a union": ("Card | Cash = Card()", "Card = Card()"),
    "a struct kept as an array": ("class Base(Struct)", "class Base(Struct, array_like=True)"),
    "a struct that takes no unknown fields": (
        "class Base(Struct)",
        "class Base(Struct, forbid_unknown_fields=True)",
    ),
    "a default of an event's base": ("at: int = 7", "at: int = 8"),
    "a field's type in an event": ("at: int = 7", "at: float = 7"),
    "a default that is a struct": ("= Card()", '= Card("0")'),
    "an event's method": ("self.at * 2", "self.at * 3"),
    "a nested class's method": ("self.count * RATE", "self.count + RATE"),
    "a constant that a method names": ('Decimal("0.2")', 'Decimal("0.3")'),
    "a function that a reducer calls": ("Decimal(5)", "Decimal(6)"),
    "a function that such a function calls": ("Decimal(9)", "Decimal(8)"),
    "a table in a class that such a function names": ("Decimal(11)", "Decimal(22)"),
    "a class within such a class": ("extra = 12", "extra = 22"),
    "a method of an object that such a function names": ("self.base + 13", "self.base + 22"),
    "what such an object holds": ("Tariff(14)", "Tariff(22)"),
    "what a namespace holds": ("least=15", "least=22"),
    "a pattern": ("{16}", "{22}"),
    "a time zone": ("Europe/Berlin", "Europe/Paris"),
    "a decorator": ("scale + 17", "scale + 22"),
    "what a decorator was given": ("scaled(18)", "scaled(22)"),
    "a function whose answers are kept": ("count + 19", "count + 22"),
    "a function for any type": ("return 20", "return 22"),
    "its case for one type": ("return 21", "return 22"),
    "a set that such a function names": ('"gift", "fragile"', '"fragile"'),
}
OF_THE_CART = {
    "a field of the entity's base": ("total: Decimal = Decimal(0)", "total: Decimal = Decimal(1)"),
    "a method that a reducer calls": ("line.cost() + shipping(line)", "line.cost()"),
}
NOT_SHAPING = {
    "a comment": ("        self.lines.append(event.line)", "        self.lines.append(event.line)  # last"),
    "layout": ("self.lines.append(event.line)", "self.lines.append(\n            event.line\n        )"),
    "a docstring": ('"""What sending costs."""', '"""The price of sending."""'),
    "a command": ("self.emit(Added(line=line))", "self.emit(Added(line=line, at=9))"),
    "a query": ("return len(self.lines)", "return 5"),
    "an unused constant": ("T = TypeVar", "OTHER = 5\nT = TypeVar"),
}
numbers = count()


def fingerprints(folder: Path, text: str) -> tuple[str, str]:
    """Gives those of Cart and Carts in a module of this text."""
    name = f"model_{next(numbers)}"
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return entity_type(module.Cart).fingerprint, view_type(module.Carts).fingerprint
    finally:
        del sys.modules[name]


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in SHAPING.items()])
def test_whatever_a_class_reaches_shapes_its_fingerprint(change: tuple[str, str], tmp_path: Path) -> None:
    assert change[0] in MODEL
    cart, carts = fingerprints(tmp_path, MODEL)

    changed_cart, changed_carts = fingerprints(tmp_path, MODEL.replace(*change))

    assert changed_cart != cart
    assert changed_carts != carts


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in OF_THE_CART.items()])
def test_what_an_entity_inherits_shapes_its_fingerprint_alone(
    change: tuple[str, str], tmp_path: Path
) -> None:
    cart, carts = fingerprints(tmp_path, MODEL)

    changed_cart, changed_carts = fingerprints(tmp_path, MODEL.replace(*change))

    assert changed_cart != cart
    assert changed_carts == carts


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in NOT_SHAPING.items()])
def test_what_shapes_no_state_keeps_snapshots_and_views(change: tuple[str, str], tmp_path: Path) -> None:
    assert change[0] in MODEL

    assert fingerprints(tmp_path, MODEL.replace(*change)) == fingerprints(tmp_path, MODEL)


def test_a_fingerprint_is_the_same_in_every_process_whatever_the_hash_seed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(MODEL)
    program = (
        "from actum.model.entity import entity_type; from actum.model.view import view_type; import shop; "
        "print(entity_type(shop.Cart).fingerprint, view_type(shop.Carts).fingerprint)"
    )

    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
            timeout=120,
        ).stdout
        for seed in ("0", "1", "7")
    }

    assert len(printed) == 1


def test_a_fingerprint_without_source_does_not_hang_on_the_order_of_a_set() -> None:
    program = f"""
import sys
from types import ModuleType
from actum.model.entity import entity_type
module = sys.modules["unseen"] = ModuleType("unseen")
text = {MODEL.replace('"gift" in MARKS', 'line.unit in {"a", "b", "c", "d"}')!r}
exec(compile(text, "<unseen>", "exec"), module.__dict__)
print(entity_type(module.Cart).fingerprint)
"""

    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
            timeout=120,
        ).stdout
        for seed in ("0", "1", "7")
    }

    assert len(printed) == 1
