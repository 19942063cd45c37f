"""A trace has everything that shares a correlation id, below what caused it, as far as it was searched."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from actum import Invalid
from actum.operations.tracing.node import Node as TraceNode
from actum.operations.tracing.trace import newest_correlations, trace
from actum.runtime.context.context import Context
from actum.runtime.node import Node
from actum.stores.open import Stores
from tests.console.desk import Account, Closing, app


def outline(nodes: Iterable[TraceNode], depth: int = 0) -> list[str]:
    """Gives a tree as lines, indented."""
    lines: list[str] = []
    for node in nodes:
        lines.append(f"{'  ' * depth}{node.sort} {node.title}: {node.status}".rstrip(": "))
        lines += outline(node.children, depth + 1)
    return lines


async def test_a_trace_goes_from_the_command_to_its_last_effect(node: Node, stores: Stores) -> None:
    context = Context(node.services, by="ann", correlation_id="c-1")
    await context.entity(Account, "a").deposit(50)
    await node.settle()

    found = await trace(stores, app, "c-1")

    [deposited, printed] = [stored.position for stored in await stores.journal.feed(0, 10)]
    assert outline(found.roots) == [
        "command Account/a deposit: by ann",
        f"  event Deposited: position {deposited:,}",
        "    view balances: shows it",
        "    action notify: done",
        "    command Account/a print: by ann",
        f"      event Printed: position {printed:,}",
    ]
    assert (found.by, found.is_cut) == ("ann", False)


async def test_what_failed_and_what_waits_is_in_the_trace(node: Node, stores: Stores) -> None:
    context = Context(node.services, correlation_id="c-2")
    await context.entity(Account, "a").deposit(150)
    await context.entity(Account, "b").deposit(13)
    await context.schedule(Account.deposit, "c", after=timedelta(days=1))(5)
    await context.workflow(Closing, "d").start(600)
    await node.settle()

    lines = [line.strip() for line in outline((await trace(stores, app, "c-2")).roots)]

    assert "letter print_receipt@queue:receipts: dead, tried once" in lines
    assert "letter notify: dead, tried once" in lines
    assert "timer Account/c deposit: due then" in lines
    assert "workflow Closing/d: failed" in lines
    assert [line for line in lines if line.startswith("step")] == ["step check: done", "step pay_out: failed"]


async def test_an_event_of_another_correlation_is_not_in_the_trace(node: Node, stores: Stores) -> None:
    await Context(node.services, correlation_id="c-1").entity(Account, "a").deposit(1)
    await Context(node.services, correlation_id="c-11").entity(Account, "b").deposit(2)
    await node.settle()

    found = await trace(stores, app, "c-1")

    assert {one.title for one in found.roots} == {"Account/a deposit"}


async def test_a_search_is_bounded_and_says_where_it_looked(
    node: Node, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actum.operations.tracing.found.WINDOW", 4)
    monkeypatch.setattr("actum.operations.tracing.found.BEFORE", 1)
    for number in range(1, 6):
        await Context(node.services, correlation_id=f"c-{number}").entity(Account, str(number)).open("ann")
    positions = [stored.position for stored in await stores.journal.feed(0, 100)]

    at_the_end = await trace(stores, app, "c-1")
    near = await trace(stores, app, "c-1", near=positions[0])

    assert at_the_end.roots == []
    assert at_the_end.window.after == await stores.journal.position_before(positions[-1], 4)
    assert [one.title for one in near.roots] == ["Account/1 open"]


async def test_what_caused_an_event_is_found_wherever_it_is(
    node: Node, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context(node.services, correlation_id="c-1")
    await context.entity(Account, "a").deposit(50)
    await node.settle()
    monkeypatch.setattr("actum.operations.tracing.found.WINDOW", 1)

    found = await trace(stores, app, "c-1")

    assert [one.title for one in found.roots] == ["Account/a deposit"]
    assert "command Account/a print" in "\n".join(outline(found.roots))


async def test_the_newest_correlations_are_listed(node: Node, stores: Stores) -> None:
    await Context(node.services, correlation_id="c-1", by="ann").entity(Account, "a").open("ann", 4)
    await Context(node.services, correlation_id="c-2").entity(Account, "b").open("bob")
    await node.settle()

    found = {one.id: (one.command, one.by, one.count) for one in await newest_correlations(stores)}

    assert found == {"c-1": ("open", "ann", 3), "c-2": ("open", "", 1)}


async def test_a_trace_needs_an_id(stores: Stores) -> None:
    with pytest.raises(Invalid, match="name a correlation id"):
        await trace(stores, app, "")
