"""A workshop whose machine fails on some parts, and whose view cannot count others, until both are fixed."""

from datetime import timedelta

from actum import Actions, App, Context, Entity, Event, Retries, View, command, reducer
from actum.stores.open import Stores
from actum.testing import Running

jammed: set[str] = set()
uncounted: set[int] = set()


class Ordered(Event):
    size: int


class Turned(Event):
    pass


class Part(Entity):
    size: int = 0

    @command
    def order(self, size: int) -> None:
        self.emit(Ordered(size))

    @command
    def turn(self) -> None:
        self.emit(Turned())

    @reducer
    def ordered(self, event: Ordered) -> None:
        self.size += event.size

    @reducer
    def turned(self, event: Turned) -> None:
        pass


def counted(size: int) -> int:
    if size in uncounted:
        raise ValueError(f"{size} cannot be counted")
    return size


class Sizes(View):
    id: str
    size: int = 0

    @reducer
    def ordered(self, event: Ordered) -> None:
        self.size += counted(event.size)


machine = Actions()


@machine.on(Ordered, retries=Retries(attempts=1, first=timedelta(seconds=1)))
async def turn(ctx: Context, event: Ordered) -> None:
    if ctx.event.id in jammed:
        raise RuntimeError(f"{ctx.event.id} jams the machine")
    await ctx.entity(Part, ctx.event.id).turn()


app = App("workshop", entities=[Part], views=[Sizes], actions=[machine])


def stores_of(running: Running) -> Stores:
    """Gives the stores of a running application, as a page that it serves itself has them."""
    services = running.node.services
    return Stores(services.journal, services.database)
