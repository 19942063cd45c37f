"""Answers that are kept in many parts: all of them are found, however few a journal looks up at once."""

from collections.abc import Sequence

import pytest

from actum.errors import AnswerErased
from actum.ports.journal import Repeated, ReplyKey
from actum.runtime.feed import Feed
from actum.runtime.keys.kept_answers import Mentions, parted, whole
from actum.stores.memory import MemoryJournal

ENTITIES = 8


class SparingJournal(MemoryJournal):
    """Answers for three keys at a time, as a journal may."""

    async def replies(self, keys: Sequence[ReplyKey]) -> list[Repeated | None]:
        return await super().replies(keys[:3])


async def test_an_answer_that_tells_of_many_entities_is_put_together_again() -> None:
    journal = SparingJournal()
    mentions = Mentions(Feed(journal, 0, []))
    for number in range(ENTITIES):
        mentions.note("Account", f"a{number}")
    kept = parted(b'{"total":120}', mentions, 1)
    await journal.append(kept.parts)

    assert len(kept.parts) == ENTITIES
    assert await whole(journal, kept.reply, "k") == b'{"total":120}'

    await journal.erase(kept.parts[-1].kind, kept.parts[-1].id, time=2)

    with pytest.raises(AnswerErased):
        await whole(journal, kept.reply, "k")
