"""Which commands are known to leave the state to the reducers, so that nothing has to be watched."""

from typing import Any

import pytest

from actum import Entity, Event, command, query, reducer
from actum.model.entity import entity_type
from actum.model.turn import Instance


class Paid(Event):
    amount: int


def touch(purse: Any) -> None:
    purse.balance = 99


class Purse(Entity):
    balance: int = 0

    @command
    def pay(self, amount: int) -> int:
        before = self.balance
        self.emit(Paid(amount))
        return self.balance - before

    @command
    def pay_all(self, amounts: list[int]) -> int:
        for amount in sorted(amounts):
            self.emit(Paid(max(amount, 0)))
        return self.balance

    @command
    def set(self) -> None:
        self.balance = 99
        self.emit(Paid(1))

    @command
    def set_by_name(self) -> None:
        setattr(self, "balance", 99)  # noqa: B010 (as an author may write it)
        self.emit(Paid(1))

    @command
    def set_by_another(self) -> None:
        touch(self)
        self.emit(Paid(1))

    @command
    def set_later(self) -> None:
        def later() -> None:
            self.balance = 99

        later()
        self.emit(Paid(1))

    @command
    def set_within(self) -> None:
        self._set()
        self.emit(Paid(1))

    @query
    def shown(self) -> int:
        return self.balance

    @query
    def spoiling(self) -> int:
        self.balance += 1
        return self.balance

    @reducer
    def paid(self, event: Paid) -> None:
        self.balance += event.amount

    def _set(self) -> None:
        self.balance = 99


KIND = entity_type(Purse)


@pytest.mark.parametrize("name", ["pay", "pay_all"])
def test_a_command_that_only_emits_is_steady(name: str) -> None:
    assert KIND.commands[name].is_steady


@pytest.mark.parametrize("name", ["set", "set_by_name", "set_by_another", "set_later", "set_within"])
def test_a_command_that_may_change_the_state_is_not_and_is_put_back(name: str) -> None:
    instance = Instance(KIND, "a")

    instance.decide(KIND.commands[name], (), 1)

    assert not KIND.commands[name].is_steady
    assert instance.state.balance == 1


def test_a_query_is_steady_only_if_it_leaves_the_state_as_it_is() -> None:
    instance = Instance(KIND, "a")

    assert KIND.queries["shown"].is_steady
    assert not KIND.queries["spoiling"].is_steady
    assert instance.ask(KIND.queries["spoiling"], (), 1) == 1
    assert instance.ask(KIND.queries["shown"], (), 2) == 0


def test_a_steady_command_that_fails_after_an_event_leaves_nothing_behind() -> None:
    class Till(Entity):
        balance: int = 0

        @command
        def pay_and_divide(self, by: int) -> int:
            self.emit(Paid(5))
            return self.balance // by

        @reducer
        def paid(self, event: Paid) -> None:
            self.balance += event.amount

    kind = entity_type(Till)
    instance = Instance(kind, "a")

    with pytest.raises(ZeroDivisionError):
        instance.decide(kind.commands["pay_and_divide"], (0,), 1)

    assert kind.commands["pay_and_divide"].is_steady
    assert (instance.version, instance.state.balance, instance.touched) == (0, 0, {})
    assert not instance.is_spoiled
