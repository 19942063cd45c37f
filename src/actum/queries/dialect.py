"""The part of a query that each database writes in its own way: names, values, conversions, functions."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal

from actum.model.rows.words import AskedWord
from actum.queries.sql.kinds import QueryKind, Typed
from actum.queries.tables import quote


class Dialect(ABC):
    """Writes parts of a query. Its arguments are written already, in brackets where needed."""

    name: str

    def quoted(self, name: str) -> str:
        """Writes a name."""
        return quote(name)

    @abstractmethod
    def null(self, kind: QueryKind) -> str:
        """Writes NULL where a value of a kind is expected."""

    @abstractmethod
    def integer(self, value: int) -> str:
        """Writes a whole number of 64 bits."""

    @abstractmethod
    def real(self, value: float) -> str:
        """Writes a real number."""

    @abstractmethod
    def decimal(self, value: Decimal) -> str:
        """Writes a Decimal."""

    @abstractmethod
    def text(self, value: str) -> str:
        """Writes a text."""

    @abstractmethod
    def time(self, value: str) -> str:
        """Writes a time, given as columns store it."""

    @abstractmethod
    def blob(self, hexadecimal: str) -> str:
        """Writes bytes."""

    @abstractmethod
    def boolean(self, *, value: bool) -> str:
        """Writes a truth value."""

    @abstractmethod
    def parameter(self, name: str, kind: QueryKind, *, is_list: bool) -> str:
        """Writes a placeholder for a value that comes with the query."""

    @abstractmethod
    def convert(self, value: Typed, kind: QueryKind) -> str:
        """Writes a value converted to another kind."""

    @abstractmethod
    def compared(self, value: Typed) -> str:
        """Writes a value so that it is ordered and compared as its kind requires."""

    @abstractmethod
    def grouped(self, value: Typed) -> str:
        """Writes a value for GROUP BY."""

    @abstractmethod
    def selected(self, value: Typed) -> str:
        """Writes a selected value, so that outer queries compare it as its kind requires."""

    @abstractmethod
    def whole(self, value: str) -> str:
        """Writes a small whole number, as window functions take it."""

    @abstractmethod
    def closed(self, value: Typed) -> str:
        """Writes arithmetic so that an overflow is an error."""

    @abstractmethod
    def arithmetic(self, operator: str, one: str, other: str, kind: QueryKind) -> str:
        """Writes + - * / % between two values of one kind; division by zero gives NULL."""

    @abstractmethod
    def negated(self, value: Typed) -> str:
        """Writes a negated number."""

    @abstractmethod
    def same(self, one: str, other: str, *, is_same: bool) -> str:
        """Writes IS, which treats NULL as a value like any other."""

    @abstractmethod
    def among(self, value: str, values: str, kind: QueryKind) -> str:
        """Writes whether a value is in a list that is a parameter."""

    @abstractmethod
    def like(self, value: str, pattern: str, escape: str | None) -> str:
        """Writes LIKE, which ignores the case of ASCII letters."""

    @abstractmethod
    def words(self, words: Sequence[AskedWord]) -> str:
        """Writes words of the query itself as an index of words is asked for them."""

    @abstractmethod
    def needles(self, words: Sequence[AskedWord]) -> str:
        """Writes words of the query itself as a list of what each has to match."""

    @abstractmethod
    def matches(self, alias: str, view: str, words: str) -> str:
        """Writes whether a row of a view has all words, which it has not where an outer join found no row."""

    @abstractmethod
    def has_words(self, alias: str) -> str:
        """Writes whether there is a row of a view, which can be searched."""

    @abstractmethod
    def relevance(self, alias: str, needles: str) -> str:
        """Writes the sum of what the words of a list count in a row; of a beginning, the best word counts."""

    @abstractmethod
    def call(self, name: str, arguments: Sequence[str]) -> str:
        """Writes a call of a function, which is given under its SQLite name."""

    @abstractmethod
    def aggregate(self, name: str, value: Typed | None, tail: str, *, is_distinct: bool) -> str:
        """Writes count, sum, avg, min or max over values of a kind; the tail is FILTER and OVER."""

    @abstractmethod
    def joined(self, value: str, separator: str | None, tail: str) -> str:
        """Writes group_concat."""

    @abstractmethod
    def array(self, value: str, tail: str) -> str:
        """Writes json_group_array."""

    @abstractmethod
    def limit(self, limit: Typed | None, offset: Typed | None) -> str:
        """Writes LIMIT and OFFSET; a negative limit means no limit, a negative offset means 0."""

    @abstractmethod
    def each(self, document: str, alias: str) -> str:
        """Writes json_each as a table."""

    @abstractmethod
    def compound(self, left: str, operator: str, right: str) -> str:
        """Writes UNION, INTERSECT or EXCEPT, which are evaluated from left to right."""
