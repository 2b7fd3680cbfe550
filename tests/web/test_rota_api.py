"""A rota by an organisation's own system: looked at, then recorded; all of it or nothing."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from httpx2 import Response

from tests.web import scene
from tests.web.conftest import Gateway, key
from tests.web.test_audit import seen
from tests.web.test_cover import absent
from tests.web.test_cover_api import ROLES_KEY, people, recorded

__all__ = ["people"]

CSV = {"content-type": "text/csv"}
ICS = {"content-type": "text/calendar"}
HEADER = "person,cover,role,first_day,last_day\n"
ENTRY = """BEGIN:VEVENT
UID:1@rota.example
DTSTART;VALUE=DATE:20260326
DTEND;VALUE=DATE:20260328
ORGANIZER;CN=Hana:mailto:HV-1@ryx.example
ATTENDEE;CN="Hana; herself":mailto:hv-1@ryx.example
ATTENDEE;PARTSTAT=ACCEPTED;CN=Ines:mailto:hv2@ryx.exam
 ple
SUMMARY:Leave of somebody whose name nobody reads
BEGIN:VALARM
TRIGGER:-PT15M
END:VALARM
END:VEVENT
"""


def rota(
    gateway: Gateway, body: str, kind: dict[str, str] = CSV, confirm: str = "", ods: str = "RYX"
) -> Response:
    """Look at a rota, or record it."""
    return gateway.browse().post(
        "/absences/rota",
        params={"confirm": confirm} if confirm else {},
        content=body,
        headers={**key(ods), **kind},
    )


def calendar(*entries: str) -> str:
    """A calendar of these entries, with the zone that its maker puts before them."""
    zone = "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nTZNAME:X\nEND:STANDARD\nEND:VTIMEZONE\n"
    whole = f"BEGIN:VCALENDAR\nVERSION:2.0\n{zone}{''.join(entries)}END:VCALENDAR\n"
    return whole.replace("\n", "\r\n")


def test_a_rota_is_looked_at_and_then_recorded(gateway: Gateway) -> None:
    """The first answer records nothing; the second does what the first one said."""
    absent(gateway, "hv3", first=0, last=1)
    body = (
        HEADER
        + "hv-1,hv-2,HV_TEAM,2026-03-26,2026-03-27\n"
        + "hv2,,,2026-04-01,2026-04-02\n"
        + "hv-3,,,2026-03-24,2026-03-25\n"
        + "hv-3,hv-1,,2026-03-01,2026-03-02\n"
    )
    before = recorded(gateway)
    shown = rota(gateway, body).json()
    assert before == recorded(gateway)
    assert ["new", "new", "known", "over"] == [each["outcome"] for each in shown["answers"]]
    counts = {name: shown[name] for name in ("rows", "new", "known", "over", "refused")}
    assert {"rows": 4, "new": 2, "known": 1, "over": 1, "refused": 0} == counts
    assert [True, False, False, None] == [each["covered"] for each in shown["answers"]]
    assert 2 == shown["not_covered"]
    done = rota(gateway, body, confirm=shown["confirm"])
    assert (200, True) == (done.status_code, done.json()["recorded"])
    assert shown["answers"] == done.json()["answers"]
    by = f"RYX:{shown['confirm']}"
    assert [*before, ("hv-1", "hv-2", by), ("hv-2", None, by)] == recorded(gateway)
    assert shown["confirm"] in [each.subject_id for each in seen(gateway.engine)]


def test_the_same_rota_again_is_known(gateway: Gateway) -> None:
    """A confirmation that was not heard does no harm when it is repeated from the start."""
    body = HEADER + "hv-1,hv-2,,2026-03-26,2026-03-27\n"
    word = rota(gateway, body).json()["confirm"]
    rota(gateway, body, confirm=word)
    assert 409 == rota(gateway, body, confirm=word).status_code
    again = rota(gateway, body).json()
    assert (0, 1) == (again["new"], again["known"])
    assert 200 == rota(gateway, body, confirm=again["confirm"]).status_code
    assert 1 == len(recorded(gateway))


def test_one_row_at_fault_and_nothing_is_recorded(gateway: Gateway) -> None:
    """Each row says what is wrong with it; there is no word with which to go on."""
    rows = [
        ("hv-1,hv-2,,2026-03-26,2026-03-27", "new", None, None),
        ("nobody,hv-2,,2026-03-26,2026-03-27", "refused", "schema_violation", "person"),
        ("hv-1,gp-1,,2026-04-26,2026-04-27", "refused", "schema_violation", "cover"),
        ("hv-2,hv-3,NAMED_HV,2026-03-26,2026-03-27", "refused", "other_role", "cover"),
        ("hv-3,hv-2,NAMED_HV,2026-03-26,2026-03-27", "refused", "not_her_role", "role"),
        ("hv-3,hv-2,,26/03/2026,2026-03-27", "refused", "schema_violation", "first_day"),
        ("hv-3,hv-2,,2026-03-28,", "refused", "schema_violation", "last_day"),
        ("hv-3,hv-2,,2026-03-28,2026-03-20", "refused", "ends_first", "until"),
        ("hv-1,,,2026-03-27,2026-03-30", "refused", "overlaps", "since"),
        ("hv-3,hv-2,,2026-03-28,2026-03-29,x", "refused", "unparseable", None),
    ]
    answer = rota(gateway, HEADER + "\n".join(row for row, *_ in rows)).json()
    told = [(a["outcome"], a["reason"], a["field"]) for a in answer["answers"]]
    assert [(outcome, reason, field) for _, outcome, reason, field in rows] == told
    assert all(a["remedy"] for a in answer["answers"] if a["outcome"] == "refused")
    assert (9, None, False) == (answer["refused"], answer["confirm"], answer["recorded"])
    assert [] == recorded(gateway)


@pytest.mark.parametrize("change", ["file", "arranged", "invented"])
def test_what_is_not_as_it_was_shown_is_not_recorded(gateway: Gateway, change: str) -> None:
    """Another file, something arranged in between, or a word that nobody gave."""
    body = HEADER + "hv-1,hv-2,,2026-03-26,2026-03-27\nhv-3,hv-2,,2026-03-26,2026-03-27\n"
    word = rota(gateway, body).json()["confirm"]
    if change == "arranged":
        absent(gateway, "hv2", first=2, last=3)
    before = recorded(gateway)
    changed = body.replace("03-27", "03-28") if change == "file" else body
    answer = rota(gateway, changed, confirm="rota-0" if change == "invented" else word)
    assert (409, "not_what_was_shown") == (answer.status_code, answer.json()["reason"])
    assert before == recorded(gateway)


def test_a_rota_whose_last_row_fails_in_the_database_leaves_none(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows are one transaction: here two ids are the same, so that the second insert fails."""
    body = HEADER + "hv-1,hv-2,,2026-03-26,2026-03-27\nhv-3,hv-2,,2026-03-26,2026-03-27\n"
    word = rota(gateway, body).json()["confirm"]
    monkeypatch.setattr("hub.web.api_rota.secrets.token_hex", lambda _: "same")
    with pytest.raises(sa.exc.IntegrityError):
        rota(gateway, body, confirm=word)
    assert [] == recorded(gateway)


