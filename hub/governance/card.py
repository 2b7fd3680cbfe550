"""`hub card`: the parents' card of an area, from entries of the service directory."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import to_builtins

from hub.core.card import VOLUNTARY, Card, Entry, Place, card
from hub.core.model import Event
from hub.demo.scenario import event_of, load_scenario
from hub.edges.schemas import Schemas
from hub.governance.asking import events_in
from hub.governance.faults import CannotAnswerError
from hub.ops.clock import clock_from
from hub.ops.settings import Settings
from hub.policy.scorecard import read_scorecard

ENTRY = "service.entry"
ASSESSED = "pathway.assessment"

URGENT = (
    "If you or somebody else is in danger now, call 999.",
    "If you need help now and it is not an emergency, call 111.",
)
NOBODY = "Nothing is open here at present. Ask your midwife, health visitor or GP."


def main(settings: Settings, files: list[Path], area: str, *, as_json: bool = False) -> int:
    """Print the card of an area."""
    now = clock_from(settings.clock).now()
    words = read_scorecard(settings.policy_dir).needs
    events = list(directory_events(files, now, Schemas.load(settings.schemas_dir)))
    entries = [entry_from(event) for event in events if event.type == ENTRY]
    if not any(area in entry.areas for entry in entries):
        raise CannotAnswerError(
            f"no {ENTRY} of these files serves area {area!r}; name its code, and files or folders "
            "with entries"
        )
    made = card(entries, area, words, wanted(events, area))
    text = json.dumps(to_builtins(made)) if as_json else "\n".join(lines_of(made))
    sys.stdout.write(text + "\n")
    return 0


def directory_events(files: list[Path], now: datetime, schemas: Schemas) -> Iterator[Event]:
    """The events of JSON files as sent, of scenarios, and of all such files in folders."""
    for path in files:
        inside = sorted([*path.rglob("*.json"), *path.rglob("*.toml")]) if path.is_dir() else [path]
        for file in inside:
            if file.suffix == ".toml":
                yield from _given(file)
            else:
                yield from events_in(file, now, schemas)


def _given(file: Path) -> Iterator[Event]:
    try:
        scenario = load_scenario(file)
        for number, given in enumerate(scenario.given, 1):
            if given.event in (ENTRY, ASSESSED):
                yield event_of(scenario, given, number)
    except (OSError, ValueError, LookupError, msgspec.MsgspecError) as error:
        raise CannotAnswerError(f"{file} is no scenario: {error}") from None


def wanted(events: list[Event], area: str) -> tuple[str, ...]:
    """The needs that the last assessment of the area says must be met."""
    assessed = [event for event in events if event.type == ASSESSED and event.body["area"] == area]
    last = max(assessed, key=lambda event: event.occurred_at, default=None)
    return tuple(last.body.get("needs", ())) if last else ()


def entry_from(event: Event) -> Entry:
    """What a card needs of an entry; all the rest of it stays between professionals."""
    body = event.body
    return Entry(
        entry_id=body["service_id"],
        name=body["name"],
        areas=tuple(body["areas"]),
        needs=tuple(body["needs"]),
        first_for=tuple(body.get("first_for", ())),
        access=str(body["access"]),
        capacity=str(body["capacity"]),
        wait_days=body.get("wait_days"),
        out_of_hours=body.get("out_of_hours") == "y",
        partner=body.get("partner") == "y",
        voluntary=body["role_code"] == VOLUNTARY,
        how=body.get("how", ""),
        said_at=event.occurred_at.astimezone(UTC),
    )


def lines_of(made: Card) -> Iterator[str]:
    """The card in words, as it can be printed."""
    yield "Where to turn, in pregnancy and after"
    yield from URGENT
    for section in made.sections:
        yield ""
        yield section.need.upper()
        if not (section.start or section.more or section.charities):
            yield f"  {NOBODY}"
        if section.start:
            yield "  Start here:"
            yield from _place(section.start)
        if section.more:
            yield "  There is also:" if section.start else "  You can turn to:"
            for place in section.more:
                yield from _place(place)
        if section.charities:
            yield "  Charities and local groups:"
            for place in section.charities:
                yield from _place(place)


def _place(place: Place) -> Iterator[str]:
    yield f"    {place.name}" + (f": {place.how}" if place.how else "")
    yield f"      {' '.join(place.notes)}"
