"""What an entity's object promises, under Python Workers as far as they can be had here."""

import asyncio
import itertools
from typing import Any

import pytest

from examples.bank.bank import Account
from tests.hosts.cloudflare import Cloudflare

numbers = itertools.count(1)


@pytest.fixture
def cloudflare() -> Cloudflare:
    return Cloudflare(Account)


def deposit(id: str, amount: int, *, attempt: str | None = None, key: str | None = None) -> list[Any]:
    """Gives a deposit as it travels."""
    is_again = attempt is not None
    attempt = attempt or f"attempt-{next(numbers)}"
    mark = f"deposit {amount}"
    return ["Account", id, ["Command", "deposit", f"[{amount}]", "{}", attempt, key, mark, None, is_again]]


def balance(id: str) -> list[Any]:
    return ["Account", id, ["Query", "current_balance", "[]"]]


async def fail() -> None:
    raise ConnectionError("the line is cut")


async def test_commands_run_in_their_objects_and_reach_the_feed(cloudflare: Cloudflare) -> None:
    """Each answer has its reply, its position in the feed, and the version that it left."""
    told = await cloudflare.calls(deposit("a", 5), deposit("b", 7), deposit("a", 6), balance("a"))

    assert [answer[0] for answer in told] == ["5", "7", "11", "11"]
    assert [answer[2] for answer in told] == [1, 1, 2, 2]
    assert sorted(answer[1] for answer in told[:3]) == [1, 2, 3]
    assert {(id, version) for _, id, version in await cloudflare.feed()} == {("a", 1), ("a", 2), ("b", 1)}


@pytest.mark.parametrize("secret", ["", "wrong", "the-secret-of-the-tests-and-more"])
async def test_without_the_secret_nothing_is_told(cloudflare: Cloudflare, secret: str) -> None:
    """Whoever does not have the secret reaches no object."""
    status, _ = await cloudflare.post("/calls", [deposit("a", 5)], secret=secret)

    assert status == 401
    assert not cloudflare.entities.live


async def test_a_deployment_without_a_secret_refuses_everybody(cloudflare: Cloudflare) -> None:
    """A secret that was forgotten is not one that everybody has."""
    cloudflare.env.ACTUM_SECRET = ""

    status, _ = await cloudflare.post("/calls", [], secret="")

    assert status == 401


async def test_an_object_that_is_reset_goes_on_from_its_storage(cloudflare: Cloudflare) -> None:
    """State, versions and keys are those of before."""
    first = await cloudflare.calls(deposit("a", 5, key="k-1"), deposit("a", 6))
    cloudflare.entities.live.clear()

    again = await cloudflare.calls(deposit("a", 5, key="k-1"), deposit("a", 7))

    assert [answer[0] for answer in (*first, *again)] == ["5", "11", "5", "18"]
    assert again[0][1] == first[0][1]


@pytest.mark.parametrize("is_reset", [False, True])
async def test_a_call_that_comes_again_takes_effect_once(cloudflare: Cloudflare, is_reset: bool) -> None:
    """A call without a key that was sent again gets the answer that was lost."""
    [first] = await cloudflare.calls(deposit("a", 5, attempt="x"))
    if is_reset:
        cloudflare.entities.live.clear()

    [again] = await cloudflare.calls(deposit("a", 5, attempt="x"))

    assert first == again
    assert await cloudflare.calls(balance("a")) == [["5", 0, 1, None]]


async def test_a_write_that_fails_resets_the_object_and_tells_nothing(cloudflare: Cloudflare) -> None:
    """What was decided on a state that storage has refused is gone with it."""
    await cloudflare.calls(deposit("a", 5))
    storage = cloudflare.entities.storages["Account/a"]
    storage.refused = "INSERT INTO events"

    refused, read = await cloudflare.calls(deposit("a", 6), balance("a"))
    is_reset = "Account/a" not in cloudflare.entities.live
    storage.refused = None
    told = await cloudflare.calls(deposit("a", 7))

    assert (refused, read) == ("Unavailable", ["5", 0, 1, None])
    assert is_reset
    assert [answer[0] for answer in told] == ["12"]


async def test_the_events_and_the_reply_of_a_key_are_kept_together(cloudflare: Cloudflare) -> None:
    """When the reply cannot be kept, the events are not either."""
    await cloudflare.calls(deposit("a", 5))
    storage = cloudflare.entities.storages["Account/a"]
    storage.refused = "INSERT INTO replies"

    refused = await cloudflare.calls(deposit("a", 6, key="k-1"))
    storage.refused = None
    told = await cloudflare.calls(balance("a"), deposit("a", 6, key="k-1"))

    assert refused == ["Unavailable"]
    assert [answer[0] for answer in told] == ["5", "11"]