def test_a_calendar_says_the_same(gateway: Gateway) -> None:
    """The organiser is away, the one who was asked stands in; days end as RFC 5545 says."""
    timed = ENTRY.replace("DTSTART;VALUE=DATE:20260326", "DTSTART:20260401T080000Z").replace(
        "DTEND;VALUE=DATE:20260328", 'DTEND;TZID="GMT Standard Time":20260401T200000'
    )
    body = calendar(ENTRY, timed)
    shown = rota(gateway, body, ICS).json()
    assert [("new", "hv-1", "hv-2")] * 2 == [
        (each["outcome"], each["person"], each["cover"]) for each in shown["answers"]
    ]
    assert [
        ("2026-03-26T00:00:00Z", "2026-03-28T00:00:00Z"),
        ("2026-04-01T08:00:00Z", "2026-04-01T20:00:00+01:00"),
    ] == [(each["since"], each["until"]) for each in shown["answers"]]
    assert 200 == rota(gateway, body, ICS, confirm=shown["confirm"]).status_code
    assert ["hv-2", "hv-2"] == [cover for _, cover, _ in recorded(gateway)]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("UID:1@rota.example", "RRULE:FREQ=WEEKLY", "RRULE"),
        ("UID:1@rota.example", "STATUS:CANCELLED", "STATUS"),
        ("DTEND;VALUE=DATE:20260328", "DURATION:P1D", "DURATION"),
        ("DTEND;VALUE=DATE:20260328", "X-NONE:1", "DTEND"),
        ("DTSTART;VALUE=DATE:20260326", "DTSTART:20260326T080000", "DTSTART"),
        ("DTSTART;VALUE=DATE:20260326", "DTSTART;TZID=../etc:20260326T080000", "DTSTART"),
        ("DTSTART;VALUE=DATE:20260326", "DTSTART:20261326", "DTSTART"),
        ("DTSTART;VALUE=DATE:20260326", "DTSTART:00010101", "DTSTART"),
        ("mailto:HV-1@ryx.example", "mailto:zoe@ryx.example", "ORGANIZER"),
        ("mailto:HV-1@ryx.example", "urn:uuid:1", "ORGANIZER"),
        ("PARTSTAT=ACCEPTED", "PARTSTAT=DECLINED", "ATTENDEE"),
        ("PARTSTAT=ACCEPTED", "CUTYPE=ROOM", "ATTENDEE"),
        ('CN="Hana; herself":mailto:hv-1', "CN=Una:mailto:hv-3", "ATTENDEE"),
    ],
)
def test_an_entry_that_cannot_be_kept_exactly_is_refused(
    gateway: Gateway, old: str, new: str, field: str
) -> None:
    """It alone is at fault; the answer names its property."""
    assert old in ENTRY
    answer = rota(gateway, calendar(ENTRY, ENTRY.replace(old, new)), ICS).json()
    first, second = answer["answers"]
    assert ("new", "refused", field) == (first["outcome"], second["outcome"], second["field"])
    assert second["remedy"]
    assert answer["confirm"] is None


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("", CSV, 422),
        (HEADER, CSV, 422),
        ("person,first_day\nhv-1,2026-03-26\n", CSV, 422),
        ("Who;When\nHana;today\n", CSV, 422),
        (HEADER + "hv-1,,,2026-03-26,2026-03-27\n" * 1001, CSV, 413),
        ("", ICS, 422),
        ("hello", ICS, 422),
        ("SUMMARY:x\n", ICS, 422),
        (calendar(), ICS, 422),
        (calendar(ENTRY).replace("END:VCALENDAR", ""), ICS, 422),
        (calendar(ENTRY, "METHOD:CANCEL\n"), ICS, 422),
        (calendar("BEGIN:VTODO\nEND:VTODO\n"), ICS, 422),
        (calendar("BEGIN:VEVENT\n", ENTRY, "END:VEVENT\n"), ICS, 422),
        (calendar("END:VEVENT\n"), ICS, 422),
        (calendar(ENTRY * 1001), ICS, 413),
        ("{}", {"content-type": "application/json"}, 415),
    ],
)
def test_a_file_that_is_no_rota_says_so(
    gateway: Gateway, body: str, kind: dict[str, str], status: int
) -> None:
    """With the place and what to do, and nothing is recorded."""
    answer = rota(gateway, body, kind)
    problem = answer.json()
    assert status == answer.status_code
    assert problem["remedy"]
    assert [] == recorded(gateway)


def test_a_key_of_one_role_imports_for_that_role_alone(gateway: Gateway) -> None:
    """For all others a row says that there is no such colleague."""
    bound = {"Authorization": f"Bearer {ROLES_KEY}", **CSV}
    body = HEADER + "ng-1,,,2026-03-26,2026-03-27\nhv-1,,,2026-03-26,2026-03-27\n"
    answer = gateway.browse().post("/absences/rota", content=body, headers=bound).json()
    assert [("new", None), ("refused", "no_colleague")] == [
        (each["outcome"], each["reason"]) for each in answer["answers"]
    ]
    assert answer["confirm"] is None


def test_a_thousand_rows_take_a_moment(gateway: Gateway) -> None:
    """The bound of a file is one that a request can do."""
    days = [scene.NOW.date() + timedelta(days=each) for each in range(1, 335)]
    rows = [f"{who},,,{day},{day}" for who in ("hv-1", "hv-2", "hv-3") for day in days][:1000]
    body = HEADER + "\n".join(rows)
    shown = rota(gateway, body).json()
    assert (1000, 0) == (shown["new"], shown["refused"])
    assert 200 == rota(gateway, body, confirm=shown["confirm"]).status_code
    assert 1000 == len(recorded(gateway))
