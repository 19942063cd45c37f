"""Forgettings that were interrupted are finished, however many others came before them."""

from actum.ports.person_keys import PAGE
from actum.testing import testing
from tests.people.test_kept_states import app


async def test_an_interrupted_forgetting_is_finished_behind_a_page_of_others() -> None:
    async with testing(app) as t:
        people = t.ctx._services.people
        assert people is not None
        store = people.keyring.store
        for number in range(PAGE):
            before = await store.forget(f"p-{number}", number)
            await store.finish(before.number)
        interrupted = await store.forget("ann", PAGE)

        await people.forgetter.follow()

        [last] = await store.forgettings(after=interrupted.number - 1)
        assert last.is_done
