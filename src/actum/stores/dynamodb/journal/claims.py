"""The items of claims in DynamoDB, and the operations of a transaction that change them.

partition `claim/…` (kind, name, digest)
    `holder`         who holds the claim, in `i`
partition `stream/…` of the holder
    `claim/…`        the same claim, so that an erasure finds it: name in `n`, digest in `g`

Versions before claims ignore both, but erase a holder without releasing what it holds.
"""

from collections.abc import Mapping, Sequence

from actum.ports.journal import ClaimKey, Landed, StreamKey, Write
from actum.stores.dynamodb.connection.client import Item, Key, key_item
from actum.stores.dynamodb.journal.items import MAX_PARTITION_TIME, MAX_PLACE, bounded, partition_of
from actum.stores.outcomes import ClaimChanges

CLAIM = "claim/"
HOLDER = "holder"


def claim_key(claim: ClaimKey) -> Key:
    """Returns the key of a claim's item; the lengths in it separate kind and name."""
    kind, name, digest = claim
    return bounded(f"{CLAIM}{len(kind)}/{kind}/{len(name)}/{name}/{digest.hex()}", MAX_PARTITION_TIME), HOLDER


def holding_key(claim: ClaimKey, id: str) -> Key:
    """Returns the key of a claim's item in the partition of its holder."""
    kind, name, digest = claim
    return partition_of((kind, id)), bounded(f"{CLAIM}{len(name)}/{name}/{digest.hex()}", MAX_PLACE)


def read_holding(stream: StreamKey, item: Item) -> ClaimKey:
    """Reads a claim from its item in the partition of its holder."""
    digest: bytes = item["g"]["B"]
    return stream[0], item["n"]["S"], digest


class ClaimOperations:
    """What the writes of one transaction change about claims, given who held them when they were decided."""

    def __init__(self, writes: Sequence[Write], holders: Mapping[ClaimKey, str]) -> None:
        self._holders = holders
        changes = ClaimChanges(writes, [Landed(0)] * len(writes))
        self.after: dict[ClaimKey, str | None] = {}
        for claim, id in changes.freed:
            if holders.get(claim) == id:
                self.after[claim] = None
        self.after |= changes.taken

    def __repr__(self) -> str:
        return f"<ClaimOperations on {len(self.after)} claims>"

    def operations(self) -> list[Item]:
        """Returns the operations; they fail if a claim has another holder than when they were decided."""
        found: list[Item] = []
        for claim, after in self.after.items():
            before = self._holders.get(claim)
            if after != before:
                found += _moved(claim, before, after)
        return found


def releasing(claim: ClaimKey, id: str) -> list[Item]:
    """Returns the operations that release a claim of its holder."""
    return _moved(claim, id, None)


def taking(claim: ClaimKey, id: str) -> list[Item]:
    """Returns the operations that give a claim that nobody holds to a holder."""
    return _moved(claim, None, id)


def _moved(claim: ClaimKey, before: str | None, after: str | None) -> list[Item]:
    if before is None:
        condition: Item = {"ConditionExpression": "attribute_not_exists(p)"}
    else:
        condition = {
            "ConditionExpression": "i = :i",
            "ExpressionAttributeValues": {":i": {"S": before}},
        }
    key = key_item(claim_key(claim))
    operations: list[Item] = []
    if before is not None:
        operations.append({"Delete": {"Key": key_item(holding_key(claim, before))}})
    if after is None:
        return [*operations, {"Delete": {"Key": key, **condition}}]
    holding = {
        **key_item(holding_key(claim, after)),
        "n": {"S": claim[1]},
        "g": {"B": claim[2]},
    }
    return [
        *operations,
        {"Put": {"Item": {**key, "i": {"S": after}}, **condition}},
        {"Put": {"Item": holding}},
    ]
