"""`hub policy diff OLD NEW`: what changes, in the words of the book, and whose outcome changes."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import Struct, structs, to_builtins

from hub.core.faults import HubFault, SenderFault
from hub.demo.compare import compare
from hub.demo.rig import CoreRig
from hub.demo.rows import Row
from hub.edges.directory import Directory, load_directory
from hub.edges.schemas import Schemas
from hub.governance.asking import ask, events_in
from hub.governance.explain import explain
from hub.governance.facets import Facets, Sayer, area_facets, rules_of, rung_facets, setting_facets
from hub.governance.revisions import Edition, edition
from hub.governance.stories import Story, stories_below
from hub.governance.texts import Texts
from hub.ops.settings import Settings

NEVER = datetime.min.replace(tzinfo=UTC)
"""When an event was received that is only read for its own time."""


class Change(Struct, frozen=True, kw_only=True):
    """One answer of one row that is another one now; empty where there was or is none."""

    row: str
    question: str
    was: str
    now: str


class Moved(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A scenario or an event that goes another way."""

    what: str
    no_longer: tuple[str, ...] = ()
    newly: tuple[str, ...] = ()


def rows_of(texts: Texts) -> dict[str, Facets]:
    """Everything that a policy says, by the name of the row."""
    sayer = Sayer(texts)
    return dict(
        chain(_event_rows(sayer), _table_rows(sayer), _group_rows(texts), _area_rows(texts))
    )


def _event_rows(sayer: Sayer) -> Iterator[tuple[str, Facets]]:
    for name, event in sayer.texts.every_event.items():
        whole = {"Called": event.title, "Means": event.summary}
        whole |= {f"Sets {slot}": sayer.condition(text) for slot, text in event.sets.items()}
        whole |= {f"Shows {row.path}": f"{row.label} ({row.group})" for row in event.field}
        yield f"event {name}", whole
        for _, row in rules_of(event):
            yield f"rule {row.rule} ({event.title})", sayer.facets(row)
        for number, withdrawal in enumerate(event.withdraw, 1):
            yield f"event {name}, withdrawal {number}", sayer.facets(withdrawal)


def _table_rows(sayer: Sayer) -> Iterator[tuple[str, Facets]]:
    for code, gap in sayer.texts.gaps.items():
        yield f"gap {code}", sayer.facets(gap) | {"Ladder": gap.ladder}
    for name, ladder in sayer.texts.ladders.items():
        for number, rung in enumerate(ladder.rung):
            yield f"ladder {name}, rung {number}", rung_facets(sayer, rung)
    for code, role in sayer.texts.roles.items():
        yield f"role {code}", sayer.facets(role)


def _group_rows(texts: Texts) -> Iterator[tuple[str, Facets]]:
    for group in texts.fields.group:
        yield f"group {group.group}", {"Called": group.label, **group.audience}
    yield "bank holidays", dict.fromkeys(texts.calendar.holidays, "no working day")


def _area_rows(texts: Texts) -> Iterator[tuple[str, Facets]]:
    for row in texts.areas.setting:
        yield f"setting {row.name}", setting_facets(row)
    for area in texts.areas.area:
        for code in area.codes:
            yield f"area {code}", area_facets(area)


def changes(old: Texts, new: Texts) -> Iterator[Change]:
    """Every answer that differs, row by row; a row that is new or gone is one change."""
    before, after = rows_of(old), rows_of(new)
    for row in sorted(before.keys() | after.keys()):
        was, now = before.get(row), after.get(row)
        if was is None or now is None:
            yield Change(row=row, question="", was=_whole(was), now=_whole(now))
            continue
        for question in dict.fromkeys([*was, *now]):
            if was.get(question) != now.get(question):
                answers = was.get(question, ""), now.get(question, "")
                yield Change(row=row, question=question, was=answers[0], now=answers[1])


def _whole(facets: Facets | None) -> str:
    """A row in one line; nothing for none."""
    return "; ".join(f"{name}: {said}" for name, said in (facets or {}).items())


