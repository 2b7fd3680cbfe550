"""A row of the policy said facet by facet: who, if, by when, otherwise, why, on whose authority.

The book prints them and the comparison of two policies sets them side by side, so that what is
compared is what was signed.  A word of a table that has no sentence here is shown as it is
written: nothing that decides is left out.
"""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct, structs

from hub.governance.texts import Texts
from hub.governance.words import in_words, span_in_words
from hub.policy import files

Facets = dict[str, str]
"""What a row says, by the question it answers."""

PURPOSES = {
    "direct_care": "direct care",
    "safeguarding": "safeguarding; it counts as accepted only by a named person",
    "statutory": "a duty in law",
    "service_management": "the management of services",
}
SEVERITIES = {1: "1, information", 2: "2, attention", 3: "3, safeguarding", 4: "4, immediate"}
SHOWN = {
    "F": "in full",
    "S": "as a short flag",
    "P": "as a pointer: ask before acting",
    "C": "in full with her agreement",
    "N": "no",
}
FAMILY_WORDS = {
    "tell": "Must be told",
    "expect": "Must follow",
    "content": "Must be complete",
    "relationship": "Must be held",
    "pattern": "Must not pile up",
}
BLANKS = {
    "owner": "[owner]",
    "organisation": "[organisation]",
    "about": "[whom it is about]",
    "due": "[date]",
}
"""What stands in an explanation until a gap opens."""
FIRST = ("Who", "Who owes it", "Only if", "By when", "Counted from")
LAST = ("Otherwise", "Graver later", "Why", "Authority")
NOT_SAID = ("rule", "policy", "code", "role", "ladder", "group")
"""Names of rows: they stand in the heading."""


def counted_in_words(rows: tuple[files.CountTable, ...]) -> str:
    """What a feed, a practice, a team or an area counts of an event, in words."""
    return "; ".join(
        row.because + (f" Only if {in_words(row.when, {})}." if row.when else "") for row in rows
    )


INTERVALS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "every": ("By when", lambda word: f"after as many minutes as {word} says, times over"),
    "times": ("Times over", str),
    "once": ("Asked", lambda _: "once at a time of the same owner"),
}
"""The words of questions that come back again and again."""
PLACES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "babys_practice": ("The practice", lambda _: "the baby's, where it has one of its own"),
    "both_places": ("A baby elsewhere", lambda _: "told to who has the baby there too"),
    "met_stays": ("If she moves", lambda why: f"not owed anew by who was told: {why}"),
}
"""The words of who is told where a baby is elsewhere than its mother, and when they move."""
AS_WRITTEN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "because": ("Why", str),
    "authority": ("Authority", str),
    "next_action": ("What to do", str),
    "clears_when": ("Ends when", str),
    "audience": ("Reads as", str),
    "label": ("Called", str),
    "reveals": ("That it was told reveals", str),
}
"""Words of gaps and roles that are sentences or names already."""


