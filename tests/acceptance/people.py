"""Events and messages about invented people, for a hub on the real clock."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.acceptance.upped import nhs_number

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    """The present instant, to the second, as a sender writes it."""
    return datetime.now(UTC).replace(microsecond=0)


def just_now() -> datetime:
    """When what is sent now has happened: a minute ago."""
    return now() - timedelta(minutes=1)


def iso(moment: datetime) -> str:
    """An instant as JSON has it."""
    return moment.isoformat().replace("+00:00", "Z")


def subject(n: int) -> dict[str, Any]:
    """The n-th invented woman."""
    return {
        "reference": f"MAT7{n:04}",
        "nhs_number": nhs_number(n),
        "family_name": f"Testwood{n}",
        "given_name": "Edda",
        "birth_date": "1995-05-17",
        "postcode": "ZZ99 3CZ",
    }


def booking(n: int, name: str = "booking", **changes: Any) -> dict[str, Any]:
    """A booking at RXX for a woman of Alder Surgery, taken a minute ago."""
    made = just_now()
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"acc-{n}-{name}",
        "type": "pregnancy.booked",
        "source": "RXX:MATERNITY",
        "time": iso(made),
        "subject": subject(n),
        "data": {
            "booked_on": made.date().isoformat(),
            "edd": (made.date() + timedelta(days=200)).isoformat(),
            "edd_basis": "scan",
            "parity": 0,
            "planned_contacts": 10,
            "provider": "RXX",
            "named_midwife": {"id": "mw-17"},
            "gp_ods": "Y99001",
            "hv_team_hint": "RYX",
            "sharing_ref": "",
        },
    }
    return altered(event, changes)


def altered(event: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """An event with some fields changed; `data__edd` is the field edd of data, None removes."""
    fresh = {**event, "subject": dict(event["subject"]), "data": dict(event["data"])}
    for path, value in changes.items():
        outer, _, inner = path.partition("__")
        where, name = (fresh[outer], inner) if inner else (fresh, outer)
        if value is None:
            del where[name]
        else:
            where[name] = value
    return fresh


def hl7_booking(n: int, control_id: str, facility: str = "RXX") -> bytes:
    """An ADT^A05 that books the n-th woman."""
    made = just_now()
    due = (made.date() + timedelta(days=200)).strftime("%Y%m%d")
    at = made.strftime("%Y%m%d%H%M%S+0000")
    who = subject(n)
    name = f"{who['family_name'].upper()}^{who['given_name'].upper()}"
    ids = f"{who['nhs_number']}^^^NHS^NH~{who['reference']}^^^{facility}^MR"
    return "\r".join(
        [
            f"MSH|^~\\&|MATERNITY|{facility}|HUB|HUB|{at}||ADT^A05|{control_id}|P|2.5",
            f"EVN|A05|{at}",
            f"PID|1||{ids}||{name}||19950517|F|||^^^^ZZ99 3CZ",
            "PD1|||PRACTICE^^Y99001",
            "PV1|1|P",
            f"ZPR|{due}|scan|{made:%Y%m%d}|0|10|mw-17^Heron^Jo|||",
            "",
        ]
    ).encode()


UNUSABLE_ADMISSION = (
    rb"""MSH|^~\&|MATERNITY_EU|INVENTED|HUB||20260527093000||ADT^A01|ACC-A01|P|2.5
EVN|A01|20260527093000
PID|1||NHS7654321^^^NHS^NH~MRN-7^^^INVENTED^MR||TESTWOOD^EDDA||19950517|F|||1 NO ROAD^^^^ZZ99 3CZ
DG1|1||O80^Encounter for full-term uncomplicated delivery^I10|||A

SYNTHETIC: NOT A PATIENT"""
).replace(b"\n", b"\r")
"""An admission as another continent's converter writes it: no visit, a number that is none, a
stray line at the end."""
