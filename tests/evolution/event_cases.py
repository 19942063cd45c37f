"""Changes to an event, with the verdict on each, and what was stored before and after it."""

from typing import Any

from msgspec import Struct

from actum.operations.evolution.change import Verdict

Payload = dict[str, Any]


class EventCase(Struct, frozen=True, kw_only=True):
    """One change to the event Placed: its class before and after, and payloads that each may write.

    `says` stands in what the check prints. `lost` is true where old events are read, and say something else.
    """

    name: str
    before: str
    after: str
    verdict: Verdict
    old: list[Payload]
    new: list[Payload]
    says: str = ""
    lost: bool = False


def fields(name: str, before: str, after: str, verdict: Verdict, **more: Any) -> EventCase:
    """Makes a case of an event whose fields change."""
    head = "class Placed(Event):\n    "
    types = more.pop("types", "")
    types_after = more.pop("types_after", types)
    return EventCase(
        name=name, before=types + head + before, after=types_after + head + after, verdict=verdict, **more
    )


LINE = "class Line(Struct):\n    sku: str\n\n\n"
COLOURS = 'class Colour(Enum):\n    RED = "red"\n    BLUE = "blue"\n\n\n'
RED = 'class Colour(Enum):\n    RED = "red"\n\n\n'
CARD_ALONE = 'class Card(Struct, tag="card"):\n    number: str\n\n\n'
CARD = CARD_ALONE + 'class Cash(Struct, tag="cash"):\n    coins: int\n\n\n'
CARD_RENAMED = CARD.replace('tag="cash"', 'tag="coins"')

