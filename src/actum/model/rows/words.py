"""The words of texts, folded in one way when rows are written and when words are asked for."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from math import log10

from msgspec import Struct

RULE = 1
"""The version of how words are made and weighed: views that can be searched are rebuilt when it changes."""
MAX_WORD = 64
"""How many characters of a word count."""
MAX_ASKED = 100
"""How many different words of a text that is asked for count."""
MAX_BYTES = 500_000
"""How many bytes of different words of a row are kept; a tsvector holds twice as many."""
SCALE = 1_000
MARK = "_"
"""Begins a word where it is stored, since no word has it within."""
ASCII_WORD = re.compile("[a-z0-9]+")
ASKED_WORD = re.compile(r"([^ *]+)(\*(?![^ *]))?")
ZERO_WIDTH_SPACE = "\u200b"


class AskedWord(Struct, frozen=True):
    """A word that is asked for: whole, or as the beginning of words."""

    word: str
    is_prefix: bool

    @property
    def needle(self) -> str:
        """What a row with the word has in its stored words."""
        return f"{MARK}{self.word}" if self.is_prefix else f"{MARK}{self.word} "


class _Written(dict[int, str]):
    """How each character is written among words: letters and digits as they are, others as a space or not."""

    def __missing__(self, code: int) -> str:
        written = self[code] = _written(chr(code))
        return written


WRITTEN = _Written()


def _written(character: str) -> str:
    category = unicodedata.category(character)
    if character == "*":
        return character
    if category[0] in "LN":
        # Chinese writes no spaces: each of its characters is a word.
        is_ideograph = unicodedata.name(character, "").startswith("CJK UNIFIED")
        return f" {character} " if is_ideograph else character
    if category[0] == "M":
        return "" if _is_diacritic(character) else character
    return "" if category == "Cf" and character != ZERO_WIDTH_SPACE else " "


def _is_diacritic(mark: str) -> bool:
    """Whether a mark may be left out in writing: accents, the points of Hebrew and Arabic, variants.

    Vowel signs of Indic scripts, viramas, and marks of voiced kana may not.
    """
    kind = unicodedata.combining(mark)
    is_variant = "\ufe00" <= mark <= "\ufe0f" or "\U000e0100" <= mark <= "\U000e01ef"
    return is_variant or 0 < kind < 7 or 10 <= kind <= 36 or kind >= 200


def _folded(text: str) -> str:
    """Gives a text as words between spaces, and the stars in it."""
    return unicodedata.normalize("NFKD", text).translate(WRITTEN).casefold()


def words_of(text: str | None) -> list[str]:
    """Returns the words of a text, in their order."""
    if not text:
        return []
    found = ASCII_WORD.findall(text.lower()) if text.isascii() else _folded(text).replace("*", " ").split()
    return [word[:MAX_WORD] for word in found]


def asked_words(text: str | None) -> tuple[AskedWord, ...]:
    """Returns the different words that are asked for; one that ends in a star is a beginning."""
    found: dict[AskedWord, None] = {}
    for word, star in ASKED_WORD.findall(_folded(text or "")):
        found[AskedWord(word[:MAX_WORD], bool(star))] = None
        if len(found) == MAX_ASKED:
            break
    return tuple(found)


def stored_words(texts: Sequence[str | None]) -> str:
    """Returns the different words of a row's texts as they are stored: `_hello _world :281 _again :67`.

    The number behind some words is how much each of them counts; words that count more come first.
    """
    alike: dict[int, list[str]] = {}
    for word, weight in _kept(_weights(texts)):
        alike.setdefault(weight, []).append(MARK + word)
    groups = sorted(alike.items(), reverse=True)
    return " ".join(f"{' '.join(sorted(words))} :{weight}" for weight, words in groups)


def _weights(texts: Sequence[str | None]) -> dict[str, float]:
    """Weighs words: those of an earlier text, of a shorter one, and those that come more often count more."""
    weights: dict[str, float] = {}
    for place, text in enumerate(texts, 1):
        counts = Counter(words_of(text))
        most = SCALE / place / (1 + log10(1 + counts.total()))
        for word, count in counts.items():
            weights[word] = weights.get(word, 0) + most * count / (count + 1)
    return weights


def _kept(weights: dict[str, float]) -> Iterator[tuple[str, int]]:
    size = 0
    for word, weight in weights.items():
        size += len(word.encode()) + len(MARK) + 1
        if size > MAX_BYTES:
            return
        yield word, max(1, round(weight))
