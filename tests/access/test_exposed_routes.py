"""Routes that expose makes: by convention, or as they are declared."""

from collections.abc import AsyncIterator
from enum import Enum
from typing import Any

import httpx
import pytest
from msgspec import Struct

from actum import Actions, App, DefinitionError, Entity, Event, Rejected, Route, View, command, query, reducer
from tests.http.bank import Account, Balances
from tests.http.serving import serving


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Topping(Struct):
    name: str
    grams: int = 10


class Ordered(Event):
    size: str
    toppings: list[str]


class Eaten(Event):
    pass


class Pie(Entity):
    size: str = ""
    toppings: list[str] = []  # noqa: RUF012 (each entity gets its own)

    @command
    def order_now(self, size: Size, toppings: list[Topping] = []) -> int:  # noqa: B006 (a copy is made)
        """Orders a pie, once."""
        if self.exists:
            raise Rejected("it is ordered", code="ordered", size=self.size)
        self.check(size)
        self.emit(Ordered(size.value, [topping.name for topping in toppings]))
        self.emit(Ordered(size.value, [topping.name for topping in toppings]))
        return len(toppings)

    def check(self, size: Size) -> None:
        if size is Size.LARGE:
            raise Rejected("there is no large one", code="sold_out")

    @command
    def eat(self) -> None:
        self.emit(Eaten())

    @command
    def share(self, among: int = 2) -> int:
        self.emit(Eaten())
        return 8 // among

    @query
    def names(self, prefix: str = "", limit: int = 10) -> list[str]:
        return [name for name in self.toppings if name.startswith(prefix)][:limit]

    @query
    def has_all(self, wanted: list[Topping]) -> bool:
        return {topping.name for topping in wanted} <= set(self.toppings)

    @reducer
    def ordered(self, event: Ordered) -> None:
        self.size, self.toppings = event.size, event.toppings

    @reducer
    def eaten(self, event: Eaten) -> None:
        self.toppings = []


kitchen = Actions(path="/v1")
kitchen.expose(
    Pie,
    path="/pies/{id}",
    state=True,
    routes={
        Pie.has_all: Route(verb="POST"),
        Pie.eat: Route(path="", verb="DELETE", name="eat_pie"),
    },
)
kitchen.expose(Account, path="/accounts/{id}", only=[Account.open])
kitchen.expose(Balances, path="/balances")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = App("kitchen", entities=[Pie, Account], views=[Balances], actions=[kitchen])
    async with serving(app) as client:
        yield client


ORDER: dict[str, Any] = {"size": "small", "toppings": [{"name": "salami"}, {"name": "basil", "grams": 3}]}


async def test_a_command_is_a_post_with_its_arguments_as_an_object(http: httpx.AsyncClient) -> None:
    """The first event of an entity makes it 201, and says where the entity is."""
    first = await http.post("/v1/pies/a%20b/order-now", json=ORDER)
    second = await http.post("/v1/pies/a%20b/share", json={"among": 4})

    assert (first.status_code, first.json(), first.headers["ETag"]) == (201, 2, '"2"')
    assert first.headers["Location"] == "/v1/pies/a%20b"
    assert (second.status_code, second.json(), second.headers["ETag"]) == (200, 2, '"3"')
    assert "Location" not in second.headers
    assert (await http.get(first.headers["Location"])).json() == {"size": "small", "toppings": []}


async def test_arguments_that_have_defaults_may_be_left_out(http: httpx.AsyncClient) -> None:
    small = await http.post("/v1/pies/a/order-now", json={"size": "small"})
    shared = await http.post("/v1/pies/a/share")

    assert (small.status_code, small.json()) == (201, 0)
    assert (shared.status_code, shared.json()) == (200, 4)


async def test_a_query_takes_its_arguments_from_the_query_string(http: httpx.AsyncClient) -> None:
    await http.post("/v1/pies/a/order-now", json=ORDER)

    names = await http.get("/v1/pies/a/names?prefix=s")
    limited = await http.get("/v1/pies/a/names?limit=1")

    assert (names.json(), limited.json()) == (["salami"], ["salami"])
    assert (await http.get("/v1/pies/a/names?limit=many")).status_code == 400
    assert (await http.get("/v1/balances/total")).json() == 0


async def test_what_is_declared_otherwise_is_otherwise(http: httpx.AsyncClient) -> None:
    """A query with a body, a DELETE, and no more than is listed."""
    await http.post("/v1/pies/a/order-now", json=ORDER)

    has_all = await http.post("/v1/pies/a/has-all", json={"wanted": [{"name": "basil"}]})
    eaten = await http.delete("/v1/pies/a")

    assert (has_all.status_code, has_all.json()) == (200, True)
    assert (eaten.status_code, eaten.content) == (204, b"")
    assert (await http.post("/v1/accounts/a/open", json={"owner": "ann"})).status_code == 201
    assert (await http.post("/v1/accounts/a/deposit", json={"amount": 1})).status_code == 404


async def test_what_has_not_happened_is_not_found(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/pies/none")).status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "size"),
        ({"size": "huge"}, "size"),
        ({"size": "small", "toppings": [{"grams": 3}]}, "toppings[0].name"),
        ({"size": "small", "sauce": True}, "sauce"),
    ],
)
async def test_wrong_arguments_are_refused_with_their_name(
    http: httpx.AsyncClient, body: object, said: str | None
) -> None:
    answer = await http.post("/v1/pies/a/order-now", json=body)

    assert answer.status_code == 400
    assert answer.json().get("field") == said
    assert (await http.get("/v1/pies/a")).status_code == 404