class Sayer:
    """Says the rows of one policy."""

    def __init__(self, texts: Texts):
        self.texts = texts
        self.labels = {role: row.label for role, row in texts.roles.items()}
        self.groups = {row.group: row.label for row in texts.fields.group}
        self.sayings: dict[str, tuple[str, Callable[[Any], str]]] = {
            "to": ("Who", self.roles),
            "each": ("Who", lambda text: f"whoever the event names: {self.condition(text)}"),
            "owner": ("Who owes it", texts.label),
            "when": ("Only if", self.condition),
            "subject": ("About", self.condition),
            "purpose": ("For", lambda word: PURPOSES.get(word, word)),
            "title": ("Heading", str),
            "content": ("What it may say", self.contents),
            "levels": ("By when", self.levels),
            "by": ("By when", span_in_words),
            **INTERVALS,
            **PLACES,
            **AS_WRITTEN,
            "counted_from": ("Counted from", lambda word: word.replace("_", " ")),
            "awaits": ("Answered by", self.answers),
            "until": ("Answered when", self.condition),
            "acted_by": ("Acted on by", self.answers),
            "withdrawn_by": ("No longer asked after", self.answers),
            "also_on": ("Also on", lambda names: ", ".join(self.event(name) for name in names)),
            "latest_only": ("A newer event", lambda _: "starts the clock again"),
            "met_stays": ("If she moves", lambda why: f"not owed anew by who was told: {why}"),
            "met_stays_when": ("But only if", self.condition),
            "gap": ("Otherwise", self.gap),
            "raises": ("Graver later", self.raises),
            "tags": ("Stops", self.tags),
            "severity": ("Severity", lambda number: SEVERITIES[number]),
            "severity_flagged": ("With a plan or any flag", lambda number: SEVERITIES[number]),
            "ground": ("Graver by no flag of", ", ".join),
            "ladder_flagged": ("Ladder with a plan or any flag", str),
            "explanation": ("What it says", lambda text: text.format(**BLANKS)),
            "clears": ("Ends", lambda _: "by a review of people only"),
            "hours": ("Works", lambda word: {"24h": "day and night"}.get(word, "office hours")),
            "accepted_by": ("May be accepted by", self.roles),
        }

    def facets(self, row: Struct) -> Facets:
        """Everything that a row says, in the order of its form; what is left out is not said."""
        found: Facets = {}
        for field in structs.fields(row):
            value = getattr(row, field.name)
            if field.name in NOT_SAID or self.unsaid(row, field, value):
                continue
            label, say = self.sayings.get(field.name, (field.name.replace("_", " "), plain))
            found[label] = say(value)
        if isinstance(row, files.RequirementTable) and not (row.by or getattr(row, "every", "")):
            found["By when"] = "at once"
        if isinstance(row, files.Sourced) and row.ladder:
            found["Ladder"] = f"{row.ladder}, whatever the code of the gap says"
        return in_order(found)

    def unsaid(self, row: Struct, field: structs.FieldInfo, value: Any) -> bool:
        """Whether a word was left out.  The gap of a rule is always said, the usual one too."""
        if field.name == "gap" and isinstance(row, files.Sourced):
            return False
        return value == field.default or value in ("", (), {}, None)

    # --- values ------------------------------------------------------------------------------

    def condition(self, text: str) -> str:
        """A condition in words."""
        return in_words(text, self.labels)

    def roles(self, codes: tuple[str, ...]) -> str:
        """Roles by their labels."""
        return ", ".join(self.texts.label(code) for code in codes)

    def contents(self, groups: tuple[str, ...]) -> str:
        """Groups of fields by their labels; each reader has as much of each as she may."""
        return ", ".join(self.groups.get(group, group) for group in groups)

    def levels(self, rows: tuple[files.LevelTable, ...]) -> str:
        """The levels and their spans."""
        return ", ".join(f"{row.level} within {span_in_words(row.within)}" for row in rows)

    def raises(self, rows: tuple[files.RaiseTable, ...]) -> str:
        """Later times at which the gap becomes graver."""
        return ", ".join(f"{SEVERITIES[row.severity]} at {span_in_words(row.at)}" for row in rows)

    def answers(self, table: dict[str, str]) -> str:
        """Events that answer, each with its condition."""
        return "; ".join(
            f"{self.event(name)} if {self.condition(text)}" if text else self.event(name)
            for name, text in table.items()
        )

    def event(self, name: str) -> str:
        """An event type by its title."""
        found = self.texts.every_event.get(name)
        return f"“{found.title}”" if found else name

    def gap(self, code: str) -> str:
        """A gap by its code and name."""
        found = self.texts.gaps.get(code)
        return f"gap {code} opens ({found.name.replace('_', ' ').lower()})" if found else code

    def tags(self, words: tuple[str, ...]) -> str:
        """What a tag does."""
        known = {"routine": "after a loss", "mother": "after the mother's death"}
        return ", ".join(known.get(word, word) for word in words)


def in_order(found: Facets) -> Facets:
    """Who and when first, why and on whose authority last."""
    between = [name for name in found if name not in FIRST + LAST]
    names = [*FIRST, *between, *LAST]
    return {name: found[name] for name in names if name in found}


def plain(value: Any) -> str:
    """A value that has no sentence, as it is written."""
    if value is True:
        return "yes"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {plain(each)}" for name, each in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(plain(each) for each in value)
    if isinstance(value, Struct):
        return plain(structs.asdict(value))
    return str(value)


def rules_of(event: files.EventFile) -> Iterator[tuple[str, files.Sourced]]:
    """The rules of an event file, each with its family."""
    for family in FAMILY_WORDS:
        for row in getattr(event, family):
            yield family, row


def rung_facets(sayer: Sayer, row: files.RungTable) -> Facets:
    """One rung: whom it tells, when, and by when they answer."""
    told = []
    for word in row.to:
        role, _, at = word.partition("@")
        label = "the owner of the gap" if role == "owner" else sayer.texts.label(role)
        told.append(f"{label} of whoever reported" if at == "reporter" else label)
    wait = span_in_words(row.after)
    found = {
        "When": "at once" if wait.startswith("0 ") else f"{wait} after the gap opened",
        "Who": ", ".join(told),
        "Answers within": span_in_words(row.acknowledge_within),
    }
    if row.reminder:
        found["How"] = "the owed notice is sent again, where there is one"
    return found


def setting_facets(row: files.SettingTable) -> Facets:
    """A setting: what it is, what it means, what holds where an area says nothing."""
    return {
        "Called": row.label,
        "Kind": row.kind,
        "Usually": plain(row.default) or "none",
        "Means": row.meaning,
        "Authority": row.authority,
    }


def area_facets(row: files.AreaTable) -> Facets:
    """What an area has set for itself, and on whose authority."""
    own = {name: plain(written) or "none" for name, written in row.settings.items()}
    return {"Called": row.name, **own, "Authority": row.authority}
