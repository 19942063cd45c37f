"""Deadlines of an entity in its object: written with its events, and run by its alarm."""

from typing import Any

import pytest

from tests.hosts.cloudflare import Cloudflare
from tests.runtime.deadlines import Alarm
from tests.runtime.test_lifetimes import Parcel


@pytest.fixture
def cloudflare() -> Cloudflare:
    return Cloudflare(Alarm)


def sent(name: str, arguments: str, attempt: str) -> list[Any]:
    """Gives a command as it travels."""
    return ["Alarm", "a", ["Command", name, arguments, '{"correlation_id":"c","by":"ann"}', attempt]]


RUNG = ["Alarm", "a", ["Query", "rung", "[]"]]


async def test_a_deadline_runs_by_the_alarm_of_its_object_and_once(cloudflare: Cloudflare) -> None:
    """An object that was reset, and a process that sends the same later, change nothing."""
    due = cloudflare.now + 60_000
    await cloudflare.calls(sent("set", '["tea",60,"ready"]', "x"))
    await cloudflare.wake("Alarm/a")
    [early] = await cloudflare.calls(RUNG)
    cloudflare.entities.live.clear()

    await cloudflare.wake("Alarm/a")
    key = "timers/$deadline/5/1/Alarm/a/tea/1"
    again = ["Alarm", "a", ["Command", "ring", '["ready"]', "{}", "y", key, ""]]
    await cloudflare.calls(again)

    [told] = await cloudflare.calls(RUNG)
    assert (early[0], told[0]) == ("[]", '["ready"]')
    assert cloudflare.now >= due


async def test_a_cancelled_deadline_does_not_run_in_its_object(cloudflare: Cloudflare) -> None:
    await cloudflare.calls(
        sent("set", '["tea",60,"ready"]', "x"),
        sent("set", '["egg",61,"soft"]', "y"),
        sent("unset", '["tea"]', "z"),
    )

    while cloudflare.entities.storages["Alarm/a"].alarm is not None:
        await cloudflare.wake("Alarm/a")

    [told] = await cloudflare.calls(RUNG)
    assert told[0] == '["soft"]'


async def test_an_expiry_is_in_the_metadata_and_not_run_by_the_object() -> None:
    """The process that has the database does it, for what is stored beside the events goes too."""
    cloudflare = Cloudflare(Parcel)

    await cloudflare.calls(["Parcel", "a", ["Command", "note", '["here"]', '{"correlation_id":"c"}', "x"]])

    storage = cloudflare.entities.storages["Parcel/a"]
    [[metadata]] = storage.sql.exec("SELECT metadata FROM events").to_py()
    assert '"name":"$expiry"' in metadata
    assert list(storage.sql.exec("SELECT * FROM later").to_py()) == []


async def test_an_object_that_cannot_store_a_deadline_stores_no_event_either(cloudflare: Cloudflare) -> None:
    await cloudflare.calls(sent("touch", "[]", "w"))
    cloudflare.entities.storages["Alarm/a"].refused = "INTO later"

    refused = await cloudflare.calls(sent("set", '["tea",60,"ready"]', "x"))

    assert refused == ["Unavailable"]
