"""What is at / in development: the addresses of an application that has no route there."""

import httpx

from actum import Actions, App, Context
from tests.console.opening import console_of, text_of

rooted = Actions()


@rooted.get("/")
async def home(ctx: Context) -> str:
    return "mine"


async def test_an_application_without_a_route_there_says_where_its_addresses_are(
    console: httpx.AsyncClient,
) -> None:
    page = await console.get("/")

    assert page.status_code == 200
    assert "is running" in text_of(page)
    assert 'href="/-/console"' in page.text
    assert 'href="/schema"' in page.text
    assert "/orders/{id:str}" in text_of(page)


async def test_a_route_of_its_own_comes_first() -> None:
    async with console_of(App("shop", actions=[rooted])) as client:
        assert (await client.get("/")).text == "mine"


async def test_an_application_without_routes_or_documentation_has_it_too() -> None:
    async with console_of(App("shop", docs=False)) as client:
        page = await client.get("/")

        assert "It has no routes yet" in text_of(page)
        assert "/schema" not in page.text


async def test_where_it_is_mounted_its_links_are_below_the_mount() -> None:
    async with console_of(App("shop"), root_path="/store") as client:
        page = await client.get("/store/")

        assert 'href="/store/-/console"' in page.text
        assert 'href="/store/schema"' in page.text


async def test_other_machines_and_production_do_not_have_it() -> None:
    async with console_of(App("shop"), address="10.0.0.7") as client:
        assert (await client.get("/")).status_code == 404
    async with console_of(App("shop"), is_development=False) as client:
        assert (await client.get("/")).status_code == 404
