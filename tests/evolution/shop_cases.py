"""Changes to a shop besides those of its events, with the verdict on each."""

from msgspec import Struct

from actum.operations.evolution.change import Verdict

SHOP = """
class Placed(Event):
    sku: str


class Cancelled(Event):
    pass


class Receipt(Struct):
    number: str


class Approved(Struct):
    by: str


class Payment(Struct):
    order: str
    amount: int


class Overview(Struct):
    sku: str
    orders: int


class Order(Entity, person="id"):
    sku: str = ""
    email: Personal[str] = ""

    @command
    def place(self, sku: str, count: int = 1) -> int:
        if self.sku:
            raise Rejected("it is placed", code="placed_before")
        self.claim("number", sku)
        self.emit(Placed(sku))
        self.schedule(Order.remind, after=timedelta(days=1))("soon", 3)
        return count

    @command
    def remind(self, reason: str, times: int) -> None:
        pass

    @command
    def cancel_it(self) -> None:
        self.emit(Cancelled())

    @query
    def state_of(self, at: str = "now") -> str | None:
        return self.sku

    @reducer
    def placed(self, event: Placed) -> None:
        self.sku = event.sku

    @reducer
    def cancelled(self, event: Cancelled) -> None:
        self.sku = ""


class Orders(View):
    id: str
    sku: str = ""

    @reducer
    def placed(self, event: Placed) -> None:
        self.sku = event.sku

    @query("SELECT sku, count(*) AS orders FROM orders WHERE sku >= :least GROUP BY sku")
    def by_sku(self, least: str) -> list[Overview]: ...


async def charge(sku: str) -> Receipt:
    return Receipt("1")


async def ship(ctx: Context, sku: str) -> str:
    return "parcel"


class Fulfilment(Workflow):
    async def run(self, ctx: Context, sku: str) -> str:
        receipt = await self.step(charge, sku)
        await self.receive(Approved)
        return await self.deliver(receipt.number)

    async def deliver(self, number: str) -> str:
        return await self.step(ship, number)


shop = Actions()


@shop.on(Placed)
async def confirm(ctx: Context, event: Placed) -> None: ...


@shop.queue("payments")
async def pay(ctx: Context, payment: Payment) -> None: ...


@shop.every(hours=1)
async def report(ctx: Context) -> None: ...


@shop.get("/overview")
async def overview(ctx: Context) -> list[Overview]:
    return await ctx.view(Orders).by_sku("")


app = App("shop", entities=[Order], views=[Orders], actions=[shop], workflows=[Fulfilment])
"""


class ShopCase(Struct, frozen=True):
    """One change to the shop: `before` is replaced by `after`; `fix` and `why` are in what the check says."""

    name: str
    edits: list[tuple[str, str]]
    verdict: Verdict
    where: str
    why: str
    fix: str = ""


def one(
    name: str, before: str, after: str, verdict: Verdict, where: str, why: str, fix: str = ""
) -> ShopCase:
    """Makes a case of one edit."""
    return ShopCase(name, [(before, after)], verdict, where, why, fix)


PLACE = "def place(self, sku: str, count: int = 1) -> int:"
REMIND = "def remind(self, reason: str, times: int) -> None:"

