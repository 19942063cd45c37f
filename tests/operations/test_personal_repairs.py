"""What operators see and edit of people is opened for them, and sealed or forgotten where it is stored."""

from collections.abc import AsyncGenerator

import pytest
from msgspec import Struct

from actum import Actions, App, Context, Entity, Event, Personal, PersonId, Retries, command, reducer
from actum.operations.entities import entity_kind
from actum.operations.inspection.calls import command_of, form_of, read_arguments, send_command
from actum.operations.inspection.timeline import show_timeline
from actum.operations.inspection.what_if import what_if
from actum.operations.letters.edit import edit_letter, editable
from actum.operations.repairs.audit import list_acts
from actum.operations.tracing.trace import trace
from actum.testing import Running, testing
from tests.operations.workshop import stores_of

sent: list[str] = []


class Joined(Event):
    name: Personal[str]


class Member(Entity, person="id"):
    name: Personal[str] = ""

    @command
    def join(self, name: Personal[str]) -> None:
        self.emit(Joined(name))

    @reducer
    def joined(self, event: Joined) -> None:
        self.name = event.name


class Mail(Struct):
    to: PersonId
    address: Personal[str]


post = Actions()


@post.queue("mail", retries=Retries(attempts=1))
async def deliver(ctx: Context, mail: Mail) -> None:
    if "@" not in str(mail.address):
        raise ValueError("nowhere to go")
    sent.append(str(mail.address))


app = App("club", entities=[Member], actions=[post])


@pytest.fixture
async def club() -> AsyncGenerator[Running]:
    sent.clear()
    async with testing(app) as running:
        yield running


async def test_a_timeline_opens_what_is_personal_until_its_person_is_forgotten(club: Running) -> None:
    stores, kind = stores_of(club), entity_kind(app, "Member")
    await club.ctx.entity(Member, "ann").join("Ann Lee")

    before = await show_timeline(stores, kind, "ann")
    await club.ctx.forget("ann")
    after = await show_timeline(stores, kind, "ann")

    assert (before.events[0].payload, before.state) == ({"name": "Ann Lee"}, {"name": "Ann Lee"})
    assert (after.events[0].payload, after.state) == ({"name": "(forgotten)"}, {"name": "(forgotten)"})


async def test_a_trace_shows_what_is_forgotten_as_that(club: Running) -> None:
    await club.ctx.entity(Member, "ann").join("Ann Lee")
    await club.ctx.forget("ann")

    found = await trace(stores_of(club), app, club.ctx.correlation_id)

    assert found.roots[0].children[0].detail == '{"name":"(forgotten)"}'


async def test_a_personal_argument_is_asked_for_as_text_and_stored_sealed(club: Running) -> None:
    stores, kind = stores_of(club), entity_kind(app, "Member")
    join = command_of(kind, "join")

    [argument] = form_of(join).arguments
    sent_now = await send_command(
        club.ctx, stores, kind, "ann", join, read_arguments(join, {"name": "Ann Lee"})
    )
    imagined = await what_if(stores, kind, "ann", "Joined", b'{"name":"Ann Lind"}', version=1)

    assert argument.control == "text"
    assert (sent_now.state, imagined.state) == ({"name": "Ann Lee"}, {"name": "Ann Lind"})
    [stored] = await stores.journal.feed(0, 10)
    assert b"Ann Lee" not in stored.payload


async def test_an_edited_message_is_sealed_in_the_letter_and_in_the_audit_log(club: Running) -> None:
    stores, services = stores_of(club), club.node.services
    await club.send("mail", Mail("ann", "ann at home"))
    await club.settle(allows_failures=True)
    [letter] = await stores.database.letters()

    shown = await editable(stores, services, letter.id)
    await edit_letter(stores, services, letter.id, b'{"to":"ann","address":"ann@home"}', by="eve")
    edited = await stores.database.letter(letter.id)
    for worker in club.node.workers:
        await worker.answer_requests()
    await club.settle()

    assert shown.text == b'{"to":"ann","address":"ann at home"}'
    assert sent == ["ann@home"]
    [one] = (await list_acts(stores.database)).acts
    kept = bytes(one.act.before) + bytes(one.act.after) + (edited.body if edited else b"")
    assert b"home" not in kept
    assert b'"to":"ann"' in kept


async def test_the_letter_of_a_forgotten_person_is_shown_without_what_was_personal(club: Running) -> None:
    stores, services = stores_of(club), club.node.services
    await club.send("mail", Mail("ann", "ann at home"))
    await club.settle(allows_failures=True)
    [letter] = await stores.database.letters()
    await club.ctx.forget("ann")

    shown = await editable(stores, services, letter.id)

    assert shown.text == b'{"to":"ann","address":{"forgotten":true}}'


async def test_a_portrait_shows_the_messages_of_a_person_that_operators_have_edited(club: Running) -> None:
    stores, services = stores_of(club), club.node.services
    for person in ("ann", "bob"):
        await club.send("mail", Mail(person, f"{person} at home"))
    await club.settle(allows_failures=True)
    for letter in await stores.database.letters():
        shown = await editable(stores, services, letter.id)
        assert shown.text is not None
        await edit_letter(stores, services, letter.id, shown.text.replace(b" at ", b"@"), by="eve")

    portrait = await club.ctx.portrait("ann")

    [act] = portrait.workflows
    assert act.content["arguments"][0] == {
        "action": "letters edit",
        "target": act.content["arguments"][0]["target"],
        "facts": {"action": "deliver@queue:mail"},
        "before": {"to": "ann", "address": "ann at home"},
        "after": {"to": "ann", "address": "ann@home"},
    }
    assert "bob" not in repr(portrait)
