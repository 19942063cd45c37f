"""What type checkers make of personal values: the value, or that it is forgotten."""

from typing import assert_type

from msgspec import Struct

from actum import (
    Context,
    Entity,
    Event,
    Forgotten,
    Personal,
    PersonId,
    Sealed,
    View,
    Workflow,
    command,
    query,
    reducer,
)


class Named(Event):
    name: Personal[str]


class Member(Entity, person="id"):
    name: Personal[str] = ""

    @command
    def rename(self, name: Personal[str]) -> Personal[str]:
        self.emit(Named(name))
        return self.name

    @query
    def letters(self) -> int:
        return 0 if isinstance(self.name, Forgotten) else len(self.name)

    @reducer
    def named(self, event: Named) -> None:
        assert_type(event.name, str | Forgotten)
        self.name = event.name


class Names(View, person="id"):
    id: str
    name: Sealed[str] = ""

    @reducer
    def named(self, event: Named) -> None:
        self.name = event.name

    @query("SELECT name FROM names WHERE id = :id")
    def name_of(self, id: str) -> Sealed[str] | None: ...


class Welcome(Workflow, person="id"):
    async def run(self, ctx: Context, name: Personal[str]) -> Personal[str]:
        return name


class Mail(Struct):
    to: PersonId
    email: Personal[str]


async def personal_values_may_be_forgotten(ctx: Context) -> None:
    assert_type(await ctx.entity(Member, "ann").rename("Ann"), str | Forgotten)
    mail = Mail("ann", "ann@example.org")
    assert_type(mail.to, str)
    assert_type(mail.email, str | Forgotten)
    await ctx.forget("ann", "bob")
    assert_type(await ctx.view(Names).name_of("ann"), str | Forgotten | None)
    assert_type(await ctx.workflow(Welcome, "ann").result(), str | Forgotten)
