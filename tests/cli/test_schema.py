"""The commands `schema show`, `freeze` and `check`: what they print, write, and end with."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.commands import CommandLine

ADDED = ("    amount: int\n\n\nclass Labelled", "    amount: int\n    currency: str\n\n\nclass Labelled")
WIDENED = ("    amount: int\n\n\nclass Labelled", '    amount: int\n    note: str = ""\n\n\nclass Labelled')
REMOVED = ("    amount: int\n\n\nclass Labelled", "    amount: int | None\n\n\nclass Labelled")


def edit(shop: Path, *edits: tuple[str, str]) -> None:
    """Changes shop.py as an author does between two runs of the command line."""
    source = shop / "shop.py"
    text = source.read_text()
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    source.write_text(text)
    sys.modules.pop("shop", None)
    shutil.rmtree(shop / "__pycache__", ignore_errors=True)


@pytest.fixture
def frozen(shop: Path, actum: CommandLine) -> Path:
    """The directory, with a lock file of shop.py as it is."""
    assert actum("schema", "freeze", "shop").code == 0
    return shop


def test_the_schema_is_printed_with_and_without_show(shop: Path, actum: CommandLine) -> None:
    named, bare = actum("schema", "show", "shop"), actum("schema", "shop")

    assert (named.code, bare.code) == (0, 0)
    assert named.out == bare.out
    assert '"order.labelled"' in bare.out


def test_freeze_writes_the_lock_beside_the_module(shop: Path, actum: CommandLine) -> None:
    first, second = actum("schema", "freeze", "shop"), actum("schema", "freeze", "shop:app")

    assert (first.code, first.out) == (0, "actum.lock.json is frozen: commit it\n")
    assert (second.code, second.out) == (0, "actum.lock.json is up to date\n")
    assert '"order.labelled"' in (shop / "actum.lock.json").read_text()


def test_check_ends_with_0_where_nothing_has_changed(frozen: Path, actum: CommandLine) -> None:
    result = actum("schema", "check", "shop")

    assert (result.code, result.err) == (0, "")
    assert result.out == "nothing has changed since actum.lock.json was frozen\n"


def test_check_ends_with_1_and_prints_the_code_where_something_breaks(
    frozen: Path, actum: CommandLine
) -> None:
    edit(frozen, ADDED)

    result = actum("schema", "check", "shop")

    assert result.code == 1
    assert "  event Paid: the field `currency` is new and has no default" in result.out
    assert "    fix: raise the event's version to 2, and add an upcast, or give it a default" in result.out
    assert "        @Paid.upcast(1)\n" in result.out
    assert "1 change of 1 would break what exists" in result.out


def test_check_ends_with_3_where_the_lock_is_behind(frozen: Path, actum: CommandLine) -> None:
    edit(frozen, WIDENED)

    behind = actum("schema", "check", "shop")
    freeze = actum("schema", "freeze", "shop")
    again = actum("schema", "check", "shop")

    assert behind.code == 3
    assert "run `actum schema freeze shop`, and commit it" in behind.out
    assert (freeze.code, again.code) == (0, 0)


def test_check_is_strict_about_rollbacks_if_it_is_asked_to(frozen: Path, actum: CommandLine) -> None:
    edit(frozen, REMOVED)

    lenient, strict = actum("schema", "check", "shop"), actum("schema", "check", "shop", "--strict")

    assert (lenient.code, strict.code) == (3, 1)


def test_check_prints_one_change_a_line_of_json(frozen: Path, actum: CommandLine) -> None:
    edit(frozen, ADDED)

    result = actum("schema", "check", "shop", "--json")

    [change] = result.lines
    assert result.code == 1
    assert (change["verdict"], change["where"]) == ("upcast", "event Paid")
    assert change["code"].startswith("class Paid(Event, version=2): ...")
    assert "would break what exists" in result.err


def test_freeze_refuses_what_breaks_until_it_is_accepted(frozen: Path, actum: CommandLine) -> None:
    before = (frozen / "actum.lock.json").read_text()
    edit(frozen, ADDED)

    refused = actum("schema", "freeze", "shop")
    kept = (frozen / "actum.lock.json").read_text()
    accepted = actum("schema", "freeze", "shop", "--accept")

    assert (refused.code, kept) == (1, before)
    assert "freeze with --accept" in refused.err
    assert accepted.code == 0
    assert actum("schema", "check", "shop").code == 0


def test_check_opens_no_store(frozen: Path, actum: CommandLine) -> None:
    actum("schema", "check", "shop")

    assert not list(frozen.glob("*.db*"))


def test_a_lock_can_be_named(shop: Path, actum: CommandLine) -> None:
    written = actum("schema", "freeze", "shop", "--lock", "deployed.json")
    checked = actum("schema", "check", "shop", "--lock", "deployed.json")

    assert (written.code, checked.code) == (0, 0)
    assert (shop / "deployed.json").exists()


def test_check_without_a_lock_says_to_freeze_one(shop: Path, actum: CommandLine) -> None:
    result = actum("schema", "check", "shop")

    assert result.code == 1
    assert result.err.startswith("error: there is no actum.lock.json: run `actum schema freeze` once")


def test_a_lock_that_is_none_is_refused_in_one_line(shop: Path, actum: CommandLine) -> None:
    (shop / "actum.lock.json").write_text("<<<<<<< HEAD")

    checked, frozen = actum("schema", "check", "shop"), actum("schema", "freeze", "shop")

    assert (checked.code, frozen.code) == (1, 1)
    assert checked.err.startswith("error: actum.lock.json is no lock file")
    assert checked.err.count("\n") == 1
