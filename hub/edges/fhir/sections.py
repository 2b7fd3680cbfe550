"""The sections of a discharge summary: which say something, which say "none", which are absent.

The safeguarding section of our event is fed by two of theirs.  *Safety alerts* (risks to self, to
others, from others) and the rows of *Legal information* that are about safeguarding give it
content.  It is "none checked" only when somebody said so about safeguarding: "none" in the legal
information, a phrase that names safeguarding, or the code for it.  "None" under the safety alerts
alone is about other risks, and leaves safeguarding not completed.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from hub.edges.fhir.codes import codes_of, has_any, meaning
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.narrative import Line
from hub.edges.fhir.tree import Node

_PLAIN: Final = ("clinical", "medication", "feeding", "follow_up")
_NOT_READ: Final = (
    *("mental_health_info_given", "mental_health_history"),
    *("discharge_address", "household_at_address", "safe_contact"),
)
"""Sections of ours that no section of theirs says in a form to rely on."""
_NAMED: Final = "safeguarding"


class Said(StrEnum):
    """What a section says; the words are those of the schema."""

    CONTENT = "content"
    NONE = "none_checked"
    NOTHING = "not_completed"


@dataclass(frozen=True, slots=True)
class Found:
    """A section of theirs: its text, and the lines that count."""

    text: str
    lines: tuple[Line, ...]
    codes: tuple[str, ...]
    looked: bool
    """It is empty, and says that somebody looked."""


def sections_of(letter: Letter, composition: Node) -> dict[str, Any]:
    """The `sections` of the event."""
    found = {name: _find(letter, composition, name) for name in meaning("section")}
    return told_by(found, _author(letter, composition))


def told_by(found: dict[str, Found | None], author: str | None) -> dict[str, Any]:
    """The `sections` of the event from those of a document in any language."""
    said: dict[str, Any] = {
        name: (section.text or None) if (section := found[name]) else None for name in _PLAIN
    }
    said |= dict.fromkeys(_NOT_READ)
    said["safeguarding_concerns"] = _safeguarding(found, author)
    social = found["social_circumstances"]
    said["social_circumstances"] = _checked(social, said_by_all(social), author)
    return said


def said_by_all(section: Found | None) -> Said:
    """What a section says when each of its lines counts."""
    if section is None:
        return Said.NOTHING
    if section.looked and not section.lines:
        return Said.NONE
    if any(not is_none(line.text) for line in section.lines):
        return Said.CONTENT
    return Said.NONE if section.lines else Said.NOTHING


def is_none(text: str) -> bool:
    """Whether a line says, in one of the phrases of the list, that there is nothing."""
    bare = re.sub(r"[\s.,;:!]+", " ", text.lower()).strip(" -")
    return bare in meaning("none")["phrases"]


def _safeguarding(found: dict[str, Found | None], author: str | None) -> dict[str, Any]:
    risks, legal = found["safety_alerts"], _about_safeguarding(found["legal_information"])
    told = [each for each in (risks, legal) if each is not None]
    if any(said_by_all(each) is Said.CONTENT for each in told):
        telling = [each for each in told if said_by_all(each) is Said.CONTENT]
        text = "\n".join(each.text for each in telling)
        return {"state": Said.CONTENT.value, "checked_by": author, "text": text or None}
    state = Said.NONE if _none_said(risks, legal, told) else Said.NOTHING
    by = author if state is Said.NONE else None
    return {"state": state.value, "checked_by": by, "text": None}


def _none_said(risks: Found | None, legal: Found | None, told: list[Found]) -> bool:
    """Whether somebody said of safeguarding that there is nothing."""
    codes = meaning("none")["safeguarding_codes"]
    if any(not set(each.codes).isdisjoint(codes) for each in told):
        return True
    if risks is not None and any(_NAMED in line.text.lower() for line in risks.lines):
        return said_by_all(risks) is Said.NONE
    return said_by_all(legal) is Said.NONE


def _about_safeguarding(legal: Found | None) -> Found | None:
    """Legal information with only the rows about safeguarding; a line without a heading counts."""
    if legal is None:
        return None
    words = meaning("safeguarding")["words"]
    lines = tuple(
        line
        for line in legal.lines
        if not line.heading or has_any(f"{line.heading} {line.text}".lower(), words)
    )
    rows = [f"{line.heading}: {line.text}" if line.heading else line.text for line in lines]
    return Found("\n".join(rows), lines, legal.codes, legal.looked)


def _checked(section: Found | None, said: Said, author: str | None) -> dict[str, Any]:
    return {
        "state": said.value,
        "checked_by": author if said is not Said.NOTHING else None,
        "text": section.text if section is not None and said is Said.CONTENT else None,
    }


def _find(letter: Letter, composition: Node, name: str) -> Found | None:
    """All sections of theirs that are this one of ours, as one; None where there is none."""
    listed = meaning("section")[name]
    waiting, mine = composition.all("section"), list[Node]()
    while waiting:
        section = waiting.pop(0)
        title = section.text("title").strip().lower()
        codes = codes_of(section.all("code"))
        if not set(codes).isdisjoint(listed["codes"]) or (not codes and title in listed["titles"]):
            mine.append(section)
        waiting += section.all("section")
    if not mine:
        return None
    narratives = [div for section in mine for div in section.all("text", "div")]
    entries = [letter.find(entry) for section in mine for entry in section.all("entry")]
    coded = [code for entry in entries if entry is not None for code in codes_of(entry.all("code"))]
    reasons = codes_of(each for section in mine for each in section.all("emptyReason"))
    return Found(
        text="\n".join(div.value for div in narratives if div.value),
        lines=tuple(line for div in narratives for line in div.lines),
        codes=tuple(coded),
        looked=not set(reasons).isdisjoint(meaning("none")["empty_reasons"]),
    )


def _author(letter: Letter, composition: Node) -> str | None:
    """Who wrote it: the author's name as the document shows it, or the author's number."""
    for author in composition.all("author"):
        found = letter.find(author)
        shown = author.text("display")
        number = found.text("identifier", "value") if found is not None else ""
        if shown or number:
            return shown or number
    return None
