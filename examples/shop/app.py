"""The application: `actum run examples.shop.app:app`."""

from actum import App
from examples.shop.customers import Customer
from examples.shop.fulfilment import Fulfilment
from examples.shop.orders import Order
from examples.shop.overview import Customers, Orders, Stock
from examples.shop.payments import open_payments
from examples.shop.stock import Item
from examples.shop.web import web

app = App(
    "shop",
    entities=[Customer, Item, Order],
    views=[Customers, Orders, Stock],
    workflows=[Fulfilment],
    actions=[web],
    resources=[open_payments],
)
