"""One woman under several keys, on everything that `hub up` starts."""

from datetime import timedelta
from typing import Any

import pytest

from hub.store import tables as t
from tests.acceptance.people import booking, iso, now
from tests.acceptance.upped import Up, nhs_number, soon

pytestmark = pytest.mark.stack


def about(n: int, name: str, kind: str, /, **data: Any) -> dict[str, Any]:
    """An event of the n-th woman that happened a minute ago."""
    return {**booking(n, name), "type": kind, "data": data}


def babys_own(n: int, name: str, kind: str, /, **data: Any) -> dict[str, Any]:
    """The same, by somebody who knows nobody but the baby."""
    number = nhs_number(n + 1)
    born = (now().date() - timedelta(days=3)).isoformat()
    known = {"reference": f"nhs:{number}", "nhs_number": number, "birth_date": born}
    return {**about(n, name, kind, **data), "subject": known}


def notified(n: int) -> dict[str, Any]:
    """The birth notification, which holds both numbers."""
    return about(
        n,
        "notified",
        "birth.notified",
        baby_id=f"B-{n}",
        baby_nhs=nhs_number(n + 1),
        mother_nhs=nhs_number(n),
        notified_at=iso(now() - timedelta(minutes=2)),
        child_health_org="RXX",
    )


def episode_of(up: Up, event_id: str) -> str | None:
    """The episode that recorded an event."""
    row = up.row(t.events, event_id=event_id)
    return None if row is None else str(row["episode_id"])


def test_whose_baby_a_number_is_once_the_birth_has_said_it(up: Up) -> None:
    """What came before waits in quarantine, and goes through by itself; what comes later goes on.

    Neither names the mother anywhere.
    """
    n = 8100
    booked = booking(n)
    assert 202 == up.post(booked).status_code
    mothers = soon(lambda: episode_of(up, booked["id"]))
    visitor = babys_own(
        n,
        "visitor",
        "assignment.changed",
        role="NAMED_HV",
        organisation="RYX",
        practitioner="hv-1",
        accepted="y",
        **{"from": iso(now() - timedelta(hours=1))},
    )
    assert 202 == up.post(visitor).status_code
    kept = soon(lambda: up.row(t.quarantine, reason="no_episode", event_type="assignment.changed"))
    assert "open" == kept["state"]
    assert 202 == up.post(notified(n)).status_code
    assert mothers == soon(lambda: episode_of(up, visitor["id"]))
    quarantine_id = kept["quarantine_id"]
    closed = soon(lambda: up.row(t.quarantine, quarantine_id=quarantine_id, state="redriven"))
    assert "hub" == closed["resolved_by"]
    seen = babys_own(
        n, "seen", "screening.newborn", baby_id=f"nhs:{nhs_number(n + 1)}", test="NIPE",
        outcome="done",
    )  # fmt: skip
    assert 202 == up.post(seen).status_code
    assert mothers == soon(lambda: episode_of(up, seen["id"]))


def test_two_records_of_one_woman_are_followed_together_after_a_merge(up: Up) -> None:
    """Both files hear what comes after it, and one of them decides."""
    n = 8110
    first, second = booking(n), booking(n + 1)
    for one in (first, second):
        assert 202 == up.post(one).status_code
    files = {soon(lambda one=one: episode_of(up, one["id"])) for one in (first, second)}
    assert 2 == len(files)
    merge = about(
        n,
        "merge",
        "demographics.changed",
        kind="nhs_merge",
        effective=now().date().isoformat(),
        to=nhs_number(n),
        **{"from": nhs_number(n + 1)},
    )
    assert 202 == up.post(merge).status_code
    soon(lambda: both(up, first["id"], files) and both(up, second["id"], files))
    later = booking(n + 1, "later")
    assert 202 == up.post(later).status_code
    rows = soon(lambda: both(up, later["id"], files))
    assert ["followed", "new"] == sorted(str(row["how"]) for row in rows)


def both(up: Up, event_id: str, files: set[str]) -> list[dict[str, Any]]:
    """The rows of an event, once each of these episodes has recorded it."""
    rows = [up.row(t.events, event_id=event_id, episode_id=one) for one in sorted(files)]
    return [row for row in rows if row is not None] if all(rows) else []