async def test_what_the_feed_did_not_take_is_handed_on_by_the_alarm(cloudflare: Cloudflare) -> None:
    """While the feed is gone nobody is told of a write, and no write is lost to it."""
    cloudflare.feeds.before = fail
    untold = await cloudflare.calls(deposit("a", 5), deposit("a", 6))
    cloudflare.entities.live.clear()
    cloudflare.feeds.before = None
    before = await cloudflare.feed()

    await cloudflare.wake("Account/a")

    assert untold == ["Unavailable", "Unavailable"]
    assert before == []
    assert await cloudflare.feed() == [(1, "a", 1), (2, "a", 2)]


async def test_the_alarm_goes_on_until_the_feed_has_confirmed(cloudflare: Cloudflare) -> None:
    """An alarm that finds the feed gone sets the next one, and one with nothing to do sets none."""
    cloudflare.feeds.before = fail
    await cloudflare.calls(deposit("a", 5))

    await cloudflare.wake("Account/a")
    await cloudflare.wake("Account/a")
    cloudflare.feeds.before = None
    await cloudflare.wake("Account/a")

    assert await cloudflare.feed() == [(1, "a", 1)]
    assert cloudflare.entities.storages["Account/a"].alarm is None


async def test_events_whose_confirmation_was_lost_are_in_the_feed_once(cloudflare: Cloudflare) -> None:
    """The feed knows by their versions what it has had, and gives it the position that it had."""
    cloudflare.feeds.after = fail
    await cloudflare.calls(deposit("a", 5))
    cloudflare.feeds.after = None

    told = await cloudflare.calls(deposit("b", 7), deposit("a", 6))

    assert await cloudflare.feed() == [(1, "a", 1), (2, "b", 1), (3, "a", 2)]
    assert [answer[1] for answer in told] == [2, 3]


async def test_a_command_for_later_runs_when_it_is_due_and_once(cloudflare: Cloudflare) -> None:
    """Neither an alarm for something else nor the process's own sending makes it early or twice."""
    due = (cloudflare.now + 60_000) * 1_000
    later = ["Schedule", "x", due, "deposit", "[5]", "{}", "timers/x"]
    await cloudflare.calls(["Account", "a", later], deposit("a", 1))

    await cloudflare.wake("Account/a")
    early = await cloudflare.calls(balance("a"))
    cloudflare.entities.live.clear()
    await cloudflare.wake("Account/a")
    told = await cloudflare.calls(["Account", "a", ["Command", "deposit", "[5]", "{}", "y", "timers/x", ""]])
    await cloudflare.wake("Account/a")

    assert early == [["1", 0, 1, None]]
    assert cloudflare.now * 1_000 >= due
    assert [answer[0] for answer in told] == ["6"]
    assert await cloudflare.calls(balance("a")) == [["6", 0, 2, None]]


async def test_a_command_that_comes_while_an_entity_is_erased_finds_it_new(cloudflare: Cloudflare) -> None:
    """What is written behind an erasure stays, however many see it through."""
    await cloudflare.calls(deposit("a", 5, key="k-1"))

    erased, first, second = await asyncio.gather(
        cloudflare.calls(["Account", "a", ["Erase"]]),
        cloudflare.calls(deposit("a", 6, key="k-1")),
        cloudflare.calls(deposit("a", 7)),
    )

    found = sorted(int(answer[0]) for answer in (first[0], second[0]) if isinstance(answer, list))
    assert erased == [[1, 2]]
    assert await cloudflare.calls(balance("a")) == [[str(found[-1]), 0, len(found), None]]
    assert [version for _, _, version in await cloudflare.feed()] == list(range(len(found) + 1))


async def test_an_erasure_that_was_cut_short_is_finished(cloudflare: Cloudflare) -> None:
    """Nothing of an entity comes back once its erasure has begun."""
    await cloudflare.calls(deposit("a", 5))
    cloudflare.feeds.before = fail
    refused = await cloudflare.calls(["Account", "a", ["Erase"]])
    cloudflare.entities.live.clear()
    cloudflare.feeds.before = None

    await cloudflare.wake("Account/a")

    assert refused == ["Unavailable"]
    assert await cloudflare.feed() == [(2, "a", 0)]
    assert await cloudflare.calls(balance("a")) == [["0", 0, 0, None]]


async def test_what_does_not_fit_into_a_row_is_refused_to_its_caller_alone(cloudflare: Cloudflare) -> None:
    """An event beyond 2 MB is refused before it is written, and the entity goes on."""
    long = "x" * 2_000_000

    told = await cloudflare.calls(
        ["Account", "a", ["Command", "open", f'["{long}"]', "{}", "x"]], deposit("a", 5)
    )

    assert told[0] == "Invalid"
    assert told[1][0] == "5"
    assert await cloudflare.calls(balance("a")) == [["5", 0, 1, None]]


async def test_entities_of_a_kind_that_was_not_deployed_are_named(cloudflare: Cloudflare) -> None:
    """The answer says what the objects run, and to deploy them again."""
    told = await cloudflare.calls(["Loan", "a", ["Query", "rate", "[]"]])

    assert told == ["NotFound"]
