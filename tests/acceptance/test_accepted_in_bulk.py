"""Thirteen safeguarding notices accepted by one hand within seconds, on real Kafka and Faust."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from hub.core.model import Level
from hub.demo.stage import demo_key
from hub.ops.clock import HeldClock
from hub.store import tables as t
from hub.store.worklist import Listed
from tests.acceptance.people import booking, now
from tests.acceptance.upped import Up, soon
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.stack

MANY = 13
RULE = "P05.safeguarding"


@dataclass
class Held(Up):
    """A hub whose clock stands until the test moves it: what is counted is time between people."""

    def clock(self) -> HeldClock:
        """Its clock."""
        return HeldClock(self.folder / "clock")

    def settings(self) -> dict[str, str]:
        """Those of any hub, and the clock."""
        return {**super().settings(), "HUB_CLOCK": f"file:{self.folder / 'clock'}"}

    def wait(self, seconds: float) -> None:
        """So much time goes by."""
        clock = self.clock()
        clock.move(clock.now() + timedelta(seconds=seconds))


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Held]:
    """A running one."""
    hub = Held(tmp_path)
    hub.clock().move(now())
    hub.start()
    yield hub
    assert 0 == hub.stop()


def notices(up: Held) -> list[dict[str, Any]]:
    """What the practice's safeguarding lead has been told of late bookings."""
    n = t.notices
    asked = sa.select(n).where(n.c.rule == RULE, n.c.role == "GP_SG_LEAD")
    return [dict(row) for row in up.read(lambda c: c.execute(asked).mappings().all())]


def accept(up: Held, notice: dict[str, Any]) -> None:
    """Her name under one of them."""
    body = {
        "notice_id": notice["notice_id"],
        "signal": "accepted",
        "role": "GP_SG_LEAD",
        "person": "dr-elm",
    }
    headers = {"authorization": f"Bearer {demo_key(notice['organisation'])}"}
    answer = httpx.post(f"{up.page}/receipts", json=body, headers=headers, timeout=PATIENCE_SECONDS)
    assert 202 == answer.status_code, answer.text


def levels(up: Held) -> set[tuple[int, str, str | None]]:
    """How far the notices got, where they stand, and who has them."""
    return {(n["level"], n["listed"], n["accepted_by"]) for n in notices(up)}


def test_none_of_them_counts_and_one_that_is_read_does(up: Held) -> None:
    """Each stands on the worklist again, her manager is told, and the page says why."""
    edd = (now().date() + timedelta(days=100)).isoformat()
    for number in range(MANY):
        late = booking(8300 + number, data__edd=edd, data__late_reason=["unaware"])
        assert 202 == up.post(late).status_code
    found = soon(lambda: got if len(got := notices(up)) == MANY else None)
    up.wait(6)  # Less than the time in which anybody reads one would be none by itself.
    for notice in found:
        accept(up, notice)
    opened = (Level.OPENED, Listed.OPEN, None)
    soon(lambda: up.row(t.gaps, code="G64", state="open"))
    soon(lambda: levels(up) == {opened})
    with up.browser("alder-lead") as browser:
        page = browser.get(f"/n/{found[0]['notice_id']}").text
    assert "one person accepted more at once than anybody reads" in page
    up.wait(61)  # Within the same minute it would be part of the bulk.
    accept(up, found[0])
    accepted = (Level.ACCEPTED, Listed.DONE, "dr-elm")
    assert soon(lambda: levels(up) == {opened, accepted})
