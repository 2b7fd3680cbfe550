"""Events in CSV: what spreadsheets do to a file, and one outcome for each row."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.faults import SenderFault
from hub.core.model import Actor, Event
from hub.edges.anything import Outcome, Reader, read_anything
from hub.edges.csv_rows import MOST_ROWS, decoded, event_of_row, read_sheet, template
from hub.edges.flat import Kind, filled, leaves
from hub.edges.formats import Format, pieces_of
from hub.edges.hl7v2_profile import load_profile
from hub.edges.schemas import default_schemas
from tests.house.identities import find_identities

NOW = datetime(2026, 12, 1, tzinfo=UTC)
SCHEMAS = default_schemas()
NAMES = (
    "id,time,subject.reference,subject.nhs_number,data.contact_id,data.kind,data.outcome,"
    "data.series_count,data.last_seen_on,data.follow_up"
)
CELLS = "c-1,2026-03-24T10:30:00Z,MAT48213,9990000018,AN-1,antenatal,DNA,1,2026-03-10,planned"
FILE = f"{NAMES}\n{CELLS}\n"


def event(body: bytes, number: int = 0) -> Event:
    """The event of one row of a file of missed contacts."""
    row = read_sheet(body).rows[number]
    return event_of_row(row, SCHEMAS, NOW, event_type="contact.missed", sender="RXX")


def changed(**cells: str) -> bytes:
    """The file with other texts in some cells; a name's dots are written as `__`."""
    row = dict(zip(NAMES.split(","), CELLS.split(","), strict=True))
    row |= {name.replace("__", "."): text for name, text in cells.items()}
    return f"{','.join(row)}\n{','.join(row.values())}\n".encode()


@pytest.mark.parametrize(
    "body",
    [
        FILE.encode(),
        b"\xef\xbb\xbf" + FILE.encode(),
        b"\xff\xfe" + FILE.encode("utf-16-le"),
        FILE.replace("\n", "\r\n").encode(),
        FILE.replace("\n", "\r").encode(),
        FILE.replace(",", ";").encode(),
        FILE.replace(",", "\t").encode(),
        FILE.rstrip("\n").encode(),
        FILE.replace("\n", ",,,\n").encode(),
        (FILE + ",,,,,,,,,\n\n").encode(),
        FILE.replace("AN-1", '"AN-1"').encode(),
    ],
    ids=["plain", "mark", "utf-16", "crlf", "cr", "semicolon", "tab", "no end", "empty cells",
         "empty rows", "quoted"],
)  # fmt: skip
def test_every_spreadsheet_says_the_same(body: bytes) -> None:
    """Whatever wrote the file, it is the same event."""
    assert 1 == len(read_sheet(body).rows)
    assert event(FILE.encode()) == event(body)


def test_windows_letters_are_read() -> None:
    """A name with an accent, saved by an old spreadsheet, is not lost."""
    body = changed(subject__family_name="Quillféather").decode().encode("cp1252")
    assert "Quillféather" == event(body).subject.family_name
    assert "cp1252" == decoded(body)[1]


def test_a_line_break_inside_quotes_is_no_row() -> None:
    """The row after it is still found, with the number that a spreadsheet gives it."""
    first = CELLS.replace("MAT48213", '"MAT\n48213"')
    rows = read_sheet(f"{NAMES}\n{first}\n{CELLS}\n".encode()).rows
    assert [2, 3] == [row.number for row in rows]
    assert "MAT\n48213" == rows[0].cells["subject.reference"]


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("2026-03-24T10:30:00Z", "2026-03-24T10:30:00+00:00"),
        ("2026-07-24T10:30:00+01:00", "2026-07-24T09:30:00+00:00"),
        ("24/03/2026 10:30", "2026-03-24T10:30:00+00:00"),
        ("24/07/2026 10:30", "2026-07-24T09:30:00+00:00"),
        ("2026-07-24 10:30:15", "2026-07-24T09:30:15+00:00"),
    ],
)
def test_a_time_without_an_offset_is_london(written: str, means: str) -> None:
    """Summer time is taken off; an offset that is given stands."""
    assert datetime.fromisoformat(means) == event(changed(time=written)).occurred_at


