"""Views: what a class statement becomes, what is refused, and how rows are written and read back."""

import enum
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from msgspec import Meta, Struct, field

from actum.errors import AuthorError, DefinitionError, Invalid
from actum.model.event import Event
from actum.model.handler import command, query, reducer
from actum.model.rows.column import parameter_to_sql
from actum.model.view import View, ViewType, shape_of, snake_case, view_type


class Opened(Event):
    owner: str
    amount: int = 0
    tags: list[str] = field(default_factory=list)
    note: dict[str, int] = field(default_factory=dict)


class Closed(Event):
    pass


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 7


class Point(Struct):
    x: int
    y: int = 0


class Follows(View):
    """Has what every view needs, for views that are about something else."""

    id: str

    @reducer
    def opened(self, event: Opened) -> None: ...


class Balances(View, indexes=["owner", ("balance", "owner")]):
    id: str
    owner: str = ""
    balance: int = 0

    @reducer
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @query("SELECT owner FROM balances WHERE balance >= :least")
    def rich(self, least: int) -> list[str]: ...


class Everything(View):
    id: str
    text: str = ""
    whole: int = 0
    part: float = 0.0
    flag: bool = False
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
    counts: dict[str, int] = field(default_factory=dict)
    pair: tuple[int, str] = (0, "")
    place: Point | None = None
    small: Annotated[int, Meta(ge=0)] = 0

    @reducer
    def opened(self, event: Opened) -> None: ...


FULL = {
    "text": 'it\'s "ok" 😀',
    "whole": -(2**63),
    "part": 0.1,
    "flag": True,
    "raw": b"\x00\xff",
    "moment": datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "day": date(1999, 12, 31),
    "hour": time(23, 59, 1),
    "number": UUID(int=5),
    "price": Decimal("1.50"),
    "colour": Colour.BLUE,
    "level": Level.HIGH,
    "size": "m",
    "words": ["a", "ü"],
    "counts": {"a": 1},
    "pair": (3, "x"),
    "place": Point(4, 9),
    "small": 6,
}


def test_a_view_class_says_its_table_key_indexes_columns_and_queries() -> None:
    view = view_type(Balances)

    assert view.name == "balances"
    assert view.key == "id"
    assert view.indexes == (("owner",), ("balance", "owner"))
    assert [(column.name, column.kind) for column in view.columns] == [
        ("id", "text"),
        ("owner", "text"),
        ("balance", "integer"),
    ]
    assert list(view.queries) == ["rich"]
    assert view.queries["rich"].shape == "rows"
    assert repr(view) == "<ViewType balances>"


def test_a_view_class_is_compiled_once() -> None:
    assert view_type(Balances) is view_type(Balances)


def test_a_view_that_extends_another_is_compiled_for_itself() -> None:
    class More(Balances):
        colour: str = ""

    assert view_type(Balances) is not view_type(More)
    assert view_type(More).name == "more"


@pytest.mark.parametrize(
    ("class_name", "table"),
    [
        ("Balances", "balances"),
        ("OpenOrders", "open_orders"),
        ("HTTPRequests", "http_requests"),
        ("Page2", "page2"),
        ("A", "a"),
    ],
)
def test_a_table_is_named_after_its_class_in_snake_case(class_name: str, table: str) -> None:
    assert snake_case(class_name) == table


def test_options_of_the_class_statement_are_taken() -> None:
    class Wealth(View, name="riches", key="owner", indexes="total", version=3):
        owner: str
        total: int = 0

        @reducer(key="owner")
        def opened(self, event: Opened) -> None: ...

    view = view_type(Wealth)

    assert (view.name, view.key, view.indexes) == ("riches", "owner", (("total",),))


