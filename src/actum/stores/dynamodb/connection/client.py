"""One table in DynamoDB: sends, bounds and retries requests, with jitter, and translates their errors."""

import asyncio
import random
import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session

from actum.errors import Unavailable
from actum.stores.dynamodb.connection.errors import DRIVER, is_condition, is_passing, translate
from actum.stores.dynamodb.connection.url import Address, read_url

Item = dict[str, Any]
"""An item in the service's own format: {"p": {"S": "feed"}, …}."""

Key = tuple[str, str]
"""An item's partition, and its sort key there."""

MAX_REQUESTS = 50
MAX_ATTEMPTS = 8
FIRST_PAUSE = 0.025
MAX_PAUSE = 1.0
MAX_CONNECT_TIME = 3
MAX_REQUEST_TIME = 10
MAX_GOTTEN = 100
MAX_BATCHED = 25

# Creating one loads the service's description, which takes a while, so it is shared.
SESSION: AioSession = get_session()


class ConditionFailed(Exception):
    """A condition did not hold, and nothing was written."""


class DynamoTable:
    """A table whose keys are `p` and `s`; reads are strongly consistent.

    At most MAX_REQUESTS are in flight. A request that is throttled, or lost on the way, is sent up to
    MAX_ATTEMPTS times, with growing pauses, and then raises Unavailable. Every write may be sent twice.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.name: str = address.name
        self.client: Any = None
        self._stack = AsyncExitStack()
        self._places = asyncio.Semaphore(MAX_REQUESTS)
        self._chance = random.Random()

    def __repr__(self) -> str:
        return f"<DynamoTable {self.name}{'' if self.client else ' closed'}>"

    @classmethod
    async def connect(cls, url: str) -> "DynamoTable":
        """Returns the table of a URL, whether it exists or not."""
        table = cls(read_url(url))
        config = AioConfig(
            connect_timeout=MAX_CONNECT_TIME,
            read_timeout=MAX_REQUEST_TIME,
            max_pool_connections=MAX_REQUESTS,
            parameter_validation=False,
            retries={"total_max_attempts": 1},
        )
        try:
            table.client = await table._stack.enter_async_context(
                SESSION.create_client(
                    "dynamodb",
                    region_name=table.address.region,
                    endpoint_url=table.address.endpoint,
                    config=config,
                )
            )
        except DRIVER as error:
            raise translate(error, table.name) from error
        return table

    async def close(self) -> None:
        """Closes the connections."""
        self.client = None
        await self._stack.aclose()

    async def call(self, operation: str, **arguments: Any) -> Any:
        """Sends a request about the table; raises ConditionFailed, Unavailable or StoreError."""
        return await self.send(operation, TableName=self.address.table, **arguments)

    async def send(self, operation: str, **arguments: Any) -> Any:
        """Sends a request, and retries it while that may help."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            if self.client is None:
                raise Unavailable(f"{self.name} is closed")
            try:
                async with self._places:
                    return await getattr(self.client, operation)(**arguments)
            except DRIVER as error:
                if is_condition(error):
                    raise ConditionFailed from error
                if attempt == MAX_ATTEMPTS or not is_passing(error):
                    raise translate(error, self.name) from error
            except (RuntimeError, AttributeError) as error:
                # What the driver raises for a session that is closed while it is used.
                if self.client is not None:
                    raise
                raise Unavailable(f"{self.name} was closed") from error
            await self.pause(attempt)
        raise AssertionError("unreachable")

    async def pause(self, attempt: int) -> None:
        """Waits before another attempt, longer after each one."""
        longest = min(FIRST_PAUSE * 2**attempt, MAX_PAUSE)
        await asyncio.sleep(longest * self._chance.uniform(0.3, 1.0))

    async def get(self, key: Key) -> Item | None:
        """Returns an item, or None."""
        answer = await self.call("get_item", Key=key_item(key), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    async def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Returns the items that exist."""
        wanted = list(dict.fromkeys(keys))
        parts = [wanted[first : first + MAX_GOTTEN] for first in range(0, len(wanted), MAX_GOTTEN)]
        found: dict[Key, Item] = {}
        for items in await asyncio.gather(*(self._get_part(part) for part in parts)):
            found.update((key_of(item), item) for item in items)
        return found

    async def _get_part(self, keys: Sequence[Key]) -> list[Item]:
        table = self.address.table
        asked: Any = {table: {"Keys": [key_item(key) for key in keys], "ConsistentRead": True}}
        found: list[Item] = []
        attempt = 0
        while True:
            answer = await self.send("batch_get_item", RequestItems=asked)
            items = answer["Responses"].get(table, [])
            found += items
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return found
            attempt = 0 if items else attempt + 1
            await self._pause_or_give_up(attempt)

    def query(
        self, partition: str, first: str, last: str, *, limit: int | None = None, reverse: bool = False
    ) -> "Query":
        """Returns the items of a partition from `first` to `last`, inclusive; `limit` sizes its requests."""
        asked: dict[str, Any] = {
            "KeyConditionExpression": "p = :p AND s BETWEEN :a AND :z",
            "ExpressionAttributeValues": {":p": {"S": partition}, ":a": {"S": first}, ":z": {"S": last}},
            "ConsistentRead": True,
            "ScanIndexForward": not reverse,
        }
        if limit is not None:
            asked["Limit"] = limit
        # The service refuses bounds in the wrong order, where there is nothing to find.
        return Query(self, "query", asked, is_empty=first > last)

    def scan(self, *, pause: float = 0, **asked: Any) -> "Query":
        """Returns the items of the whole table that pass a filter, with a `pause` after each megabyte."""
        return Query(self, "scan", {"ConsistentRead": True, **asked}, pause=pause)

    async def put(self, item: Item, *, only_new: bool = False) -> None:
        """Writes an item; raises ConditionFailed if it exists and `only_new` is true."""
        condition = {"ConditionExpression": "attribute_not_exists(p)"} if only_new else {}
        await self.call("put_item", Item=item, **condition)

    async def put_many(self, items: Sequence[Item]) -> None:
        """Writes at most MAX_BATCHED items of different keys, each by itself, in place of those there are."""
        asked: Any = {self.address.table: [{"PutRequest": {"Item": item}} for item in items]}
        attempt = 0
        while asked:
            answer = await self.send("batch_write_item", RequestItems=asked)
            asked = answer.get("UnprocessedItems")
            if asked:
                attempt += 1
                await self._pause_or_give_up(attempt)

    async def transact(self, operations: Sequence[Item], token: str | None = None) -> None:
        """Writes all or nothing, in this table; raises ConditionFailed if a condition does not hold.

        The token lets the service recognise a request that is sent again within ten minutes.
        """
        for operation in operations:
            for arguments in operation.values():
                arguments["TableName"] = self.address.table
        token = token or str(uuid.uuid4())
        await self.send("transact_write_items", TransactItems=operations, ClientRequestToken=token)

    async def delete_many(self, keys: Sequence[Key]) -> None:
        """Deletes items one by one, in any order."""
        for first in range(0, len(keys), MAX_BATCHED):
            asked: Any = {
                self.address.table: [
                    {"DeleteRequest": {"Key": key_item(key)}} for key in keys[first : first + MAX_BATCHED]
                ]
            }
            attempt = 0
            while asked:
                answer = await self.send("batch_write_item", RequestItems=asked)
                asked = answer.get("UnprocessedItems")
                if asked:
                    attempt += 1
                    await self._pause_or_give_up(attempt)

    async def _pause_or_give_up(self, attempt: int) -> None:
        if attempt >= MAX_ATTEMPTS:
            raise Unavailable(f"{self.name} is throttled: try again later")
        await self.pause(attempt)


class Query:
    """The items of a query or scan, fetched as they are needed."""

    def __init__(
        self,
        table: DynamoTable,
        operation: str,
        asked: dict[str, Any],
        *,
        is_empty: bool = False,
        pause: float = 0,
    ) -> None:
        self._pause = pause
        self._table = table
        self._operation = operation
        self._asked = asked
        self._items: deque[Item] = deque()
        self._is_over = is_empty

    def __repr__(self) -> str:
        return f"<Query of {self._table.name}{', over' if self._is_over else ''}>"

    def __aiter__(self) -> "Query":
        return self

    async def __anext__(self) -> Item:
        while not self._items:
            if self._is_over:
                raise StopAsyncIteration
            answer = await self._table.call(self._operation, **self._asked)
            self._items.extend(answer["Items"])
            following = answer.get("LastEvaluatedKey")
            self._is_over = not following
            self._asked["ExclusiveStartKey"] = following
            if self._pause and following:
                await asyncio.sleep(self._pause)
        return self._items.popleft()


def key_item(key: Key) -> Item:
    """Returns a key in the service's own format."""
    return {"p": {"S": key[0]}, "s": {"S": key[1]}}


def key_of(item: Item) -> Key:
    """Returns the key of an item."""
    return item["p"]["S"], item["s"]["S"]
