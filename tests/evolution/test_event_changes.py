"""Changes to events: what the check says of each, and what then happens to events that are really stored."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from actum import App
from actum.errors import AuthorError, UnknownEvent, UnreadableEvent
from actum.operations.evolution.change import BREAKING, Change
from actum.operations.evolution.declared import lock_of
from actum.operations.evolution.judgement import check
from actum.operations.evolution.lock import read_lock, write_lock
from tests.evolution.applications import application
from tests.evolution.event_cases import CASES, EventCase, Payload

ORDER = """

class Order(Entity, emits=[Placed]):
    said: str = ""

    @command
    def record(self, payload: str) -> None:
        self.emit(msgspec.json.decode(payload, type=Placed))

    @query
    def last(self) -> str:
        return self.said

    @reducer
    def placed(self, event: Placed) -> None:
        self.said = msgspec.json.encode(event).decode()


app = App("shop", entities=[Order])
"""
UNREAD = (UnknownEvent, UnreadableEvent)

of_each = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def versions(folder: Path, case: EventCase) -> tuple[App, App]:
    return application(folder, case.before + ORDER), application(folder, case.after + ORDER)


def changes(before: App, after: App) -> list[Change]:
    """Checks one application by the lock of the other, which is written and read on the way."""
    return check(after, read_lock(write_lock(lock_of(before)).encode(), "the lock"))


def store(app: App, url: str, payloads: list[Payload]) -> None:
    """Stores one event for each payload, each of an entity of its own."""

    async def run() -> None:
        async with app.running(url) as ctx:
            order = app._definition.catalog.kinds["Order"].cls
            for number, payload in enumerate(payloads):
                await ctx.entity(order, str(number)).record(msgspec.json.encode(payload).decode())  # type: ignore[attr-defined]

    asyncio.run(run())


def load(app: App, url: str, payloads: list[Payload]) -> list[str | AuthorError]:
    """Loads those entities: what each says of its event, or why it cannot be loaded."""

    async def run() -> list[str | AuthorError]:
        found: list[str | AuthorError] = []
        async with app.running(url) as ctx:
            order = app._definition.catalog.kinds["Order"].cls
            for number in range(len(payloads)):
                try:
                    found.append(await ctx.entity(order, str(number)).last())  # type: ignore[attr-defined]
                except UNREAD as error:
                    found.append(error)
        return found

    return asyncio.run(run())


@of_each
def test_the_check_gives_the_verdict_and_says_what_to_do(case: EventCase, tmp_path: Path) -> None:
    before, after = versions(tmp_path, case)

    found = changes(before, after)

    assert (found[0].verdict if found else "compatible") == case.verdict, found
    assert (
        any(case.says in text for change in found for text in msgspec.structs.astuple(change))
        or not case.says
    )
    assert all(change.fix for change in found if change.is_breaking)


@of_each
def test_stored_events_are_read_unless_the_check_says_otherwise(case: EventCase, tmp_path: Path) -> None:
    before, after = versions(tmp_path, case)
    url = f"sqlite:///{tmp_path}/forwards.db"

    store(before, url, case.old)
    found = load(after, url, case.old)

    unread = [one for one in found if isinstance(one, AuthorError)]
    assert bool(unread) == (case.verdict in BREAKING and not case.lost), found
    if case.lost:
        assert found != [msgspec.json.encode(payload).decode() for payload in case.old]


@of_each
def test_an_earlier_program_reads_what_a_later_one_stored_if_the_check_says_compatible(
    case: EventCase, tmp_path: Path
) -> None:
    before, after = versions(tmp_path, case)
    url = f"sqlite:///{tmp_path}/backwards.db"

    store(after, url, case.new)
    found = load(before, url, case.new)

    unread = [one for one in found if isinstance(one, AuthorError)]
    if case.verdict not in BREAKING:
        assert bool(unread) == (case.verdict == "rollback"), found


COMPLETE = [case for case in CASES if "class Placed(Event):" in case.after]


@pytest.mark.parametrize("case", COMPLETE, ids=[case.name for case in COMPLETE])
def test_the_code_that_the_check_prints_reads_the_stored_events(case: EventCase, tmp_path: Path) -> None:
    before, after = versions(tmp_path, case)
    code = next((change.code for change in changes(before, after) if change.code.startswith("class")), "")
    if not code or "= ..." in code:
        return  # Only the author knows what stored events meant.
    upcast = code.partition("\n")[2]
    raised = case.after.replace("class Placed(Event)", "class Placed(Event, version=2)")
    url = f"sqlite:///{tmp_path}/upcast.db"

    store(before, url, case.old)
    fixed = application(tmp_path, f"{raised}\n{upcast}\n{ORDER}")
    found = load(fixed, url, case.old)

    assert not [one for one in found if isinstance(one, AuthorError)], found
    assert not [change for change in changes(before, fixed) if change.is_breaking]
