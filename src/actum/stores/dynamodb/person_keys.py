"""Stores the keys of persons as items of a DynamoDB table, and who was forgotten when.

partition `person/…` (its id)
    `key`            the person's key
partition `person-key/…` (the key's id)
    `key`            the same key
partition `people`
    `application/…`  a key of the application
    `forgetting/…`   a forgetting, by its number
    `last`           the number of the last forgetting
    `request/…`      the digest of a person's id, who is to be forgotten; the id in `n`
partition `person-keys`
    `ID`             the keys of persons, for a rotation
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence
from typing import Any

from actum.errors import Unavailable
from actum.ports.person_keys import PAGE, ApplicationKey, Forgetting, PersonKey, PersonKeys
from actum.stores.dynamodb.connection.client import ConditionFailed, DynamoTable, Item, Key, key_item
from actum.stores.dynamodb.journal.items import MAX_PARTITION_TIME, bounded

PEOPLE = "people"
LIST = "person-keys"
APPLICATION = "application/"
FORGETTING = "forgetting/"
REQUEST = "request/"
LAST: Key = (PEOPLE, "last")
END = "~"
"""Sorts after every digit and every letter of an id."""
MAX_ATTEMPTS = 20


class DynamoPersonKeys(PersonKeys):
    """Keys of persons in a DynamoDB table, which several processes may use."""

    def __init__(self, table: DynamoTable) -> None:
        self._table = table

    def __repr__(self) -> str:
        return f"<DynamoPersonKeys {self._table.name}>"

    async def find(self, persons: Sequence[str]) -> list[PersonKey]:
        return await self._keys([_person(person) for person in persons])

    async def load(self, ids: Sequence[str]) -> list[PersonKey]:
        return await self._keys([_id(id) for id in ids])

    async def add(self, keys: Sequence[PersonKey]) -> None:
        await asyncio.gather(*map(self._add, keys))

    async def page(self, after: str, limit: int = PAGE) -> list[PersonKey]:
        # One more, since the first may be `after` itself.
        query = self._table.query(LIST, after or "!", END, limit=limit + 1)
        found: list[str] = []
        async for item in query:
            if item["s"]["S"] != after:
                found.append(item["s"]["S"])
            if len(found) == limit:
                break
        keys = await self.load(found)
        return sorted(keys, key=lambda key: key.id)

    async def rewrap(self, keys: Sequence[PersonKey]) -> None:
        await asyncio.gather(*map(self._rewrap, keys))

    async def request(self, persons: Sequence[str]) -> None:
        items = [{**key_item(_request(person)), "n": {"S": person}} for person in persons]
        await asyncio.gather(*map(self._table.put, items))

    async def requests(self) -> list[str]:
        query = self._table.query(PEOPLE, REQUEST, f"{REQUEST}{END}", limit=PAGE)
        return [item["n"]["S"] async for item in query][:PAGE]

    async def forget(self, person: str, time: int) -> Forgetting:
        for _ in range(MAX_ATTEMPTS):
            [number, found] = await asyncio.gather(self.last(), self.find([person]))
            with contextlib.suppress(ConditionFailed):
                answered = {"Delete": {"Key": key_item(_request(person))}}
                await self._table.transact([*_removal(found), *_record(number, time), answered])
                return Forgetting(number + 1, time, is_done=False)
        raise Unavailable(f"{self._table.name}: others forget persons at this moment: try again")

    async def finish(self, number: int) -> None:
        await self._table.call(
            "update_item",
            Key=key_item(_forgetting(number)),
            UpdateExpression="SET d = :d",
            ExpressionAttributeValues={":d": {"BOOL": True}},
        )

    async def forgettings(self, after: int = 0, limit: int = PAGE) -> list[Forgetting]:
        found: list[Forgetting] = []
        async for item in self._table.query(PEOPLE, _forgetting(after + 1)[1], f"{FORGETTING}{END}"):
            number = int(item["s"]["S"].removeprefix(FORGETTING))
            found.append(Forgetting(number, int(item["t"]["N"]), item["d"]["BOOL"]))
            if len(found) == limit:
                break
        return found

    async def last(self) -> int:
        item = await self._table.get(LAST)
        return 0 if item is None else int(item["n"]["N"])

    async def number_from(self, last: int) -> None:
        """Has later forgettings get higher numbers."""
        await self._table.put({**key_item(LAST), "n": {"N": str(max(last, await self.last()))}})

    async def application_keys(self) -> list[ApplicationKey]:
        query = self._table.query(PEOPLE, APPLICATION, f"{APPLICATION}{END}")
        found = [
            ApplicationKey(item["s"]["S"].removeprefix(APPLICATION), item["w"]["B"], int(item["t"]["N"]))
            async for item in query
        ]
        return sorted(found, key=lambda key: (key.time, key.id))

    async def add_application_key(self, key: ApplicationKey) -> None:
        await self._table.put(
            {
                **key_item((PEOPLE, APPLICATION + key.id)),
                "w": {"B": key.wrapped},
                "t": {"N": str(key.time)},
            }
        )

    async def remove_application_keys(self, ids: Sequence[str]) -> None:
        used: set[str] = set()
        after = ""
        while page := await self.page(after):
            after = page[-1].id
            used |= {key.under for key in page}
        await self._table.delete_many([(PEOPLE, APPLICATION + id) for id in ids if id not in used])

    async def _keys(self, keys: Sequence[Key]) -> list[PersonKey]:
        return [_read(item) for item in (await self._table.get_many(keys)).values()]

    async def _add(self, key: PersonKey) -> None:
        new: Item = {"ConditionExpression": "attribute_not_exists(p)"}
        with contextlib.suppress(ConditionFailed):
            await self._table.transact(
                [
                    {"Put": {"Item": _item(_person(key.person), key), **new}},
                    {"Put": {"Item": _item(_id(key.id), key)}},
                    {"Put": {"Item": key_item((LIST, key.id))}},
                ]
            )

    async def _rewrap(self, key: PersonKey) -> None:
        same: Item = {
            "ConditionExpression": "i = :i",
            "ExpressionAttributeValues": {":i": {"S": key.id}},
        }
        with contextlib.suppress(ConditionFailed):
            await self._table.transact(
                [
                    {"Put": {"Item": _item(_person(key.person), key), **same}},
                    {"Put": {"Item": _item(_id(key.id), key)}},
                ]
            )


def forgetting_items(rows: Sequence[tuple[int, int, bool]]) -> list[Item]:
    """Gives the items of forgettings: number, time, and whether each is done."""
    return [
        {**key_item(_forgetting(number)), "t": {"N": str(time)}, "d": {"BOOL": is_done}}
        for number, time, is_done in rows
    ]


def _removal(found: Sequence[PersonKey]) -> list[Item]:
    keys = [place for key in found for place in (_person(key.person), _id(key.id), (LIST, key.id))]
    return [{"Delete": {"Key": key_item(key)}} for key in keys]


def _record(number: int, time: int) -> list[Item]:
    record = {**key_item(_forgetting(number + 1)), "t": {"N": str(time)}, "d": {"BOOL": False}}
    last = {**key_item(LAST), "n": {"N": str(number + 1)}}
    condition: Item = (
        {"ConditionExpression": "n = :n", "ExpressionAttributeValues": {":n": {"N": str(number)}}}
        if number
        else {"ConditionExpression": "attribute_not_exists(p)"}
    )
    return [{"Put": {"Item": record}}, {"Put": {"Item": last, **condition}}]


def _person(person: str) -> Key:
    return bounded(f"person/{person}", MAX_PARTITION_TIME), "key"


def _request(person: str) -> Key:
    return PEOPLE, REQUEST + hashlib.sha256(person.encode()).hexdigest()


def _id(id: str) -> Key:
    return f"person-key/{id}", "key"


def _forgetting(number: int) -> Key:
    return PEOPLE, f"{FORGETTING}{number:019}"


def _item(place: Key, key: PersonKey) -> Item:
    return {
        **key_item(place),
        "n": {"S": key.person},
        "i": {"S": key.id},
        "w": {"B": key.wrapped},
        "u": {"S": key.under},
    }


def _read(item: Any) -> PersonKey:
    return PersonKey(item["n"]["S"], item["i"]["S"], item["w"]["B"], item["u"]["S"])
