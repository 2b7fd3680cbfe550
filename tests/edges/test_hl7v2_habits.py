"""Habits of the systems that whole hospitals run: identifiers, places, deaths, and other people."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.core.faults import SenderFault
from hub.core.model import Event
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import DEFAULT, load_profile
from hub.edges.mapped import Ignored, Mapped

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
PROFILE = load_profile()
ADA, WREN, BEA = "9990000018", "9990000042", "9990000026"
RECORD = "100234^^^RXX^MR"


def person(
    identifiers: str = RECORD, born: str = "19940517", sex: str = "F", **more: str
) -> list[str]:
    """PID, its other fields by their number (`f21`)."""
    fields = ["1", "", identifiers, "", "TESTER^ANNA", "", born, sex] + [""] * 30
    for name, value in more.items():
        fields[int(name[1:]) - 1] = value
    return ["PID", *fields]


def visit(ward: str = "WARD 9", **more: str) -> list[str]:
    """PV1 of a stay."""
    fields = ["1", "I", ward] + [""] * 50
    fields[18] = "V-1"
    for name, value in more.items():
        fields[int(name[1:]) - 1] = value
    return ["PV1", *fields]


def mapped(
    trigger: str, *segments: list[str], sender: str = "PAS", facility: str = "RXX"
) -> Mapped:
    """What such a message says."""
    head = f"MSH|^~\\&|{sender}|{facility}|HUB|HUB|20260312101500||{trigger}|H-1|P|2.4"
    lines = [head, f"EVN|{trigger[-3:]}|20260312101000", *("|".join(each) for each in segments)]
    return events_from("\r".join(lines).encode(), PROFILE, NOW)


def only(trigger: str, *segments: list[str], **more: Any) -> Event:
    """Its one event."""
    (event,) = mapped(trigger, *segments, **more).events
    return event


@pytest.mark.parametrize(
    "written",
    [
        f"100234^^^RXX MRN^MRN^CD:1~{ADA}^^^NHSNBR^NHSNMBR",
        f"{ADA}^^^NHS^NI~100234^^^RXX MRN^MRN",
        f"{ADA}^^^&2.16.840.1.113883.2.1.4.1&ISO~100234^^^RXX MRN^mrn",
        f"{ADA[:3]} {ADA[3:6]} {ADA[6:]}^^^nhs^nh~100234^^^RXX MRN^MRN",
    ],
)
def test_an_nhs_number_is_known_by_its_type_or_by_who_gives_it_out(written: str) -> None:
    """And the record beside it is hers, whatever the site calls its kind."""
    event = only("ADT^A01", person(written), visit())
    assert (ADA, "RXX MRN/100234") == (event.subject.nhs_number, event.subject.reference)


def test_a_record_of_an_authority_for_nhs_numbers_stays_a_record() -> None:
    """Its type says so, and a type is nearer to the number than its giver."""
    event = only("ADT^A01", person("100234^^^NHS^MR"), visit())
    assert (None, "NHS/100234") == (event.subject.nhs_number, event.subject.reference)


def test_a_merge_names_each_record_by_what_it_has() -> None:
    """A number on one side and a local record on the other are one woman all the same."""
    event = only("ADT^A40", person(f"{ADA}^^^NHS^NH"), ["MRG", "100111^^^RXX^MR"])
    assert ("RXX/100111", f"nhs:{ADA}") == (event.body["from"], event.body["to"])


@pytest.mark.parametrize("trigger", ["ADT^A34", "ADT^A40"])
def test_a_merge_of_records_with_the_sites_own_types(trigger: str) -> None:
    """No duty is lost to a word for a kind of number."""
    old = f"100111^^^RXX MRN^MRN~{BEA}^^^NHSNBR^NHSNMBR"
    now = f"100234^^^RXX MRN^MRN~{ADA}^^^NHSNBR^NHSNMBR"
    event = only(trigger, person(now), ["MRG", old])
    assert (BEA, ADA) == (event.body["from"], event.body["to"])


@pytest.mark.parametrize(
    ("place", "ward"),
    [("RXX^MATWRD^Bed 3^RXX01", "MATWRD"), ("MATWRD^BAY 1", "MATWRD"), ("RXX", "RXX")],
)
def test_a_ward_may_stand_behind_the_code_of_the_trust(place: str, ward: str) -> None:
    """A whole trust is no ward, where there is a better answer."""
    assert ward == only("ADT^A02", person(), visit(place)).body["ward"]


# --- deaths ------------------------------------------------------------------------------------


def test_who_died_in_a_stay_is_discharged_and_dead() -> None:
    """A baby's death is not only the end of a stay."""
    theirs = person("100999^^^RXX^MR", "20260310", f21=RECORD, f29="202603121000", f30="Y")
    stay, death = mapped("ADT^A03", theirs, visit("NNU", f36="79", f45="20260312101000")).events
    assert ("discharged", "79") == (stay.body["kind"], stay.body["destination"])
    assert ("death", "RXX/100999", "2026-03-12") == tuple(
        death.body[name] for name in ("kind", "baby_id", "effective")
    )


