"""The tables of views in a SQLite file, with an index of words for those that can be searched."""

import sqlite3

from actum.model.rows.column import Kind
from actum.model.view import ViewType
from actum.queries.tables import WORDS, ViewTable, quote, table_name

TYPES: dict[Kind, str] = {
    "text": "TEXT",
    "integer": "INTEGER",
    "real": "DOUBLE",
    "boolean": "BOOLEAN",
    "blob": "BLOB",
    "time": "TIMESTAMP_TEXT",
    "json": "JSON_TEXT",
    # Equal numbers differ in spaces at the end alone.
    "decimal": "DECIMAL_TEXT COLLATE RTRIM",
}
ROW = "$row"
"""The number under which FTS5 knows a row. VACUUM would change one that has no column."""
# The default tokenizer folds letters in its own way; the words are folded already.
OPTIONS = "content_rowid={row}, content={table}, detail=none, columnsize=0, tokenize=\"ascii tokenchars '_'\""
MERGED_PAGES = 500
"""How many pages of an index of words are merged in one transaction."""


class SqliteTable(ViewTable):
    """The statements for one generation of a view. Triggers keep the index of words like the rows."""

    def __init__(self, view: ViewType, generation: int) -> None:
        super().__init__(view, generation, TYPES)
        self._search = quote(search_name(self.name))

    @property
    def drop_names(self) -> list[str]:
        """The statements that free the view's own name."""
        return drop_names(self.view.name)

    @property
    def create_names(self) -> list[str]:
        """The statements that let queries find this table, and its words, under the view's own name."""
        if self.view.searched is None:
            return super().create_names
        # With detail=none FTS5 searches by the name of the table alone.
        words = f'SELECT rowid AS "row", {self._search} AS "words" FROM {self._search}'
        return [*super().create_names, f"CREATE VIEW {quote(search_name(self.view.name))} AS {words}"]

    def _keyed(self) -> str:
        if self.view.searched is None:
            return super()._keyed()
        return f"UNIQUE ({self._key})"

    def _row_columns(self) -> list[str]:
        return [] if self.view.searched is None else [f"{quote(ROW)} INTEGER PRIMARY KEY"]

    def _search_columns(self) -> list[str]:
        return [quote(ROW), *super()._search_columns()]

    def _search_index(self) -> list[str]:
        table, search, row, words = self._table, self._search, quote(ROW), quote(WORDS)
        options = OPTIONS.format(row=row, table=table)
        add = f"INSERT INTO {search} (rowid, {words}) VALUES (new.{row}, new.{words});"
        remove = f"INSERT INTO {search} ({search}, rowid, {words}) VALUES ('delete', old.{row}, old.{words});"
        changes = {
            "insert": f"AFTER INSERT ON {table} BEGIN {add} END",
            "delete": f"AFTER DELETE ON {table} BEGIN {remove} END",
            "update": f"AFTER UPDATE OF {words} ON {table} WHEN old.{words} <> new.{words} "
            f"BEGIN {remove} {add} END",
        }
        triggers = [
            f"CREATE TRIGGER {quote(f'{self.name}__{name}')} {change}" for name, change in changes.items()
        ]
        return [f"CREATE VIRTUAL TABLE {search} USING fts5({words}, {options})", *triggers]


def search_name(name: str) -> str:
    """Returns the name of what holds the words of a view, or of a generation's table."""
    return f"{name}__search"


def drop_names(view: str) -> list[str]:
    """Returns the statements that free a view's own name."""
    return [f"DROP VIEW IF EXISTS {quote(name)}" for name in (search_name(view), view)]


def drop_tables(view: str, generation: int) -> list[str]:
    """Returns the statements that drop a generation's table, with its index of words."""
    table = table_name(view, generation)
    return [f"DROP TABLE IF EXISTS {quote(name)}" for name in (search_name(table), table)]


def merge_words(connection: sqlite3.Connection, name: str, generation: int, *, is_first: bool) -> bool:
    """Merges some of an index of words, and says whether there is more to merge.

    What was deleted stays in such an index until all of it is one part.
    """
    search = search_name(table_name(name, generation))
    if not connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (search,)).fetchone()[0]:
        return False
    before = connection.total_changes
    pages = -MERGED_PAGES if is_first else MERGED_PAGES
    connection.execute(f"INSERT INTO {quote(search)} ({quote(search)}, rank) VALUES ('merge', ?)", (pages,))
    # So SQLite's documentation says.
    return connection.total_changes - before >= 2
