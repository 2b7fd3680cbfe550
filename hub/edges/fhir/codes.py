"""What outside codes and words mean to us: `hub/edges/profiles/fhir.toml`, and how it is asked."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from hub.edges.fhir.tree import Node

TABLE: Final = Path(__file__).parent.parent / "profiles" / "fhir.toml"


@cache
def meaning(name: str) -> Any:
    """One table of the file, read once.  The file is part of the release and tested."""
    return _read()[name]


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def codes_of(concepts: Iterable[Node]) -> list[str]:
    """The codes of CodeableConcepts and of plain Codings, in order."""
    found: list[str] = []
    for concept in concepts:
        found += [coding.text("code") for coding in concept.all("coding")]
        found.append(concept.text("code"))
    return [code for code in found if code]


def words_of(concepts: Iterable[Node]) -> str:
    """The displays and texts of CodeableConcepts and Codings, in lower case."""
    found: list[str] = []
    for concept in concepts:
        found += [coding.text("display") for coding in concept.all("coding")]
        found += [concept.text("display"), concept.text("text"), concept.value]
    return " | ".join(words for words in found if words).lower()


def has_any(words: str, wanted: Iterable[str]) -> bool:
    """Whether one of these is in the words."""
    return any(each in words for each in wanted)


def row_by_words(
    rows: Iterable[Mapping[str, Any]], words: str, codes: Iterable[str] = ()
) -> Mapping[str, Any] | None:
    """The first row that has one of the codes; else the first that has one of the words."""
    listed = list(rows)
    given = set(codes)
    for row in listed:
        if given & set(row.get("codes", ())):
            return row
    for row in listed:
        if has_any(words, row["words"]) and not has_any(words, row.get("unless", ())):
            return row
    return None