def test_columns_are_of_the_kind_that_fits_their_type() -> None:
    kinds = {column.name: column.kind for column in view_type(Everything).columns}

    assert kinds == {
        "id": "text",
        "text": "text",
        "whole": "integer",
        "part": "real",
        "flag": "boolean",
        "raw": "blob",
        "moment": "time",
        "day": "text",
        "hour": "text",
        "number": "text",
        "price": "decimal",
        "colour": "text",
        "level": "integer",
        "size": "text",
        "words": "json",
        "counts": "json",
        "pair": "json",
        "place": "json",
        "small": "integer",
    }


class Optionals(View):
    id: str
    colour: Colour | None = None
    size: Literal["s", "m"] | None = None
    width: Literal["s", None] = None
    small: Annotated[int | None, Meta(description="a number")] = None

    @reducer
    def opened(self, event: Opened) -> None: ...


@pytest.mark.parametrize("row", [Optionals("a"), Optionals("a", Colour.BLUE, "m", "s", 5)])
def test_what_may_be_none_comes_back_as_it_was(row: Optionals) -> None:
    view = view_type(Optionals)

    view.settle(row)

    assert view.row_from_sql(view.row_to_sql(row)) == row
    assert [column.is_nullable for column in view.columns] == [False, True, True, True, True]


def test_only_fields_that_allow_none_may_be_null() -> None:
    nullable = {column.name for column in view_type(Everything).columns if column.is_nullable}

    assert nullable == {"moment", "day", "hour", "number", "place"}


def test_a_row_of_every_type_comes_back_as_it_was() -> None:
    view = view_type(Everything)
    row = Everything("a", **FULL)

    back = view.row_from_sql(view.row_to_sql(row))

    assert back == row
    assert type(back.level) is Level


def test_a_row_of_defaults_comes_back_as_it_was() -> None:
    view = view_type(Everything)
    row = Everything("a")

    assert view.row_from_sql(view.row_to_sql(row)) == row


def test_a_row_whose_booleans_come_back_as_numbers_is_read_as_it_was() -> None:
    view = view_type(Everything)
    kept = view.row_to_sql(Everything("a", **FULL))

    as_sqlite_gives_it = tuple(int(value) if value is True else value for value in kept)

    assert view.row_from_sql(as_sqlite_gives_it).flag is True


def test_times_are_kept_in_utc_so_that_their_text_sorts_as_they_do() -> None:
    view = view_type(Everything)
    place = [column.name for column in view.columns].index("moment")

    kept = view.row_to_sql(
        Everything("a", moment=datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))))
    )

    assert kept[place] == "2023-12-31T23:00:00.000000+00:00"


def test_a_row_that_is_new_has_its_key_and_the_defaults() -> None:
    assert view_type(Balances).new_row("a") == Balances("a", "", 0)


def test_two_rows_that_are_new_share_nothing() -> None:
    view = view_type(Everything)

    first, second = view.new_row("a"), view.new_row("b")
    first.words.append("x")

    assert second.words == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("whole", 2**63),
        ("whole", -(2**63) - 1),
        ("part", float("nan")),
        ("words", [1, 2]),
        ("words", [object()]),
        ("place", {"x": "far"}),
        ("moment", datetime(2024, 1, 1)),  # noqa: DTZ001
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused_when_it_is_written(name: str, value: Any) -> None:
    row = Everything("a", **{name: value})

    with pytest.raises(AuthorError, match=f"the column '{name}' of the view everything cannot hold"):
        view_type(Everything).row_to_sql(row)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", 5),
        ("text", None),
        ("whole", "5"),
        ("whole", 2.5),
        ("whole", True),
        ("part", "0.5"),
        ("flag", 1),
        ("raw", "text is no bytes"),
        ("moment", datetime(2024, 1, 1)),  # noqa: DTZ001
        ("moment", "2024-01-01"),
        ("day", "yesterday"),
        ("size", "xl"),
        ("colour", "green"),
        ("small", -1),
        ("price", "dear"),
    ],
)
def test_a_value_that_does_not_fit_its_annotation_is_refused_at_once(name: str, value: Any) -> None:
    row = Everything("a", **{name: value})

    with pytest.raises(AuthorError, match=f"the column '{name}' of the view everything cannot hold"):
        view_type(Everything).settle(row)


