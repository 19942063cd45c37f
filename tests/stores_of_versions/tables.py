"""A table in DynamoDB as lines of JSON: its layout, and then its items."""

import base64
from typing import Any

import msgspec

from actum.stores.dynamodb.connection.client import DynamoTable


async def dump(url: str, layout: dict[str, Any]) -> bytes:
    """Gives a table, of which each item has a line."""
    table = await DynamoTable.connect(url)
    try:
        items = sorted([msgspec.json.encode(item) async for item in table.scan()])
    finally:
        await table.close()
    return b"\n".join([msgspec.json.encode(layout), *items, b""])


async def restore(url: str, lines: bytes) -> None:
    """Makes a table as it was."""
    layout, *items = map(msgspec.json.decode, lines.splitlines())
    table = await DynamoTable.connect(url)
    try:
        await table.call("create_table", **layout)
        for item in items:
            await table.put({name: _value(value) for name, value in item.items()})
    finally:
        await table.close()


def _value(value: dict[str, Any]) -> dict[str, Any]:
    """Gives an item's value with its bytes, which JSON has as text."""
    return {"B": base64.b64decode(value["B"])} if "B" in value else value
