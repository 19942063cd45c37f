"""Akka's cart sample: users fill a cart, check it out, and get a new one. `actum run examples.cart.app:app`.

Who asks shows a token, whose secret is in the variable CART_TOKEN_SECRET.
"""

from typing import Annotated

from msgspec import Meta, Struct

from actum import Actions, App, Context, Entity, Event, NotFound, Rejected, View, command, query, reducer
from actum.access import Access, Environment, Jwt, Principal, signed_in

Quantity = Annotated[int, Meta(gt=0)]


class Item(Struct, frozen=True):
    product: str
    name: str
    quantity: Quantity
    description: str = ""


class ItemAdded(Event):
    owner: str
    item: Item


class ItemRemoved(Event):
    product: str


class CheckedOut(Event):
    owner: str


class CartClosed(Event):
    cart: str


class Cart(Entity):
    owner: str = ""
    items: tuple[Item, ...] = ()
    checked_out: bool = False

    @command
    def add(self, owner: str, item: Item) -> None:
        self.check_open()
        self.emit(ItemAdded(owner, item))

    @command
    def remove(self, product: str) -> None:
        self.check_open()
        if all(item.product != product for item in self.items):
            raise Rejected(f"{product} is not in the cart", code="not_in_cart")
        self.emit(ItemRemoved(product))

    @command(must_exist=True)
    def check_out(self) -> None:
        if not self.checked_out:
            self.emit(CheckedOut(self.owner))

    def check_open(self) -> None:
        if self.checked_out:
            raise Rejected("the cart is checked out", code="checked_out")

    @reducer
    def added(self, event: ItemAdded) -> None:
        new = event.item
        before = sum(item.quantity for item in self.items if item.product == new.product)
        others = [item for item in self.items if item.product != new.product]
        item = Item(new.product, new.name, before + new.quantity, new.description)
        self.owner, self.items = event.owner, tuple(sorted([*others, item], key=lambda one: one.product))

    @reducer
    def removed(self, event: ItemRemoved) -> None:
        self.items = tuple(item for item in self.items if item.product != event.product)

    @reducer
    def closed(self, event: CheckedOut) -> None:
        self.checked_out = True


class User(Entity):
    """Counts the carts of a user, who has one at a time."""

    number: int = 1

    @command
    def close_cart(self, cart: str) -> None:
        self.emit(CartClosed(cart))

    @query
    def current_cart(self) -> str:
        return f"{self.id}-{self.number}"

    @reducer
    def cart_closed(self, event: CartClosed) -> None:
        self.number += 1


class Carts(View, of=Cart, indexes=["owner"]):
    owner: str

    @query("SELECT * FROM carts WHERE owner = :owner AND NOT checked_out")
    def open_of(self, owner: str) -> "Carts | None": ...


web = Actions(path="/carts")


@web.get("/my")
async def my_cart(ctx: Context) -> Carts:
    return found(await ctx.view(Carts).open_of(ctx.by))


@web.get("/{id:str}")
async def one_cart(ctx: Context, id: str) -> Carts:
    cart = found(await ctx.view(Carts).get(id))
    return found(cart if cart.owner == ctx.by else None)


@web.put("/my/items", status_code=204)
async def add_item(ctx: Context, data: Item) -> None:
    await ctx.entity(Cart, await current_cart(ctx)).add(ctx.by, data)


@web.delete("/my/items/{product:str}")
async def remove_item(ctx: Context, product: str) -> None:
    await ctx.entity(Cart, await current_cart(ctx)).remove(product)


@web.post("/my/checkout", status_code=204)
async def check_out(ctx: Context) -> None:
    await ctx.entity(Cart, await current_cart(ctx)).check_out()


@web.on(CheckedOut)
async def close_cart(ctx: Context, event: CheckedOut) -> None:
    await ctx.entity(User, event.owner).close_cart(ctx.event.id)


async def current_cart(ctx: Context) -> str:
    return await ctx.entity(User, ctx.by).current_cart()


def found(cart: Carts | None) -> Carts:
    if cart is None:
        raise NotFound("no such cart")
    return cart


def own(principal: Principal, id: str) -> bool:
    return id == principal.id


def own_cart(principal: Principal, id: str) -> bool:
    return id.rpartition("-")[0] == principal.id


tokens = Jwt(issuer="shop", audience="cart", algorithms=["HS256"], secret=Environment("CART_TOKEN_SECRET"))
routes = dict.fromkeys((my_cart, one_cart, add_item, remove_item, check_out), signed_in)
access = Access(tokens, rules={**routes, Cart: own_cart, User: own, Carts: signed_in})
app = App("cart", entities=[Cart, User], views=[Carts], actions=[web], access=access)