async def test_versions_and_keys_work_as_in_routes_that_are_written(http: httpx.AsyncClient) -> None:
    new = {"If-None-Match": "*", "Idempotency-Key": "k-1"}
    first = await http.post("/v1/pies/a/order-now", json=ORDER, headers=new)
    again = await http.post("/v1/pies/a/order-now", json=ORDER, headers=new)
    other = await http.post("/v1/pies/a/share", headers={"If-Match": '"1"'})
    right = await http.post("/v1/pies/a/share", headers={"If-Match": first.headers["ETag"]})
    known = await http.get("/v1/pies/a", headers={"If-None-Match": right.headers["ETag"]})

    assert [each.status_code for each in (first, again, other, right, known)] == [201, 201, 412, 200, 304]
    assert again.headers["Location"] == first.headers["Location"]


async def test_the_location_is_below_where_the_application_is_mounted() -> None:
    app = App("kitchen", entities=[Pie, Account], views=[Balances], actions=[kitchen])
    async with (
        serving(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app.asgi("memory:"), root_path="/shop"), base_url="http://x"
        ) as mounted,
    ):
        answer = await mounted.post("/shop/v1/pies/a/order-now", json=ORDER)

    assert answer.headers["Location"] == "/shop/v1/pies/a"


async def test_the_documentation_says_what_a_command_takes_gives_and_rejects(http: httpx.AsyncClient) -> None:
    document = (await http.get("/schema/openapi.json")).json()
    paths = document["paths"]
    order = paths["/v1/pies/{id}/order-now"]["post"]

    assert order["description"] == "Orders a pie, once."
    assert order["operationId"] == "pie_order_now"
    assert "`ordered`, `sold_out`" in order["responses"]["422"]["description"]
    assert {"200", "201", "412"} <= order["responses"].keys()
    schema = document["components"]["schemas"]["PieOrderNow"]
    assert schema["required"] == ["size"]
    assert paths["/v1/pies/{id}"]["delete"]["operationId"] == "eat_pie"
    named = {each.get("name") for each in paths["/v1/pies/{id}/names"]["get"]["parameters"]}
    assert {"id", "limit", "prefix"} <= named
    assert set(paths) == {
        "/v1/accounts/{id}/open",
        "/v1/balances/total",
        "/v1/pies/{id}",
        "/v1/pies/{id}/has-all",
        "/v1/pies/{id}/names",
        "/v1/pies/{id}/order-now",
        "/v1/pies/{id}/share",
    }


class Odd(Entity):
    @command
    def change(self) -> None: ...

    @query
    def look(self, data: str) -> str:
        return data

    @query
    def compare(self, other: Topping) -> str:
        return other.name


class Rows(View):
    id: str


WRONG: dict[str, Any] = {
    "write {id} in it once": lambda web: web.expose(Odd, path="/odd"),
    "begin it with a /": lambda web: web.expose(Odd, path="odd/{id}"),
    "take no parameters from a path": lambda web: web.expose(Rows, path="/rows/{id}"),
    "state= is for entities": lambda web: web.expose(Balances, path="/rows", state=True),
    "name an Entity or View class": lambda web: web.expose(Topping, path="/t/{id}"),
    "is no command or query of Odd": lambda web: web.expose(Odd, path="/odd/{id}", without=[Pie.eat]),
    "GET must change nothing": lambda web: web.expose(
        Odd, path="/odd/{id}", routes={Odd.change: Route(verb="GET")}
    ),
    "is none of GET, POST": lambda web: web.expose(
        Odd, path="/odd/{id}", routes={Odd.change: Route(verb="LOOK")}
    ),  # type: ignore[arg-type]
    "follows /odd/{id:str}: begin it": lambda web: web.expose(
        Odd, path="/odd/{id}", routes={Odd.change: Route(path="x")}
    ),
    "is no name of a function": lambda web: web.expose(
        Odd, path="/odd/{id}", routes={Odd.change: Route(name="a-b")}
    ),
    "every command and query is left out": lambda web: web.expose(Rows, path="/rows"),
    "has no option witout=: did you mean without=": lambda web: web.expose(Odd, path="/odd/{id}", witout=[]),
    "cannot be in a query string": lambda web: web.expose(Odd, path="/odd/{id}", only=[Odd.look]),
    "which a query string cannot hold": lambda web: web.expose(Odd, path="/odd/{id}", only=[Odd.compare]),
    "is answered by odd_change and by odd_change": lambda web: [
        web.expose(Odd, path="/odd/{id}", only=[Odd.change]) for _ in range(2)
    ],
    "add it to App\\(entities=\\[Pie\\]\\)": lambda web: web.expose(
        Pie, path="/pies/{id}", without=[Pie.has_all]
    ),
    "add it to App\\(views=\\[Balances\\]\\)": lambda web: web.expose(Balances, path="/balances"),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_cannot_be_exposed_is_refused(said: str) -> None:
    def declare() -> None:
        web = Actions()
        WRONG[said](web)
        App("odd", entities=[Odd], views=[], actions=[web])

    with pytest.raises(DefinitionError, match=said.replace("{", "\\{")):
        declare()


def test_a_group_may_be_in_two_applications() -> None:
    for name in ("one", "two"):
        assert App(name, entities=[Pie, Account], views=[Balances], actions=[kitchen])
