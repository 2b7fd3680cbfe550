"""HL7 v2 messages that cannot be mapped, character sets, and profiles: one sentence for each."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import DEFAULT as PROFILE_FILE
from hub.edges.hl7v2_profile import load_profile
from tests.edges.hl7_messages import message, names
from tests.edges.test_hl7v2 import IGNORED, ONE_EVENT

NOW = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
PROFILE = load_profile()

SCHEMA, MISSING = FaultReason.SCHEMA_VIOLATION, FaultReason.MISSING_SEGMENT
UNSUPPORTED = FaultReason.UNSUPPORTED_MESSAGE

FAULTS = [
    (
        "bad-number-no-visit-stray-line",
        "A number that is none, no PV1 and a stray line: the number comes first.",
        FaultReason.NHS_NUMBER_INVALID,
        "PID-3",
    ),
    ("bad-stray-line", "A field was cut by a line break.", FaultReason.UNPARSEABLE, ""),
    ("bad-no-visit", "An admission without PV1.", MISSING, "PV1"),
    ("bad-no-visit-number", "A stay without a number.", SCHEMA, "PV1-19.1"),
    ("bad-no-person", "Nobody at all.", MISSING, "PID"),
    ("bad-nobody", "A PID without identifiers.", FaultReason.MISSING_IDENTITY, "PID-3"),
    ("bad-training", "A rehearsal must not raise a duty.", UNSUPPORTED, "MSH-11"),
    ("bad-version", "A version that nobody has tried.", UNSUPPORTED, "MSH-12"),
    ("bad-trigger", "A trigger that means nothing here.", UNSUPPORTED, "MSH-9.2"),
    ("bad-type", "An order, which no mapping reads.", UNSUPPORTED, "MSH-9.1"),
    ("bad-mdm-no-number", "A document without its number.", SCHEMA, "TXA-12"),
    ("bad-oru-unit", "A baby's weight in pounds.", SCHEMA, "OBX-6"),
    ("bad-siu-cancelled-by-nobody", "Nobody says who cancelled.", SCHEMA, "SCH-6"),
    ("bad-siu-no-time", "An appointment at no time.", SCHEMA, "SCH-11"),
    ("bad-no-control-id", "A message without a control id.", SCHEMA, "MSH-10"),
    ("bad-time", "The thirtieth of February.", SCHEMA, "EVN-2"),
    ("bad-booking-no-midwife", "A booking without a named midwife.", SCHEMA, "ZPR-6.1"),
    ("bad-booking-parity", "Parity in words.", SCHEMA, "ZPR-4"),
    ("bad-booking-basis", "A due date that was guessed.", SCHEMA, "ZPR-2"),
    ("bad-gestation-fraction", "20.5 weeks (domain trap 13).", SCHEMA, "OBX:18185-9"),
    ("bad-referral-no-gestation", "A referral without gestation.", SCHEMA, "ZPR-13"),
    ("bad-no-start", "No MSH.", FaultReason.UNPARSEABLE, "MSH"),
    ("bad-merge-from-nobody", "A merge from nobody.", SCHEMA, "MRG-1"),
]


@pytest.mark.parametrize(
    ("name", "sentence", "reason", "field"), FAULTS, ids=[row[0] for row in FAULTS]
)
def test_a_message_that_cannot_be_mapped_is_the_senders_fault(
    name: str, sentence: str, reason: FaultReason, field: str
) -> None:
    """Reason, place and remedy, and no value of the message in any of them."""
    assert sentence
    with pytest.raises(SenderFault) as refused:
        events_from(message(name), PROFILE, NOW)
    fault = refused.value
    assert (reason, field) == (fault.reason, fault.field)
    assert fault.remedy
    spoken = f"{fault} {fault.remedy}"
    assert not [each for each in ("TESTER", "999000", "1994", "NHS1234567") if each in spoken]


MORE = [name for name in names() if name.startswith(("mdm", "oru", "siu", "a34", "a47"))]
"""Those of `test_hl7v2_more`, which counts them itself."""


def test_every_message_of_the_folder_is_in_a_table() -> None:
    """A message without a sentence would test nothing."""
    told = {row[0] for table in (ONE_EVENT, IGNORED, FAULTS) for row in table}
    assert set(names()) - set(MORE) == told | {"a08-practice-and-address"}


@pytest.mark.parametrize(
    ("declared", "codec"),
    [("8859/1", "latin-1"), ("", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("", "utf-8")],
)
def test_names_survive_their_character_set(declared: str, codec: str) -> None:
    """Declared or not; without a word UTF-8 is tried first."""
    text = message("a01-admitted").decode().replace("TESTER", "MÜLLER")
    text = text.replace("|P|2.4", f"|P|2.4||||||{declared}")
    (event,) = events_from(text.encode(codec), PROFILE, NOW).events
    assert event.subject.family_name == "MÜLLER"


def test_bytes_that_are_not_of_the_declared_set_are_refused() -> None:
    """Guessing here would garble a name."""
    text = message("a01-admitted").decode().replace("TESTER", "MÜLLER")
    text = text.replace("|P|2.4", "|P|2.4||||||UNICODE UTF-8")
    with pytest.raises(SenderFault) as refused:
        events_from(text.encode("latin-1"), PROFILE, NOW)
    assert refused.value.field == "MSH-18"


def test_a_facility_is_mapped_by_the_profile(tmp_path: Path) -> None:
    """MSH-4 and the assigning authority of an identifier become ODS codes."""
    changed = tmp_path / "site.toml"
    text = PROFILE_FILE.read_text(encoding="utf-8")
    changed.write_text(text.replace("[facilities]\n", '[facilities]\nRXX = "RZZ"\n'))
    (event,) = events_from(message("a01-admitted"), load_profile(changed), NOW).events
    assert ("RZZ:MAT_PAS", "RZZ/100234") == (event.source, event.subject.reference)


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('ward = ["PV1-3.1"]', 'ward = ["ward"]', "places.ward"),
        ('ward = ["PV1-3.1"]', "ward = []", "places.ward"),
        ('ward = ["PV1-3.1"]', 'wards = ["PV1-3.1"]', "ward, wards"),
        ("[dating]", "[dates]", "dating"),
    ],
)
def test_a_wrong_profile_is_refused_by_name(
    tmp_path: Path, was: str, becomes: str, says: str
) -> None:
    """The error names the file and the key."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(PROFILE_FILE.read_text(encoding="utf-8").replace(was, becomes))
    with pytest.raises(ValueError, match=r"wrong\.toml") as refused:
        load_profile(wrong)
    assert says in str(refused.value)