def test_a_row_that_fits_stays_as_it_is_when_it_is_settled() -> None:
    row = Everything("a", **FULL)

    for _ in range(2):
        view_type(Everything).settle(row)

    assert row == Everything("a", **FULL)


def test_a_row_is_settled_into_what_will_be_read_back() -> None:
    view = view_type(Everything)
    row = Everything(
        "a", part=3, moment=datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), colour="blue"
    )

    view.settle(row)

    assert type(row.part) is float
    assert row.moment is not None
    assert (row.moment.tzinfo, row.moment.hour) == (UTC, 23)
    assert row.colour is Colour.BLUE


class Numbers(View):
    id: int

    @reducer
    def opened(self, event: Opened) -> None: ...


class Colours(View):
    id: Colour

    @reducer(key="owner")
    def opened(self, event: Opened) -> None: ...


class Days(View):
    id: UUID

    @reducer
    def opened(self, event: Opened) -> None: ...


@pytest.mark.parametrize(
    ("cls", "given", "key", "kept"),
    [
        (Balances, "a", "a", "a"),
        (Numbers, "7", 7, 7),
        (Numbers, 7, 7, 7),
        (Colours, "red", Colour.RED, "red"),
        (Days, str(UUID(int=9)), UUID(int=9), str(UUID(int=9))),
    ],
)
def test_a_key_becomes_what_the_rows_hold(cls: type[View], given: Any, key: Any, kept: Any) -> None:
    view = view_type(cls)

    assert view.key_of(given) == key
    assert view.key_to_sql(given) == kept


@pytest.mark.parametrize(
    ("cls", "given"),
    [
        (Balances, 5),
        (Balances, None),
        (Numbers, "x"),
        (Numbers, 2**70),
        (Colours, "green"),
        (Days, "a"),
        (Balances, []),
    ],
)
def test_what_cannot_be_a_key_is_refused(cls: type[View], given: Any) -> None:
    with pytest.raises(Invalid, match="cannot be a key of the view"):
        view_type(cls).key_to_sql(given)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2023-12-31T23:00:00.000000+00:00"),
        (date(2024, 1, 2), "2024-01-02"),
        (UUID(int=3), "00000000-0000-0000-0000-000000000003"),
        (Decimal("1.50"), "1.50"),
        (Colour.RED, "red"),
        (["a", "b"], '["a","b"]'),
        (Point(1, 2), '{"x":1,"y":2}'),
        (5, 5),
        (True, True),
        (None, None),
        (b"x", b"x"),
        ("it's", "it's"),
    ],
)
def test_an_argument_of_a_query_is_written_as_the_columns_are(value: Any, written: Any) -> None:
    assert parameter_to_sql(value) == written


