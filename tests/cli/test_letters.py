"""Dead letters, as the command line lists them and asks for them while no application runs."""

from pathlib import Path

import pytest
from msgspec import json

from actum.cli.letter_line import LetterLine
from actum.ports.database import Letter, Timer
from actum.ports.message import Message
from tests.cli.commands import CommandLine
from tests.cli.filling import fill


@pytest.fixture
def jammed(shop: Path) -> Path:
    """The directory of a shop that could not print the labels of one order: one letter is dead, one waits."""
    (shop / "jammed").touch()
    fill(("torn", 3), ("whole", 4), ("torn", 5))
    return shop


def test_letters_are_listed_with_why_they_failed(jammed: Path, actum: CommandLine) -> None:
    table = actum("dead-letters", "list", "shop").out.splitlines()
    dead, waiting = actum("dead-letters", "list", "shop", "--json").lines

    assert table[1].split(maxsplit=7)[:5] == ["1", "print_label", "Order/torn", "dead", "2"]
    assert table[1].endswith("RuntimeError: the printer is jammed")
    assert (dead["status"], dead["attempts"], dead["position"]) == ("dead", 2, 1)
    assert dead["error"] == "RuntimeError: the printer\nis jammed"
    assert dead["first_failed"] == "2030-01-01T00:00:01Z"
    assert (waiting["status"], waiting["attempts"], waiting["first_failed"]) == ("waiting", 0, None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--status", "dead"], [1]),
        (["--status", "waiting"], [2]),
        (["--action", "print_label"], [1, 2]),
        (["--action", "timers"], []),
    ],
)
def test_letters_are_chosen_by_action_and_status(
    jammed: Path, actum: CommandLine, options: list[str], expected: list[int]
) -> None:
    result = actum("dead-letters", "list", "shop", "--json", *options)

    assert [line["id"] for line in result.lines] == expected


def test_a_letter_is_shown_with_the_event_it_stands_for(jammed: Path, actum: CommandLine) -> None:
    shown = actum("dead-letters", "show", "shop", "1").out
    (line,) = actum("dead-letters", "show", "shop", "1", "--json").lines

    assert (line["event"]["id"], line["event"]["event"]) == ("torn", {"amount": 3})
    assert "error  RuntimeError: the printer\\nis jammed" in shown


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (
            Message(3, "returns", "torn", b'{"amount":5}', 1_000_000, "c-1"),
            {"id": 3, "queue": "returns", "key": "torn", "body": {"amount": 5}, "correlation_id": "c-1"}
            | {"time": "1970-01-01T00:00:01Z", "causation_id": "", "by": "", "traceparent": ""},
        ),
        (
            Timer("late", 2_000_000, "Order", "torn", "pay", b"[5]", "c-1", id=3),
            {"name": "late", "kind": "Order", "entity_id": "torn", "command": "pay", "arguments": [5]}
            | {"due": "1970-01-01T00:00:02Z", "correlation_id": "c-1", "id": 3}
            | {"causation_id": "", "by": "", "span": 0, "traceparent": ""},
        ),
    ],
    ids=["message", "timer"],
)
def test_what_a_message_or_a_timer_holds_can_be_read(item: Message | Timer, shown: dict[str, object]) -> None:
    """Whoever has to decide about a letter sees what was sent, and not its bytes."""
    letter = Letter(1, "a", "k", 3, json.encode(item), "dead", 2, 0, "", 0, 0, None)

    line = LetterLine.of(letter)

    assert line.message is not None
    assert json.decode(line.message) == shown
    assert json.encode(line.message).decode() == dict(line.described())["message"]


@pytest.mark.parametrize("request_", ["retry", "skip"])
def test_a_request_is_kept_while_no_application_runs(jammed: Path, actum: CommandLine, request_: str) -> None:
    result = actum("dead-letters", request_, "shop", "1")

    assert (result.code, result.err) == (0, "")
    assert result.out == f"letter 1: requested; the application does it when it starts ({request_})\n"
    assert "dead, to " + request_ in actum("dead-letters", "list", "shop").out


def test_all_letters_that_are_dead_are_retried_on_request(jammed: Path, actum: CommandLine) -> None:
    actum("dead-letters", "retry", "shop", "--all")
    (jammed / "jammed").unlink()
    fill()

    letters = actum("dead-letters", "list", "shop", "--json")
    labels = actum("events", "shop", "--id", "torn", "--type", "order.labelled", "--json")

    assert letters.lines == []
    assert len(labels.lines) == 2


def test_nothing_is_asked_for_when_nothing_is_dead(shop: Path, actum: CommandLine) -> None:
    fill(("whole", 4))

    result = actum("dead-letters", "skip", "shop", "--all")

    assert (result.code, result.out) == (0, "no letter is dead\n")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["show", "shop", "7"], 1, "error: there is no letter 7\n"),
        (["retry", "shop", "1", "7"], 1, "error: there is no letter 7\n"),
        (["retry", "shop"], 2, "name letters by id, or use --all"),
        (["skip", "shop", "1", "--all"], 2, "name letters by id, or use --all"),
    ],
)
def test_a_request_that_names_no_letter_asks_for_nothing(
    jammed: Path, actum: CommandLine, arguments: list[str], code: int, expected: str
) -> None:
    result = actum("dead-letters", *arguments)

    assert result.code == code
    assert expected in result.err
    requests = [line["request"] for line in actum("dead-letters", "list", "shop", "--json").lines]
    assert requests == [None, None]


def test_a_letter_of_an_action_that_is_gone_is_not_promised_to_be_retried(
    jammed: Path, actum: CommandLine
) -> None:
    renamed = (jammed / "shop.py").read_text().replace("print_label", "print_sticker")
    (jammed / "renamed.py").write_text(renamed)

    result = actum("dead-letters", "retry", "renamed", "1")

    assert result.code == 1
    assert "letter 1 is of the action 'print_label', which the application no longer has" in result.err
