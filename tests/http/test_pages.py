"""Pages over HTTP: asked for by the address alone, linked to one another, and documented."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from msgspec import Struct

from actum import (
    Actions,
    App,
    Context,
    DefinitionError,
    Entity,
    Event,
    Page,
    Route,
    View,
    command,
    query,
    reducer,
)
from tests.http.serving import serving


class Scored(Event):
    points: int


class Player(Entity, emits=[Scored]):
    @command
    def score(self, points: int) -> None:
        self.emit(Scored(points))


class Ranked(Struct):
    id: str
    points: int


class Players(View):
    id: str
    points: int = 0

    @reducer
    def scored(self, event: Scored) -> None:
        self.points += event.points

    @query("SELECT id, points FROM players WHERE points >= :least ORDER BY points DESC")
    def best(self, least: int = 0) -> Page[Ranked]: ...

    @query("SELECT id FROM players WHERE id > :after ORDER BY id")
    def behind(self, after: str) -> Page[str]: ...


game = Actions()


@game.get("/best")
async def best(ctx: Context, least: int = 0) -> Page[Ranked]:
    return await ctx.view(Players).best(least)


@game.get("/few")
async def few(ctx: Context) -> Page[Ranked]:
    return await ctx.view(Players, page_size=2).best()


@game.get("/own")
async def own(ctx: Context, after: str | None = None) -> Page[Ranked]:
    return await ctx.view(Players, after=after, page_size=4).best()


@game.get("/players")
async def players(ctx: Context) -> Page:
    return await ctx.ids(Player, limit=4)


game.expose(Players, path="/exposed", only=[Players.best], routes={Players.best: Route(path="")})
app = App("game", entities=[Player], views=[Players], actions=[game])


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A game of seven players."""
    async with serving(app) as client:
        async with app.running() as ctx:
            for number in range(7):
                await ctx.entity(Player, f"p{number}").score(10 * (number // 2))
            client.headers["Actum-Position"] = ctx.token
        yield client


@pytest.mark.parametrize("path", ["/best", "/exposed"])
async def test_the_address_asks_for_a_page_and_its_author_forwards_nothing(
    http: httpx.AsyncClient, path: str
) -> None:
    first = await http.get(path, params={"size": 3, "least": 10, "total": "true"})
    second = await http.get(path, params={"size": 3, "least": 10, "after": first.json()["next"]})

    assert first.json()["items"] == [
        {"id": "p6", "points": 30},
        {"id": "p5", "points": 20},
        {"id": "p4", "points": 20},
    ]
    assert first.json()["total"] == 5
    assert second.json() == {"items": [{"id": "p3", "points": 10}, {"id": "p2", "points": 10}], "next": None}
    assert "etag" not in first.headers


async def test_the_link_leads_from_page_to_page(http: httpx.AsyncClient) -> None:
    """It keeps what else the address says, and is not there on the last page."""
    url, ids = "http://bank/best?least=10&size=2", []
    while True:
        response = await http.get(url)
        ids += [item["id"] for item in response.json()["items"]]
        if "next" not in response.links:
            break
        link = response.links["next"]["url"]
        assert "least=10" in link
        assert response.json()["next"] in link
        url = urljoin(url, link)

    assert ids == ["p6", "p5", "p4", "p3", "p2"]


async def test_an_author_sets_the_size_of_pages_or_asks_for_them_himself(http: httpx.AsyncClient) -> None:
    few = (await http.get("/few")).json()
    own = (await http.get("/own")).json()

    assert [len(few["items"]), len(own["items"])] == [2, 4]
    following = await http.get("/few", params={"after": few["next"]})
    assert [item["id"] for item in following.json()["items"]] == ["p4", "p3"]
    following = await http.get("/own", params={"after": own["next"]})
    assert [item["id"] for item in following.json()["items"]] == ["p2", "p1", "p0"]
    assert "link" not in following.headers


async def test_entities_are_listed_in_pages_too(http: httpx.AsyncClient) -> None:
    first = (await http.get("/players")).json()
    second = (await http.get("/players", params={"after": first["next"]})).json()

    assert [item["id"] for item in first["items"] + second["items"]] == [f"p{number}" for number in range(7)]
    assert (await http.get("/players", params={"total": "true"})).status_code == 400


@pytest.mark.parametrize(
    "asked",
    [{"after": "x"}, {"after": ""}, {"size": "0"}, {"size": "1001"}, {"size": "many"}, {"total": "x"}],
)
async def test_what_is_no_page_is_a_problem(http: httpx.AsyncClient, asked: dict[str, str]) -> None:
    response = await http.get("/best", params=asked)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_token_of_another_question_is_a_problem_that_says_so(http: httpx.AsyncClient) -> None:
    token = (await http.get("/best", params={"size": 1})).json()["next"]

    response = await http.get("/best", params={"size": 1, "least": 10, "after": token})

    assert response.status_code == 400
    assert "belongs to another query, to other parameters" in response.json()["detail"]


async def test_pages_are_documented(http: httpx.AsyncClient) -> None:
    schema = (await http.get("/schema/openapi.json")).json()

    operation: Any = schema["paths"]["/best"]["get"]
    asked = {each["name"]: each for each in operation["parameters"] if "name" in each}
    answer = operation["responses"]["200"]
    named = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    page = schema["components"]["schemas"][named]
    assert set(asked) == {"least", "after", "size", "total"}
    assert not any(asked[name]["required"] for name in asked)
    assert asked["size"]["description"].startswith("How many items the page has at most")
    assert set(page["properties"]) == {"items", "next", "total"}
    assert page["properties"]["items"]["items"]["$ref"].endswith("Ranked")
    assert "Link" in answer["headers"]
    assert "Link" not in schema["paths"]["/own"]["get"]["responses"]["200"]["headers"]


def test_an_exposed_query_has_no_parameter_of_a_page() -> None:
    exposing = Actions()
    exposing.expose(Players, path="/players", only=[Players.behind])

    with pytest.raises(DefinitionError, match="its parameter 'after' would mean two things"):
        App("game", entities=[Player], views=[Players], actions=[exposing])
