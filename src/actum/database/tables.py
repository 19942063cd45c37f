"""The SQL of a view's table: how a generation is made, filled, read and dropped, in any dialect."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ClauseElement,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    quoted_name,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable
from sqlalchemy.types import TypeEngine

from actum.model.column import Kind
from actum.model.view import ViewType

# Text sorts by its code points everywhere, so that a query answers alike on every database.
TYPES: dict[Kind, TypeEngine[Any]] = {
    "text": Text().with_variant(Text(collation="C"), "postgresql"),
    "integer": BigInteger().with_variant(Integer(), "sqlite"),
    "real": Double(),
    "boolean": Boolean(),
    "blob": LargeBinary(),
    "time": DateTime(timezone=True).with_variant(Text(), "sqlite"),
    "json": postgresql.JSONB().with_variant(Text(), "sqlite"),
}
# Both dialects say ON CONFLICT alike, and share no type that does.
INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class ViewTable:
    """One generation's table `NAME__GENERATION`, and its statements with positional parameters.

    Values are given in the order of the view's columns, row after row. Every name is quoted.
    """

    def __init__(self, view: ViewType, generation: int, dialect: Dialect) -> None:
        self.name = table_name(view.name, generation)
        self.view = view
        self.width = len(view.columns)
        self._dialect = dialect
        self._statements: dict[tuple[str, int], str] = {}
        columns: list[Column[Any]] = [
            Column(
                quoted(column.name),
                TYPES[column.kind],
                primary_key=column.name == view.key,
                autoincrement=False,
                nullable=column.is_nullable and column.name != view.key,
            )
            for column in view.columns
        ]
        self.table = Table(quoted(self.name), MetaData(), *columns)
        self.key = self.table.c[view.key]
        self._indexes = [
            Index(quoted(f"{self.name}__{number}"), *(self.table.c[column] for column in index))
            for number, index in enumerate(view.indexes, 1)
        ]

    def __repr__(self) -> str:
        return f"<ViewTable {self.name}>"

    @cached_property
    def create(self) -> list[str]:
        """The statements that make the table and its indexes."""
        return [
            self._sql(CreateTable(self.table)),
            *(self._sql(CreateIndex(index)) for index in self._indexes),
        ]

    @cached_property
    def create_name(self) -> str:
        """The statement that makes this table answer under the view's own name."""
        return f"CREATE VIEW {self._quote(self.view.name)} AS {self._sql(select(self.table))}"

    @cached_property
    def drop_name(self) -> str:
        """The statement that frees the view's own name."""
        return f"DROP VIEW IF EXISTS {self._quote(self.view.name)}"

    @cached_property
    def drop(self) -> str:
        """The statement that drops the table."""
        return self._sql(DropTable(self.table, if_exists=True))

    def upsert(self, count: int) -> str:
        """Writes so many rows, whole; a row whose key is there already is replaced.

        More than one row is for dialects whose placeholder is `?`.
        """
        return self._cached("upsert", count)

    def select(self, count: int) -> str:
        """Reads the rows of so many keys."""
        return self._cached("select", count)

    def delete(self, count: int) -> str:
        """Deletes the rows of so many keys."""
        return self._cached("delete", count)

    def _cached(self, what: str, count: int) -> str:
        statement = self._statements.get((what, count))
        if statement is None:
            statement = self._statements[what, count] = self._build(what, count)
        return statement

    def _build(self, what: str, count: int) -> str:
        if what == "upsert":
            # Written out as text: to compile an expression of thousands of parameters takes 0.2 s.
            row = f"({', '.join('?' * self.width)})"
            return self._upsert.replace(row, ", ".join([row] * count), 1)
        keys = [bindparam(f"key{number}", type_=self.key.type) for number in range(count)]
        statement = select(self.table) if what == "select" else delete(self.table)
        return self._sql(statement.where(self.key.in_(keys)))

    @cached_property
    def _upsert(self) -> str:
        """The statement for one row."""
        statement = INSERTS[self._dialect.name](self.table)
        new = {
            column.name: statement.excluded[column.name] for column in self.table.c if column is not self.key
        }
        key = [self.key]
        upsert: ClauseElement = (
            statement.on_conflict_do_update(index_elements=key, set_=new)
            if new
            else statement.on_conflict_do_nothing(index_elements=key)
        )
        return self._sql(upsert)

    def _sql(self, element: ClauseElement) -> str:
        return str(element.compile(dialect=self._dialect)).strip()

    def _quote(self, name: str) -> str:
        return self._dialect.identifier_preparer.quote(quoted(name))


def table_name(view: str, generation: int) -> str:
    """Gives the physical name of a generation."""
    return f"{view}__{generation}"


def quoted(name: str) -> quoted_name:
    """Marks a name as one to be quoted always, keywords and all."""
    return quoted_name(name, quote=True)


def chunks(values: Sequence[Any], sizes: Sequence[int]) -> list[Sequence[Any]]:
    """Cuts values into pieces of the given sizes, largest first, so that few statements serve any number."""
    pieces: list[Sequence[Any]] = []
    start = 0
    for size in sizes:
        while len(values) - start >= size:
            pieces.append(values[start : start + size])
            start += size
    return pieces