@pytest.mark.parametrize(
    ("day", "indicator", "dead"),
    [("20260311", "", True), ("20260311", "Y", True), ("", "y", True), ("20260311", "N", False)],
)
def test_the_day_of_a_death_says_that_there_was_one(day: str, indicator: str, dead: bool) -> None:
    """Unless the indicator says that there was none."""
    found = mapped("ADT^A08", person(f29=day, f30=indicator))
    assert (["death"] if dead else []) == [event.body["kind"] for event in found.events]


# --- whose business it is ----------------------------------------------------------------------


@pytest.mark.parametrize("trigger", ["ADT^A01", "ADT^A03", "ADT^A08", "SIU^S12"])
@pytest.mark.parametrize("sex", ["M", "1"])
def test_a_mans_record_is_passed_over(trigger: str, sex: str) -> None:
    """Even one that lacks what a woman's would need."""
    assert Mapped((), Ignored.NOT_MATERNITY) == mapped(trigger, person(sex=sex))


@pytest.mark.parametrize(
    "more",
    [
        visit("MATTRIAGE"),
        ["DG1", "1", "", "O80^Delivery"],
        ["OBX", "1", "ST", "11884-4", "", "31+2"],
        visit("Antenatal ward"),
    ],
)
def test_a_man_may_be_pregnant_and_a_record_may_be_wrong(more: list[str]) -> None:
    """A word of maternity is enough."""
    assert mapped("ADT^A08", person(sex="M", f11="^^^^ZZ99 3WZ"), more).events


def test_a_boy_on_the_postnatal_ward_is_no_man() -> None:
    """An infant is followed, whatever its sex."""
    assert mapped("ADT^A01", person("100999^^^RXX^MR", "20260310", "M"), visit("NNU")).events


def test_a_merge_is_never_passed_over() -> None:
    """The record that is repaired may be the one with the wrong sex."""
    assert mapped("ADT^A40", person(sex="M"), ["MRG", "100111^^^RXX^MR"]).events


@pytest.mark.parametrize(("born", "followed"), [("20200101", False), ("20160101", True)])
def test_a_child_is_neither_infant_nor_mother(born: str, followed: bool) -> None:
    """The bounds are those of FHIR."""
    found = mapped("ADT^A01", person(born=born), visit())
    assert (followed, None if followed else Ignored.OLDER_CHILD) == (
        bool(found.events),
        found.ignored,
    )


def test_a_planned_operation_is_no_referral() -> None:
    """An A05 announces every planned stay of a hospital."""
    found = mapped("ADT^A05", person(), visit("ORTHO"), ["PV2", "", "", "^Hip replacement"])
    assert Mapped((), Ignored.NO_PREGNANCY) == found


@pytest.mark.parametrize("service", ["501", "560", "mid"])
def test_the_service_of_a_stay_may_say_maternity_by_its_code_alone(service: str) -> None:
    """Obstetrics may be 501 and nothing else: it is kept for its gestation, and not passed over."""
    with pytest.raises(SenderFault) as caught:
        mapped("ADT^A05", person(), visit(f10=service))
    assert "ZPR-13" == caught.value.field


