"""Loading: what the schemas say of themselves, new event types without Python, clear refusals."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.edges import avro
from hub.edges.avsc import inline, meaning
from hub.edges.schemas import Schemas, default_schemas, packaged_folder
from tests.schemas.examples import REPLACEMENT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CATALOGUE = {
    "pregnancy.notified": ("perinatal.pregnancy", "E01", False),
    "pregnancy.referral-received": ("perinatal.pregnancy", "E02", False),
    "pregnancy.booked": ("perinatal.pregnancy", "E03", False),
    "pregnancy.dated": ("perinatal.pregnancy", "E04", False),
    "pregnancy.concealment": ("perinatal.safeguarding", "E05", True),
    "pregnancy.transferred": ("perinatal.pregnancy", "E06", False),
    "pregnancy.ended": ("perinatal.loss", "E07", True),
    "birth.recorded": ("perinatal.infant", "E08", False),
    "birth.notified": ("perinatal.infant", "E09", False),
    "contact.scheduled": ("perinatal.contact", "E10", False),
    "contact.completed": ("perinatal.contact", "E11", False),
    "contact.missed": ("perinatal.contact", "E12", False),
    "unscheduled.attendance": ("perinatal.contact", "E13", False),
    "screening.mental-health": ("perinatal.assessment", "E14", False),
    "enquiry.domestic-abuse": ("perinatal.safeguarding", "E15", True),
    "assessment.family": ("perinatal.assessment", "E16", False),
    "concern.raised": ("perinatal.safeguarding", "E17", True),
    "injury.non-mobile": ("perinatal.safeguarding", "E18", True),
    "measurement.infant": ("perinatal.infant", "E19", False),
    "screening.newborn": ("perinatal.infant", "E20", False),
    "review.postnatal": ("perinatal.assessment", "E21", False),
    "discharge.summary": ("perinatal.discharge", "E22", False),
    "care.handover": ("perinatal.discharge", "E23", False),
    "information.given": ("perinatal.contact", "E24", False),
    "csc.referral-made": ("perinatal.safeguarding", "E25", True),
    "csc.decision": ("perinatal.safeguarding", "E26", True),
    "strategy.discussion": ("perinatal.conference", "E27", True),
    "s47.concluded": ("perinatal.conference", "E28", True),
    "conference.scheduled": ("perinatal.conference", "E29", True),
    "conference.response": ("perinatal.conference", "E30", True),
    "conference.report": ("perinatal.conference", "E31", True),
    "conference.attendance": ("perinatal.conference", "E32", True),
    "conference.outcome": ("perinatal.conference", "E33", True),
    "core-group.held": ("perinatal.conference", "E34", True),
    "status.changed": ("perinatal.safeguarding", "E35", True),
    "lead.assigned": ("perinatal.pregnancy", "E36", False),
    "sharing.preference": ("perinatal.preference", "E49", False),
    "referral.made": ("perinatal.referral", "E37", True),
    "referral.updated": ("perinatal.referral", "E38", True),
    "mh.red-flag": ("perinatal.referral", "E39", True),
    "bereavement.support": ("perinatal.loss", "E40", True),
    "assignment.changed": ("perinatal.directory", "E41", False),
    "organisation.changed": ("perinatal.directory", "E62", False),
    "demographics.changed": ("perinatal.pregnancy", "E48", False),
    "notice.receipt": ("hub.receipts", "E51", False),
    "feed.heartbeat": ("perinatal.feed", "E54", False),
    "feedback.received": ("perinatal.feedback", "E57", False),
    "link.changed": ("perinatal.directory", "E42", False),
    "caseload.snapshot": ("perinatal.workforce", "E43", False),
    "supervision.held": ("perinatal.workforce", "E44", False),
    "training.recorded": ("perinatal.workforce", "E45", False),
    "service.entry": ("perinatal.directory", "E46", False),
    "pathway.assessment": ("perinatal.directory", "E47", False),
    "event.corrected": ("same", "E55", False),
    "encounter.updated": ("perinatal.discharge", "E58", False),
    "history.shared": ("perinatal.pregnancy", "E59", False),
    "event.retracted": ("same", "E60", False),
    "concealment.section-written": ("perinatal.safeguarding", "E61", True),
}
TRIAL: dict[str, Any] = {
    "type": "record",
    "name": "BathTaken",
    "namespace": "perinatal",
    "doc": "A trial event.",
    "topic": "perinatal.infant",
    "code": "E99",
    "restricted": False,
    "fields": [
        {"name": "envelope", "doc": "Envelope.", "type": "perinatal.Envelope"},
        {"name": "warm", "doc": "Whether it was warm.", "type": "perinatal.YesNo"},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packaged schemas that a test may spoil."""
    copy = tmp_path / "schemas"
    shutil.copytree(packaged_folder(), copy)
    return copy


