"""The table in DynamoDB itself: created on request, and recognised by its format."""

import asyncio
from typing import Any

from actum.errors import ForeignStore, StoreError, Unavailable
from actum.stores.dynamodb.connection.client import ConditionFailed, DynamoTable, key_item
from actum.stores.dynamodb.connection.errors import code_of

FORMAT = 1
MARK = ("actum", "format")
KEYS = [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}]
LAYOUT: dict[str, Any] = {
    "KeySchema": KEYS,
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in "ps"],
    "BillingMode": "PAY_PER_REQUEST",
}
MAX_CREATION_TIME = 300.0


async def make_table(table: DynamoTable) -> bool:
    """Creates the table if there is none, waits until it can be used, and says whether it was created."""
    description = await _describe(table)
    is_new = description is None
    if description is None:
        try:
            await table.call("create_table", **LAYOUT)
        except StoreError as error:
            # Another process is creating it at this moment.
            if error.__cause__ is None or code_of(error.__cause__) != "ResourceInUseException":
                raise
            is_new = False
    await _until_active(table)
    if await table.get(MARK) is None:
        if not is_new:
            await _check_empty(table)
        try:
            await table.put({**key_item(MARK), "v": {"N": str(FORMAT)}}, only_new=True)
        except ConditionFailed:
            is_new = False
    await check_table(table)
    return is_new


async def check_table(table: DynamoTable) -> None:
    """Raises StoreError if the table is missing, ForeignStore if it is not Actum's or is newer."""
    mark = await table.get(MARK)
    if mark is None:
        raise ForeignStore(
            f"{table.name} is not prepared for Actum: run `actum migrate MODULE:APP --store …`"
        )
    version = int(mark["v"]["N"])
    if version > FORMAT:
        raise ForeignStore(
            f"{table.name} was written by a newer Actum (format {version}, this one knows {FORMAT}): "
            "update Actum"
        )


async def _describe(table: DynamoTable) -> dict[str, Any] | None:
    try:
        answer = await table.call("describe_table")
    except StoreError as error:
        if error.__cause__ is not None and code_of(error.__cause__) == "ResourceNotFoundException":
            return None
        raise
    description: dict[str, Any] = answer["Table"]
    if sorted(description["KeySchema"], key=lambda key: key["KeyType"]) != KEYS:
        raise ForeignStore(f"{table.name} belongs to another program: its keys are not p and s; name another")
    return description


async def _until_active(table: DynamoTable) -> None:
    attempt = 0
    try:
        async with asyncio.timeout(MAX_CREATION_TIME):
            while (found := await _describe(table)) is None or found["TableStatus"] not in (
                "ACTIVE",
                "UPDATING",
            ):
                attempt += 1
                await table.pause(attempt)
    except TimeoutError as error:
        raise Unavailable(f"{table.name} did not become active within {MAX_CREATION_TIME:.0f} s") from error


async def _check_empty(table: DynamoTable) -> None:
    answer = await table.call("scan", Limit=1, ConsistentRead=True)
    if answer["Items"]:
        raise ForeignStore(f"{table.name} holds items of another program: name another table")