@pytest.mark.parametrize(
    ("cells", "field", "remedy"),
    [
        ({"time": "25/10/2026 01:30"}, "time", "offset"),
        ({"time": "29/03/2026 01:30"}, "time", "offset"),
        ({"time": "24/03/2026"}, "time", "2026-10-20"),
        ({"time": "03/24/2026 10:30"}, "time", "day before the month"),
        ({"time": "24/03/26 10:30"}, "time", "four digits"),
        ({"data__last_seen_on": "46091"}, "data.last_seen_on", "20/10/2026"),
        ({"data__last_seen_on": "31/02/2026"}, "data.last_seen_on", "20/10/2026"),
        ({"subject__nhs_number": "9.99E+09"}, "subject.nhs_number", "format the column as text"),
        ({"data__contact_id": "1E+05"}, "data.contact_id", "format the column as text"),
        ({"data__series_count": "1.0"}, "data.series_count", "digits only"),
        ({"data__outcome": "late"}, "data.outcome", "WNB"),
        ({"data__nonsense": "x"}, "data.nonsense", "template"),
        ({"data__kind": ""}, "data.kind", "required"),
        ({"type": "contact.wished"}, "type", "contact.missed"),
    ],
)
def test_a_cell_at_fault_is_named_with_its_remedy(
    cells: dict[str, str], field: str, remedy: str
) -> None:
    """The field is the name of the column; nothing that was written is repeated."""
    body = changed(subject__family_name="Quillfeather", **cells)
    with pytest.raises(SenderFault) as raised:
        event(body)
    fault = raised.value
    assert field == fault.field
    assert remedy in fault.remedy
    assert [] == find_identities(f"{fault.message} {fault.remedy}", ["Quillfeather", "9990000018"])


def test_a_number_out_of_range_names_the_bound() -> None:
    """The bounds are those of the schema."""
    for written, bound in (("99", "100 at least"), ("9001", "9000 at most")):
        with pytest.raises(SenderFault) as raised:
            filled(SCHEMAS, "birth.recorded", {"data.weight_grams": written})
        assert bound in raised.value.remedy


def test_an_nhs_number_in_groups_is_read() -> None:
    """As people write it."""
    assert "9990000018" == event(changed(subject__nhs_number="999 000 0018")).subject.nhs_number


def test_a_row_without_an_id_has_the_same_one_every_time() -> None:
    """And another one when it says something else."""
    first, again = event(changed(id="")), event(changed(id=""))
    other = event(changed(id="", data__outcome="WNB"))
    assert first.id == again.id != other.id
    assert "RXX:CSV" == first.source


def test_lists_and_groups_have_their_form() -> None:
    """Several values stand in one cell, several groups in columns with numbers."""
    cells = {"data.vulnerabilities": "a | b", "data.interpreter.needed": "Y", "data.parity": "0"}
    made = filled(SCHEMAS, "pregnancy.booked", cells)
    assert {"vulnerabilities": ["a", "b"], "interpreter": {"needed": "y"}} == {
        name: made["data"][name] for name in ("vulnerabilities", "interpreter")
    }
    assert "" == made["data"]["sharing_ref"], "a field that may be empty need not be a column"
    people = {f"data.participants.{n}.role": f"r{n}" for n in (1, 2)}
    listed = filled(SCHEMAS, "strategy.discussion", people)["data"]["participants"]
    assert [{"role": "r1"}, {"role": "r2"}] == listed
    with pytest.raises(SenderFault):
        filled(SCHEMAS, "strategy.discussion", {"data.participants.21.role": "x"})


