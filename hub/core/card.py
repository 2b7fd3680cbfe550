"""The parents' card: where to turn in one area, in plain words, from the service directory (E46).

It carries what a parent can use and nothing that is between professionals: no role codes, levels
of need, owners, review dates or capacities (domain section 9.3, rows 1, 13 and 15; findings F61,
F87 and F114: everything in one place, with the voluntary sector in it).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

VOLUNTARY = "VCS_PARTNER"
OPEN = frozenset({"open", "waiting"})


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of the directory, as far as a card needs it."""

    entry_id: str
    name: str
    areas: tuple[str, ...]
    needs: tuple[str, ...]
    first_for: tuple[str, ...] = ()
    access: str
    """self, professional or both."""
    capacity: str
    """open, waiting, closed or removed."""
    wait_days: int | None = None
    out_of_hours: bool = False
    partner: bool = False
    voluntary: bool = False
    how: str = ""
    said_at: datetime


class Place(Struct, frozen=True, kw_only=True):
    """Somewhere to turn, as it stands on the card."""

    name: str
    how: str
    notes: tuple[str, ...] = ()


class Section(Struct, frozen=True, kw_only=True):
    """One need: where to start, and what else there is."""

    need: str
    start: Place | None = None
    """None where no entry, or more than one, says that it is the first step."""
    more: tuple[Place, ...] = ()
    charities: tuple[Place, ...] = ()


class Card(Struct, frozen=True, kw_only=True):
    """The whole card of one area."""

    area: str
    sections: tuple[Section, ...]


REFERRED = "Ask your midwife, health visitor or GP to refer you."
ASK = "Ask your midwife, health visitor or GP how to get in touch."
DIRECTLY = "You can get in touch yourself."


def latest(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Of each entry what was said last; one that says it is removed takes it away."""
    newest: dict[str, Entry] = {}
    for entry in entries:
        known = newest.get(entry.entry_id)
        if known is None or entry.said_at >= known.said_at:
            newest[entry.entry_id] = entry
    return tuple(entry for entry in newest.values() if entry.capacity != "removed")


def card(
    entries: Iterable[Entry], area: str, words: Mapping[str, str], wanted: Iterable[str] = ()
) -> Card:
    """The card of an area.

    `words` has needs in the words of parents, by code; `wanted` the needs that the area says must
    be met: one for which nothing is open stands on the card all the same, with whom to ask.
    """
    here = [entry for entry in latest(entries) if area in entry.areas]
    needs = {need for entry in here for need in (*entry.needs, *entry.first_for)} | set(wanted)
    named = sorted((in_words(need, words), need) for need in needs)
    return Card(area=area, sections=tuple(_section(here, need, title) for title, need in named))


def in_words(need: str, words: Mapping[str, str]) -> str:
    """A need as a parent would say it; a code without words is at least readable."""
    return words.get(need) or need.replace("_", " ").replace("-", " ").capitalize()


def _section(entries: list[Entry], need: str, title: str) -> Section:
    fitting = sorted(
        (e for e in entries if need in (*e.needs, *e.first_for) and e.capacity in OPEN),
        key=lambda entry: (entry.name, entry.entry_id),
    )
    # Two that both say "start here" would send a parent to and fro: then the card names no start.
    first = [entry for entry in fitting if need in entry.first_for]
    start = first[0] if len(first) == 1 else None
    others = [entry for entry in fitting if entry is not start]
    return Section(
        need=title,
        start=_place(start) if start else None,
        more=tuple(_place(entry) for entry in others if not entry.voluntary),
        charities=tuple(_place(entry) for entry in others if entry.voluntary),
    )


def _place(entry: Entry) -> Place:
    reach = REFERRED if entry.access == "professional" else DIRECTLY
    notes = [reach]
    if entry.capacity == "waiting":
        days = entry.wait_days
        notes.append(f"The wait is about {days} days now." if days else "There is a wait now.")
    if entry.out_of_hours:
        notes.append("Also in the evening or at the weekend.")
    if entry.partner:
        notes.append("For fathers and partners too.")
    # How to get in touch is a parent's only where she may do so; else it may be a professional's.
    how = "" if entry.access == "professional" else entry.how.strip() or ASK
    return Place(name=entry.name, how=how, notes=tuple(notes))
