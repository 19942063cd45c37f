"""Forgetting and portraits reach everything, however much there is before it."""

from datetime import timedelta

from actum.ports.person_keys import PAGE
from actum.testing import testing
from tests.people.test_kept_states import Profile, app


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


async def test_a_portrait_has_a_timer_behind_a_page_of_others() -> None:
    async with testing(app) as t:
        await t.ctx.entity(Profile, "ann").save("ann@example.org", "dark")
        for number in range(PAGE):
            await t.ctx.schedule(Profile.choose, f"p-{number}", after=timedelta(days=1))("dark")
        await t.ctx.schedule(Profile.save, "ann", after=timedelta(days=2))("later@example.org", "light")

        portrait = await t.ctx.portrait("ann")

        assert ["later@example.org" in str(one.content) for one in portrait.waiting] == [True]