CASES = [
    fields(
        "a field is added with a default",
        "sku: str",
        "sku: str; note: str = ''",
        "compatible",
        old=[{"sku": "a"}],
        new=[{"sku": "a", "note": "b"}],
        says="stored events are read with ''",
    ),
    fields(
        "a field is added without a default",
        "sku: str",
        "sku: str; channel: str",
        "upcast",
        old=[{"sku": "a"}],
        new=[{"sku": "a", "channel": "web"}],
        says='    payload["channel"] = ...  # str: what stored events meant',
    ),
    fields(
        "a field that was needed is removed",
        "sku: str; note: str",
        "sku: str",
        "rollback",
        old=[{"sku": "a", "note": "b"}],
        new=[{"sku": "a"}],
        says="give `note` a default first, deploy that, and remove it with the next version",
    ),
    fields(
        "a field with a default is removed",
        "sku: str; note: str = ''",
        "sku: str",
        "compatible",
        old=[{"sku": "a", "note": "b"}],
        new=[{"sku": "a"}],
    ),
    fields(
        "a field is renamed",
        "sku: str",
        "article: str",
        "upcast",
        old=[{"sku": "a"}],
        new=[{"article": "a"}],
        says='    payload["article"] = payload.pop("sku")',
    ),
    fields(
        "a field is renamed and has a default",
        "sku: str; note: str = ''",
        "sku: str; remark: str = ''",
        "upcast",
        old=[{"sku": "a", "note": "b"}],
        new=[{"sku": "a", "remark": "b"}],
        says='    payload["remark"] = payload.pop("note")',
        lost=True,
    ),
    fields(
        "a field keeps its stored name under another name in Python",
        "sku: str",
        "article: str = field(name='sku')",
        "compatible",
        old=[{"sku": "a"}],
        new=[{"sku": "a"}],
    ),
    fields(
        "a whole number becomes a float",
        "amount: int",
        "amount: float",
        "rollback",
        old=[{"amount": 1}, {"amount": -5}],
        new=[{"amount": 1.5}],
    ),
    fields(
        "a float becomes a whole number",
        "amount: float",
        "amount: int",
        "upcast",
        old=[{"amount": 1.0}, {"amount": 1.5}],
        new=[{"amount": 1}],
        says='    payload["amount"] = int(payload["amount"])',
    ),
    fields(
        "a number becomes text",
        "number: int",
        "number: str",
        "upcast",
        old=[{"number": 1}],
        new=[{"number": "1"}],
        says='    payload["number"] = str(payload["number"])',
    ),
    fields(
        "a float becomes a Decimal",
        "amount: float",
        "amount: Decimal",
        "rollback",
        old=[{"amount": 1.5}, {"amount": 2}],
        new=[{"amount": "1.5"}],
    ),
    fields(
        "a Decimal becomes a float",
        "amount: Decimal",
        "amount: float",
        "upcast",
        old=[{"amount": "1.5"}],
        new=[{"amount": 1.5}],
        says='    payload["amount"] = float(payload["amount"])',
    ),
    fields(
        "a Decimal becomes text",
        "amount: Decimal",
        "amount: str",
        "rollback",
        old=[{"amount": "1.5"}],
        new=[{"amount": "much"}],
    ),
    fields(
        "a moment becomes text",
        "at: datetime",
        "at: str",
        "rollback",
        old=[{"at": "2026-01-31T12:00:00Z"}],
        new=[{"at": "soon"}],
    ),
    fields(
        "text becomes a moment",
        "at: str",
        "at: datetime",
        "upcast",
        old=[{"at": "soon"}],
        new=[{"at": "2026-01-31T12:00:00Z"}],
        says="str is written, and datetime is read",
    ),
    fields(
        "a day becomes a moment",
        "at: date",
        "at: datetime",
        "upcast",
        old=[{"at": "2026-01-31"}],
        new=[{"at": "2026-01-31T12:00:00Z"}],
    ),
    fields(
        "a value may be missing from now on",
        "note: str",
        "note: str | None",
        "rollback",
        old=[{"note": "a"}],
        new=[{"note": None}],
    ),
    fields(
        "a value may not be missing any more",
        "note: str | None",
        "note: str",
        "upcast",
        old=[{"note": "a"}, {"note": None}],
        new=[{"note": "a"}],
        says='    if payload["note"] is None:',
    ),
    fields(
        "a limit is tightened",
        "amount: Annotated[int, Meta(ge=0)]",
        "amount: Annotated[int, Meta(gt=0)]",
        "upcast",
        old=[{"amount": 0}, {"amount": 1}],
        new=[{"amount": 1}],
        says="it may not keep the limit ge=1",
    ),
    fields(
        "a limit is loosened",
        "amount: Annotated[int, Meta(gt=0)]",
        "amount: Annotated[int, Meta(ge=0)]",
        "rollback",
        old=[{"amount": 1}],
        new=[{"amount": 0}],
    ),
    fields(
        "a limit is written otherwise",
        "amount: Annotated[int, Meta(gt=0)]",
        "amount: Annotated[int, Meta(ge=1)]",
        "compatible",
        old=[{"amount": 1}],
        new=[{"amount": 1}],
    ),
    fields(
        "a text is limited",
        "sku: str",
        "sku: Annotated[str, Meta(max_length=3, pattern='^[a-z]')]",
        "upcast",
        old=[{"sku": "a"}, {"sku": "abcd"}, {"sku": "7"}],
        new=[{"sku": "abc"}],
        says="it may not keep the limit max_length=3",
    ),
    fields(
        "a member is added to an enum",
        "colour: Colour",
        "colour: Colour",
        "rollback",
        types=RED,
        types_after=COLOURS,
        old=[{"colour": "red"}],
        new=[{"colour": "blue"}],
    ),
    fields(
        "a member is removed from an enum",
        "colour: Colour",
        "colour: Colour",
        "upcast",
        types=COLOURS,
        types_after=RED,
        old=[{"colour": "red"}, {"colour": "blue"}],
        new=[{"colour": "red"}],
        says="'blue' may have been written, and is not read",
    ),
    fields(
        "a Literal becomes text",
        "size: Literal['s', 'm']",
        "size: str",
        "rollback",
        old=[{"size": "s"}, {"size": "m"}],
        new=[{"size": "xl"}],
    ),
    fields(
        "text becomes a Literal",
        "size: str",
        "size: Literal['s', 'm']",
        "upcast",
        old=[{"size": "xl"}],
        new=[{"size": "s"}],
        says="only 'm', 's' can be read",
    ),
    fields(
        "a class within gets a field with a default",
        "lines: list[Line]",
        "lines: list[Line]",
        "compatible",
        types=LINE,
        types_after=LINE.replace("sku: str", "sku: str; count: int = 1"),
        old=[{"lines": [{"sku": "a"}]}],
        new=[{"lines": [{"sku": "a", "count": 2}]}],
        says="names or classes of values have changed",
    ),
    fields(
        "a class within gets a field without a default",
        "lines: list[Line]",
        "lines: list[Line]",
        "upcast",
        types=LINE,
        types_after=LINE.replace("sku: str", "sku: str; count: int"),
        old=[{"lines": [{"sku": "a"}]}],
        new=[{"lines": [{"sku": "a", "count": 2}]}],
        says="lines[].count: it is not in what was written",
    ),
    fields(
        "a class within is renamed",
        "line: Line",
        "line: Item",
        "compatible",
        types=LINE,
        types_after=LINE.replace("Line", "Item"),
        old=[{"line": {"sku": "a"}}],
        new=[{"line": {"sku": "a"}}],
    ),
    fields(
        "a class within becomes a dict",
        "line: Line",
        "line: dict[str, str]",
        "rollback",
        types=LINE,
        old=[{"line": {"sku": "a"}}],
        new=[{"line": {}}],
    ),
    fields(
        "one value becomes a list",
        "sku: str",
        "sku: list[str]",
        "upcast",
        old=[{"sku": "a"}],
        new=[{"sku": ["a"]}],
        says='    payload["sku"] = [payload["sku"]]',
    ),
    fields(
        "the items of a list change their type",
        "numbers: list[int]",
        "numbers: list[str]",
        "upcast",
        old=[{"numbers": [1]}],
        new=[{"numbers": ["1"]}],
        says="numbers[]: int is written, and str is read",
    ),
    fields(
        "a list becomes a set",
        "tags: list[str]",
        "tags: set[str]",
        "compatible",
        old=[{"tags": []}, {"tags": ["a", "a"]}],
        new=[{"tags": ["a"]}],
    ),
    fields(
        "a list becomes a pair",
        "place: list[int]",
        "place: tuple[int, int]",
        "upcast",
        old=[{"place": [1]}, {"place": [1, 2]}],
        new=[{"place": [1, 2]}],
    ),
    fields(
        "a pair becomes a list",
        "place: tuple[int, int]",
        "place: list[int]",
        "rollback",
        old=[{"place": [1, 2]}],
        new=[{"place": [1]}],
    ),
    fields(
        "the keys of a dict become text",
        "stock: dict[int, int]",
        "stock: dict[str, int]",
        "rollback",
        old=[{"stock": {"1": 2}}],
        new=[{"stock": {"a": 2}}],
    ),
    fields(
        "a class is added to a tagged union",
        "paid: Card",
        "paid: Card | Cash",
        "rollback",
        types=CARD,
        old=[{"paid": {"type": "card", "number": "1"}}],
        new=[{"paid": {"type": "cash", "coins": 1}}],
    ),
    fields(
        "a class is removed from a tagged union",
        "paid: Card | Cash",
        "paid: Card",
        "upcast",
        types=CARD,
        types_after=CARD_ALONE,
        old=[{"paid": {"type": "cash", "coins": 1}}],
        new=[{"paid": {"type": "card", "number": "1"}}],
        says="it was written with the tag 'cash', and 'card' is read",
    ),
    fields(
        "the tag of a class changes",
        "paid: Card | Cash",
        "paid: Card | Cash",
        "upcast",
        types=CARD,
        types_after=CARD_RENAMED,
        old=[{"paid": {"type": "cash", "coins": 1}}],
        new=[{"paid": {"type": "coins", "coins": 1}}],
    ),
    fields(
        "anything may be in it from now on",
        "data: dict[str, int]",
        "data: Any",
        "rollback",
        old=[{"data": {"a": 1}}],
        new=[{"data": 5}],
    ),
    fields(
        "the order of the fields changes",
        "sku: str; note: str = ''; count: int = 1",
        "count: int = 1; sku: str = 'x'; note: str = ''",
        "compatible",
        old=[{"sku": "a"}],
        new=[{"sku": "a", "count": 3}],
    ),
    EventCase(
        name="unknown fields are refused from now on, and one was removed",
        before="class Placed(Event):\n    sku: str\n    note: str = ''",
        after="class Placed(Event, forbid_unknown_fields=True):\n    sku: str",
        verdict="upcast",
        old=[{"sku": "a", "note": "b"}],
        new=[{"sku": "a"}],
        says='    payload.pop("note", None)',
    ),
    EventCase(
        name="a field is added to an event that refuses unknown fields",
        before="class Placed(Event, forbid_unknown_fields=True):\n    sku: str",
        after="class Placed(Event, forbid_unknown_fields=True):\n    sku: str\n    note: str = ''",
        verdict="rollback",
        old=[{"sku": "a"}],
        new=[{"sku": "a", "note": "b"}],
    ),
    EventCase(
        name="the version is raised, with an upcast",
        before="class Placed(Event):\n    sku: str",
        after="""class Placed(Event, version=2):
    sku: str
    channel: str


@Placed.upcast(1)
def placed_from_1(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | {"channel": "web"}
""",
        verdict="rollback",
        old=[{"sku": "a"}],
        new=[{"sku": "a", "channel": "shop"}],
        says="old events are read through it",
    ),
    EventCase(
        name="an upcast forgets a field",
        before="class Placed(Event):\n    sku: str",
        after="""class Placed(Event, version=2):
    sku: str
    channel: str


@Placed.upcast(1)
def placed_from_1(payload: dict[str, Any]) -> dict[str, Any]:
    return payload
""",
        verdict="upcast",
        old=[{"sku": "a"}],
        new=[{"sku": "a", "channel": "shop"}],
        says='set it in the upcast: payload["channel"] = …',
    ),
    EventCase(
        name="the version goes down",
        before="""class Placed(Event, version=2):
    sku: str


@Placed.upcast(1)
def placed_from_1(payload: dict[str, Any]) -> dict[str, Any]:
    return payload
""",
        after="class Placed(Event):\n    sku: str",
        verdict="history",
        old=[{"sku": "a"}],
        new=[{"sku": "a"}],
        says="write version=2, or a higher one with an upcast",
    ),
    EventCase(
        name="the event is renamed in Python, and keeps its stored name",
        before="class Placed(Event):\n    sku: str",
        after='class Ordered(Event, name="Placed"):\n    sku: str\n\n\nPlaced = Ordered',
        verdict="compatible",
        old=[{"sku": "a"}],
        new=[{"sku": "a"}],
    ),
    EventCase(
        name="the event is renamed",
        before="class Placed(Event):\n    sku: str",
        after="class Ordered(Event):\n    sku: str\n\n\nPlaced = Ordered",
        verdict="history",
        old=[{"sku": "a"}],
        new=[{"sku": "a"}],
        says='class Ordered(Event, name="Placed"): …',
    ),
]
