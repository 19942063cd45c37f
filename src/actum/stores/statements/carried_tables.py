"""Which tables move with an application from one store to another, as SQLite and PostgreSQL have them."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from actum.errors import StoreError
from actum.ports.transfer import Row

ColumnType = Literal["text", "bytea", "bigint", "int", "boolean"]


class CarriedTable(Struct, frozen=True):
    """A table, in the database under the prefix `actum_`; `key` names the columns that order its rows.

    `number` is the column that the database numbers, "" if there is none.
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, ColumnType]
    number: str = ""

    @property
    def stored(self) -> str:
        """The name in the database."""
        return f"actum_{self.name}"

    @property
    def large(self) -> list[str]:
        """The columns whose bytes count for a page."""
        return [name for name, kind in self.columns.items() if kind == "bytea"]

    def places(self, names: Sequence[str]) -> list[int]:
        """Gives the places of columns in a row."""
        order = list(self.columns)
        return [order.index(name) for name in names]

    def key_of(self, row: Row) -> list[object]:
        """Gives what orders a row."""
        return [row[place] for place in self.places(self.key)]

    def check(self, given: Sequence[str]) -> None:
        """Raises StoreError for columns that the table does not have."""
        for name in given:
            if name not in self.columns:
                raise StoreError(
                    f"the export has a column {name!r} in {self.name}, which this Actum does not know: it "
                    "was written by a newer one; upgrade Actum"
                )


def quoted(names: Sequence[str]) -> str:
    """Gives columns as a list in SQL."""
    return ", ".join(f'"{name}"' for name in names)


REPLIES = CarriedTable(
    "replies",
    ("kind", "id", "key"),
    {
        "kind": "text",
        "id": "text",
        "key": "text",
        "call": "text",
        "reply": "bytea",
        "position": "bigint",
        "time": "bigint",
    },
)
CLAIMS, FIRST_TIMES = "claims", "first_times"
OF_STREAMS: dict[str, tuple[str, ...]] = {
    FIRST_TIMES: ("kind", "id", "time"),
    CLAIMS: ("kind", "id", "name", "digest"),
}
"""What each journal stores in its own way: when streams that were pruned had begun, and claims."""
PEOPLE = (
    CarriedTable("application_keys", ("id",), {"id": "text", "wrapped": "bytea", "time": "bigint"}),
    CarriedTable(
        "person_keys", ("person",), {"person": "text", "id": "text", "wrapped": "bytea", "under": "text"}
    ),
    CarriedTable(
        "forgettings", ("number",), {"number": "bigint", "time": "bigint", "is_done": "boolean"}, "number"
    ),
    CarriedTable("forget_requests", ("person",), {"person": "text"}),
)
OF_JOURNAL = (REPLIES, *PEOPLE)

SLICES = CarriedTable(
    "slices",
    ("action", "slice"),
    {"action": "text", "slice": "int", "position": "bigint", "triggers": "text"},
)
OF_DATABASE = (
    CarriedTable("checkpoints", ("action",), {"action": "text", "position": "bigint"}),
    CarriedTable("triggers", ("action", "name"), {"action": "text", "name": "text", "position": "bigint"}),
    CarriedTable("ticks", ("action",), {"action": "text", "due": "bigint"}),
    CarriedTable(
        "letters",
        ("id",),
        {
            "id": "bigint",
            "action": "text",
            "key": "text",
            "position": "bigint",
            "body": "bytea",
            "status": "text",
            "attempts": "int",
            "due": "bigint",
            "error": "text",
            "first_failed": "bigint",
            "last_failed": "bigint",
            "request": "text",
            "failure": "text",
        },
        "id",
    ),
    CarriedTable(
        "messages",
        ("id",),
        {
            "id": "bigint",
            "queue": "text",
            "key": "text",
            "body": "bytea",
            "time": "bigint",
            "correlation_id": "text",
            "causation_id": "text",
            "by": "text",
            "traceparent": "text",
        },
        "id",
    ),
    CarriedTable(
        "sent", ("queue", "once"), {"queue": "text", "once": "text", "time": "bigint", "call": "text"}
    ),
    CarriedTable(
        "timers",
        ("id",),
        {
            "id": "bigint",
            "name": "text",
            "due": "bigint",
            "kind": "text",
            "entity_id": "text",
            "command": "text",
            "arguments": "bytea",
            "correlation_id": "text",
            "causation_id": "text",
            "by": "text",
            "span": "bigint",
            "traceparent": "text",
            "position": "bigint",
        },
        "id",
    ),
    CarriedTable(
        "erasures",
        ("kind", "id"),
        {
            "kind": "text",
            "id": "text",
            "key": "text",
            "since": "bigint",
            "position": "bigint",
            "is_ended": "boolean",
            "why": "text",
        },
    ),
    CarriedTable(
        "workflows",
        ("number",),
        {
            "number": "bigint",
            "kind": "text",
            "id": "text",
            "status": "text",
            "due": "bigint",
            "wakes": "bigint",
            "request": "text",
            "input": "bytea",
            "call": "text",
            "state": "bytea",
            "outcome": "bytea",
            "ending": "text",
            "error": "text",
            "attempts": "int",
            "generation": "int",
            "deadline": "bigint",
            "created": "bigint",
            "updated": "bigint",
            "correlation_id": "text",
            "causation_id": "text",
            "by": "text",
            "subject": "text",
            "traceparent": "text",
        },
        "number",
    ),
    CarriedTable(
        "workflow_records",
        ("workflow", "name", "occurrence"),
        {
            "workflow": "bigint",
            "name": "text",
            "occurrence": "int",
            "place": "int",
            "body": "bytea",
            "time": "bigint",
        },
    ),
    CarriedTable(
        "workflow_signals",
        ("id",),
        {"id": "bigint", "workflow": "bigint", "name": "text", "body": "bytea", "time": "bigint"},
        "id",
    ),
    CarriedTable("workflow_waiters", ("awaited", "waiter"), {"awaited": "bigint", "waiter": "bigint"}),
)
