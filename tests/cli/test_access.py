"""The commands about access."""

from pathlib import Path

from actum.access import hash_key
from tests.cli.commands import CommandLine

RULED = """
from actum import Actions, App, Entity, Event, View, Workflow, Context, command, query, reducer
from actum.access import Access, ApiKey, ApiKeys, Environment, any_of, has_role, signed_in, through

class Called(Event):
    name: str

class Pet(Entity):
    name: str = ""

    @command
    def call(self, name: str) -> None:
        self.emit(Called(name))

    @query
    def hear(self) -> str:
        return self.name

    @reducer
    def called(self, event: Called) -> None:
        self.name = event.name

class Names(View):
    id: str

    @reducer
    def called(self, event: Called) -> None: ...

    @query("SELECT count(*) FROM names")
    def many(self) -> int: ...

class Walk(Workflow):
    async def run(self, ctx: Context) -> None: ...

web = Actions()
web.expose(Pet, path="/pets/{id}")

@web.post("/calls")
async def shout(ctx: Context) -> None: ...

def own(principal, id):
    return principal.id == id

app = App(
    "pets", entities=[Pet], views=[Names], workflows=[Walk], actions=[web],
    access=Access(
        ApiKeys({"shop": ApiKey(Environment("NO_TEST_SETS_THIS"))}),
        rules={
            Pet: signed_in,
            Pet.call: any_of(own, through(shout)),
            shout: has_role("b", "a"),
            "/schema": signed_in,
        },
    ),
)
"""


def test_everything_that_a_request_can_reach_is_listed_with_its_rule(
    directory: Path, actum: CommandLine
) -> None:
    """No secret is needed for it, and no store."""
    (directory / "ruled.py").write_text(RULED)

    listed = actum("access", "rules", "ruled:app")
    lines = actum("access", "rules", "ruled:app", "--json").lines

    assert [(each["kind"], each["name"], each["rule"]) for each in lines] == [
        ("route", "POST /pets/{id:str}/call", "own or through(shout)"),
        ("route", "GET /pets/{id:str}/hear", "signed_in"),
        ("route", "POST /calls", "has_role(a, b)"),
        ("path", "/-/ready", "nobody: there is no rule"),
        ("path", "/-/metrics", "nobody: there is no rule"),
        ("path", "/-/console", "nobody: there is no rule"),
        ("path", "/schema", "signed_in"),
        ("entity", "Pet", "signed_in"),
        ("command", "Pet.call", "own or through(shout)"),
        ("query", "Pet.hear", "signed_in"),
        ("view", "names", "nobody: there is no rule"),
        ("query", "names.many", "nobody: there is no rule"),
        ("workflow", "Walk", "nobody: there is no rule"),
    ]
    assert listed.out.splitlines()[0].split() == ["what", "name", "who", "may"]
    assert len(listed.out.splitlines()) == len(lines) + 1
    assert list(directory.glob("*.db")) == []


def test_an_application_without_rules_says_that_it_has_none(shop: Path, actum: CommandLine) -> None:
    refused = actum("access", "rules", "shop:app")

    assert refused.code == 1
    assert "everybody may do everything" in refused.err


def test_a_new_key_is_printed_with_its_hash(actum: CommandLine) -> None:
    first, second = (actum("access", "new-key").out.split() for _ in range(2))

    assert first[0::2] == ["key", "hash"]
    assert hash_key(first[1]) == first[3]
    assert first != second