@pytest.fixture
def _packaged_again() -> Iterator[None]:
    yield
    avro.use_schemas(None)


def test_the_catalogue_is_whole() -> None:
    """Topic, number and restriction of every event type, and no other type."""
    schemas = default_schemas()

    found = {
        one: (schemas.topic_of(one), schemas.code_of(one), schemas.is_restricted(one))
        for one in schemas.event_types()
    }

    assert found == CATALOGUE


def test_every_field_is_explained() -> None:
    """A clinician can read what each field of each schema means."""
    schemas = default_schemas()
    for held in schemas.subjects().values():
        for one in held:
            assert [path for path, doc in _docs(one.avsc, one.stem) if not doc.endswith(".")] == []


def test_every_schema_stands_alone() -> None:
    """What the registry hands out needs no second look-up."""
    for held in default_schemas().subjects().values():
        for one in held:
            alone: Any = fastavro.parse_schema(json.loads(one.text()))
            assert one.name == alone["name"]


@pytest.mark.usefixtures("_packaged_again")
def test_a_new_event_type_is_one_file(tmp_path: Path) -> None:
    """A file in an extra folder is an event type: it travels like every other."""
    (tmp_path / "bath.taken.avsc").write_text(json.dumps(TRIAL), encoding="utf-8")
    avro.use_schemas(Schemas.load(extra=tmp_path))

    sent = {**REPLACEMENT, "type": "bath.taken", "data": {"warm": "y"}}
    event = avro.event_from_json(sent, NOW)
    written = avro.encode_event(event)

    assert int.from_bytes(written[1:5], "big") == 9001
    assert event == avro.decode_event(written, NOW)


def test_an_event_type_without_a_number_is_an_error_with_its_remedy(folder: Path) -> None:
    """Numbers are given by people and committed; nothing is numbered in silence."""
    (folder / "events" / "bath.taken.avsc").write_text(json.dumps(TRIAL), encoding="utf-8")

    with pytest.raises(ValueError, match=r"bath\.taken\.avsc: has no number; add a \[\[schema\]\]"):
        Schemas.load(folder)