def test_a_time_without_a_zone_is_no_argument() -> None:
    with pytest.raises(Invalid, match="has no time zone"):
        parameter_to_sql(datetime(2024, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("annotation", "shape", "item"),
    [
        (list[int], "rows", int),
        (list[Point], "rows", Point),
        (Point | None, "row", Point),
        (int | None, "row", int),
        (int | str | None, "row", int | str),
        (int | str, "value", int | str),
        (Point, "value", Point),
        (int, "value", int),
    ],
)
def test_an_annotation_says_how_many_rows_an_answer_has(annotation: Any, shape: str, item: Any) -> None:
    assert shape_of(annotation) == (shape, item)


def _without_key() -> type[View]:
    class Broken(View):
        owner: str = ""

        @reducer
        def opened(self, event: Opened) -> None: ...

    return Broken


def _without_default() -> type[View]:
    class Broken(View):
        id: str
        owner: str

        @reducer
        def opened(self, event: Opened) -> None: ...

    return Broken


def _field_and_method() -> type[View]:
    class Broken(View):
        id: str
        opened: int = 0

        @reducer
        def opened(self, event: Opened) -> None: ...  # noqa: F811

    return Broken


def _field_called_delete() -> type[View]:
    class Broken(View):
        id: str
        delete: int = 0

        @reducer
        def opened(self, event: Opened) -> None: ...

    return Broken


def _query_called_get() -> type[View]:
    class Broken(Follows):
        @query("SELECT id FROM broken")
        def get(self) -> list[str]: ...

    return Broken


def _type_without_column() -> type[View]:
    class Broken(View):
        id: str
        either: int | str = 0

        @reducer
        def opened(self, event: Opened) -> None: ...

    return Broken


def _key_that_may_be_none() -> type[View]:
    class Broken(View):
        id: str | None

        @reducer
        def opened(self, event: Opened) -> None: ...

    return Broken


def _key_that_is_a_real() -> type[View]:
    class Broken(View):
        id: float

        @reducer
        def opened(self, event: Opened) -> None: ...

    return Broken


def _key_that_is_a_list() -> type[View]:
    class Broken(View):
        id: list[str]

        @reducer
        def opened(self, event: Opened) -> None: ...

    return Broken


def _fields_alike() -> type[View]:
    class Broken(View):
        id: str
        owner: str = ""
        Owner: str = ""

        @reducer
        def opened(self, event: Opened) -> None: ...

    return Broken


def _fields_alike_at_first() -> type[View]:
    names = {"id": str, "n" * 63 + "a": int, "n" * 63 + "b": int}
    body = {"__annotations__": names, "n" * 63 + "a": 0, "n" * 63 + "b": 0, "__module__": __name__}

    def opened(self: Any, event: Opened) -> None: ...

    return type(View)("Broken", (View,), {**body, "opened": reducer(opened)})


def _unknown_index() -> type[View]:
    class Broken(Follows, indexes=["owner"]):
        pass

    return Broken


def _empty_index() -> type[View]:
    class Broken(Follows, indexes=[()]):
        pass

    return Broken


def _no_reducer() -> type[View]:
    class Broken(View):
        id: str

    return Broken


def _key_of_no_field() -> type[View]:
    class Broken(View):
        id: str

        @reducer(key="payer")
        def opened(self, event: Opened) -> None: ...

    return Broken


def _key_of_another_type() -> type[View]:
    class Broken(View):
        id: str

        @reducer(key="amount")
        def opened(self, event: Opened) -> None: ...

    return Broken


def _two_reducers() -> type[View]:
    class Broken(Follows):
        @reducer
        def again(self, event: Opened) -> None: ...

    return Broken


def _reducer_of_nothing() -> type[View]:
    class Broken(Follows):
        @reducer
        def closed(self, event) -> None: ...  # type: ignore[no-untyped-def]

    return Broken


def _reducer_with_context() -> type[View]:
    class Broken(Follows):
        @reducer
        def closed(self, event: Closed, ctx: object) -> None: ...

    return Broken


def _command() -> type[View]:
    class Broken(Follows):
        @command
        def close(self) -> None: ...

    return Broken


def _query_without_sql() -> type[View]:
    class Broken(Follows):
        @query
        def count(self) -> int: ...  # type: ignore[empty-body]

    return Broken


def _query_without_answer() -> type[View]:
    class Broken(Follows):
        @query("SELECT 1")
        def count(self) -> None: ...

    return Broken


def _query_of_a_list_of_nothing() -> type[View]:
    class Broken(Follows):
        @query("SELECT 1")
        def count(self) -> list: ...  # type: ignore[type-arg]

    return Broken


def _named(name: str) -> Callable[[], type[View]]:
    def make() -> type[View]:
        class Broken(Follows, name=name):
            pass

        return Broken

    return make


@pytest.mark.parametrize(
    ("make", "fix"),
    [
        (_without_key, r"has no key: declare the field `id: str`, or name another one"),
        (_without_default, r"Broken\.owner needs a default"),
        (_field_and_method, r"Broken\.opened is both a field and a method; rename one"),
        (_field_called_delete, r"every view has `delete` already; give the field another name"),
        (_query_called_get, r"every view has `get` already; rename the query"),
        (_type_without_column, r"Broken\.either has the type .* which has no column: use str, int"),
        (_key_that_may_be_none, r"Broken\.id has the type .* which cannot be a key: use str"),
        (_key_that_is_a_real, r"which cannot be a key: use str"),
        (_key_that_is_a_list, r"which cannot be a key: use str"),
        (_fields_alike, r"has the fields 'owner' and 'Owner', equal in SQL; rename one"),
        (_fields_alike_at_first, r"have the same first 63 bytes; rename one"),
        (_unknown_index, r"indexes= names 'owner', but there is no such field"),
        (_empty_index, r"an index without columns; name at least one"),
        (_no_reducer, r"reduces no event: give it a @reducer"),
        (_key_of_no_field, r"@reducer\(key='payer'\): Opened has no such field"),
        (_key_of_another_type, r"Opened\.amount is int, but the key 'id' is str; give them one type"),
        (_two_reducers, r"another reducer of Broken already takes Opened; keep one"),
        (_reducer_of_nothing, r"annotate its parameter with an Event class"),
        (_reducer_with_context, r"takes event, ctx: a reducer takes one event and, .* `recorded: Recorded`"),
        (_command, r"Broken\.close: a view has no commands, because it only follows events"),
        (_query_without_sql, r'a query of a view is written in SQL: @query\("SELECT …"\)'),
        (_query_without_answer, r"a query must return an answer; annotate it"),
        (_query_of_a_list_of_nothing, r"must say of what, for example"),
        (_named("Balances"), r"cannot name a table; use name="),
        (_named("a__b"), r"cannot name a table; use name="),
        (_named("actum_views"), r"cannot name a table; use name="),
        (_named("sqlite_master"), r"cannot name a table; use name="),
        (_named("pg_class"), r"cannot name a table; use name="),
        (_named("a" * 42), r"cannot name a table; use name="),
        (_named('a"; DROP TABLE x; --'), r"cannot name a table; use name="),
    ],
)
def test_a_declaration_that_cannot_work_is_refused_with_the_fix(
    make: Callable[[], type[View]], fix: str
) -> None:
    with pytest.raises(DefinitionError, match=fix):
        view_type(make())


def test_a_row_is_not_read_outside_a_context() -> None:
    with pytest.raises(DefinitionError, match=r"await ctx\.view"):
        Balances("a").get("b")


def _variant(**changes: Any) -> ViewType:
    """Gives a view called `variant`, changed in one respect."""

    def opened(self: Any, event: Opened) -> None:
        self.owner = event.owner

    def renamed(self: Any, event: Opened) -> None:
        self.owner = event.owner.upper()

    fields = {"id": str, "owner": str} | ({"more": int} if changes.get("field") else {})
    values: dict[str, Any] = {"owner": changes.get("default", "")} | (
        {"more": 0} if changes.get("field") else {}
    )
    function = renamed if changes.get("body") else opened
    marked = reducer(key="owner")(function) if changes.get("key") else reducer(function)
    namespace = {"__annotations__": fields, **values, "opened": marked, "__module__": __name__}
    options = {"version": changes.get("version", 1), "indexes": changes.get("indexes", ())}
    return view_type(type(View)("Variant", (View,), namespace, **options))


def test_a_view_that_is_declared_alike_has_the_same_fingerprint() -> None:
    assert _variant().fingerprint == _variant().fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"field": True},
        {"default": "nobody"},
        {"body": True},
        {"key": True},
        {"version": 2},
        {"indexes": ["owner"]},
    ],
)
def test_a_view_that_changes_what_its_rows_are_has_another_fingerprint(changes: dict[str, Any]) -> None:
    assert _variant(**changes).fingerprint != _variant().fingerprint
