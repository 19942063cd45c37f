"""Views for the suite of databases, small enough to predict every row."""

import enum
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, field

from actum.model.entity import Entity
from actum.model.event import Event
from actum.model.handler import reducer
from actum.model.view import View, ViewType, view_type
from actum.ports.database import Database, ViewState


class Opened(Event):
    """An event for the reducers."""

    owner: str


class Colour(enum.Enum):
    """A value that is stored by its value."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    """A number that is stored by its value."""

    LOW = 1
    HIGH = 7


class Point(Struct):
    """A value that is stored as JSON."""

    x: int
    note: str = ""


class Balances(View, indexes=["owner"]):
    """The first version of a view."""

    id: str
    owner: str = ""
    balance: int = 0

    @reducer
    def opened(self, event: Opened) -> None:
        """Takes the owner."""
        self.owner = event.owner


class ChangedBalances(View, name="balances"):
    """The same view, with one more column."""

    id: str
    owner: str = ""
    balance: int = 0
    branch: str = "main"

    @reducer
    def opened(self, event: Opened) -> None:
        """Takes the owner."""
        self.owner = event.owner


class Activity(View):
    """Another view, to join."""

    id: str
    withdrawals: int = 0

    @reducer
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


class Numbers(View):
    """A view whose key is a number, and which has no other column."""

    id: int

    @reducer
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


class Order(View, key="group", indexes=[("select", "Table")]):
    """A view whose names are keywords of SQL."""

    group: str
    select: int = 0
    Table: str = ""
    from_: str = ""

    @reducer
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


class Tagged(View, indexes=["words"]):
    """A view with an index on a column of any size."""

    id: str
    words: list[str] = field(default_factory=list)

    @reducer
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


class Places(View, key=("town", "number", "price")):
    """A view whose key has several columns."""

    town: str
    number: int
    price: Decimal
    note: str = ""

    @reducer(key=lambda event: ("", 0, Decimal(0)))
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


class Purse(Entity):
    """An entity to mirror."""

    owner: str = ""
    coins: int = 0

    @reducer
    def opened(self, event: Opened) -> None:
        """Takes the owner."""
        self.owner = event.owner


class Purses(View, of=Purse, fields=["owner"]):
    """A view that mirrors an entity, whose table has a column that no query sees."""


class Articles(View, search=["title", "text"]):
    """A view that can be searched."""

    id: str
    title: str = ""
    text: str | None = None
    reads: int = 0

    @reducer
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


class PlainArticles(View, name="articles"):
    """The same view, which cannot be searched."""

    id: str
    title: str = ""
    text: str | None = None
    reads: int = 0

    @reducer
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


class Reviews(View, key=("article", "number", "price"), search=["note"]):
    """A view that can be searched, whose key has several columns."""

    article: str
    number: int
    price: Decimal
    note: str = ""

    @reducer(key=lambda event: ("", 0, Decimal(0)))
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


class SearchedPurses(View, of=Purse, fields=["owner"], search=["owner"]):
    """A view that mirrors an entity and can be searched."""


class Everything(View):
    """A view with a column of every type."""

    id: str
    text: str = ""
    maybe: str | None = None
    whole: int = 0
    part: float = 0.0
    flag: bool = False
    maybe_flag: bool | None = None
    raw: bytes = b""
    moment: datetime | None = None
    day: date | None = None
    hour: time | None = None
    number: UUID | None = None
    price: Decimal = Decimal(0)
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    size: Literal["s", "m"] = "s"
    words: list[str] = field(default_factory=list)
    counts: dict[str, int] | None = None
    place: Point | None = None

    @reducer
    def opened(self, event: Opened) -> None:
        """Ignores the event."""


BALANCES = view_type(Balances)
CHANGED = view_type(ChangedBalances)
ACTIVITY = view_type(Activity)
NUMBERS = view_type(Numbers)
ORDER = view_type(Order)
TAGGED = view_type(Tagged)
PLACES = view_type(Places)
PURSES = view_type(Purses)
ARTICLES = view_type(Articles)
PLAIN_ARTICLES = view_type(PlainArticles)
REVIEWS = view_type(Reviews)
SEARCHED_PURSES = view_type(SearchedPurses)
EVERYTHING = view_type(Everything)


async def write(
    database: Database, view: ViewType, *rows: View, state: ViewState | None = None, checkpoint: int = 10
) -> ViewState:
    """Prepares a view if necessary, and projects rows into it; gives the state before."""
    state = state or await database.prepare_view(view)
    await database.project(
        view,
        state.generation,
        before=state.checkpoint,
        checkpoint=checkpoint,
        written=[view.row_to_sql(row) for row in rows],
        deleted=(),
    )
    return state


async def kept(database: Database, view: ViewType, state: ViewState, *keys: Any) -> dict[Any, Any]:
    """Gives the rows of keys, by key."""
    rows = [view.row_from_sql(values) for values in await database.rows(view, state.generation, keys)]
    return {view.key_in(row): row for row in rows}


async def owners(database: Database) -> list[str]:
    """Gives the answer of the live view of balances."""
    answer = await database.ask("SELECT owner FROM balances ORDER BY owner", {}, most=100)
    return [owner for (owner,) in answer.rows]
