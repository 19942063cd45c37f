"""Rows of every kind, and queries of every form over them that are paged: what tests of pages ask."""

import enum
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from actum import App, Entity, Event, Page, View, command, query, reducer
from actum.model.handler import Query


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Values(Struct, frozen=True):
    """What a row is ordered by, and a `note` that it is not ordered by."""

    whole: int | None = None
    part: float = 0.0
    price: Decimal | None = None
    word: str | None = None
    moment: datetime | None = None
    flag: bool = False
    colour: Colour = Colour.RED
    tags: list[str] = []
    note: int = 0


class Put(Event):
    shelf: int
    values: Values


class Removed(Event):
    pass


class Thing(Entity):
    shelf: int = 0

    @command
    def put(self, shelf: int, values: Values) -> None:
        self.emit(Put(shelf, values))

    @command
    def remove(self) -> None:
        self.emit(Removed())

    @reducer
    def was_put(self, event: Put) -> None:
        self.shelf = event.shelf

    @reducer
    def removed(self, event: Removed) -> None:
        self.shelf = 0


class Found(Struct, frozen=True):
    """A row of an answer: what tells it apart, and two values that it is ordered by."""

    key: Any
    a: Any = None
    b: Any = None


FORMS: dict[str, str] = {
    "down": "SELECT id AS key, whole AS a FROM things WHERE shelf = :shelf ORDER BY whole DESC",
    "mixed": "SELECT id AS key, part AS a, price AS b FROM things WHERE shelf = :shelf ORDER BY part, 3 DESC",
    "collated": """SELECT id AS key, word AS a, moment AS b FROM things WHERE shelf = :shelf
        ORDER BY word COLLATE NOCASE DESC, moment""",
    "nulls": """SELECT id AS key, price AS a, flag AS b FROM things WHERE shelf = :shelf
        ORDER BY price NULLS LAST, flag DESC""",
    "computed": """SELECT id AS key, whole AS a, word AS b FROM things WHERE shelf = :shelf
        ORDER BY whole % 3, length(word) DESC NULLS FIRST""",
    "enums": "SELECT id AS key, colour AS a, part AS b FROM things WHERE shelf = :shelf ORDER BY 2, part",
    "moments": "SELECT id AS key, moment AS a FROM things WHERE shelf = :shelf ORDER BY moment DESC",
    "keys": "SELECT id AS key FROM things WHERE shelf = :shelf",
    "groups": """SELECT word AS key, count(*) AS a FROM things WHERE shelf = :shelf
        GROUP BY word ORDER BY count(*) DESC""",
    "two": """SELECT colour AS key, max(price) AS a, flag AS b FROM things WHERE shelf = :shelf
        GROUP BY colour, flag HAVING count(*) > 0 ORDER BY a""",
    "joined": """SELECT t.id || '/' || coalesce(u.id, '') AS key, u.whole AS a FROM things t
        LEFT JOIN things u ON u.word = t.word AND u.shelf = t.shelf AND u.id <> t.id
        WHERE t.shelf = :shelf ORDER BY u.whole DESC""",
    "distinct": "SELECT DISTINCT word AS key, flag AS a FROM things WHERE shelf = :shelf ORDER BY word DESC",
    "union": """SELECT word AS key FROM things WHERE shelf = :shelf UNION
        SELECT id FROM things WHERE shelf = :shelf ORDER BY 1 DESC""",
    "limited": "SELECT id AS key, whole AS a FROM things WHERE shelf = :shelf ORDER BY whole LIMIT 7",
    "nested": """WITH words AS (SELECT word, count(*) AS n FROM things WHERE shelf = :shelf GROUP BY word)
        SELECT t.id AS key, n AS a FROM things t JOIN words ON words.word = t.word
        WHERE t.shelf = :shelf ORDER BY n DESC""",
    "tagged": """SELECT t.id || '/' || CAST(tag.key AS TEXT) AS key, CAST(tag.value AS TEXT) AS a
        FROM things t, json_each(t.tags) tag WHERE t.shelf = :shelf ORDER BY CAST(tag.value AS TEXT)""",
}


TOLD_APART: dict[str, tuple[str, ...]] = {"two": ("key", "b"), "distinct": ("key", "a")}
"""What tells the rows of a form apart, if that is not the key alone."""


def asking(name: str, sql: str, annotation: Any) -> Query[..., Any]:
    """Makes a query of this SQL."""

    def ask(self: Any, shelf: int) -> Any: ...

    ask.__name__ = name
    ask.__annotations__ = {"shelf": int, "return": annotation}
    return query(sql)(ask)


class Things(View, indexes=["shelf", ("whole", "id")]):
    """A row of each thing, and each form of query, whole and in pages."""

    id: str
    shelf: int = 0
    whole: int | None = None
    part: float = 0.0
    price: Decimal | None = None
    word: str | None = None
    moment: datetime | None = None
    flag: bool = False
    colour: Colour = Colour.RED
    tags: list[str] = field(default_factory=list)
    note: int = 0

    @reducer
    def was_put(self, event: Put) -> None:
        self.shelf = event.shelf
        for name in Values.__struct_fields__:
            setattr(self, name, getattr(event.values, name))

    @reducer
    def removed(self, event: Removed) -> None:
        self.delete()

    for form, sql in FORMS.items():
        vars()[form] = asking(form, sql.replace("whole LIMIT", "whole, id LIMIT"), list[Found])
        vars()[f"{form}_paged"] = asking(f"{form}_paged", sql, Page[Found])
    del form, sql


app = App("shelves", entities=[Thing], views=[Things])
WORDS = ["", "a", "A", "b", "ä", "Ä", "z", "zz", "日本", "a b", "%", None]
WHOLES = [None, -(2**63), -1, 0, 1, 2, 3, 2**63 - 1]
PARTS = [-1e300, -0.0, 0.0, 0.1, 0.30000000000000004, 0.3, 5e-324, 7.0]
PRICES = [None, Decimal("-1"), Decimal("0"), Decimal("9.5"), Decimal("9.50"), Decimal("10"), Decimal("1e3")]
MOMENTS = [None, *(datetime(2030, 1, 1, 0, 0, 0, each, tzinfo=UTC) for each in (0, 1, 999_999))]
