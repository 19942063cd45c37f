"""Stock: of each item, how many there are, and which orders have some of them reserved."""

from typing import Annotated

from msgspec import Meta

from actum import Entity, Event, Rejected, command, query, reducer

Quantity = Annotated[int, Meta(gt=0)]
Cents = Annotated[int, Meta(ge=0)]


class Stocked(Event):
    quantity: int
    price: int


class Reserved(Event):
    order: str
    quantity: int


class Released(Event):
    order: str
    quantity: int


class Shipped(Event):
    order: str
    quantity: int


class Item(Entity):
    price: int = 0
    free: int = 0
    reserved: dict[str, int] = {}  # noqa: RUF012

    @command
    def stock(self, quantity: Quantity, price: Cents) -> int:
        self.emit(Stocked(quantity, price))
        return self.free

    @command
    def reserve(self, order: str, quantity: Quantity) -> None:
        if order in self.reserved:
            return
        if quantity > self.free:
            raise Rejected(f"of {self.id} there are {self.free}", code="out_of_stock", sku=self.id)
        self.emit(Reserved(order, quantity))

    @command
    def give_back(self, order: str) -> None:
        """Gives back what an order has reserved; it is no error if that is nothing."""
        if order in self.reserved:
            self.emit(Released(order, self.reserved[order]))

    @command
    def ship(self, order: str) -> None:
        if order in self.reserved:
            self.emit(Shipped(order, self.reserved[order]))

    @query
    def price_of_one(self) -> int:
        if not self.exists:
            raise Rejected(f"there is no item {self.id}", code="unknown_item", sku=self.id)
        return self.price

    @reducer
    def stocked(self, event: Stocked) -> None:
        self.free += event.quantity
        self.price = event.price

    @reducer
    def has_reserved(self, event: Reserved) -> None:
        self.free -= event.quantity
        self.reserved = {**self.reserved, event.order: event.quantity}

    @reducer
    def released(self, event: Released) -> None:
        self.free += event.quantity
        self._forget(event.order)

    @reducer
    def shipped(self, event: Shipped) -> None:
        self._forget(event.order)

    def _forget(self, order: str) -> None:
        self.reserved = {other: count for other, count in self.reserved.items() if other != order}
