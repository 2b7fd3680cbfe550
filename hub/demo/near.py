"""What followed instead of a row that is missing: a scenario's author sees what to compare."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from hub.demo.compare import COMPARED, same
from hub.demo.rows import ROW_KINDS, Row, in_words

SHOWN = 3
"""More than a few rows beside each other are read by nobody."""


def near(row: Row, actual: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows that followed and are most like one that did not: same gap, rule or code."""
    kind = next((name for name in ROW_KINDS if getattr(row, name) is not None), None)
    if kind is None:
        return []
    alike = [a for a in actual if same(kind, getattr(row, kind), getattr(a, kind))]
    alike.sort(key=lambda a: _differing(row, a))
    return [in_words(a) for a in alike[:SHOWN]]


def _differing(row: Row, actual: Row) -> int:
    """How many words of a row an outcome does not fit."""
    wanted = {name: getattr(row, name) for name in COMPARED}
    words = sum(
        word not in (None, "") and not same(name, word, getattr(actual, name))
        for name, word in wanted.items()
    )
    return words + sum(actual.levels.get(level) != by for level, by in row.levels.items())


def about(row: Row, asked: Iterable[str]) -> bool:
    """Whether a row is of one of the gaps, rules or codes that somebody asks to see."""
    words = [word for name in ROW_KINDS if (word := getattr(row, name)) is not None]
    return any(
        word.startswith(f"{one}.") or fnmatchcase(word, one) for one in asked for word in words
    )
