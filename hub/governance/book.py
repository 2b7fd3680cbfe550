"""`hub policy book`: the policy as pages that a named nurse can read and sign.

One page for each family of events, for each family of gaps, and for ladders, roles and redaction.
Every page carries a version of its own, which changes when a word on it does: a signature stays
good for as long as the page stays as it was.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from hub.edges.schemas import Schemas
from hub.governance.facets import (
    FAMILY_WORDS,
    SHOWN,
    Facets,
    Sayer,
    area_facets,
    counted_in_words,
    plain,
    rules_of,
    rung_facets,
    setting_facets,
)
from hub.governance.texts import Texts, read_texts
from hub.ops.settings import PACKAGE, Settings
from hub.policy import files

BOOK = PACKAGE.parent / "docs" / "policy"

MADE = "<!-- Made by `hub policy book` from hub/policy; change the policy, not this page. -->"

SIGNED = """
## Agreed

Version of this page: `{version}`

| name | role | organisation | date |
|---|---|---|---|
| | | | |
"""


class Book:
    """The pages of a policy, by their names."""

    def __init__(self, texts: Texts, families: dict[str, str]):
        """Take the words of the policy, and the family of each event type."""
        self.texts = texts
        self.sayer = Sayer(texts)
        self.families = families

    def pages(self) -> dict[str, str]:
        """Every page, whole."""
        found = {
            **{f"events-{name}.md": self.events(name) for name in self.family_names()},
            "events-of-the-hub.md": _page(
                "The hub's own events", self.event_lines(self.texts.inner)
            ),
            **{f"gaps-{family}.md": self.gaps(family) for family in FAMILY_WORDS},
            "ladders.md": _page("Whom an open gap is told to next", self.ladders()),
            "roles.md": _page("Roles", self.roles()),
            "settings.md": _page("What each area decides for itself", self.settings()),
            "redaction.md": _page("Who may read what", self.redaction()),
        }
        versions = {name: version_of(text) for name, text in found.items()}
        signed = {
            name: text + SIGNED.format(version=versions[name]) for name, text in found.items()
        }
        return {"README.md": self.index(found), **signed}

    def family_names(self) -> list[str]:
        """The families of events that have a policy file."""
        return sorted({self.families.get(event, "other") for event in self.texts.events})

    # --- pages ---------------------------------------------------------------------------------

    def index(self, pages: dict[str, str]) -> str:
        """The list of pages, and how to sign them."""
        lines = [
            f"{MADE}\n\n# The policy book\n",
            "What the hub tells to whom, by when and why, in sentences. Each page is signed for",
            "itself: its version changes when a word on it does, and then it is to be read again.",
            "After a change of policy `make book` writes the pages anew.\n",
        ]
        for name, text in sorted(pages.items()):
            title = text.partition("\n# ")[2].partition("\n")[0]
            lines.append(f"- [{title}]({name})")
        return "\n".join(lines) + "\n"

    def events(self, family: str) -> str:
        """A page of event types."""
        events = self.texts.events
        own = {n: e for n, e in events.items() if self.families.get(n, "other") == family}
        return _page(f"Events: {family}", self.event_lines(own))

    def event_lines(self, events: dict[str, files.EventFile]) -> Iterator[str]:
        """Every one of some event types, with its rules."""
        for name, event in sorted(events.items(), key=lambda item: item[1].code):
            yield from self.event(name, event)

    def event(self, name: str, event: files.EventFile) -> Iterator[str]:
        """One event type: what it is, and every rule about it."""
        yield f"## {event.code} {event.title}\n"
        yield f"`{name}`: {event.summary}\n"
        found = False
        for family, row in rules_of(event):
            found = True
            yield f"### {row.rule}: {FAMILY_WORDS[family].lower()}\n"
            yield from _table(self.sayer.facets(row))
        for withdrawal in event.withdraw:
            found = True
            yield f"### Makes pointless: {', '.join(withdrawal.tags)}\n"
            yield from _table(self.sayer.facets(withdrawal))
        for name_of_rest, rows in self.rest(event):
            found = True
            yield f"### {name_of_rest}\n"
            yield from rows
        if not found:
            yield "Nobody is told of it and nothing is to follow; it answers other rules.\n"

    def rest(self, event: files.EventFile) -> Iterator[tuple[str, list[str]]]:
        """What an event file holds beside what has a sentence of its own, as it is written."""
        said = {
            *FAMILY_WORDS, "event", "code", "title", "summary", "withdraw", "field", "sets",
            "subject", "opens_episode", "inner_fields", "groups",
        }  # fmt: skip
        for word in files.EventFile.__struct_fields__:
            value = getattr(event, word)
            if word not in said and value not in ("", (), {}, None, False):
                yield word.replace("_", " ").capitalize(), list(self.written(word, value))

    def written(self, word: str, value: Any) -> Iterator[str]:
        """Rows facet by facet; what is no row as it is written."""
        if word == "count":
            yield f"{counted_in_words(value)}\n"
            return
        rows = value if isinstance(value, tuple) else (value,)
        for row in rows:
            if isinstance(row, Struct):
                yield from _table(self.sayer.facets(row))
            else:
                yield f"{plain(row)}\n"

    def gaps(self, family: str) -> str:
        """A page of gap codes."""
        return _page(f"Gaps: {FAMILY_WORDS[family].lower()}", self.gap_lines(family))

    def gap_lines(self, family: str) -> Iterator[str]:
        """Every gap of a family, with the rules that open it."""
        openers: dict[str, list[str]] = {}
        for event in self.texts.every_event.values():
            for _, row in rules_of(event):
                openers.setdefault(row.gap, []).append(row.rule)
        for code, gap in sorted(self.texts.gaps.items()):
            if gap.family != family:
                continue
            yield f"## {code} {gap.name.replace('_', ' ').lower()}\n"
            facets = self.sayer.facets(gap)
            facets.pop("name", None)
            facets.pop("family", None)
            facets["Ladder"] = gap.ladder or "by the purpose of the notice"
            facets["Opened by"] = ", ".join(openers.get(code, ["the hub itself"]))
            yield from _table(facets)

    def ladders(self) -> Iterator[str]:
        """Every ladder with its rungs."""
        for name, ladder in sorted(self.texts.ladders.items()):
            yield f"## {name}\n"
            yield f"{ladder.purpose}\n"
            for number, rung in enumerate(ladder.rung):
                yield f"### Rung {number}\n"
                yield from _table(rung_facets(self.sayer, rung))

    def roles(self) -> Iterator[str]:
        """Every role: what it is called, as whom it reads, when it works."""
        yield "| role | called | reads as | works |"
        yield "|---|---|---|---|"
        for code, role in self.texts.roles.items():
            said = self.sayer.facets(role)
            yield f"| {code} | {said['Called']} | {said['Reads as']} | {said['Works']} |"

    def settings(self) -> Iterator[str]:
        """Every setting with what rules name it, and what each area has made of them."""
        areas = self.texts.areas
        for row in areas.setting:
            yield f"## {row.name.replace('_', ' ').capitalize()}\n"
            named = (f"setting.{row.name}", f"{{{row.name}}}")
            rules = [
                rule.rule
                for event in self.texts.every_event.values()
                for _, rule in rules_of(event)
                if any(word in plain(rule) for word in named)
            ]
            asking = {"Asked by": ", ".join(rules) or "the hub itself"}
            yield from _table(setting_facets(row) | asking)
        for area in areas.area:
            yield f"## {area.name}\n"
            yield from _table({"Areas": ", ".join(area.codes), **area_facets(area)})

    def redaction(self) -> Iterator[str]:
        """How much of each group of fields each kind of reader may have."""
        audiences = self.texts.fields.audiences
        yield "A reader never learns that something was held back.\n"
        yield "| group | " + " | ".join(audiences) + " |"
        yield "|---" * (len(audiences) + 1) + "|"
        for group in self.texts.fields.group:
            shown = [SHOWN[group.audience.get(audience, "N")] for audience in audiences]
            yield f"| {group.label} | " + " | ".join(shown) + " |"
        for word in files.GroupsFile.__struct_fields__:
            value = getattr(self.texts.fields, word)
            if word not in ("audiences", "group", "field") and value:
                yield f"\n## {word.replace('_', ' ').capitalize()}\n"
                yield from (f"- {plain(each)}" for each in value)


def _page(title: str, lines: Iterable[str]) -> str:
    """A page with its heading."""
    return f"{MADE}\n\n# {title}\n\n" + "\n".join(lines) + "\n"


def _table(facets: Facets) -> Iterator[str]:
    """Facets as a table of two columns."""
    yield "| | |"
    yield "|---|---|"
    yield from (f"| {name} | {_cell(said)} |" for name, said in facets.items())
    yield ""


def _cell(text: str) -> str:
    """Text that may stand between two bars of a table."""
    return " ".join(text.split()).replace("|", "/")


def version_of(text: str) -> str:
    """The version of a page: another one for every other word."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def pages_of(settings: Settings) -> dict[str, str]:
    """The pages of the settings' policy.  Raises PolicyFaults."""
    schemas = Schemas.load(settings.schemas_dir)
    families = {name: schemas.topic_of(name).rpartition(".")[2] for name in schemas.event_types()}
    return Book(read_texts(settings.policy_dir), families).pages()


def stale(pages: dict[str, str], folder: Path) -> list[str]:
    """The pages that are missing, or say something else than the policy, or are no longer made."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(
        name for name in pages.keys() | there.keys() if pages.get(name) != there.get(name)
    )


def main(settings: Settings, folder: Path = BOOK, *, check: bool = False) -> int:
    """Write the pages, or with `check` only say which are stale; then the exit code is 1."""
    pages = pages_of(settings)
    old = stale(pages, folder)
    if check:
        for name in old:
            sys.stdout.write(f"{folder / name} is stale: run `hub policy book`\n")
        return 1 if old else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name in old:
        if name in pages:
            (folder / name).write_text(pages[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    sys.stdout.write(f"{len(pages)} pages in {folder}, {len(old)} of them changed\n")
    return 0
