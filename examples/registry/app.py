"""Akka's customer registry: customers are created, changed, found. `actum run examples.registry.app:app`."""

from typing import Any

from msgspec import Struct

from actum import Actions, App, Entity, Event, Route, View, command, query, reducer


class Address(Struct, frozen=True):
    street: str
    city: str


class CustomerCreated(Event, version=2):
    email: str
    name: str
    address: Address


@CustomerCreated.upcast(1)
def with_address(old: dict[str, Any]) -> dict[str, Any]:
    street, city = old.pop("street"), old.pop("city")
    return {**old, "address": {"street": street, "city": city}}


class NameChanged(Event):
    name: str


class AddressChanged(Event):
    address: Address


class Customer(Entity):
    email: str = ""
    name: str = ""
    address: Address = Address("", "")

    @command(must_be_new=True)
    def create(self, email: str, name: str, address: Address) -> None:
        self.emit(CustomerCreated(email, name, address))

    @command(must_exist=True)
    def change_name(self, name: str) -> None:
        self.emit(NameChanged(name))

    @command(must_exist=True)
    def change_address(self, address: Address) -> None:
        self.emit(AddressChanged(address))

    @reducer
    def created(self, event: CustomerCreated) -> None:
        self.email, self.name, self.address = event.email, event.name, event.address

    @reducer
    def renamed(self, event: NameChanged) -> None:
        self.name = event.name

    @reducer
    def moved(self, event: AddressChanged) -> None:
        self.address = event.address


class Customers(View, of=Customer, indexes=["name", "email"]):
    @query("SELECT * FROM customers WHERE name = :name ORDER BY id LIMIT 100")
    def by_name(self, name: str) -> "list[Customers]": ...

    @query("SELECT * FROM customers WHERE email = :email ORDER BY id LIMIT 100")
    def by_email(self, email: str) -> "list[Customers]": ...


web = Actions()
web.expose(
    Customer,
    path="/customers/{id}",
    state=True,
    routes={
        Customer.create: Route(path=""),
        Customer.change_name: Route(path="/name", verb="PATCH"),
        Customer.change_address: Route(path="/address", verb="PATCH"),
    },
)
web.expose(Customers, path="/customers")
app = App("registry", entities=[Customer], views=[Customers], actions=[web])
