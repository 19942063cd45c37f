"""What operators do on the command line is recorded, and letters are edited there."""

import asyncio
import getpass
from pathlib import Path
from time import time_ns

import pytest

from actum.operations.opening import open_beside
from actum.operations.repairs.audit import Act, recorded
from actum.runtime.clock import SystemClock
from actum.testing import testing
from tests.cli.commands import CommandLine
from tests.console.desk import Account, app

APP = "tests.console.desk:app"
DAY = 24 * 3_600 * 1_000_000
HELD = {"account": "a", "amount": 150}


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The store of a desk whose printer had no room for one receipt."""
    url = f"sqlite:///{tmp_path}/desk.db"
    asyncio.run(_deposit(url, 150))
    return url


async def _deposit(url: str, *amounts: int) -> list[int]:
    """Has money put in, and gives the receipts that were printed."""
    async with testing(app, store=url) as running:
        for amount in amounts:
            await running.ctx.entity(Account, "a").deposit(amount)
        await running.settle(allows_failures=True)
        return (await running.ctx.state(Account, "a")).receipts


def test_what_a_letter_is_retried_with_is_printed_and_edited(store: str, actum: CommandLine) -> None:
    (shown,) = actum("dead-letters", "edit", APP, "1", "--store", store).lines
    edited = actum("dead-letters", "edit", APP, "1", '{"account":"a","amount":60}', "--store", store)

    assert shown == HELD
    assert (edited.code, edited.err) == (0, "")
    assert edited.out == "letter 1: edited; the application retries it when it starts\n"
    assert asyncio.run(_deposit(store)) == [60]


def test_what_was_edited_is_in_the_audit_log_as_it_was(store: str, actum: CommandLine) -> None:
    text = '{"account":"a","amount":60}'
    actum("dead-letters", "edit", APP, "1", text, "--by", "eve", "--store", store)

    table = actum("audit", APP, "--store", store).out.splitlines()
    (line,) = actum("audit", APP, "--json", "--store", store).lines

    assert table[0].split() == ["time", "who", "what", "of", "outcome", "error"]
    assert table[1].split()[2:] == ["eve", "letters", "edit", "letter", "1", "done"]
    assert (line["before"], line["after"]) == (HELD, {"account": "a", "amount": 60})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"account":"a"}', "missing required field `amount`"),
        ("{", "this does not fit the action 'print_receipt@queue:receipts'"),
    ],
)
def test_what_the_action_does_not_take_is_refused(
    store: str, actum: CommandLine, content: str, said: str
) -> None:
    result = actum("dead-letters", "edit", APP, "1", content, "--store", store)

    assert result.code == 1
    assert said in result.err
    assert actum("dead-letters", "edit", APP, "1", "--store", store).lines == [HELD]
    assert actum("audit", APP, "--json", "--store", store).lines == []


def test_a_request_is_recorded_with_who_is_logged_in(
    store: str, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    actum("dead-letters", "skip", APP, "1", "--store", store)
    monkeypatch.setenv("ACTUM_OPERATOR", "eve")
    actum("views", "retry", APP, "balances", "--store", store)
    actum("workflows", "retry", APP, "Closing", "none", "--store", store)

    lines = actum("audit", APP, "--json", "--store", store).lines

    assert [(line["by"], line["action"], line["target"], line["state"]) for line in lines] == [
        ("eve", "workflows retry", "Closing/none", "failed"),
        ("eve", "views retry", "balances", "done"),
        (getpass.getuser(), "letters skip", "letter 1", "done"),
    ]
    assert "there is no workflow Closing/none" in lines[0]["error"]


def test_a_rebuild_is_recorded(store: str, actum: CommandLine) -> None:
    result = actum("views", "rebuild", APP, "balances", "--by", "eve", "--store", store)

    (line,) = actum("audit", APP, "--json", "--store", store).lines
    assert (result.code, line["action"], line["state"]) == (0, "views rebuild", "done")


def test_what_operators_did_is_not_among_the_workflows(store: str, actum: CommandLine) -> None:
    actum("dead-letters", "skip", APP, "1", "--store", store)

    listed = actum("workflows", "list", APP, "--json", "--store", store)

    assert listed.lines == []


def test_an_empty_audit_log_is_a_table_without_rows(store: str, actum: CommandLine) -> None:
    result = actum("audit", APP, "--store", store)

    assert (result.code, len(result.out.splitlines())) == (0, 1)


def test_acts_older_than_an_age_are_deleted_and_that_is_recorded(
    store: str, actum: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that ended later stay, and so does one of which it is not known how it ended."""
    with monkeypatch.context() as patched:
        patched.setattr(SystemClock, "now", lambda self: time_ns() // 1_000 - 400 * DAY)
        asyncio.run(_act_and_be_interrupted(store))
    actum("dead-letters", "skip", APP, "1", "--by", "ann", "--store", store)

    result = actum("audit", "forget", APP, "--older-than", "365d", "--by", "ann", "--store", store)

    assert (result.code, result.out) == (0, "acts deleted: 1\n")
    lines = actum("audit", APP, "--json", "--store", store).lines
    assert [(line["by"], line["action"], line["state"]) for line in lines] == [
        ("ann", "audit forget", "done"),
        ("ann", "letters skip", "done"),
        ("eve", "letters retry", "begun"),
    ]


async def _act_and_be_interrupted(url: str) -> None:
    """Records an act, and one without its end."""
    async with open_beside(url) as stores:
        async with recorded(stores.database, "eve", Act("views rebuild", "balances")):
            pass
        await recorded(stores.database, "eve", Act("letters retry", "letter 1")).__aenter__()


@pytest.mark.parametrize("age", ["0d", "a year", "365"])
def test_an_age_that_is_none_is_refused(store: str, actum: CommandLine, age: str) -> None:
    result = actum("audit", "forget", APP, "--older-than", age, "--store", store)

    assert result.code == 1
    assert "write an age, as in 30d" in result.err


def test_options_may_precede_the_application(store: str, actum: CommandLine) -> None:
    actum("dead-letters", "skip", APP, "1", "--store", store)

    before = actum("audit", "--json", APP, "--store", store)
    named = actum("audit", "list", APP, "--json", "--store", store)

    assert (before.code, len(before.lines)) == (0, 1)
    assert before.lines == named.lines


def test_an_adoption_is_recorded(store: str, actum: CommandLine) -> None:
    result = actum("adopt", APP, "--by", "eve", "--store", store)

    (line,) = actum("audit", APP, "--json", "--store", store).lines
    assert (result.code, line["by"], line["action"], line["target"], line["state"]) == (
        *(0, "eve"),
        *("adopt", "desk", "done"),
    )
