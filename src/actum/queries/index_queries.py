"""What an index of words is asked for, in the language of each database."""

from collections.abc import Sequence

from actum.model.rows.words import MARK, AskedWord


def fts5_query(words: Sequence[AskedWord]) -> str:
    """Asks FTS5 for rows with all words, which have no character that it understands."""
    return " ".join(f'"{MARK}{one.word}"{" *" if one.is_prefix else ""}' for one in words)


def tsquery(words: Sequence[AskedWord]) -> str:
    """Asks PostgreSQL for rows with all words, which have no character that it understands."""
    return " & ".join(f"'{MARK}{one.word}'{':*' if one.is_prefix else ''}" for one in words)
