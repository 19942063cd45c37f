"""A shop of some size, as its map shows it: forty parts and more, some with long names."""

from actum import Actions, App, Context, Entity, Event, View, Workflow, command, reducer


class CustomerRegistered(Event):
    amount: int = 0


class CustomerAddressChanged(Event):
    amount: int = 0


class ItemPutIntoBasket(Event):
    amount: int = 0


class BasketCheckedOut(Event):
    amount: int = 0


class PurchaseOrderPlaced(Event):
    amount: int = 0


class PurchaseOrderCancelledAndRefunded(Event):
    amount: int = 0


class PaymentCharged(Event):
    amount: int = 0


class PaymentRefunded(Event):
    amount: int = 0


class StockReserved(Event):
    amount: int = 0


class StockReservationReleased(Event):
    amount: int = 0


class ParcelHandedOver(Event):
    amount: int = 0


class ParcelDelivered(Event):
    amount: int = 0


class Customer(Entity):
    @command
    def register(self, amount: int = 0) -> None:
        self.emit(CustomerRegistered(amount))

    @command
    def change_address(self, amount: int = 0) -> None:
        self.emit(CustomerAddressChanged(amount))

    @reducer
    def customer_registered(self, event: CustomerRegistered) -> None: ...

    @reducer
    def customer_address_changed(self, event: CustomerAddressChanged) -> None: ...


class Basket(Entity):
    @command
    def put_in(self, amount: int = 0) -> None:
        self.emit(ItemPutIntoBasket(amount))

    @command
    def check_out(self, amount: int = 0) -> None:
        self.emit(BasketCheckedOut(amount))

    @reducer
    def item_put_into_basket(self, event: ItemPutIntoBasket) -> None: ...

    @reducer
    def basket_checked_out(self, event: BasketCheckedOut) -> None: ...


class PurchaseOrder(Entity):
    @command
    def place_order(self, amount: int = 0) -> None:
        self.emit(PurchaseOrderPlaced(amount))

    @command
    def cancel_order_and_refund_everything(self, amount: int = 0) -> None:
        self.emit(PurchaseOrderCancelledAndRefunded(amount))

    @reducer
    def purchase_order_placed(self, event: PurchaseOrderPlaced) -> None: ...

    @reducer
    def purchase_order_cancelled_and_refunded(self, event: PurchaseOrderCancelledAndRefunded) -> None: ...


class Payment(Entity):
    @command
    def charge(self, amount: int = 0) -> None:
        self.emit(PaymentCharged(amount))

    @command
    def refund(self, amount: int = 0) -> None:
        self.emit(PaymentRefunded(amount))

    @reducer
    def payment_charged(self, event: PaymentCharged) -> None: ...

    @reducer
    def payment_refunded(self, event: PaymentRefunded) -> None: ...


class StockItem(Entity):
    @command
    def reserve(self, amount: int = 0) -> None:
        self.emit(StockReserved(amount))

    @command
    def release_reservation(self, amount: int = 0) -> None:
        self.emit(StockReservationReleased(amount))

    @reducer
    def stock_reserved(self, event: StockReserved) -> None: ...

    @reducer
    def stock_reservation_released(self, event: StockReservationReleased) -> None: ...


class Parcel(Entity):
    @command
    def hand_over_to_carrier(self, amount: int = 0) -> None:
        self.emit(ParcelHandedOver(amount))

    @command
    def deliver(self, amount: int = 0) -> None:
        self.emit(ParcelDelivered(amount))

    @reducer
    def parcel_handed_over(self, event: ParcelHandedOver) -> None: ...

    @reducer
    def parcel_delivered(self, event: ParcelDelivered) -> None: ...


class Customers(View):
    id: str
    amount: int = 0

    @reducer
    def customer_registered(self, event: CustomerRegistered) -> None:
        self.amount += event.amount

    @reducer
    def customer_address_changed(self, event: CustomerAddressChanged) -> None:
        self.amount += event.amount


class OpenOrders(View):
    id: str
    amount: int = 0

    @reducer
    def purchase_order_placed(self, event: PurchaseOrderPlaced) -> None:
        self.amount += event.amount

    @reducer
    def purchase_order_cancelled_and_refunded(self, event: PurchaseOrderCancelledAndRefunded) -> None:
        self.amount += event.amount

    @reducer
    def parcel_delivered(self, event: ParcelDelivered) -> None:
        self.amount += event.amount


class Revenue(View):
    id: str
    amount: int = 0

    @reducer
    def payment_charged(self, event: PaymentCharged) -> None:
        self.amount += event.amount

    @reducer
    def payment_refunded(self, event: PaymentRefunded) -> None:
        self.amount += event.amount


class StockLevels(View):
    id: str
    amount: int = 0

    @reducer
    def stock_reserved(self, event: StockReserved) -> None:
        self.amount += event.amount

    @reducer
    def stock_reservation_released(self, event: StockReservationReleased) -> None:
        self.amount += event.amount


class DeliveriesOfTheDay(View):
    id: str
    amount: int = 0

    @reducer
    def parcel_handed_over(self, event: ParcelHandedOver) -> None:
        self.amount += event.amount

    @reducer
    def parcel_delivered(self, event: ParcelDelivered) -> None:
        self.amount += event.amount


class AbandonedBaskets(View):
    id: str
    amount: int = 0

    @reducer
    def item_put_into_basket(self, event: ItemPutIntoBasket) -> None:
        self.amount += event.amount

    @reducer
    def basket_checked_out(self, event: BasketCheckedOut) -> None:
        self.amount += event.amount


class FulfilOrder(Workflow):
    async def run(self, ctx: Context, event: PurchaseOrderPlaced) -> None: ...


work = Actions()


@work.on(CustomerRegistered)
async def welcome_customer(ctx: Context, event: CustomerRegistered) -> None: ...


@work.on(BasketCheckedOut)
async def turn_basket_into_purchase_order(ctx: Context, event: BasketCheckedOut) -> None: ...


@work.on(PaymentCharged)
async def send_receipt(ctx: Context, event: PaymentCharged) -> None: ...


@work.on(ParcelHandedOver)
async def tell_customer_where_it_is(ctx: Context, event: ParcelHandedOver) -> None: ...


@work.on(PurchaseOrderCancelledAndRefunded)
async def release_what_was_reserved(ctx: Context, event: PurchaseOrderCancelledAndRefunded) -> None: ...


@work.queue("letters-to-customers")
async def print_letter(ctx: Context, message: str) -> None: ...


@work.cron("0 3 * * *", timezone="UTC")
async def close_the_day(ctx: Context) -> None: ...


work.on(PurchaseOrderPlaced).start(FulfilOrder)


@work.post("/parcels/{id:str}")
async def hand_over(ctx: Context, id: str, amount: int) -> None:
    await ctx.entity(Parcel, id).hand_over_to_carrier(amount)


app = App(
    "warehouse",
    entities=[Customer, Basket, PurchaseOrder, Payment, StockItem, Parcel],
    views=[Customers, OpenOrders, Revenue, StockLevels, DeliveriesOfTheDay, AbandonedBaskets],
    actions=[work],
    workflows=[FulfilOrder],
)
