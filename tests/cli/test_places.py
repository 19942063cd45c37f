"""Where a mistake in a declaration is: the line of the class or function it is about, not that of App(…)."""

from pathlib import Path

import pytest

from actum.cli.development.failure_page import Failure
from actum.cli.failure import CommandFailed
from actum.cli.loading import load_app

SHOP = """from actum import Actions, App, Context, Entity, Event, View, command, query, reducer


class Planned(Event):
    title: str


class Task(Entity):
    title: str = ""

    @command
    def plan(self, title: str) -> None:
        self.emit(Planned(title))

    @reducer
    def planned(self, event: Planned) -> None:
        self.title = event.title


class Tasks(View):
    id: str
    title: str = ""

    @reducer
    def planned(self, event: Planned) -> None:
        self.title = event.title

    @query("SELECT * FROM tasks WHERE title = :title")
    def of(self, title: str) -> "list[Tasks]": ...


actions = Actions()


@actions.get("/tasks/{id:str}")
async def task(ctx: Context, id: str) -> str:
    return id


app = App(
    "shop",
    entities=[Task],
    views=[Tasks],
    actions=[actions],
)
"""
REDUCER = """    @reducer
    def planned(self, event: Planned) -> None:
        self.title = event.title
"""
OTHER = """
@actions.get("/tasks/{name:str}")
async def other(name: str) -> str:
    return name
"""
MISTAKES = {
    "command without annotation": (
        "title: str) -> None:\n        self.emit",
        "title) -> None:\n        self.emit",
        "def plan",
    ),
    "reducer without annotation": ("event: Planned) -> None", "event) -> None", "def planned"),
    "event without reducer": (f"{REDUCER}\n\nclass Tasks", "\n\nclass Tasks", "def plan"),
    "field of an entity": (
        'title: str = ""\n\n    @command',
        "title: object = object()\n\n    @command",
        "class Task(",
    ),
    "field of a view": ('id: str\n    title: str = ""', 'id: str\n    title: object = ""', "class Tasks("),
    "field of an event": (
        "class Planned(Event):\n    title: str",
        "class Planned(Event):\n    title: object",
        "class Planned(",
    ),
    "SQL of a query": ("SELECT * FROM tasks WHERE title = :title", "SELEC * FROM tasks", "def of"),
    "name in a query": ("FROM tasks", "FROM taks", "def of"),
    "query without answer": ('title: str) -> "list[Tasks]": ...', "title: str) -> None: ...", "def of"),
    "duplicate route": ("\n\napp = App", f"{OTHER}\n\napp = App", "async def other"),
    "route without types": ("{id:str}", "{id}", "async def task"),
    "route without answer": ("id: str) -> str:", "id: str):", "async def task"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_failure_shows_the_declaration(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong, at = MISTAKES[mistake]
    assert right in SHOP
    name = f"shop_{list(MISTAKES).index(mistake)}"
    text = SHOP.replace(right, wrong)
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CommandFailed) as raised:
        load_app(name)

    failure = Failure.of("it cannot be loaded", raised.value)
    [here] = [line for line in failure.source if line.is_here]
    assert here.text.strip().startswith(at), failure.message
    assert failure.message.startswith(f"{name}.py:{here.number}: ")
