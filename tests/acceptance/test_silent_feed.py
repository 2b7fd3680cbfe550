"""A feed that goes quiet, on real Kafka and Faust: its gap is on the board, with somebody told."""

from datetime import timedelta

import pytest

from hub.store import tables as t
from tests.acceptance.people import iso, now
from tests.acceptance.upped import Up, soon

pytestmark = pytest.mark.stack

FEED = "RXX:MATERNITY"
HOUR = timedelta(hours=1)


def heartbeat(number: int, ago: timedelta, backlog: int = 0) -> dict[str, object]:
    """A heartbeat of an hourly feed, made a while ago."""
    return {
        "specversion": "1.0",
        "id": f"acc-beat-{number}",
        "type": "feed.heartbeat",
        "source": FEED,
        "time": iso(now() - ago),
        "subject": {"reference": FEED},
        "data": {
            "source": FEED,
            "seq": number,
            "expected_every": 60,
            "backlog": backlog,
            "final": "n",
        },
    }


def test_silence_is_seen_told_and_ended(up: Up) -> None:
    """Nothing before twice the interval, a gap at it, the operator told, an end when it is back."""
    assert 202 == up.post(heartbeat(1, 2 * HOUR - timedelta(seconds=8))).status_code
    asked = soon(lambda: up.row(t.expectations, rule="P50.feed-silent"))
    assert asked["episode_id"].startswith("m-")
    assert "RXX" not in asked["episode_id"]
    early = up.row(t.gaps, code="G61")
    # A busy machine may come to this look when the time is over already.
    assert early is None or now() >= asked["due_at"]
    gap = soon(lambda: up.row(t.gaps, code="G61", state="open"))
    assert (FEED, "HUB_OPERATOR", "HUB", 3) == (
        gap["subject"],
        gap["role"],
        gap["organisation"],
        gap["severity"],
    )
    assert gap["opened_at"] == gap["due_at"] == asked["due_at"]
    with up.browser("operator") as browser:
        board = browser.get("/gaps").text
        page = browser.get(f"/gaps/{gap['gap_id']}").text
    assert "G61" in board
    assert FEED in page
    assert "family's timeline" not in page
    rung = soon(lambda: up.row(t.escalations, gap_id=gap["gap_id"], role="HUB_OPERATOR"))
    assert soon(lambda: up.row(t.notices, obligation_id=rung["obligation_id"]))
    assert 202 == up.post(heartbeat(2, timedelta(0), backlog=5)).status_code
    assert soon(lambda: up.row(t.events, event_id="acc-beat-2"))
    assert up.row(t.gaps, code="G61", state="open")
    assert soon(lambda: now() > gap["due_at"])
    assert 202 == up.post(heartbeat(3, timedelta(0))).status_code
    assert soon(lambda: up.row(t.gaps, code="G61", state="cleared_late"))
