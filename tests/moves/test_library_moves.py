"""The library, moved from one store to another: nothing that it had is lost, and it goes on there.

Its tests are those of stores that an earlier version wrote, run on the store that such a one was moved to.
"""

from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from actum.operations.moves.exporting import export_application
from actum.operations.moves.importing import import_application
from actum.stores.open import prepare_stores
from tests.stores_of_versions import test_library_stores as stores_of_versions
from tests.stores_of_versions.library import app, outside

pytestmark = pytest.mark.slow

restored = stores_of_versions.restored
stores, node, ctx = stores_of_versions.stores, stores_of_versions.node, stores_of_versions.ctx
NEWEST = stores_of_versions.VERSIONS[-1]


def moved(test: Callable[..., Any]) -> Callable[..., Any]:
    """The same test, without the kinds and versions of stores that it is run on there."""
    assert isinstance(test, FunctionType)
    return FunctionType(test.__code__, test.__globals__, test.__name__)


test_events_of_every_version_are_read_as_they_were_written = moved(
    stores_of_versions.test_events_of_every_version_are_read_as_they_were_written
)
test_states_are_as_they_were_and_go_on = moved(stores_of_versions.test_states_are_as_they_were_and_go_on)
test_what_was_erased_or_pruned_stays_so_and_an_erasure_that_was_begun_is_ended = moved(
    stores_of_versions.test_what_was_erased_or_pruned_stays_so_and_an_erasure_that_was_begun_is_ended
)
test_the_key_of_a_command_answers_as_it_did = moved(
    stores_of_versions.test_the_key_of_a_command_answers_as_it_did
)
test_the_key_of_a_unit_answers_as_it_did = moved(stores_of_versions.test_the_key_of_a_unit_answers_as_it_did)
test_the_key_of_a_request_answers_as_it_did_unless_what_it_told_of_was_erased = moved(
    stores_of_versions.test_the_key_of_a_request_answers_as_it_did_unless_what_it_told_of_was_erased
)
test_keys_are_forgotten_by_the_age_that_was_written = moved(
    stores_of_versions.test_keys_are_forgotten_by_the_age_that_was_written
)
test_messages_that_wait_are_worked_on_in_order_and_marks_of_those_that_came_are_known = moved(
    stores_of_versions.test_messages_that_wait_are_worked_on_in_order_and_marks_of_those_that_came_are_known
)
test_events_that_wait_for_an_action_reach_it_and_those_that_it_had_do_not = moved(
    stores_of_versions.test_events_that_wait_for_an_action_reach_it_and_those_that_it_had_do_not
)
test_letters_are_as_they_were_and_what_was_asked_for_is_done = moved(
    stores_of_versions.test_letters_are_as_they_were_and_what_was_asked_for_is_done
)
test_timers_are_still_set_and_one_can_be_cancelled = moved(
    stores_of_versions.test_timers_are_still_set_and_one_can_be_cancelled
)
test_claims_are_still_held_and_can_be_handed_on = moved(
    stores_of_versions.test_claims_are_still_held_and_can_be_handed_on
)
test_deadlines_fire_that_are_due_and_others_still_wait = moved(
    stores_of_versions.test_deadlines_fire_that_are_due_and_others_still_wait
)
test_workflows_in_flight_end_and_no_step_of_theirs_is_run_again = moved(
    stores_of_versions.test_workflows_in_flight_end_and_no_step_of_theirs_is_run_again
)
test_clocks_go_on_with_the_moment_that_was_written = moved(
    stores_of_versions.test_clocks_go_on_with_the_moment_that_was_written
)
test_it_belongs_to_its_application = moved(stores_of_versions.test_it_belongs_to_its_application)
test_a_second_start_finds_the_same = moved(stores_of_versions.test_a_second_start_finds_the_same)


@pytest.fixture(params=["sqlite", "postgres"])
def source(request: pytest.FixtureRequest) -> str:
    """The kind of store that it is moved from."""
    name: str = request.param
    return name


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of store that it is moved to."""
    name: str = request.param
    return name


@pytest.fixture
def target(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """The URL of an empty store of that kind."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'moved.db'}"
    return str(request.getfixturevalue("postgres_store"))


@pytest.fixture
async def url(request: pytest.FixtureRequest, source: str, target: str, tmp_path: Path) -> str:
    """The store that it was moved to."""
    outside.begin_anew()
    request.getfixturevalue("monkeypatch").setenv("ACTUM_KEY", stores_of_versions.KEY)
    async with restored(request, source, stores_of_versions.STORES / NEWEST, tmp_path) as from_url:
        await prepare_stores(from_url)
        file = tmp_path / "library.export"
        exported = await export_application(app, from_url, file, lambda *_: None)
    imported = await import_application(app, target, file, lambda *_: None)
    assert imported.counts == exported.counts
    return target
