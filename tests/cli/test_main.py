"""What every command has in common: its help, its store, and its manner of failing."""

import ast
import importlib
import sqlite3
from pathlib import Path

import pytest

import actum as actum_package
from actum.cli.commands import COMMANDS as SUMMARIES
from actum.cli.commands import load
from actum.stores.url import shown as shown_url
from tests.cli.commands import CommandLine
from tests.cli.filling import fill

COMMANDS = [
    ["run"],
    ["migrate"],
    ["events"],
    ["entity"],
    ["ids"],
    ["schema", "show"],
    ["schema", "freeze"],
    ["schema", "check"],
    ["views", "list"],
    ["views", "rebuild"],
    ["dead-letters", "list"],
    ["dead-letters", "show"],
    ["dead-letters", "retry"],
    ["dead-letters", "skip"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(actum: CommandLine, command: list[str]) -> None:
    result = actum(*command, "--help")

    assert result.code == 0
    assert f"Usage: actum {' '.join(command)}" in result.out
    assert "The application, as MODULE:APP." in result.out


def test_the_names_of_the_package_are_where_type_checkers_look_for_them() -> None:
    """What is imported for type checkers alone is what is found when a program runs."""
    tree = ast.parse(Path(actum_package.__file__ or "").read_text())
    [imports] = [node for node in tree.body if isinstance(node, ast.If)]
    checked = {
        alias.name: node.module
        for node in imports.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert checked == actum_package.PLACES
    assert sorted(actum_package.__all__) == sorted(checked)
    for name, place in checked.items():
        assert getattr(actum_package, name) is getattr(importlib.import_module(place or ""), name)
    with pytest.raises(AttributeError, match="module 'actum' has no attribute 'Acount'"):
        _ = actum_package.Acount


def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(actum: CommandLine) -> None:
    result = actum("evnts", "shop")

    assert result.code == 2
    assert "Did you mean 'events'?" in result.err


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_list_of_commands_says_of_each_what_it_says_itself(name: str) -> None:
    assert load(name).help.partition("\n\n")[0] == SUMMARIES[name].summary


def test_the_version_is_told(actum: CommandLine) -> None:
    result = actum("--version")

    assert result.code == 0
    assert result.out.startswith("actum ")


@pytest.mark.parametrize(
    "arguments", [["views", "rebuild", "shop", "sales"], ["dead-letters", "retry", "shop", "1"]]
)
def test_a_file_that_another_program_holds_is_said_in_one_line(
    shop: Path, actum: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    (shop / "jammed").touch()
    fill(("torn", 3))
    monkeypatch.setattr("actum.stores.sqlite.connection.opening.BUSY_TIMEOUT", 0.01)
    holder = sqlite3.connect(shop / "shop.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    result = actum(*arguments)

    holder.close()
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith("error: shop.db is held by another program")


def test_a_file_of_another_program_is_left_alone(shop: Path, actum: CommandLine) -> None:
    other = sqlite3.connect(shop / "shop.db")
    other.execute("CREATE TABLE recipes (name)")
    other.commit()
    other.close()
    before = (shop / "shop.db").read_bytes()

    result = actum("events", "shop")

    assert result.err == "error: shop.db is a SQLite file of another program: name another file\n"
    assert (shop / "shop.db").read_bytes() == before


def test_an_error_that_nobody_foresaw_is_one_line_with_its_place(shop: Path, actum: CommandLine) -> None:
    fill(("a", 3))
    broken = (shop / "shop.py").read_text().replace("self.paid += event.amount", "self.paid += event.sum")
    (shop / "broken.py").write_text(broken)

    result = actum("entity", "broken", "Order", "a")

    place = broken[: broken.index("event.sum")].count("\n") + 1
    expected = f"error: broken.py:{place}: AttributeError: 'Paid' object has no attribute 'sum'\n"
    assert (result.code, result.err) == (1, expected)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///shop.db", "sqlite:///shop.db"),
        ("postgresql://ann:secret@there:5432/shop", "postgresql://ann:***@there:5432/shop"),
        ("postgresql://there/shop", "postgresql://there/shop"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown
