"""An application with deadlines, for tests."""

from datetime import timedelta

from actum import App, Entity, Event, Rejected, command, query, reducer
from actum.runtime.context.context import Context


class Set(Event):
    name: str


class Cancelled(Event):
    name: str


class Rang(Event):
    text: str


class Alarm(Entity, emits=[Cancelled], snapshot_every=3):
    """Rings when a deadline is due; `rings` are the texts that it was set with."""

    rings: list[str] = []  # noqa: RUF012

    @command
    def set(self, name: str, seconds: float, text: str) -> int:
        self.emit(Set(name))
        self.schedule(Alarm.ring, after=timedelta(seconds=seconds), name=name)(text)
        return self.version

    @command
    def set_and_refuse(self, name: str) -> None:
        self.emit(Set(name))
        self.schedule(Alarm.ring, after=timedelta(seconds=1), name=name)("never")
        raise Rejected("no")

    @command
    def set_many(self, names: list[str]) -> None:
        for name in names:
            self.schedule(Alarm.ring, after=timedelta(seconds=10), name=name)(name)
            self.emit(Set(name))

    @command
    def unset(self, name: str) -> None:
        self.emit(Cancelled(name))
        self.cancel(name)

    @command
    def touch(self) -> None:
        self.emit(Set("nothing"))

    @command
    def ring(self, text: str) -> None:
        if text == "refused":
            raise Rejected("not now")
        self.emit(Rang(text))
        if text == "again":
            self.schedule(Alarm.ring, after=timedelta(seconds=5), name="again")("last")

    @query
    def rung(self) -> list[str]:
        return self.rings

    @reducer
    def happened(self, event: Set) -> None:
        pass

    @reducer
    def rang(self, event: Rang) -> None:
        self.rings = [*self.rings, event.text]


app = App("alarms", entities=[Alarm])


async def rung(ctx: Context, id: str = "a") -> list[str]:
    """The texts with which an alarm has rung."""
    return await ctx.entity(Alarm, id).rung()


async def due(ctx: Context) -> list[str]:
    """The deadlines that are waiting: entity and the author's name, the earliest first."""
    return [f"{one.entity_id} {one.name.rpartition('/')[2]}" for one in await ctx.timers()]
