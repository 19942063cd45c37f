"""What type checkers say of tests: of views and actions alone, random commands, and a running application."""

from typing import assert_type

import pytest
from hypothesis.stateful import invariant

from actum import Context
from actum.testing import ActionOutcome, InjectedFaults, Reduced, Running, given, reduced, stored, testing
from actum.testing.machine import EntityMachine, machine
from examples.bank.bank import (
    Account,
    Balances,
    Deposited,
    Opened,
    Payment,
    Wealth,
    Withdrawn,
    app,
    notify,
    pay,
    wealthy,
)

balances = reduced(Balances, [("ann", Deposited(10)), ("ann", stored("Withdrawn", 1, {"amount": 4}))])
assert_type(balances, Reduced[Balances])
assert_type(balances.rows, list[Balances])
assert_type(balances.row("ann"), Balances | None)
assert_type(balances.query(Balances.wealthy, 5), list[Wealth])

balances.query(Balances.wealthy, "5")  # type: ignore[arg-type]
reduced(Account, [])  # type: ignore[type-var]

given(Account, stored("Opened", 1, {"owner": "ann"}), Deposited(3)).when(Account.deposit, 4)


async def tick() -> int:
    return 3


async def actions_alone() -> None:
    assert_type(await given(wealthy).when(5), ActionOutcome[list[Wealth]])
    assert_type(await given(tick).when(), ActionOutcome[int])
    (await given(notify).when(Withdrawn(4))).then(None)
    (await given(notify).on(stored("Withdrawn", 1, {"amount": 4}))).then()
    (
        await given(pay).answers(Account.deposit, 4).answers(Context.state, Account()).when(Payment("a", 4))
    ).sends()
    (await given(tick).when()).then("3")  # type: ignore[arg-type]
    await given(pay).when("ann")  # type: ignore[arg-type]
    await given(notify).when()  # type: ignore[call-arg]


class AccountMachine(EntityMachine[Account]):
    @invariant()
    def nobody_owes(self) -> None:
        assert_type(self.entities, dict[str, Account])
        assert all(account.balance >= 0 for account in self.entities.values())


TestAccount = AccountMachine.TestCase
assert_type(machine(Account), type[EntityMachine[Account]])


@pytest.mark.actum(faults=InjectedFaults(seed=7, crashes=0.1))
async def test_with_faults(actum: Running) -> None:
    await actum.store(Account, "ann", Opened("ann"), Deposited(5))
    async with actum.crashing("after commit"):
        await actum.ctx.entity(Account, "ann").deposit(5)
    await actum.crash()
    actum.crashing("soon")  # type: ignore[arg-type]


async def faulty() -> None:
    async with testing(app, faults=InjectedFaults()) as t:
        await t.settle()
