"""search() and relevance(): whether a row has all words, and how much it has of them."""

from typing import Any

from sqlglot import exp

from actum.model.rows.words import AskedWord, asked_words
from actum.queries.sql.expressions import Expressions
from actum.queries.sql.kinds import Misuse, Typed
from actum.queries.sql.parameters import Parameter, Use
from actum.queries.sql.search_calls import call_as_written
from actum.queries.sql.values import Sources, text_of


def searched(walk: Expressions, node: exp.Anonymous, sources: Sources) -> Typed:
    """Writes search(), which is true where there are no words to look for."""
    alias, view = _place(node, sources)
    words = _words(walk, node, "match")
    sql = walk.dialect.has_words(alias) if words is None else walk.dialect.matches(alias, view, words)
    return Typed(sql, "boolean")


def relevance(walk: Expressions, node: exp.Anonymous, sources: Sources) -> Typed:
    """Writes relevance(), which is 0 where there are no words to look for."""
    alias, _ = _place(node, sources)
    words = _words(walk, node, "needles")
    if words is not None:
        return Typed(walk.dialect.relevance(alias, words), "integer")
    zero = walk.dialect.integer(0)
    # In ORDER BY a bare number would be the place of a column.
    return Typed(f"coalesce({zero}, {zero})", "integer")


def _place(node: exp.Anonymous, sources: Sources) -> tuple[str, str]:
    alias, view = (part.name for part in node.expressions[:2])
    if not any(alias in scope for scope in sources):
        raise Misuse(
            f"{call_as_written(node)} cannot be computed here, where only what is selected is known: select "
            "it too, AS a name, and write that name"
        )
    return alias, view


def _words(walk: Expressions, node: exp.Anonymous, use: Use) -> str | None:
    """Writes the words as a database looks for them; None if there are none."""
    words: Any = node.expressions[2]
    if isinstance(words, exp.Literal) and words.is_string:
        return _constant(walk, asked_words(words.name), use)
    if not isinstance(words, exp.Placeholder):
        raise Misuse(
            f"{text_of(words)}: the words of {node.name}() are a parameter, or a text in quotes: put others "
            "together in Python, and pass them as a parameter"
        )
    parameter = walk.parameters[words.name]
    if parameter.kind == "null" or parameter.is_wordless:
        return None
    if parameter.kind != "text" or parameter.is_list:
        raise Misuse(
            f":{parameter.name} is {'a list' if parameter.is_list else parameter.kind}, but the words of "
            f"{node.name}() are a text: annotate the parameter str"
        )
    return walk.placed(Parameter(parameter.name, "text", is_list=use == "needles", use=use))


def _constant(walk: Expressions, words: tuple[AskedWord, ...], use: Use) -> str | None:
    if not words:
        return None
    return walk.dialect.words(words) if use == "match" else walk.dialect.needles(words)