def moved(stories: Iterable[Story], old: Edition, new: Edition) -> Iterator[Moved]:
    """The scenarios whose outcomes differ, or that one of the two cannot play to the end."""
    for story in stories:
        (before, stopped_then), (after, stopped_now) = (_play(story, one) for one in (old, new))
        no_longer, newly = compare(before, after)
        if no_longer or newly or stopped_then != stopped_now:
            yield Moved(
                what=story.path.name,
                no_longer=(*map(_words, no_longer), *stopped_then),
                newly=(*map(_words, newly), *stopped_now),
            )


def _play(story: Story, whose: Edition) -> tuple[list[Row], tuple[str, ...]]:
    """What follows under one policy, and why it could not be played further, if so."""
    rig = CoreRig(story.scenario, whose.policy)
    stopped: tuple[str, ...] = ()
    try:
        rig.run()
    except (ValueError, LookupError, SenderFault, HubFault) as error:
        stopped = (f"it cannot be played further: {error}",)
    return [row for row in rig.rows if row.at <= story.scenario.then.until], stopped


def moved_events(
    events: Iterable[Path], old: Edition, new: Edition, settings: Settings
) -> Iterator[Moved]:
    """The events of which others are told, or at other times.  Raises CannotAnswerError."""
    schemas = Schemas.load(settings.schemas_dir)
    directory = load_directory(settings.directory)
    for file in events:
        for event in events_in(file, NEVER, schemas):
            before, after = (
                set(_told(file, event.occurred_at, one, schemas, directory)) for one in (old, new)
            )
            if before != after:
                yield Moved(
                    what=f"{file.name} ({event.type})",
                    no_longer=tuple(sorted(before - after)),
                    newly=tuple(sorted(after - before)),
                )


def _told(
    file: Path, at: datetime, whose: Edition, schemas: Schemas, directory: Directory
) -> Iterator[str]:
    """Who is told of an event under one policy, each in a line."""
    answers = ask(file, at, (), policy=whose.policy, schemas=schemas, directory=directory)
    for found in (explain(answer, whose.policy) for answer in answers):
        for line in found.told:
            owed = ", ".join(f"{due.level} by {due.by}" for due in line.levels)
            yield f"{line.label} at {line.organisation}: {owed} ({line.why.rule})"
        for awaited in found.follows:
            yield f"{awaited.role} by {awaited.by}, or {awaited.gap} ({awaited.why.rule})"


def _words(row: Row) -> str:
    """An outcome in one line."""
    named = {name: value for name, value in structs.asdict(row).items() if value is not None}
    at = named.pop("at")
    return f"{at} " + ", ".join(f"{name} {value}" for name, value in named.items())


# --- the command -----------------------------------------------------------------------------


def main(
    settings: Settings,
    old: str,
    new: str,
    scenarios: Iterable[Path] = (),
    events: Iterable[Path] = (),
    *,
    as_json: bool = False,
) -> int:
    """Print what changes; the exit code is 1 when anything does."""
    with edition(old, settings) as was, edition(new, settings) as now:
        found = list(changes(was.texts, now.texts))
        stories = list(stories_below(scenarios)) if scenarios else []
        others = [*moved(stories, was, now), *moved_events(events, was, now, settings)]
    if as_json:
        said: dict[str, Any] = {
            "old": was.policy.version,
            "new": now.policy.version,
            "changes": to_builtins(found),
            "scenarios": len(stories),
            "moved": to_builtins(others),
        }
        sys.stdout.write(json.dumps(said) + "\n")
    else:
        sys.stdout.write("\n".join(lines_of(found, others, len(stories))) + "\n")
    return 1 if found or others else 0


def lines_of(found: list[Change], others: list[Moved], played: int) -> Iterator[str]:
    """The comparison in words."""
    row = ""
    for change in found:
        if change.row != row:
            row = change.row
            new, gone = not change.was, not change.now
            whole = " is NEW" if new else " is GONE" if gone else " CHANGES"
            yield f"{row}{whole if not change.question else ' CHANGES'}"
        asked = f"{change.question}: " if change.question else ""
        if change.was:
            yield f"  was  {asked}{change.was}"
        if change.now:
            yield f"  now  {asked}{change.now}"
    for other in others:
        yield f"{other.what} goes another way"
        yield from (f"  no longer  {line}" for line in other.no_longer)
        yield from (f"  newly      {line}" for line in other.newly)
    rows = len({change.row for change in found})
    yield f"{rows} rows differ; {played} scenarios played, {len(others)} stories go another way"
