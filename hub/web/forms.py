"""The forms for people without a system: what they are asked, and what their answers say.

`forms.toml` has the questions in plain English; the schema says of what kind an answer is.  An
answer is text as it was typed; it becomes an event by the same reading as a cell of a CSV file.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from hub.core.faults import SenderFault
from hub.core.ids import derive
from hub.core.model import Actor, Event
from hub.edges import avro
from hub.edges.flat import Kind, Leaf, filled, leaf_of, leaves, value_of
from hub.edges.intake import KnowsOrganisations, check_event
from hub.edges.schemas import Schemas

FILE: Final = Path(__file__).parent / "forms.toml"
SOURCE: Final = "FORM"
TIME: Final = "time"
HUBS_OWN: Final = frozenset({"id", "source", "subject.reference"})
"""Required fields that the hub fills in when nobody answers them."""
DRAFT: Final = "draft"
WHO: Final = "subject.family_name"
DAY, MONTH, YEAR, CLOCK = "-day", "-month", "-year", "-clock"
LONGEST_ANSWER: Final = 4000
FOLLOWS: Final = ".basis"


class Question(Struct, frozen=True, kw_only=True):
    """One field, as people are asked for it."""

    path: str
    label: str
    hint: str = ""
    missing: str = ""
    width: int = 0
    rows: int = 0
    words: dict[str, str] = {}


class FormTable(Struct, frozen=True, kw_only=True):
    """The questions of one event type."""

    event: str
    ask: str
    when: str
    filled: dict[str, str] = {}
    question: tuple[Question, ...]


class FormsFile(Struct, frozen=True, kw_only=True):
    """`forms.toml`."""

    about: tuple[Question, ...]
    form: tuple[FormTable, ...]


class Asked(Struct, frozen=True, kw_only=True):
    """A question and the kind of its answer."""

    question: Question
    leaf: Leaf
    required: bool

    @property
    def path(self) -> str:
        """The field that it asks for, and the name of its input."""
        return self.question.path

    @property
    def parts(self) -> tuple[str, ...]:
        """The inputs by which it is answered."""
        dated = tuple(self.path + part for part in (DAY, MONTH, YEAR))
        match self.leaf.kind:
            case Kind.DATE:
                return dated
            case Kind.INSTANT:
                return (*dated, self.path + CLOCK)
        return (self.path,)

    @property
    def first(self) -> str:
        """Where a link in the error summary leads."""
        return self.parts[0]

    def said(self, answers: Mapping[str, str]) -> str:
        """The answer as one text, as a cell of a file would have it; empty for none."""
        found = [answers.get(part, "").strip() for part in self.parts]
        if len(found) == 1 or not any(found):
            return found[0]
        day = "/".join(found[:3])
        return f"{day} {found[3]}".strip() if len(found) > 3 else day

    def in_words(self, answers: Mapping[str, str]) -> str:
        """The answer as people read it."""
        said = self.said(answers)
        return self.question.words.get(said, said)


class Form(Struct, frozen=True, kw_only=True):
    """A form: what it is about, and its questions in their order."""

    event_type: str
    ask: str
    filled: dict[str, str]
    asked: tuple[Asked, ...]

    def kept(self, fields: Mapping[str, str]) -> dict[str, str]:
        """What of the fields that were sent is an answer, no longer than an answer may be."""
        names = {part for each in self.asked for part in each.parts}
        return {
            name: text[:LONGEST_ANSWER] for name, text in fields.items() if name in names and text
        }


@cache
def forms_of(schemas: Schemas) -> dict[str, Form]:
    """Every form, by its event type."""
    file = msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8")), FormsFile)
    return {table.event: _form(schemas, file.about, table) for table in file.form}


def _form(schemas: Schemas, about: tuple[Question, ...], table: FormTable) -> Form:
    when = Question(path=TIME, label=table.when, missing="Enter the day and the time")
    asked = tuple(_asked(schemas, table.event, (*about, when, *table.question)))
    return Form(event_type=table.event, ask=table.ask, filled=table.filled, asked=asked)


def _asked(schemas: Schemas, event_type: str, questions: tuple[Question, ...]) -> Iterator[Asked]:
    for question in questions:
        leaf = leaf_of(schemas, event_type, question.path)
        assert leaf is not None, f"{question.path} is a field of {event_type}"
        required = leaf.required and question.path not in HUBS_OWN
        yield Asked(question=question, leaf=leaf, required=required)


def unasked(schemas: Schemas, form: Form) -> set[str]:
    """Required fields that nobody asks for and nothing fills in; a test holds this empty."""
    asked = {each.path for each in form.asked} | set(form.filled) | HUBS_OWN
    return {leaf.path for leaf in leaves(schemas, form.event_type) if leaf.required} - asked


# --- answers ---------------------------------------------------------------------------------


class Reporter(Struct, frozen=True, kw_only=True):
    """Who says it, and which draft it comes of."""

    draft_id: str
    actor: Actor
    organisation: str


type_of_errors = dict[str, str]
"""What is wrong, by the path of the question; in the order of the form."""


def errors_in(form: Form, answers: Mapping[str, str]) -> type_of_errors:
    """What each answer lacks, taken by itself."""
    errors: type_of_errors = {}
    for each in form.asked:
        said = each.said(answers)
        if not said:
            if each.required:
                errors[each.path] = each.question.missing or f"Answer: {each.question.label}"
            continue
        try:
            value_of(each.leaf, said, each.path)
        except SenderFault as fault:
            errors[each.path] = _in_words(fault)
    return {**errors, **_of_person(answers)}


def _of_person(answers: Mapping[str, str]) -> type_of_errors:
    """Somebody must be able to tell who she is."""
    number = answers.get("subject.nhs_number", "").strip()
    named = ("subject.family_name", "subject.given_name", "subject.birth_date" + YEAR)
    own = answers.get("subject.reference", "").strip()
    if number or own or all(answers.get(each, "").strip() for each in named):
        return {}
    return {
        "subject.nhs_number": "Enter her NHS number, or her names and date of birth, "
        "or a number of your own for her"
    }


def event_of(
    form: Form,
    answers: Mapping[str, str],
    reporter: Reporter,
    *,
    schemas: Schemas,
    directory: KnowsOrganisations,
    now: datetime,
) -> Event:
    """The event that the answers say.  Raises SenderFault, whose field is a path of the form."""
    cells = {each.path: each.said(answers) for each in form.asked}
    cells["id"] = derive("form", reporter.draft_id)
    cells["source"] = f"{reporter.organisation}:{SOURCE}"
    cells["subject.reference"] = cells["subject.reference"] or _reference(cells, reporter)
    for path, how in form.filled.items():
        assert how == DRAFT, "the only way so far to fill a field in"
        cells[path] = reporter.draft_id
    if cells.get("data.gestation.weeks") and not cells.get("data.gestation.basis"):
        cells["data.gestation.basis"] = "unknown"
    made: Any = filled(schemas, form.event_type, cells)
    event = msgspec.structs.replace(avro.event_from_json(made, now), actor=reporter.actor)
    check_event(event, directory, now)
    avro.encode_event(event)
    return event


def _reference(cells: Mapping[str, str], reporter: Reporter) -> str:
    """The same for the same woman: of her number, or else of her names and date of birth."""
    number = "".join(each for each in cells["subject.nhs_number"] if each.isdigit())
    names = ("subject.family_name", "subject.given_name", "subject.birth_date")
    who = (number,) if number else tuple(cells[each].strip().lower() for each in names)
    return derive("form-person", reporter.organisation, *who)


def error_of(form: Form, fault: SenderFault) -> type_of_errors:
    """A fault of the whole event, at the question that it is about, or at the first."""
    at = next(
        (each.path for each in form.asked if fault.field.startswith(each.path)), form.asked[0].path
    )
    about = next((each.path for each in form.asked if each.path.startswith(fault.field)), at)
    return {about if fault.field else at: _in_words(fault)}


def _in_words(fault: SenderFault) -> str:
    said = f"{fault.message}: {fault.remedy}"
    return said[:1].upper() + said[1:]
