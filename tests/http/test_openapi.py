"""How an application's routes are documented."""

import re
from typing import Any

import pytest
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Operation
from msgspec import Struct

from actum import Actions, App, Context, DefinitionError, Event, Recorded
from tests.http.bank import Account, Balances, bank, teller
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


async def test_recorded_events_are_answered_and_documented() -> None:
    """Each with its place in history and its type, alone and as a list of any."""
    told = Actions()

    @told.get("/history/{id:str}")
    async def history(ctx: Context, id: str) -> list[Recorded[Event]]:
        return await ctx.history(Account, id)

    @told.get("/first/{id:str}")
    async def first(ctx: Context, id: str) -> Recorded[Event]:
        return (await ctx.history(Account, id))[0]

    app = App("bank", entities=[Account], actions=[teller, told])
    schema = await schema_of(app)
    async with serving(app) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        listed, one = (await http.get("/history/a")).json(), (await http.get("/first/a")).json()

    assert [(each["type"], each["event"], each["version"]) for each in listed] == [
        ("Opened", {"owner": "ann"}, 1)
    ]
    assert one == listed[0]
    answer = schema["paths"]["/history/{id}"]["get"]["responses"]["200"]["content"]["application/json"]
    name = answer["schema"]["items"]["$ref"].rpartition("/")[2]
    assert set(schema["components"]["schemas"][name]["properties"]) == set(Recorded.__struct_fields__)


async def test_the_limits_of_a_parameter_are_documented() -> None:
    schema = await schema_of(bank())

    [least] = [each for each in schema["paths"]["/total"]["get"]["parameters"] if each.get("name") == "least"]
    assert least["schema"] == {"type": "integer", "exclusiveMinimum": 0, "default": 1}


async def test_problems_are_documented_as_one_component() -> None:
    schema = await schema_of(bank())

    writing = schema["paths"]["/accounts/{id}/deposits"]["post"]["responses"]
    reading = schema["paths"]["/total"]["get"]["responses"]
    assert set(writing) == {"201", "400", "404", "409", "410", "412", "413", "415", "422", "500", "503"}
    assert set(reading) == {"200", "304", "400", "404", "409", "422", "500", "503"}
    assert all(answer["content"] == PROBLEM for status, answer in writing.items() if status != "201")
    assert set(schema["components"]["schemas"]) == {"Deposit", "FieldError", "Problem"}
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
    assert writing == [
        "X-Correlation-ID",
        "Actum-Position",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
    ]
    assert reading == ["X-Correlation-ID", "Actum-Position", "If-None-Match"]
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
async def test_the_documentation_is_a_page_that_asks_no_other_host_for_anything(path: str) -> None:
    async with serving(bank()) as http:
        page = await http.get(path)
        named = re.findall(r'(?:href|src|data-document)="([^"]*)"', page.text)
        parts = {name: await http.get(name) for name in named if name != "data:,"}

    assert page.headers["content-type"].startswith("text/html")
    assert "<title>bank</title>" in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "http" not in policy
    assert set(parts) == {
        "/schema/openapi.json",
        "/schema/page/swagger-ui.css",
        "/schema/page/swagger-ui-bundle.js",
        "/schema/page/start.js",
    }
    assert {part.status_code for part in parts.values()} == {200}
    assert "SwaggerUIBundle" in parts["/schema/page/swagger-ui-bundle.js"].text


@pytest.mark.parametrize("name", ["start.py", "..%2Fserver.py", "README.md", ""])
async def test_nothing_else_is_served_beside_the_page(name: str) -> None:
    async with serving(bank()) as http:
        assert (await http.get(f"/schema/page/{name}")).status_code == 404


@pytest.mark.parametrize("name", ["unknown", "redoc", "openapi.yaml", "page", "a/b"])
async def test_an_address_below_the_documentation_that_is_none_is_a_problem(name: str) -> None:
    """With every method, and not a page of HTML."""
    async with serving(bank()) as http:
        answers = [await http.request(method, f"/schema/{name}") for method in ("GET", "POST", "OPTIONS")]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


