"""Who gets into the console: in development who sits at the machine, else whom the application lets in."""

from typing import Any

import httpx
import msgspec
import pytest

from actum import App
from actum.app import definition_of
from tests.console.opening import console_of
from tests.console.shop import app

PAGES = ("", "/map", "/views", "/views/orders", "/views/-/sql", "/live", "/store", "/live/stream")
FILE = "/assets/console.css"


def letting_in(access: Any) -> App:
    """The shop with another say about who may use its console."""
    shop = App("shop", entities=[], views=[])
    definition = definition_of(app)
    object.__setattr__(shop, "_definition", msgspec.structs.replace(definition, console=access))
    return shop


async def statuses(client: httpx.AsyncClient, **further: Any) -> set[int]:
    """The statuses of all pages, up to the first that lets the client in."""
    found: set[int] = set()
    for page in (FILE, *PAGES):
        found.add((await client.get(f"/-/console{page}", **further)).status_code)
        if found != {404}:
            break
    return found


async def test_there_is_no_console_outside_of_development() -> None:
    async with console_of(app, is_development=False) as client:
        answer = await client.get("/-/console/map")

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert await statuses(client) == {404}


@pytest.mark.parametrize(
    "host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "localhost", "LOCALHOST:1"]
)
async def test_who_sits_at_the_machine_gets_in_by_each_of_its_own_names(host: str) -> None:
    async with console_of(app) as client:
        answer = await client.get("/-/console/views", headers={"host": host})

        assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8000", "10.0.0.7:8000", "", "localhost:x"],
)
async def test_a_page_whose_name_was_pointed_here_does_not_get_in(host: str) -> None:
    async with console_of(app) as client:
        assert await statuses(client, headers={"host": host}) == {404}


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.2", "::ffff:10.0.0.7", "not an address"])
async def test_another_machine_does_not_get_in(address: str) -> None:
    async with console_of(app, address=address) as client:
        assert await statuses(client) == {404}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
async def test_every_loopback_address_is_this_machine(address: str) -> None:
    async with console_of(app, address=address) as client:
        assert (await client.get("/-/console/views")).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"])
async def test_what_a_proxy_has_forwarded_does_not_get_in(header: str) -> None:
    """A proxy on this machine is at a loopback address, whoever its clients are."""
    async with console_of(app) as client:
        assert await statuses(client, headers={header: "127.0.0.1"}) == {404}


async def test_an_application_says_who_its_operators_are() -> None:
    def access(scope: Any) -> str | None:
        return "ann" if dict(scope["headers"]).get(b"authorization") == b"Bearer ann" else None

    async with console_of(
        letting_in(access), is_development=False, address="10.0.0.7", base_url="https://shop.example"
    ) as client:
        let_in = await client.get("/-/console/store", headers={"authorization": "Bearer ann"})

        assert let_in.status_code == 200
        assert "<span>ann</span>" in let_in.text
        assert "Secure" in let_in.headers["set-cookie"]
        assert await statuses(client) == {404}


async def test_what_an_application_says_holds_in_development_too() -> None:
    async with console_of(letting_in(lambda scope: None)) as client:
        assert await statuses(client) == {404}


async def test_the_console_is_no_part_of_the_documented_routes() -> None:
    async with console_of(app) as client:
        assert "console" not in (await client.get("/schema/openapi.json")).text


async def test_within_another_application_links_have_its_path() -> None:
    async with console_of(app, root_path="/shop") as client:
        page = (await client.get("/shop/-/console/views")).text
        first = await client.get("/shop/-/console")

        assert 'href="/shop/-/console/views/orders"' in page
        assert first.headers["location"] == "/shop/-/console/map"