CASES = [
    one(
        "an event is not declared any more",
        "Cancelled",
        "Withdrawn",
        "history",
        "event Cancelled",
        "the entities whose histories have it cannot be loaded",
        'class Withdrawn(Event, name="Cancelled")',
    ),
    ShopCase(
        "an event is new",
        [
            ("class Receipt(", "class Paid(Event):\n    pass\n\n\nclass Receipt("),
            ("Order(Entity, ", "Order(Entity, emits=[Paid], "),
        ],
        "rollback",
        "event Paid",
        "a program of before cannot read the new form",
        "deploy it before anything emits it",
    ),
    ShopCase(
        "an entity does not know an event any more that another one has",
        [
            ('    @reducer\n    def cancelled(self, event: Cancelled) -> None:\n        self.sku = ""\n', ""),
            ("        self.emit(Cancelled())", "        pass"),
            (
                "class Orders(View)",
                "class Cart(Entity, emits=[Cancelled]):\n    pass\n\n\nclass Orders(View)",
            ),
            ("entities=[Order]", "entities=[Order, Cart]"),
        ],
        "history",
        "entity Order",
        "entities whose histories have it cannot be loaded",
        "list it: emits=[Cancelled]",
    ),
    ShopCase(
        "an entity is renamed",
        [("class Order(", "class Purchase("), ("Order.remind", "Purchase.remind"), ("[Order]", "[Purchase]")],
        "history",
        "entity Order",
        "its histories, deadlines and claims are stored under that name",
        'class …(Entity, name="Order")',
    ),
    ShopCase(
        "an entity is renamed and keeps its stored name",
        [
            ("class Order(Entity, ", 'class Purchase(Entity, name="Order", '),
            ("Order.remind", "Purchase.remind"),
            ("[Order]", "[Purchase]"),
        ],
        "compatible",
        "",
        "",
    ),
    ShopCase(
        "an entity is new",
        [
            ("class Orders(View)", "class Cart(Entity):\n    pass\n\n\nclass Orders(View)"),
            ("entities=[Order]", "entities=[Order, Cart]"),
        ],
        "addition",
        "entity Cart",
        "nothing is stored of it",
    ),
    one(
        "it is somebody else whose data it has",
        '(Entity, person="id")',
        '(Entity, person="sku")',
        "history",
        "entity Order",
        "what is stored is sealed under the keys of the persons of before",
        'keep person="id"',
    ),
    one(
        "a claim is renamed",
        'self.claim("number"',
        'self.claim("reference"',
        "history",
        "entity Order",
        "values that are taken are free",
        'keep the name: self.claim("number", …)',
    ),
    one(
        "a value is claimed too",
        'self.claim("number", sku)',
        'self.claim("number", sku); self.claim("place", sku)',
        "addition",
        "entity Order",
        "entities of before hold no such value",
        "have a command of those entities claim it",
    ),
    one(
        "a command is removed",
        "    @command\n    def cancel_it(self) -> None:\n        self.emit(Cancelled())\n",
        "",
        "clients",
        "command Order.cancel_it",
        "callers that use it are refused",
        "keep it until no caller uses it",
    ),
    one(
        "a command is renamed",
        "def cancel_it(",
        "def withdraw(",
        "clients",
        "command Order.cancel_it",
        "callers that use it are refused",
        "keep the old name beside the new one, and let it call that",
    ),
    ShopCase(
        "a command that is scheduled is removed",
        [
            (f"    @command\n    {REMIND}\n        pass\n", ""),
            ('        self.schedule(Order.remind, after=timedelta(days=1))("soon", 3)\n', ""),
        ],
        "pending",
        "command Order.remind",
        "which become dead letters",
        "keep it until `actum timers` lists none of them",
    ),
    one(
        "a command is new",
        "    @command\n    def cancel_it",
        "    @command\n    def archive(self) -> None: ...\n\n    @command\n    def cancel_it",
        "addition",
        "command Order.archive",
        "nobody calls it yet",
    ),
    one(
        "a parameter is added with a default",
        PLACE,
        PLACE.replace("count: int = 1", 'count: int = 1, note: str = ""'),
        "compatible",
        "command Order.place",
        "callers that do not pass it get the default",
    ),
    one(
        "a parameter is added without a default",
        PLACE,
        PLACE.replace("count: int = 1", "place: str, count: int = 1"),
        "clients",
        "command Order.place",
        "callers that do not pass it are refused",
        "give it a default: `place: str = …`",
    ),
    one(
        "a parameter is removed",
        PLACE + "\n",
        "def place(self, sku: str) -> int:\n        count = 1\n",
        "clients",
        "command Order.place",
        "callers that pass it are refused",
        "keep it, with a default",
    ),
    one(
        "a parameter takes more",
        "def place(self, sku: str, ",
        "def place(self, sku: str | None, ",
        "compatible",
        "command Order.place",
        "what callers send is accepted",
    ),
    one(
        "a parameter takes less",
        "count: int = 1",
        "count: Annotated[int, Meta(ge=1)] = 1",
        "clients",
        "command Order.place",
        "it may not keep the limit ge=1",
        "accept what was accepted before",
    ),
    one(
        "a default is gone",
        'at: str = "now"',
        "at: str",
        "clients",
        "query Order.state_of",
        "callers that do not pass it are refused",
        "give it the default 'now' again",
    ),
    one(
        "a default is another one",
        'at: str = "now"',
        'at: str = "then"',
        "compatible",
        "query Order.state_of",
        "callers that do not pass it get the new one",
    ),
    ShopCase(
        "the parameters of a command that is scheduled change places",
        [(REMIND, "def remind(self, times: int, reason: str) -> None:")],
        "pending",
        "command Order.remind",
        "what was stored for `reason` would be taken for `times`",
        "keep the parameters as they were",
    ),
    one(
        "a parameter of a command that is scheduled changes its type",
        REMIND,
        REMIND.replace("times: int", "times: str"),
        "pending",
        "command Order.remind",
        "`times`: int is written, and str is read",
        "schedule a new command",
    ),
    one(
        "a parameter of a command that is scheduled is added at the end",
        REMIND,
        REMIND.replace("times: int", "times: int, urgent: bool = False"),
        "compatible",
        "command Order.remind",
        "callers that do not pass it get the default",
    ),
    one(
        "a reply may be missing",
        "count: int = 1) -> int:",
        "count: int = 1) -> int | None:",
        "clients",
        "command Order.place",
        "callers may be answered with what they cannot read",
        "add another command for the new reply",
    ),
    one(
        "an answer is never missing any more",
        "-> str | None:\n        return self.sku",
        "-> str:\n        return self.sku",
        "compatible",
        "query Order.state_of",
        "callers that read the old answer can read the new one",
    ),
    one(
        "an answer has more fields",
        "    sku: str\n    orders: int\n",
        "    sku: str\n    orders: int = 0\n",
        "compatible",
        "",
        "",
    ),
    ShopCase(
        "an answer has fewer fields",
        [
            ("    sku: str\n    orders: int\n", "    sku: str\n"),
            ("SELECT sku, count(*) AS orders FROM", "SELECT sku FROM"),
        ],
        "clients",
        "query orders.by_sku",
        "[].orders: it is not in what was written",
        "add another query for the new answer",
    ),
    one(
        "a code of a rejection is renamed",
        'code="placed_before"',
        'code="placed_already"',
        "clients",
        "command Order.place",
        "callers do not recognise the new one",
        "keep the code, and change the message alone",
    ),
    one(
        "a command rejects with another code too",
        "        self.emit(Cancelled())",
        '        if not self.sku:\n            raise Rejected("", code="unplaced")\n'
        "        self.emit(Cancelled())",
        "compatible",
        "command Order.cancel_it",
        "a code that is new to callers is a refusal to them",
    ),
    ShopCase(
        "a view is renamed",
        [("class Orders(View):", 'class Orders(View, name="purchases"):'), ("FROM orders", "FROM purchases")],
        "clients",
        "view orders",
        "callers of its queries are refused",
        'class …(View, name="orders")',
    ),
    one(
        "a view has another column",
        "class Orders(View):\n    id: str\n",
        'class Orders(View):\n    id: str\n    note: str = ""\n',
        "compatible",
        "",
        "",
    ),
    one(
        "a view can be searched",
        "class Orders(View):",
        'class Orders(View, search=["sku"]):',
        "compatible",
        "",
        "",
    ),
    one(
        "a workflow is renamed",
        "class Fulfilment(Workflow):",
        'class Fulfilment(Workflow, name="Delivery"):',
        "flights",
        "workflow Fulfilment",
        "those that have not ended stand still",
        'class …(Workflow, name="Fulfilment")',
    ),
    one(
        "a workflow takes another argument",
        "async def run(self, ctx: Context, sku: str) -> str:",
        "async def run(self, ctx: Context, sku: str, count: int) -> str:",
        "flights",
        "workflow Fulfilment",
        "`count` is not among what is stored",
        "give new parameters a default, at the end",
    ),
    one(
        "a workflow takes another argument with a default",
        "async def run(self, ctx: Context, sku: str) -> str:",
        "async def run(self, ctx: Context, sku: str, count: int = 1) -> str:",
        "compatible",
        "workflow Fulfilment",
        "what those in flight were started with can be read",
    ),
    one(
        "the result of a workflow changes its type",
        "        return await self.deliver(receipt.number)\n",
        "        return len(await self.deliver(receipt.number))\n",
        "compatible",
        "",
        "",
    ),
    ShopCase(
        "the result of a workflow is another one",
        [
            (
                "        return await self.deliver(receipt.number)\n",
                "        return len(await self.deliver(receipt.number))\n",
            ),
            (
                "async def run(self, ctx: Context, sku: str) -> str:",
                "async def run(self, ctx: Context, sku: str) -> int:",
            ),
        ],
        "flights",
        "workflow Fulfilment",
        "results that are stored cannot be read",
        "declare a second workflow",
    ),
    one(
        "a step is added",
        "        await self.receive(Approved)\n",
        '        await self.receive(Approved)\n        await self.step(ship, sku, name="pack")\n',
        "compatible",
        "workflow Fulfilment",
        "records of other steps are found by name",
    ),
    one(
        "a step is removed",
        "        return await self.step(ship, number)\n",
        "        return number\n",
        "compatible",
        "workflow Fulfilment",
        "those in flight pass over what is recorded of it",
    ),
    ShopCase(
        "a step is renamed",
        [("async def charge(", "async def collect("), ("self.step(charge, ", "self.step(collect, ")],
        "flights",
        "workflow Fulfilment",
        "those in flight that have done it do it again under its new name",
        'self.step(…, name="charge")',
    ),
    ShopCase(
        "a step is renamed, and its record keeps its name",
        [
            ("async def charge(", "async def collect("),
            ("self.step(charge, sku)", 'self.step(collect, sku, name="charge")'),
        ],
        "compatible",
        "",
        "",
    ),
    one(
        "the result of a step gets a field without a default",
        "    number: str\n\n\nclass Approved",
        "    number: str\n    amount: int\n\n\nclass Approved",
        "flights",
        "workflow Fulfilment",
        "what is recorded of it cannot be read: amount",
        "annotate it so that the old result can be read too",
    ),
    one(
        "the result of a step gets a field with a default",
        "    number: str\n\n\nclass Approved",
        "    number: str\n    amount: int = 0\n\n\nclass Approved",
        "compatible",
        "",
        "",
    ),
    one(
        "a step takes other arguments",
        "async def ship(ctx: Context, sku: str) -> str:",
        "async def ship(ctx: Context, sku: str, express: bool = False) -> str:",
        "compatible",
        "workflow Fulfilment",
        "arguments are not stored",
    ),
    one(
        "a signal is not received any more",
        "        await self.receive(Approved)\n",
        "",
        "flights",
        "workflow Fulfilment",
        "one that was sent waits for ever",
        "keep receiving it until none of before is in flight",
    ),
    one(
        "a signal gets a field without a default",
        "class Approved(Struct):\n    by: str\n",
        "class Approved(Struct):\n    by: str\n    limit: int\n",
        "flights",
        "workflow Fulfilment",
        "one that was sent before cannot be read: limit",
        "give new fields a default",
    ),
    one(
        "an action is renamed",
        "async def confirm(",
        "async def acknowledge(",
        "pending",
        "action confirm",
        "what it had not handled is lost",
        'write name="confirm" in its trigger',
    ),
    ShopCase(
        "an action is renamed and keeps its stored name",
        [
            ("async def confirm(", "async def acknowledge("),
            ("@shop.on(Placed)", '@shop.on(Placed, name="confirm")'),
        ],
        "compatible",
        "",
        "",
    ),
    one(
        "an action is set off by another event too",
        "@shop.on(Placed)\nasync def confirm(ctx: Context, event: Placed)",
        "@shop.on(Placed, Cancelled)\nasync def confirm(ctx: Context, event: Placed | Cancelled)",
        "rollback",
        "action confirm",
        "an event that is new to it counts from its next start on",
    ),
    one(
        "a queue is renamed",
        '@shop.queue("payments")',
        '@shop.queue("money")',
        "pending",
        "queue payments",
        "messages that wait in it stay there",
        'keep @….queue("payments") beside the new one',
    ),
    one(
        "the messages of a queue get a field without a default",
        "    order: str\n    amount: int\n",
        "    order: str\n    amount: int\n    currency: str\n",
        "pending",
        "queue payments",
        "become dead letters: currency: it is not in what was written",
        "give new fields a default",
    ),
    one(
        "the messages of a queue take more",
        "    order: str\n    amount: int\n",
        "    order: str\n    amount: float\n",
        "rollback",
        "queue payments",
        "those that this program sends cannot be by an earlier one",
    ),
    one(
        "a route is moved",
        '@shop.get("/overview")',
        '@shop.get("/summary")',
        "clients",
        "route GET /overview",
        "requests of it are answered with 404 or 405",
        "keep it until no client uses it",
    ),
]