def test_a_number_given_twice_is_an_error(folder: Path) -> None:
    """Two texts under one number would make old bytes unreadable."""
    ids = folder / "ids.toml"
    ids.write_text(ids.read_text(encoding="utf-8").replace("id = 1002", "id = 1001"), "utf-8")

    with pytest.raises(ValueError, match="number 1001 is given twice"):
        Schemas.load(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Bath"}, "must be named BathTaken"),
        ({"fields": TRIAL["fields"][1:]}, "first field must be the envelope"),
        (
            {"fields": [*TRIAL["fields"], {"name": "x", "type": "perinatal.None"}]},
            "defined nowhere",
        ),
    ],
)
def test_a_wrong_schema_is_an_error_naming_the_file(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    """Misnamed, without its envelope, or with a type that nobody defines."""
    (tmp_path / "bath.taken.avsc").write_text(json.dumps({**TRIAL, **change}), encoding="utf-8")

    with pytest.raises(ValueError, match=rf"bath\.taken\.avsc: .*{said}"):
        Schemas.load(extra=tmp_path)


def test_a_released_schema_that_changed_is_noticed(folder: Path) -> None:
    """Words for people may be mended; anything that changes the bytes may not."""
    path = folder / "events" / "pregnancy.dated.avsc"
    schema = json.loads(path.read_text(encoding="utf-8"))

    schema["fields"][1]["doc"] = "Better words."
    path.write_text(json.dumps(schema), encoding="utf-8")
    assert Schemas.load(folder).problems() == []

    schema["fields"].append({"name": "x", "doc": "New.", "type": "int", "default": 0})
    path.write_text(json.dumps(schema), encoding="utf-8")
    assert ["pregnancy.dated"] == [it.split(":")[0] for it in Schemas.load(folder).problems()]


@pytest.mark.usefixtures("_packaged_again")
def test_a_second_version_reads_the_first(folder: Path) -> None:
    """Bytes written before a field existed are read with its default; new bytes carry it."""
    old = avro.encode_event(avro.event_from_json(REPLACEMENT, NOW))
    path = folder / "events" / "pregnancy.dated.avsc"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["fields"].append(
        {"name": "sonographer", "doc": "Who.", "type": ["null", "string"], "default": None}
    )
    path.write_text(json.dumps(schema), encoding="utf-8")
    with (folder / "ids.toml").open("a", encoding="utf-8") as ids:
        ids.write(
            '\n[[schema]]\nid = 1999\nfile = "events/pregnancy.dated.avsc"\n'
            'subject = "perinatal.pregnancy-perinatal.PregnancyDated"\nversion = 2\n'
        )
    schemas = Schemas.load(folder)
    avro.use_schemas(schemas)

    event = avro.decode_event(old, NOW)
    written = avro.encode_event(event)

    assert "sonographer" in event.body
    assert event.body["sonographer"] is None
    assert int.from_bytes(written[1:5], "big") == 1999
    assert event == avro.decode_event(written, NOW)
    versions = schemas.subjects()["perinatal.pregnancy-perinatal.PregnancyDated"]
    assert [1, 2] == [one.version for one in versions]


@pytest.mark.usefixtures("_packaged_again")
def test_chosen_schemas_replace_the_packaged_ones(tmp_path: Path) -> None:
    """A type known only to a trial is unknown again afterwards."""
    (tmp_path / "bath.taken.avsc").write_text(json.dumps(TRIAL), encoding="utf-8")
    sent = {**REPLACEMENT, "type": "bath.taken", "data": {"warm": "y"}}
    avro.use_schemas(Schemas.load(extra=tmp_path))
    assert avro.event_from_json(sent, NOW).type == "bath.taken"
    avro.use_schemas(None)

    with pytest.raises(SenderFault) as caught:
        avro.event_from_json(sent, NOW)

    assert caught.value.reason is FaultReason.UNKNOWN_EVENT_TYPE


def test_meaning_ignores_words_and_ways_of_writing_names() -> None:
    """A short name in a namespace and the full name are the same; another default is not."""
    one = {"type": "record", "name": "a.R", "fields": [{"name": "x", "type": "int", "default": 1}]}
    same = {**one, "name": "R", "namespace": "a", "doc": "Words."}
    other = {**one, "fields": [{"name": "x", "type": "int", "default": 2}]}

    assert meaning(one) == meaning(same)
    assert meaning(one) != meaning(other)


def test_a_shared_type_is_spelled_out_once() -> None:
    """Avro refuses a second definition of the same name."""
    named = {"a.E": {"type": "enum", "name": "E", "namespace": "a", "symbols": ["x"]}}
    fields = [{"name": "p", "type": "a.E"}, {"name": "q", "type": ["null", "E"]}]
    record = {"type": "record", "name": "a.R", "fields": fields}

    whole = inline(record, named, set())

    assert [named["a.E"], ["null", "a.E"]] == [one["type"] for one in whole["fields"]]


def _docs(avsc: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(avsc, list):
        for one in avsc:
            yield from _docs(one, path)
    if isinstance(avsc, dict):
        for one in avsc.get("fields", []):
            yield f"{path}.{one['name']}", one.get("doc", "")
            yield from _docs(one["type"], f"{path}.{one['name']}")
        yield from _docs(avsc.get("items"), path)