async def test_the_documentation_names_the_place_where_the_application_is_mounted() -> None:
    asgi = bank().asgi("memory:")
    async with client_of(asgi, root_path="/money") as http:
        schema = (await http.get("/money/schema/openapi.json")).json()
        page = await http.get("/money/schema")
        script = await http.get("/money/schema/page/start.js")
    await asgi.close()

    assert schema["servers"] == [{"url": "/money"}]
    assert 'data-document="/money/schema/openapi.json"' in page.text
    assert 'src="/money/schema/page/start.js"' in page.text
    assert script.status_code == 200


async def test_the_documentation_can_be_elsewhere_or_nowhere() -> None:
    group = Actions()

    @group.get("/schema")
    async def my_schema() -> str:
        return "mine"

    async with serving(App("here", actions=[group], docs="/docs")) as http:
        here = await http.get("/docs/openapi.json"), await http.get("/docs"), await http.get("/schema")
    async with serving(App("none", actions=[group], docs=False)) as http:
        nowhere = await http.get("/docs"), await http.get("/schema/openapi.json"), await http.get("/schema")

    assert [answer.status_code for answer in here] == [200, 200, 200]
    assert "/docs/page/start.js" in here[1].text
    assert [answer.status_code for answer in nowhere] == [404, 404, 200]
    assert here[2].text == nowhere[2].text == "mine"


@pytest.mark.parametrize("docs", ["docs", "/", "/docs/", "/{id:str}", 1, None])
def test_a_place_for_the_documentation_that_is_none_is_refused(docs: Any) -> None:
    with pytest.raises(DefinitionError, match=r"docs=.* is not a path: write docs="):
        App("x", docs=docs)


async def test_operations_bear_the_names_of_their_functions() -> None:
    group = Actions()

    @group.get("/things/{id:str}", operation_id="mine")
    async def own(id: str) -> None: ...

    @group.get("/both")
    @group.put("/both")
    @group.put("/again/{id:str}")
    async def both(id: str = "") -> None: ...

    other = Actions(path="/other")

    @other.get("/total")
    async def total() -> None: ...

    schema = await schema_of(
        App("bank", entities=[Account], views=[Balances], actions=[teller, group, other])
    )

    names = {
        (method, path): operation["operationId"]
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    }
    assert names == {
        ("post", "/accounts/{id}"): "open_account",
        ("get", "/accounts/{id}"): "show_balance",
        ("post", "/accounts/{id}/deposits"): "deposit",
        ("get", "/total"): "total_get_total",
        ("get", "/other/total"): "total_get_other_total",
        ("get", "/things/{id}"): "mine",
        ("get", "/both"): "both_get",
        ("put", "/both"): "both_put_both",
        ("put", "/again/{id}"): "both_put_again_id",
    }


async def test_problems_are_documented_with_all_their_members() -> None:
    schema = (await schema_of(bank()))["components"]["schemas"]

    assert {"code", "field", "errors", "expected", "actual", "key", "outcome", "facts"} < set(
        schema["Problem"]["properties"]
    )
    assert set(schema["FieldError"]["properties"]) == {"message", "field", "source"}


async def test_the_headers_of_responses_are_documented() -> None:
    schema = await schema_of(bank())

    responses = schema["paths"]["/accounts/{id}/deposits"]["post"]["responses"]
    assert set(responses["201"]["headers"]) == {"X-Correlation-ID", "Actum-Position", "ETag"}
    assert set(responses["503"]["headers"]) == {"X-Correlation-ID", "Actum-Position", "Retry-After"}
    assert "Accept-Encoding" in responses["415"]["headers"]
    assert set(schema["paths"]["/total"]["get"]["responses"]["304"]["headers"]) == {
        "X-Correlation-ID",
        "Actum-Position",
        "ETag",
    }
    for name, header in schema["components"]["headers"].items():
        assert header["description"], name


async def test_what_guards_answer_is_documented_where_there_are_guards() -> None:
    def guard(*_: Any) -> None: ...

    group = Actions(guards=[guard])

    @group.get("/guarded")
    async def guarded() -> None: ...

    schema = await schema_of(bank(group))

    assert {"401", "403"} < set(schema["paths"]["/guarded"]["get"]["responses"])
    assert not {"401", "403"} & set(schema["paths"]["/total"]["get"]["responses"])