# --- what it is about --------------------------------------------------------------------------


@pytest.mark.parametrize("place", [["AIL", "1", "", "ANTENATAL CLINIC"], visit("Antenatal clinic")])
def test_the_place_says_what_a_visit_is_for(place: list[str]) -> None:
    """Where one type of visit is shared by many clinics."""
    schedule = ["SCH", "P-1", "F-1", "", "", "", "", "FUP^Follow up", "", "", ""]
    schedule += ["^^^20260319093000"]
    assert "antenatal" == only("SIU^S12", schedule, person(), place).body["kind"]


def test_a_due_date_by_its_snomed_code() -> None:
    """Scan reports of this country use it more than LOINC."""
    result = ["OBX", "1", "DT", "161714006^Estimated date of delivery^SCT", "", "20261020"]
    assert "2026-10-20" == only("ORU^R01", person(), result).body["edd"]


@pytest.mark.parametrize("unit", ["gm", "GM", "grammes"])
def test_grams_by_their_other_names(unit: str) -> None:
    """A weight is not kept back for a letter."""
    theirs = person("100999^^^RXX^MR", "20260310")
    result = ["OBX", "1", "NM", "27113001^Weight^SCT", "", "3420", unit]
    assert 3420 == only("ORU^R01", theirs, result).body["grams"]


def test_a_profile_from_before_this_asked_loads(tmp_path: Any) -> None:
    """And has the answers of the default one."""
    written = DEFAULT.read_text(encoding="utf-8")
    start, end = written.index("[concern]"), written.index("# PV1-36")
    path = tmp_path / "site.toml"
    path.write_text(written[:start] + written[end:], encoding="utf-8")
    assert PROFILE.male == load_profile(path).male


@pytest.mark.parametrize(
    "written",
    ["2026-03-12 09:00", "2026-03-12T09:00:00", "2026-03-12T09:00:00+00:00", "2026-03-12T09:00Z"],
)
def test_times_may_come_as_iso_8601(written: str) -> None:
    """A national index of this country writes them so."""
    event = only("ADT^A01", person(born="1994-05-17"), visit(f44=written))
    assert datetime(2026, 3, 12, 9, 0, tzinfo=UTC) == event.occurred_at
    assert "1994-05-17" == event.subject.birth_date


@pytest.mark.parametrize(
    "written", ["2026-13-12 09:00", "2026-03-12 25:00", "2026-3-12", "12-03-2026"]
)
def test_what_only_looks_like_iso_8601_is_no_time(written: str) -> None:
    """The place is named, and not what stands there."""
    with pytest.raises(SenderFault) as refused:
        mapped("ADT^A01", person(), visit(f44=written))
    assert ("PV1-44", False) == (refused.value.field, written in str(refused.value))


@pytest.mark.parametrize("place", ["Maternity Triage", "MATTRIAGE", "mattriage"])
def test_a_place_of_maternity_in_any_capitals(place: str) -> None:
    """Who comes there unannounced is pregnant, even as an outpatient."""
    assert "pregnancy.notified" == only("ADT^A04", person(), visit(place, f2="O")).type


@pytest.mark.parametrize("line", ["pid|1||100234", "  PID|1||100234"])
def test_a_segment_that_is_none_is_named_before_one_that_is_missing(line: str) -> None:
    """Whoever looks for a missing PID sees it stand there."""
    with pytest.raises(SenderFault) as refused:
        mapped("ADT^A01", [line], visit())
    assert "line 3 is not a segment" == refused.value.message


@pytest.mark.parametrize("end", ["\\r", "\\n", " "])
def test_a_message_in_one_line_is_said_to_be_one(end: str) -> None:
    """Each of its fields would look wrong, and none of them is."""
    lines = ["MSH|^~\\&|PAS|RXX|HUB|HUB|20260312101500||ADT^A01|H-1|P|2.4", "EVN|A01", "PID|1"]
    with pytest.raises(SenderFault) as refused:
        events_from(end.join(lines).encode(), PROFILE, NOW)
    assert ("MSH", "nothing follows the MSH segment") == (
        refused.value.field,
        refused.value.message,
    )
