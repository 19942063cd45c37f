"""Look-ups that come together are one question, and a single one is asked at once."""

import asyncio
from collections.abc import Sequence

import pytest

from actum.errors import Overloaded
from actum.runtime.coalescer import Coalescer
from tests.runtime.waiting import begun, settled


class Asked:
    """A store that is asked for numbers, and answers when it may."""

    def __init__(self) -> None:
        self.questions: list[list[int]] = []
        self.may_answer = asyncio.Event()

    async def doubles(self, numbers: Sequence[int]) -> list[int]:
        self.questions.append(list(numbers))
        await self.may_answer.wait()
        if 13 in numbers:
            raise LookupError("13 is not kept")
        return [number * 2 for number in numbers]


async def test_who_comes_first_asks_alone_and_those_that_come_meanwhile_together() -> None:
    asked = Asked()
    coalescer = Coalescer(asked.doubles, most=10, begins_alone=True)

    tasks = [await begun(coalescer.get(number)) for number in range(4)]
    asked.may_answer.set()

    assert await asyncio.gather(*tasks) == [0, 2, 4, 6]
    assert asked.questions == [[0], [1, 2, 3]]


async def test_those_who_come_in_one_iteration_of_the_loop_are_one_question() -> None:
    """As many callers do whose answers came together; if one went alone, all others would wait for it."""
    asked = Asked()
    asked.may_answer.set()
    coalescer = Coalescer(asked.doubles, most=10, begins_alone=True)

    for _ in range(2):
        assert await asyncio.gather(*(coalescer.get(number) for number in range(4))) == [0, 2, 4, 6]

    assert asked.questions == [[0, 1, 2, 3]] * 2


async def test_one_that_leaves_before_it_has_asked_leaves_the_others_their_question() -> None:
    asked = Asked()
    asked.may_answer.set()
    coalescer = Coalescer(asked.doubles, most=10, begins_alone=True)
    tasks = [asyncio.create_task(coalescer.get(number)) for number in range(3)]

    asyncio.get_running_loop().call_soon(tasks[0].cancel)
    found = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [2, 4]
    assert asked.questions == [[1, 2]]


async def test_those_that_wait_are_asked_for_when_the_first_has_left() -> None:
    asked = Asked()
    coalescer = Coalescer(asked.doubles, most=10, begins_alone=True)
    first, second = await begun(coalescer.get(1)), await begun(coalescer.get(2))

    first.cancel()
    await settled()
    asked.may_answer.set()

    assert await asyncio.wait_for(second, 20) == 4
    assert first.cancelled()
    assert asked.questions == [[1], [2]]


async def test_what_the_first_one_meets_is_its_own() -> None:
    asked = Asked()
    coalescer = Coalescer(asked.doubles, most=10, begins_alone=True)
    first, second = await begun(coalescer.get(13)), await begun(coalescer.get(2))

    asked.may_answer.set()

    with pytest.raises(LookupError, match="13 is not kept"):
        await first
    assert await asyncio.wait_for(second, 20) == 4
    assert await coalescer.get(3) == 6


async def test_more_than_may_wait_behind_the_first_are_overloaded() -> None:
    asked = Asked()
    coalescer = Coalescer(asked.doubles, most=2, begins_alone=True)
    tasks = [await begun(coalescer.get(number)) for number in range(3)]

    with pytest.raises(Overloaded, match="2 look-ups are waiting"):
        await coalescer.get(3)

    asked.may_answer.set()
    assert await asyncio.gather(*tasks) == [0, 2, 4]


async def test_all_that_come_together_are_one_question_where_none_begins_alone() -> None:
    asked = Asked()
    asked.may_answer.set()
    coalescer = Coalescer(asked.doubles, most=10)

    assert await asyncio.gather(*(coalescer.get(number) for number in range(4))) == [0, 2, 4, 6]

    assert asked.questions == [[0, 1, 2, 3]]


async def test_a_single_one_is_asked_for_by_whoever_wants_it_without_another_task() -> None:
    askers: list[object] = []

    async def double(numbers: Sequence[int]) -> list[int]:
        askers.append(asyncio.current_task())
        return [number * 2 for number in numbers]

    coalescer = Coalescer(double, most=10, begins_alone=True)

    assert (await coalescer.get(1), await coalescer.get(2)) == (2, 4)

    assert askers == [asyncio.current_task()] * 2


async def test_some_go_on_while_the_others_still_get_their_answers() -> None:
    asked = Asked()
    asked.may_answer.set()
    coalescer = Coalescer(asked.doubles, most=10, answered=2)
    order: list[object] = []

    async def ask(number: int) -> None:
        order.append(await coalescer.get(number))
        if number == 0:
            asyncio.get_running_loop().call_soon(order.append, "what follows")

    await asyncio.gather(*(ask(number) for number in range(5)))

    assert order == [0, 2, "what follows", 4, 6, 8]
    assert asked.questions == [[0, 1, 2, 3, 4]]
