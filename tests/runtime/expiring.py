"""An application whose carts expire, and what its views and actions say of them."""

from datetime import timedelta

from msgspec import field

from actum import Actions, App, Context, Deleted, Entity, Event, Rejected, View, command, query, reducer

SPAN = timedelta(days=30)


class Added(Event):
    item: str


class Cart(Entity, expires_after=SPAN):
    """A cart that is gone thirty days after the last item was put in."""

    items: list[str] = field(default_factory=list)

    @command
    def add(self, item: str) -> int:
        self.claim("item", item)
        self.emit(Added(item))
        return len(self.items)

    @command
    def look(self) -> int:
        return len(self.items)

    @command
    def refuse(self) -> None:
        self.emit(Added("refused"))
        raise Rejected("no")

    @query
    def count(self) -> int:
        return len(self.items)

    @reducer
    def added(self, event: Added) -> None:
        self.items.append(event.item)


class Carts(View):
    id: str
    count: int = 0

    @reducer
    def added(self, event: Added) -> None:
        self.count += 1


class Lost(View):
    """How often a cart has expired."""

    id: str
    expired: int = 0

    @reducer
    def added(self, event: Added) -> None: ...

    @reducer
    def deleted(self, event: Deleted) -> None:
        self.expired += event.why == "expired"


gone: list[str] = []
shop = Actions()


@shop.on(Deleted)
async def tell(ctx: Context, event: Deleted) -> None:
    gone.append(f"{event.id}: {event.why}")


def shop_app(*entities: type[Entity]) -> App:
    """Returns the application with these entities."""
    return App("shop", entities=entities, views=[Carts, Lost], actions=[shop])


app = shop_app(Cart)
