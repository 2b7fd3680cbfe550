"""HL7 v2 beyond ADT: documents, results, appointments; and the merges.  A sentence for each."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.core.model import Event
from hub.edges import avro
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import DEFAULT, load_profile
from hub.edges.mapped import Ignored, Mapped
from tests.edges.hl7_messages import message, names

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
PROFILE = load_profile()
SUMMARY, MISSED = "discharge.summary", "contact.missed"


def mapped(name: str) -> Mapped:
    """What a message of the folder says."""
    return events_from(message(name), PROFILE, NOW)


def only(name: str) -> Event:
    """The one event of a message, which the codec takes and gives back."""
    (event,) = mapped(name).events
    again = avro.decode_event(avro.encode_event(event), NOW)
    assert event.body.items() <= again.body.items()
    return event


ONE_EVENT: list[tuple[str, str, str, dict[str, Any]]] = [
    ("a34-merged", "The older way to merge.", "demographics.changed", {"kind": "nhs_merge"}),
    (
        "a47-number-changed",
        "An identifier was replaced.",
        "demographics.changed",
        {"from": "9990000026", "to": "9990000018"},
    ),
    ("oru-r01-weight", "A weighing.", "measurement.infant", {"grams": 3090}),
    ("oru-r01-due-date", "A scan.", "pregnancy.dated", {"edd": "2026-09-10", "basis": "scan"}),
    (
        "siu-s12-booked",
        "An appointment.",
        "contact.scheduled",
        {"contact_id": "F-501", "kind": "antenatal", "owner": "COMM_MIDWIFE", "baby_id": None},
    ),
    (
        "siu-s13-moved",
        "A baby's appointment at another time.",
        "contact.scheduled",
        {"kind": "NBV", "owner": "HV_TEAM", "baby_id": "RXX/100999"},
    ),
    ("siu-s15-by-her", "She cancelled.", MISSED, {"outcome": "cancelled_by_person"}),
    ("siu-s15-by-service", "The clinic did.", MISSED, {"outcome": "cancelled_by_service"}),
    ("siu-s26-did-not-attend", "She did not come.", MISSED, {"outcome": "DNA"}),
    (
        "mdm-t04-withdrawn",
        "A document that is cancelled by its state.",
        "event.retracted",
        {"target_id": "hl7:RXX:doc:D-9001", "target_type": SUMMARY},
    ),
    (
        "mdm-t11-cancelled",
        "A document that is cancelled.",
        "event.retracted",
        {"target_id": "hl7:RXX:doc:D-9001"},
    ),
    ("mdm-t04-summary-released", "A summary is released.", SUMMARY, {"subject": "mother"}),
]


@pytest.mark.parametrize(
    ("name", "sentence", "event_type", "body"), ONE_EVENT, ids=[row[0] for row in ONE_EVENT]
)
def test_a_message_becomes_one_event(
    name: str, sentence: str, event_type: str, body: dict[str, Any]
) -> None:
    """Type and body as the row says."""
    assert sentence
    event = only(name)
    assert event_type == event.type
    assert body == {key: event.body[key] for key in body}


def test_a_summary_is_read_in_its_sections() -> None:
    """Safeguarding was looked at, and nothing was found."""
    event = only("mdm-t02-summary")
    sections = event.body["sections"]
    assert (SUMMARY, "hl7:RXX:doc:D-9001") == (event.type, event.id)
    assert datetime(2026, 3, 12, 9, 30, tzinfo=UTC) == event.body["discharged_at"]
    assert datetime(2026, 3, 12, 9, 45, tzinfo=UTC) == event.body["issued_at"]
    assert "Spontaneous birth at term.\nBoth well." == sections["clinical"]
    assert "new birth visit" in sections["follow_up"]
    assert "none_checked" == sections["safeguarding_concerns"]["state"]
    assert "not_completed" == sections["social_circumstances"]["state"]


def test_a_summary_without_sections_leaves_safeguarding_open() -> None:
    """A text without headings is the clinical part, and nothing else."""
    sections = only("mdm-t02-summary-without-safeguarding").body["sections"]
    assert "Well.\nHome today." == sections["clinical"]
    assert "not_completed" == sections["safeguarding_concerns"]["state"]


def test_what_takes_back_names_what_the_first_message_became() -> None:
    """Cancelling a document retracts the event of its T02."""
    assert only("mdm-t02-summary").id == only("mdm-t11-cancelled").body["target_id"]
    assert only("mdm-t02-summary").id != only("mdm-t04-summary-released").id


def test_a_missed_appointment_happened_when_it_should_have() -> None:
    """Not when the message was sent."""
    assert datetime(2026, 3, 19, 9, 30, tzinfo=UTC) == only("siu-s26-did-not-attend").occurred_at
    assert datetime(2026, 3, 12, 10, 5, tzinfo=UTC) == only("oru-r01-weight").occurred_at


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mdm-t01-notice", Ignored.NOTHING_TO_ROUTE),
        ("mdm-t02-draft", Ignored.NOT_FINAL),
        ("mdm-t02-other", Ignored.NO_EVENT_TYPE),
        ("oru-r01-other", Ignored.NO_EVENT_TYPE),
        ("siu-s12-held", Ignored.NOT_COMPLETE_ENOUGH),
        ("siu-s18-resource", Ignored.NO_EVENT_TYPE),
    ],
)
def test_what_no_event_type_fits_is_ignored_with_its_reason(name: str, why: Ignored) -> None:
    """Taken, and the answer says why nothing came of it."""
    assert Mapped((), why) == mapped(name)


def test_every_message_of_these_kinds_is_in_a_table() -> None:
    """A message that nobody tests is a promise that nobody keeps."""
    tested = {row[0] for row in ONE_EVENT}
    others = {name for name in names() if name.startswith(("mdm", "oru", "siu", "a34", "a47"))}
    ignored = {"mdm-t01-notice", "mdm-t02-draft", "mdm-t02-other", "oru-r01-other"}
    ignored |= {"siu-s12-held", "siu-s18-resource"}
    assert others - tested - ignored == {"mdm-t02-summary", "mdm-t02-summary-without-safeguarding"}


def test_a_profile_without_documents_still_loads(tmp_path: Any) -> None:
    """Sites wrote theirs before documents were read."""
    older = DEFAULT.read_text(encoding="utf-8").partition("# TXA-2 of documents")[0]
    (tmp_path / "site.toml").write_text(older, encoding="utf-8")
    assert {"DS"} == load_profile(tmp_path / "site.toml").summaries
