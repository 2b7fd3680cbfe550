"""A scenario file: what is given at which time, and everything that must follow.

The form is documented in docs/scenarios.md.  Times are local (Europe/London), as people say them.
"""

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from hub.core.deadlines import LOCAL
from hub.core.model import Actor, Event, Person, Purpose, Signal
from hub.demo.repeated import repeated
from hub.demo.rows import NOT_OPEN, OPEN, ROW_KINDS, ROW_STATES, Row, Then
from hub.demo.spelling import people_of
from hub.demo.tidy import SECOND, Slip, line_of, nearest, tidied
from hub.edges.directory import Directory, directory_from
from hub.edges.doors import event_to_json
from hub.edges.numbered import numbered


class Given(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that happens: an event, an HL7 message, or what somebody did with a notice."""

    at: str
    event: str | None = None
    door: str = "https"
    id: str | None = None
    source: str | None = None
    subject: str | None = None
    occurred_at: str | None = None
    actor: Actor | None = None
    labels: tuple[str, ...] = ()
    purpose: Purpose = Purpose.DIRECT_CARE
    body: dict[str, Any] = {}
    corrects: str | None = None
    """Id of the event that this one, a whole event of its type, takes the place of."""
    sequence: int | None = None
    """The number of the message that it came in."""
    times: int = 1
    weeks: int = 1
    """So many alike, three minutes apart, and the same again in so many weeks."""
    redrive: str | None = None
    """Id of an event in quarantine that an operator sends through again; on the core only."""
    hl7: str | None = None
    receipt: Signal | None = None
    rule: str | None = None
    role: str | None = None
    organisation: str | None = None
    person: str | None = None
    acting_as: str | None = None
    """The role in which the receipt is given, where it is not the one the notice is for."""
    channel: str | None = None
    """`verbal` for words said aloud, which both sides must record."""
    by: str | None = None
    """The organisation that gives the receipt, where it is not the one that has the notice."""
    about: str | None = None
    line: int = 0
    """Where it stands in the file; set when the file is read."""


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A standing answer: what is done with every notice that fits, some time after it came."""

    receipt: str
    after: str = "1h"
    rule: str | None = None
    role: str | None = None
    organisation: str | None = None
    person: str | None = None


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole story."""

    id: str
    title: str = ""
    story: str = ""
    event: str = ""
    """The event type that this scenario is the worked example of, if it is one."""
    finding: tuple[str, ...] = ()
    people: dict[str, Person]
    directory: dict[str, Any]
    given: tuple[Given, ...]
    answer: tuple[Answer, ...] = ()
    then: Then

    def who_is_who(self) -> Directory:
        """The directory of the story."""
        return directory_from(self.directory)


NOBODY = "none"
"""The receipt of a standing answer that leaves its notices unanswered."""
COUNTY = Path(__file__).parent / "county.toml"
MOTHER = {
    "reference": "MAT-1",
    "nhs_number": "9990099006",
    "family_name": "Example",
    "given_name": "Anna",
    "birth_date": "1995-06-15",
    "postcode": "ZZ99 1AA",
}
GIVEN_KINDS = ("event", "hl7", "receipt", "redrive")
KEYS = tuple(
    {
        name
        for form in (Given, Answer, Row, Then, Scenario, Person, Actor)
        for name in form.__struct_fields__
    }
    - {"line"}
)


def load_scenario(path: Path) -> Scenario:
    """A scenario from a file.  Raises ValueError naming the file, the line and what is wrong."""
    text = path.read_text(encoding="utf-8-sig")
    try:
        tables = tidied(with_defaults(tomllib.loads(text), path.stem), text)
        scenario = msgspec.convert(tables, Scenario, strict=False)
        check(scenario)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: this is not TOML: {error}; see docs/scenarios.md") from None
    except msgspec.ValidationError as error:
        words = str(error)
        raise ValueError(f"{path}:{line_of(text, words)}: {in_words(words)}") from None
    except Slip as slip:
        raise ValueError(f"{path}{slip}") from None
    each = (one for row in scenario.given for one in repeated(row))
    given = sorted(each, key=lambda row: instant(row.at))
    return structs.replace(scenario, given=tuple(given), then=_to_the_last(scenario))


def _to_the_last(scenario: Scenario) -> Then:
    """What must follow, watched until the last time that the file names where it says no other."""
    then = scenario.then
    rows = (*then.expected, *then.never)
    named = [row.at for row in scenario.given] + [row.at for row in rows if row.at]
    times = [at if len(at) > len("2026-03-24") else f"{at} 23:59" for at in named]
    return then if then.until else structs.replace(then, until=max(times, key=instant, default=""))


def with_defaults(tables: dict[str, Any], stem: str) -> dict[str, Any]:
    """The tables with what a file may leave out: an id, a woman, and a county around her."""
    out = {"id": stem} | tables
    out["people"] = people_of(out.get("people", {"mother": MOTHER}))
    directory = out.get("directory", {"base": "county"})
    if isinstance(directory, dict) and directory.get("base") == "county":
        out["directory"] = _in_county(directory, out["people"])
    return out


def _in_county(own: dict[str, Any], people: Any) -> dict[str, Any]:
    """The default county with a scenario's own rows; they come in the place of the county's."""
    number = str(own.get("number", ""))
    base = tomllib.loads(COUNTY.read_text(encoding="utf-8").replace("{n}", number))
    named = {row.get("role") for row in own.get("role", ())}
    registered = {row.get("nhs_number") for row in own.get("registration", ())}
    numbers = [p.get("nhs_number") for p in people.values() if isinstance(p, dict)]
    base["role"] = [row for row in base["role"] if row["role"] not in named]
    base["registration"] = [
        {**row, "nhs_number": number}
        for row in base["registration"]
        for number in numbers
        if number and number not in registered
    ]
    names = {*base, *own} - {"base", "number"}
    return {name: [*base.get(name, ()), *own.get(name, ())] for name in names}


def in_words(refusal: str) -> str:
    """A refusal of the form, with the word that was probably meant."""
    found = re.search(r"unknown field `([^`]*)`", refusal)
    words = f"{refusal}; see docs/scenarios.md"
    return f"{words} ({nearest(found[1], KEYS)})" if found else words


def check(scenario: Scenario) -> None:
    """Refuse what no story can mean.  Raises Slip with the line."""
    for row in scenario.given:
        _check_given(row, scenario)
    for answer in scenario.answer:
        if answer.receipt not in (NOBODY, *Signal):
            raise Slip(
                1, f"{answer.receipt!r} is no receipt; {nearest(answer.receipt, tuple(Signal))}"
            )
    for then in scenario.then.expected:
        _check_row(then)
    for then in scenario.then.never:
        # Among what must never be, a row without a kind names whoever must not be told.
        _check_row(then, without_kind=True)


def _check_given(row: Given, scenario: Scenario) -> None:
    kinds = [k for k in GIVEN_KINDS if getattr(row, k) is not None]
    if len(kinds) != 1:
        raise Slip(row.line, f"a given row is one of {', '.join(GIVEN_KINDS)}; this has {kinds}")
    if row.subject is not None and row.subject not in scenario.people:
        hint = nearest(row.subject, tuple(scenario.people))
        raise Slip(
            row.line, f"'subject' names {row.subject!r}, who is not among the people; {hint}"
        )
    if row.corrects is not None and row.corrects not in {other.id for other in scenario.given}:
        raise Slip(row.line, f"'corrects' names {row.corrects!r}, which nothing given has as id")


def _check_row(then: Row, *, without_kind: bool = False) -> None:
    kinds = [k for k in ROW_KINDS if getattr(then, k) is not None]
    if len(kinds) != 1 and (kinds or not without_kind):
        raise Slip(then.line, f"a row names one of {', '.join(ROW_KINDS)}; this has {kinds}")
    if then.state in (OPEN, NOT_OPEN) and (then.gap is None or not then.at or without_kind):
        raise Slip(
            then.line, f"{then.state!r} is said of a 'gap' at a time, among 'outcomes' or 'also'"
        )
    if then.state is not None and then.state not in ROW_STATES:
        raise Slip(
            then.line,
            f"{then.state!r} is no state of an outcome; {nearest(then.state, ROW_STATES)}",
        )


def instant(local: str) -> datetime:
    """The UTC instant of a local time such as `2026-03-24 17:00` or `...17:00:30`."""
    again = local.endswith(SECOND)
    moment = datetime.fromisoformat(local.removesuffix(SECOND))
    return moment.replace(tzinfo=LOCAL, fold=int(again)).astimezone(UTC)


def local_words(moment: datetime) -> str:
    """An instant as a scenario writes it: local, to the minute."""
    local = moment.astimezone(LOCAL)
    return local.strftime("%Y-%m-%d %H:%M") + (SECOND if local.fold else "")


def event_of(scenario: Scenario, given: Given, number: int) -> Event:
    """The event of a given row, before any door has seen it; a correction is wrapped as one."""
    stated = _stated(scenario, given, number)
    if given.corrects is None:
        return stated
    original = next((g for g in scenario.given if g.id == given.corrects), None)
    if original is None:
        raise LookupError(
            f"at {given.at} 'corrects' names {given.corrects!r}, which nothing given has"
        )
    target = original.event or ""
    whole = structs.replace(stated, id=f"{stated.id}-whole", type=target)
    return structs.replace(
        stated,
        type="event.corrected",
        body={
            "target_id": given.corrects,
            "target_type": target,
            "reason": "wrong_content",
            "replacement": json.dumps(event_to_json(whole)),
        },
    )


def _stated(scenario: Scenario, given: Given, number: int) -> Event:
    occurred = instant(given.occurred_at or given.at)
    subject = given.subject or next(iter(scenario.people))
    return Event(
        id=given.id or f"{scenario.id}-{number}",
        type=given.event or "",
        source=given.source or "",
        occurred_at=occurred,
        recorded_at=occurred,
        received_at=instant(given.at),
        subject=scenario.people[subject],
        actor=given.actor,
        purpose=given.purpose,
        labels=given.labels,
        body=given.body,
        numbered=numbered(given.sequence, given.id or f"{scenario.id}-{number}"),
    )
