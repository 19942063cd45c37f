"""An entity is looked into: its timeline, what would be after an event, and commands sent by a form."""

import msgspec
import pytest

from actum import Invalid, NotFound, Rejected
from actum.model.entity import EntityType
from actum.operations.entities import entity_kind
from actum.operations.inspection.calls import command_of, form_of, read_arguments, send_command
from actum.operations.inspection.changes import FieldChange
from actum.operations.inspection.search import find_entities
from actum.operations.inspection.snippets import python_of
from actum.operations.inspection.timeline import show_timeline
from actum.operations.inspection.what_if import what_if
from actum.ports.journal import Snapshot
from actum.runtime.context.context import Context
from actum.runtime.node import Node
from actum.stores.open import Stores
from tests.console.desk import Account
from tests.console.desk import quiet as app


@pytest.fixture
def context(node: Node) -> Context:
    return Context(node.services, by="ann", correlation_id="c-1")


@pytest.fixture
def kind() -> EntityType:
    return entity_kind(app, "Account")


async def test_a_timeline_says_what_each_event_changed(
    context: Context, stores: Stores, kind: EntityType
) -> None:
    await context.entity(Account, "a").open("ann", 7)
    await context.entity(Account, "a").deposit(5)

    shown = await show_timeline(stores, kind, "a")

    assert [one.stored.version for one in shown.events] == [3, 2, 1]
    assert [one.changes for one in shown.events] == [
        [FieldChange("balance", 7, 12)],
        [FieldChange("balance", 0, 7)],
        [FieldChange("owner", "", "ann")],
    ]
    assert (shown.state, shown.newest, shown.older) == (
        {"owner": "ann", "balance": 12, "receipts": []},
        3,
        None,
    )
    newest = shown.events[0]
    assert (newest.metadata.by, newest.metadata.command, newest.payload) == ("ann", "deposit", {"amount": 5})


async def test_a_timeline_is_shown_at_any_version_a_page_at_a_time(
    context: Context, stores: Stores, kind: EntityType
) -> None:
    for amount in range(1, 8):
        await context.entity(Account, "a").deposit(amount)

    shown = await show_timeline(stores, kind, "a", version=5, limit=2)
    assert shown.older is not None
    older = await show_timeline(stores, kind, "a", version=shown.older, limit=2)

    assert ([one.stored.version for one in shown.events], shown.older) == ([5, 4], 3)
    assert (shown.state or {})["balance"] == 1 + 2 + 3 + 4 + 5
    assert [one.changes for one in older.events] == [
        [FieldChange("balance", 3, 6)],
        [FieldChange("balance", 1, 3)],
    ]


async def test_a_version_that_there_is_not_is_said_to_be_missing(
    context: Context, stores: Stores, kind: EntityType
) -> None:
    await context.entity(Account, "a").deposit(1)

    with pytest.raises(NotFound, match="Account/a has no version 2: it is at 1"):
        await show_timeline(stores, kind, "a", version=2)
    with pytest.raises(Invalid, match="versions begin at 1"):
        await show_timeline(stores, kind, "a", version=0)
    with pytest.raises(NotFound, match="there is no Account 'b'"):
        await show_timeline(stores, kind, "b")


