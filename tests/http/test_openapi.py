"""How an application's routes are documented."""

from typing import Any

import pytest
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Operation
from msgspec import Struct

from actum import Actions, App, Context
from tests.http.bank import bank
from tests.http.serving import client_of, serving

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


async def schema_of(app: App) -> Any:
    async with serving(app) as http:
        return (await http.get("/schema/openapi.json")).json()


def references(operation: Any) -> list[str]:
    return [each["$ref"].rpartition("/")[2] for each in operation["parameters"] if "$ref" in each]


async def test_the_documentation_bears_the_applications_name_and_shows_its_actions_alone() -> None:
    schema = await schema_of(bank())

    assert schema["info"]["title"] == "bank"
    assert set(schema["paths"]) == {"/accounts/{id}", "/accounts/{id}/deposits", "/total"}


async def test_an_action_is_documented_by_its_signature_and_its_docstring() -> None:
    schema = await schema_of(bank())

    opening = schema["paths"]["/accounts/{id}"]["post"]
    own = [(each["name"], each["in"]) for each in opening["parameters"] if "name" in each]
    body = schema["paths"]["/accounts/{id}/deposits"]["post"]["requestBody"]["content"]["application/json"]
    assert opening["description"] == "Opens an account, once."
    assert own == [("id", "path"), ("owner", "query")]
    assert body == {"schema": {"$ref": "#/components/schemas/Deposit"}}


async def test_the_limits_of_a_parameter_are_documented() -> None:
    schema = await schema_of(bank())

    [least] = [each for each in schema["paths"]["/total"]["get"]["parameters"] if each.get("name") == "least"]
    assert least["schema"] == {"type": "integer", "exclusiveMinimum": 0, "default": 1}


async def test_problems_are_documented_as_one_component() -> None:
    schema = await schema_of(bank())

    writing = schema["paths"]["/accounts/{id}/deposits"]["post"]["responses"]
    reading = schema["paths"]["/total"]["get"]["responses"]
    assert set(writing) == {"201", "400", "404", "409", "412", "422", "503"}
    assert set(reading) == {"200", "400", "404", "422", "503"}
    assert all(answer["content"] == PROBLEM for status, answer in writing.items() if status != "201")
    assert set(schema["components"]["schemas"]) == {"Deposit", "Problem"}
    assert schema["components"]["schemas"]["Problem"]["required"] == [
        "detail",
        "instance",
        "status",
        "title",
        "type",
    ]


async def test_the_headers_that_actum_understands_are_documented() -> None:
    schema = await schema_of(bank())

    writing = references(schema["paths"]["/accounts/{id}/deposits"]["post"])
    reading = references(schema["paths"]["/total"]["get"])
    assert writing == ["X-Correlation-ID", "Actum-Position", "Idempotency-Key", "If-Match"]
    assert reading == ["X-Correlation-ID", "Actum-Position"]
    assert all(
        component["in"] == "header" and component["name"] == name and component["description"]
        for name, component in schema["components"]["parameters"].items()
    )


async def test_what_an_author_documents_himself_stays() -> None:
    class Teapot(Struct):
        lid: bool

    group = Actions()

    @group.get(
        "/pot",
        summary="Pots",
        operation_class=Operation,
        responses={400: ResponseSpec(Teapot, description="No pot"), 418: ResponseSpec(Teapot)},
    )
    async def pot(ctx: Context) -> int:
        return 1

    schema = await schema_of(bank(group))

    operation = schema["paths"]["/pot"]["get"]
    assert operation["summary"] == "Pots"
    assert operation["responses"]["400"]["description"] == "No pot"
    assert {"418", "503"} < set(operation["responses"])
    assert "parameters" not in operation


async def test_neither_context_nor_resources_nor_events_are_documented() -> None:
    schema = await schema_of(bank())

    names = {
        each["name"]
        for path in schema["paths"].values()
        for operation in path.values()
        for each in operation["parameters"]
        if "name" in each
    }
    assert names == {"id", "owner", "least"}


@pytest.mark.parametrize("path", ["/schema", "/schema/swagger"])
async def test_the_documentation_is_a_page_too(path: str) -> None:
    async with serving(bank()) as http:
        page = await http.get(path)

    assert page.headers["content-type"].startswith("text/html")
    assert "<title>bank</title>" in page.text
    assert "/accounts/{id}/deposits" in page.text


async def test_the_documentation_names_the_place_where_the_application_is_mounted() -> None:
    asgi = bank().asgi("memory:")
    async with client_of(asgi, root_path="/money") as http:
        schema = (await http.get("/money/schema/openapi.json")).json()
        page = await http.get("/money/schema")
    await asgi.close()

    assert schema["servers"] == [{"url": "/money"}]
    assert '"servers":[{"url":"/money"}]' in page.text