def test_the_actor_of_a_page_is_who_is_signed_in() -> None:
    """Whatever the file says."""
    body = changed(actor__role="NAMED_NURSE_SG")
    me = Actor(id="hv-1", role="HV_TEAM", org="RYX")
    row = read_sheet(body).rows[0]
    made = event_of_row(row, SCHEMAS, NOW, event_type="contact.missed", sender="RXX", actor=me)
    assert me == made.actor


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"just words",
        b"time,time\n1,2\n",
        b"Name,Date\nAda,2026-01-01\n",
        b"id,subject.reference\n1,2\n",
        b"\x00\x01\x02",
        b"time," + b",".join(b"a%d" % n for n in range(500)),
        b'"time,id\n',
        b"time,id" + b"," * 50_000 + b"\n1,2\n",
    ],
)
def test_a_file_without_a_header_of_ours_is_refused_whole(body: bytes) -> None:
    """With the remedy, whatever it is."""
    with pytest.raises(SenderFault) as raised:
        read_sheet(body)
    assert raised.value.remedy


def test_too_many_rows_are_refused_whole() -> None:
    """As many as are allowed are read."""
    assert MOST_ROWS == len(read_sheet((NAMES + f"\n{CELLS}" * MOST_ROWS).encode()).rows)
    with pytest.raises(SenderFault) as raised:
        read_sheet((NAMES + f"\n{CELLS}" * (MOST_ROWS + 1)).encode())
    assert "oversize" == raised.value.reason


@pytest.mark.parametrize(
    ("row", "count"),
    [("a,b", 3), (CELLS + ",more", 3), (f'"{CELLS}', 2), (f'"x"y,{CELLS}', 3)],
    ids=["too short", "too long", "open quote", "bad quote"],
)
def test_a_broken_row_takes_only_itself(row: str, count: int) -> None:
    """Only a quote that never closes takes the rest, and is kept with all of it."""
    body = f"{NAMES}\n{CELLS}\n{row}\n{CELLS}\n".encode()
    rows = read_sheet(body).rows
    assert count == len(rows)
    assert [3] == [each.number for each in rows if each.fault]
    kept = next(each.original for each in rows if each.fault)
    assert kept.startswith(f"{NAMES}\n{row[:3]}".encode())


def test_hub_read_finds_the_rows() -> None:
    """A piece for each, with its type from its own cell."""
    typed = f"type,{NAMES}\ncontact.missed,{CELLS}\nnonsense,{CELLS}\n".encode()
    reader = Reader(received_at=NOW, profile=load_profile())
    good, bad = read_anything(typed, reader)
    assert (Format.HUB_CSV, Outcome.EVENTS) == (good.format, good.outcome)
    assert ("unknown_event_type", "type") == (bad.reason, bad.field)


@pytest.mark.parametrize("event_type", SCHEMAS.event_types())
def test_the_template_of_every_event_type_names_fields_that_are_there(event_type: str) -> None:
    """Its header is read again, and each name leads to a field."""
    sheet = read_sheet(template(SCHEMAS, event_type) + b",".join([b""] * 3))
    found = {leaf.path.replace("*", "1") for leaf in leaves(SCHEMAS, event_type)}
    assert found == set(sheet.columns) - {"type"}
    assert {leaf.kind for leaf in leaves(SCHEMAS, event_type)} <= set(Kind)


text_of_cell = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(text_of_cell, min_size=10, max_size=10), max_size=6), st.booleans())
def test_what_a_spreadsheet_writes_is_read_cell_by_cell(rows: Any, windows: bool) -> None:
    """Quotes, separators, line breaks and letters of every script come back."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\r\n" if windows else "\n", quoting=csv.QUOTE_ALL)
    writer.writerow(NAMES.split(","))
    writer.writerows(rows)
    if "\x00" in made.getvalue():
        return
    found = [list(row.cells.values()) for row in read_sheet(made.getvalue().encode()).rows]
    expected = [[cell.strip() for cell in row] for row in rows]
    assert [row for row in expected if any(row)] == found


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fall(noise: bytes) -> None:
    """Each piece of anything has one outcome."""
    body = NAMES.encode() + b"\n" + noise
    reader = Reader(received_at=NOW, profile=load_profile())
    assert read_anything(body, reader)
    assert list(pieces_of(body))
