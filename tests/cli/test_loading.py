"""What is said of an application that cannot be found, or cannot be loaded."""

from pathlib import Path

import pytest

from tests.cli.commands import CommandLine

BROKEN = {
    "raising": ("limits = {}\n\nprint(limits['most'])\n", "raising.py:3: KeyError: 'most'"),
    "mistyped": ("def total(:\n    pass\n", "mistyped.py:1: SyntaxError: invalid syntax"),
    "leaving": ("import sys\nsys.exit('not today')\n", "leaving.py:2: SystemExit: not today"),
    "panicking": (
        "class Panic(BaseException):\n    pass\n\nraise Panic('rust')\n",
        "panicking.py:4: Panic: rust",
    ),
    "lacking": ("import nowhere_to_be_found\n", "lacking.py:1: ModuleNotFoundError: No module named"),
    "declaring": (
        "from actum import Entity, command\n\n"
        "class Order(Entity):\n"
        "    @command\n"
        "    async def pay(self) -> None: ...\n",
        "declaring.py:4: command Order.pay is async",
    ),
    "building": (
        "from actum import App, View\n\nclass Sales(View):\n    id: str\n\napp = App('s', views=[Sales])\n",
        "building.py:3: Sales reduces no event",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_module_that_cannot_be_imported_is_said_in_one_line_with_its_place(
    directory: Path, actum: CommandLine, name: str
) -> None:
    source, expected = BROKEN[name]
    (directory / f"{name}.py").write_text(source)

    result = actum("schema", f"{name}:app")

    assert result.code == 1
    assert expected in result.err
    assert result.err.startswith("error: ")
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("shopp:app", "there is no module 'shopp'"),
        ("shop.till:app", "there is no module 'shop.till'"),
        ("shop:application", "shop has no 'application'; it has shop:app"),
        ("shop:Order", "shop:Order is the class Order, not an App; it has shop:app"),
        ("shop.py", "'shop.py' is not a module's name: write MODULE:APP"),
        ("./shop:app", "'./shop' is not a module's name: write MODULE:APP"),
        (":app", "'' is not a module's name"),
    ],
)
def test_a_name_that_leads_to_no_application_is_answered_with_what_there_is(
    shop: Path, actum: CommandLine, named: str, expected: str
) -> None:
    result = actum("schema", named)

    assert (result.code, result.out) == (1, "")
    assert expected in result.err
    assert len(result.err.splitlines()) == 1


def test_the_application_is_called_app_unless_something_else_is_said(shop: Path, actum: CommandLine) -> None:
    named = actum("schema", "shop:app")
    unnamed = actum("schema", "shop")

    assert named.code == 0
    assert named == unnamed


@pytest.mark.parametrize(("option", "variable"), [(["--traceback"], ""), ([], "1")])
def test_a_traceback_is_shown_to_those_who_ask_for_it(
    directory: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch, option: list[str], variable: str
) -> None:
    monkeypatch.setenv("ACTUM_TRACEBACK", variable)
    (directory / "raising.py").write_text("limits = {}\n\nprint(limits['most'])\n")

    result = actum(*option, "schema", "raising")

    assert result.code == 1
    assert "Traceback (most recent call last)" in result.err
    assert result.err.splitlines()[-1].startswith("error: raising cannot be imported: ")


@pytest.mark.parametrize("arguments", [["events"], ["evnts", "shop"], ["events", "shop", "--after", "x"]])
def test_a_mistyped_command_has_exit_code_2(shop: Path, actum: CommandLine, arguments: list[str]) -> None:
    result = actum(*arguments)

    assert result.code == 2
    assert "Traceback" not in result.err


def test_the_schema_is_that_of_the_application(shop: Path, actum: CommandLine) -> None:
    (schema,) = [actum("schema", "shop")]

    assert schema.code == 0
    assert '"order.labelled"' in schema.out
