"""Castore's demo: what its commands allow and refuse, and what catching does to two entities at once."""

from collections.abc import AsyncIterator

import httpx
import pytest

from actum.testing import Running, given, testing
from examples.pokemon.app import (
    MAX_LEVEL,
    Appeared,
    CaughtByTrainer,
    GameStarted,
    LevelledUp,
    Pokemon,
    PokemonCaught,
    Trainer,
    app,
)


@pytest.fixture
async def t() -> AsyncIterator[Running]:
    async with testing(app) as running:
        yield running


async def begin(http: httpx.AsyncClient) -> None:
    for id, name, level in (("p-1", "Pikachu", 7), ("p-2", "Onix", 12)):
        await http.post(f"/pokemons/{id}/appear", json={"name": name, "level": level})
    await http.post("/trainers/ash/start-game", json={"name": "Ash"})


async def test_a_pokemon_appears_levels_up_and_is_listed(t: Running) -> None:
    await begin(t.http)

    levelled = await t.http.post("/pokemons/p-1/level-up")
    again = await t.http.post("/pokemons/p-1/appear", json={"name": "Pikachu", "level": 1})
    unknown = await t.http.post("/pokemons/p-9/level-up")
    wrong = await t.http.post("/pokemons/p-3/appear", json={"name": "Mew", "level": MAX_LEVEL + 1})
    await t.settle()
    shown = await t.http.get("/pokemons/p-1")
    wild = await t.http.get("/pokedex/by-status?status=wild")
    ids = await t.http.get("/pokemons")

    assert (levelled.status_code, levelled.json()) == (200, 8)
    assert (again.status_code, unknown.status_code, wrong.status_code) == (409, 404, 400)
    assert shown.json() == {"name": "Pikachu", "level": 8, "status": "wild", "trainer": None}
    assert [(row["id"], row["name"], row["level"]) for row in wild.json()] == [
        ("p-2", "Onix", 12),
        ("p-1", "Pikachu", 8),
    ]
    assert [one["id"] for one in ids.json()["items"]] == ["p-1", "p-2"]


async def test_a_trainer_catches_a_pokemon_and_both_know_it(t: Running) -> None:
    await begin(t.http)

    caught = await t.http.post("/pokemons/p-1/catch", json={"trainer": "ash"})
    await t.settle()
    trainer = await t.http.get("/trainers/ash")
    events = await t.http.get("/pokemons/p-1/events")
    listed = await t.http.get("/pokedex/by-status?status=caught")

    assert caught.status_code == 204
    assert trainer.json() == {"name": "Ash", "pokemons": ["p-1"]}
    assert [one["type"] for one in events.json()] == ["Appeared", "CaughtByTrainer"]
    assert [(row["id"], row["trainer"]) for row in listed.json()] == [("p-1", "ash")]


async def test_what_cannot_be_caught_leaves_nothing_behind(t: Running) -> None:
    """Whichever of the two is missing, or is caught already, neither changes."""
    await begin(t.http)
    await t.http.post("/pokemons/p-1/catch", json={"trainer": "ash"})

    twice = await t.http.post("/pokemons/p-1/catch", json={"trainer": "ash"})
    by_nobody = await t.http.post("/pokemons/p-2/catch", json={"trainer": "gary"})
    nothing = await t.http.post("/pokemons/p-9/catch", json={"trainer": "ash"})

    assert (twice.status_code, twice.json()["code"], twice.json()["trainer"]) == (422, "caught", "ash")
    assert (by_nobody.status_code, nothing.status_code) == (404, 404)
    assert (await t.http.get("/pokemons/p-2")).json()["status"] == "wild"
    assert (await t.http.get("/trainers/ash")).json()["pokemons"] == ["p-1"]
    assert (await t.http.get("/trainers/gary")).status_code == 404


def test_the_rules_of_each_alone() -> None:
    given(Pokemon, Appeared("Mew", MAX_LEVEL)).when(Pokemon.level_up).rejected(code="maxed_out")
    given(Pokemon, Appeared("Mew", 6)).when(Pokemon.level_up).then(LevelledUp(), reply=7)
    given(Pokemon, Appeared("Mew", 6)).when(Pokemon.be_caught, "ash").then(CaughtByTrainer("ash"))
    given(Trainer, GameStarted("Ash")).when(Trainer.catch, "p-1").then(PokemonCaught("p-1"))
