"""Commands that are exposed, in Durable Objects on a real workerd: 201 for the first event of an entity."""

from pathlib import Path

import pytest

from actum import Actions, App
from actum.ports.host import HostedAnswer
from actum.stores.url import join
from actum.testing import testing
from examples.documents.users import User
from tests.runtime.deadlines import Alarm

exposed = Actions()
exposed.expose(Alarm, path="/alarms/{id}")
exposed.expose(User, path="/users/{id}")
app = App("first-events", entities=[Alarm, User], actions=[exposed])
ANN = {"name": "Ann", "email": "ann@example.org"}


@pytest.mark.slow
async def test_the_first_event_of_an_entity_is_answered_with_its_location(
    objects_url: str, tmp_path: Path
) -> None:
    """Also where a command emits several, and never where it emits none or another was first."""
    async with testing(app, store=join(objects_url, f"sqlite:///{tmp_path}/beside.db")) as t:
        several = await t.http.post("/alarms/a/set-many", json={"names": ["tea", "egg", "cup"]})
        second = await t.http.post("/alarms/a/set-many", json={"names": ["jam", "toast"]})
        none = await t.http.post("/alarms/b/set-many", json={"names": []})
        single = await t.http.post("/users/ann/register", json=ANN)
        nothing_new = await t.http.post("/users/ann/register", json=ANN)

    assert (several.status_code, several.headers["Location"]) == (201, "/alarms/a")
    assert (second.status_code, second.headers["ETag"]) == (204, '"5"')
    assert (none.status_code, single.status_code, nothing_new.status_code) == (204, 201, 200)
    assert single.headers["Location"] == "/users/ann"
    assert not {"Location"} & {*second.headers, *none.headers, *nothing_new.headers}


@pytest.mark.parametrize(
    ("position", "version", "before", "has_begun"),
    [(9, 3, 0, True), (9, 3, 1, False), (0, 1, 1, False), (0, 0, 0, False), (9, 1, 1, False)],
)
def test_an_answer_says_whether_its_call_wrote_the_first_event(
    position: int, version: int, before: int, has_begun: bool
) -> None:
    assert HostedAnswer(b"null", position, version, before).has_begun_entity is has_begun


def test_objects_of_an_earlier_release_say_it_of_a_single_event() -> None:
    """They give no version before the call, and a stored reply has no version at all."""
    assert HostedAnswer(b"null", 9, 1).has_begun_entity
    assert not HostedAnswer(b"null", 0, 1).has_begun_entity
    assert not HostedAnswer(b"null", 9, 2).has_begun_entity
    assert not HostedAnswer(b"null", 9, None).has_begun_entity
