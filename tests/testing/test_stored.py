"""stored(…): events as earlier programs stored them, wherever a test gives events."""

import pytest

from actum import App, Context, Entity, Event, Recorded, View, command, reducer
from actum.errors import DefinitionError
from actum.testing import given, reduced, stored, testing


class Placed(Event, name="OrderPlaced", version=3):
    customer: str
    items: list[str]


@Placed.upcast(1)
def name_the_customer(payload: dict[str, object]) -> dict[str, object]:
    return {"customer": payload["name"], "item": payload["item"]}


@Placed.upcast(2)
def hold_several_items(payload: dict[str, object]) -> dict[str, object]:
    return {"customer": payload["customer"], "items": [payload["item"]]}


class Cancelled(Event, version=2):
    pass


class Order(Entity):
    customer: str = ""
    items: tuple[str, ...] = ()

    @command
    def add(self, item: str) -> int:
        self.emit(Placed(self.customer, [*self.items, item]))
        return len(self.items)

    @reducer
    def placed(self, event: Placed) -> None:
        self.customer, self.items = event.customer, tuple(event.items)


class Loose(Entity):
    """An entity that no application could have: an upcast is missing."""

    is_cancelled: bool = False

    @reducer
    def cancelled(self, event: Cancelled) -> None:
        self.is_cancelled = True


class Orders(View):
    id: str
    items: int = 0

    @reducer
    def placed(self, event: Placed) -> None:
        self.items = len(event.items)


app = App("orders", entities=[Order], views=[Orders])
FIRST = stored("OrderPlaced", 1, {"name": "ann", "item": "apple"})
SECOND = stored("OrderPlaced", 2, '{"customer": "bob", "item": "pear"}')


def test_an_entity_is_given_what_an_earlier_program_stored() -> None:
    """Each version is brought up to date by its upcasts, beside events of today's classes."""
    given(Order, FIRST).when(Order.add, "plum").then(Placed("ann", ["apple", "plum"]), reply=2)
    given(Order, FIRST, Placed("eve", []), SECOND).when(Order.add, "fig").state(
        customer="bob", items=("pear", "fig")
    )


def test_a_view_is_given_what_an_earlier_program_stored() -> None:
    orders = reduced(Orders, [("o-1", FIRST), ("o-1", SECOND), ("o-2", Placed("eve", []))])

    assert orders.rows == [Orders("o-1", 1), Orders("o-2", 0)]


async def test_a_running_application_is_given_what_an_earlier_program_stored() -> None:
    """Commands, views and history show it at once, also of an entity that was live."""
    async with testing(app) as t:
        assert await t.ctx.entity(Order, "o-1").add("fig") == 1
        await t.store(Order, "o-1", FIRST, Placed("ann", ["apple", "pear"]))
        await t.store(Order, "o-2", SECOND)

        assert await t.ctx.view(Orders).get("o-1") == Orders("o-1", 2)
        assert await t.ctx.entity(Order, "o-1").add("plum") == 3
        await t.restart()
        assert [(one.version, type(one.event)) for one in await history(t.ctx)] == [
            (1, Placed),
            (2, Placed),
            (3, Placed),
            (4, Placed),
        ]
        assert (await t.ctx.state(Order, "o-2")).items == ("pear",)
        assert await t.ctx.view(Orders).get("o-2") == Orders("o-2", 1)


async def history(ctx: Context) -> list[Recorded[Event]]:
    return await ctx.history(Order, "o-1")


@pytest.mark.parametrize(
    ("event", "error", "why"),
    [
        (stored("Nothing", 1, {}), TypeError, "no event that is stored as 'Nothing'; there are OrderPlaced"),
        (stored("OrderPlaced", 4, {}), AssertionError, "deploy the newer one"),
        (stored("OrderPlaced", 1, {}), AssertionError, "its upcast from 1 failed: KeyError"),
        (
            stored("OrderPlaced", 3, {"customer": 7, "items": []}),
            AssertionError,
            "does not fit the class Placed .* If a field is new, give it a default",
        ),
    ],
    ids=["unknown", "newer", "upcast fails", "does not fit"],
)
async def test_what_no_program_could_read_is_explained(
    event: object, error: type[Exception], why: str
) -> None:
    """In an example, in a view, and in an application, which stores nothing of it."""
    unsafe: object = event
    with pytest.raises(error, match=why):
        given(Order, unsafe)  # type: ignore[call-overload]
    async with testing(app) as t:
        with pytest.raises(error, match=why):
            await t.store(Order, "o-1", Placed("ann", []), unsafe)  # type: ignore[arg-type]
        assert await t.ctx.history(Order, "o-1") == []
    with pytest.raises(error, match="stored as 'Nothing'" if error is TypeError else why):
        reduced(Orders, [("o-1", unsafe)])  # type: ignore[list-item]


def test_a_missing_upcast_is_explained() -> None:
    with pytest.raises(AssertionError, match="there is no upcast from 1 to 2"):
        given(Loose, stored("Cancelled", 1, {}))


def test_a_payload_is_a_json_object() -> None:
    with pytest.raises(TypeError, match="is no JSON"):
        stored("OrderPlaced", 1, {"at": object()})
    with pytest.raises(ValueError, match="is no JSON object"):
        stored("OrderPlaced", 1, "[1]")
    with pytest.raises(ValueError, match="versions are 1, 2, 3"):
        stored("OrderPlaced", 0, {})


async def test_only_entities_of_the_application_are_stored() -> None:
    async with testing(App("none", entities=[Order])) as t:
        with pytest.raises(DefinitionError, match="add it to App"):
            await t.store(Entity, "a", FIRST)