async def test_a_state_that_would_take_too_long_is_not_folded(
    context: Context, stores: Stores, kind: EntityType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.operations.inspection.timeline.MAX_FOLDED", 3)
    for amount in range(1, 7):
        await context.entity(Account, "a").deposit(amount)

    shown = await show_timeline(stores, kind, "a", limit=1)

    assert (shown.state, shown.why) == (None, "more than 3 events would have to be folded")
    assert [one.changes for one in shown.events] == [None]


async def test_a_state_too_far_from_the_beginning_is_known_from_a_snapshot_on(
    node: Node, context: Context, stores: Stores, kind: EntityType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for amount in range(1, 8):
        await context.entity(Account, "a").deposit(amount)
    made = await show_timeline(stores, kind, "a", version=5)
    snapshot = Snapshot(5, made.events[0].stored.time, kind.fingerprint, msgspec.json.encode(made.state))
    await stores.journal.save_snapshot("Account", "a", snapshot)
    monkeypatch.setattr("actum.operations.inspection.timeline.MAX_FOLDED", 1)

    shown = await show_timeline(stores, kind, "a", limit=4)

    assert (shown.state or {})["balance"] == 28
    assert [(one.stored.version, one.changes is None) for one in shown.events] == [
        (7, False),
        (6, False),
        (5, True),
        (4, True),
    ]


async def test_what_would_be_after_an_event_is_not_stored(
    context: Context, stores: Stores, kind: EntityType
) -> None:
    await context.entity(Account, "a").deposit(20)
    await context.entity(Account, "a").deposit(30)

    imagined = await what_if(stores, kind, "a", "Deposited", b'{"amount":4}', version=1)
    first = await what_if(stores, kind, "new", "Opened", b'{"owner":"bob"}', version=0)

    assert (imagined.at, imagined.changes) == (2, [FieldChange("balance", 20, 24)])
    assert first.state == {"owner": "bob", "balance": 0, "receipts": []}
    assert (await show_timeline(stores, kind, "a")).newest == 2


@pytest.mark.parametrize(
    ("type", "payload", "said"),
    [
        ("Deposited", b'{"amount":"much"}', "this is no Deposited: Expected `int`"),
        ("Deposited", b"{", "this is no Deposited: Input data was truncated"),
        ("Deposited", b"\xff", "this is no Deposited"),
        ("Deposited", b'{"amount":2000000}', "the reducer of Deposited fails on this: ValueError: the vault"),
        ("Stolen", b"{}", "Account declares no event 'Stolen'; it declares"),
    ],
)
async def test_an_event_that_cannot_be_imagined_is_refused(
    stores: Stores, kind: EntityType, type: str, payload: bytes, said: str
) -> None:
    with pytest.raises((Invalid, NotFound), match=said):
        await what_if(stores, kind, "a", type, payload, version=0)


async def test_a_command_is_sent_from_the_fields_of_its_form(
    context: Context, stores: Stores, kind: EntityType
) -> None:
    command = command_of(kind, "open")
    arguments = read_arguments(command, {"owner": "ann", "first": "40"})

    sent = await send_command(context, stores, kind, "a", command, arguments)

    assert (sent.reply, sent.version) == (40, 2)
    assert [one.stored.type for one in sent.events] == ["Opened", "Deposited"]
    assert sent.changes == [FieldChange("owner", "", "ann"), FieldChange("balance", 0, 40)]
    assert sent.state == {"owner": "ann", "balance": 40, "receipts": []}
    with pytest.raises(Rejected, match="more than nothing"):
        await send_command(context, stores, kind, "a", command_of(kind, "deposit"), {"amount": -1})


async def test_entities_are_found_by_how_their_ids_begin(
    context: Context, stores: Stores, kind: EntityType
) -> None:
    for id in ("ann-1", "ann-2", "ann-3", "bob-1"):
        await context.entity(Account, id).deposit(1)

    first = await find_entities(stores, kind, "ann", limit=2)
    last = await find_entities(stores, kind, "ann", limit=2, page=first.next)
    newest = await find_entities(stores, kind, limit=1)

    assert ([one.id for one in first.items], first.next) == (["ann-1", "ann-2"], "ann-2")
    assert ([one.id for one in last.items], last.next) == (["ann-3"], None)
    assert [one.id for one in newest.items] == ["bob-1"]
    assert (await find_entities(stores, kind, "carl")).items == []


def test_a_form_asks_for_each_argument_with_a_control_of_its_own(kind: EntityType) -> None:
    form = form_of(command_of(kind, "open"))

    assert [(one.name, one.control, one.default, one.is_required) for one in form.arguments] == [
        ("owner", "text", "", True),
        ("first", "integer", "0", False),
    ]
    assert form.description == "Opens the account, with a first deposit if there is one."
    assert msgspec.json.encode(form.schema)


def test_an_argument_that_does_not_fit_is_named(kind: EntityType) -> None:
    command = command_of(kind, "open")

    with pytest.raises(Invalid, match=r"Account\.open: first: Expected `int`") as refused:
        read_arguments(command, {"owner": "ann", "first": '"4"'})
    with pytest.raises(Invalid, match=r"Account\.deposit: amount: it is required"):
        read_arguments(command_of(kind, "deposit"), {})
    with pytest.raises(Invalid, match="amount: 'many' is not a whole number: write digits alone, such as 12"):
        read_arguments(command_of(kind, "deposit"), {"amount": "many"})

    assert refused.value.field == "first"


def test_a_command_is_shown_as_python(kind: EntityType) -> None:
    command = command_of(kind, "deposit")

    code = python_of("desk", kind, "it's", command, {"amount": 5})

    assert code.splitlines()[-1] == """    print(await ctx.entity(Account, "it's").deposit(amount=5))"""
    compile(f"async def f():\n    {code.replace(chr(10), chr(10) + '    ')}", "code", "exec")
