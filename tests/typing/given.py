"""What type checkers say of examples: `when` takes what the command takes, `then` what it replies."""

from typing import assert_type

from actum.testing import given
from examples.bank.bank import Account, Deposited, Withdrawn

example = given(Account, Deposited(10)).when(Account.withdraw, 4).then(Withdrawn(4), reply=6)

assert_type(example.reply, int)
assert_type(example.entity, Account)
assert_type(example.when(Account.current_balance).reply, int)
assert_type(example.when(Account.open, owner="ann").reply, None)

given(Account).when(Account.withdraw, "4")  # type: ignore[arg-type]
given(Account).when(Account.withdraw)  # type: ignore[call-arg]
given(Account).when(Account.withdraw, 4, 5)  # type: ignore[call-arg]
given(Account).when(Account.open, name="ann")  # type: ignore[call-arg]
given(Account).when(Account.withdraw, 4).then(reply="6")  # type: ignore[arg-type]
given(Account, 4)  # type: ignore[call-overload]
