"""A feed numbers its messages (MSH-13), on real MLLP, Kafka and Faust: what is lost is seen."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.ops.settings import PACKAGE
from hub.store import tables as t
from tests.acceptance.people import hl7_booking, iso, now
from tests.acceptance.upped import Up, soon

pytestmark = pytest.mark.stack

FEED = "RXX:MATERNITY"
FIRST_WOMAN = 700


@dataclass
class Hasty(Up):
    """A hub in which a number may not be late at all."""

    policy: Path = Path()

    def settings(self) -> dict[str, str]:
        """With a policy of its own."""
        return {**super().settings(), "HUB_POLICY_DIR": str(self.policy)}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hasty]:
    """A running one."""
    folder = tmp_path_factory.mktemp("hasty")
    shutil.copytree(PACKAGE / "policy", folder / "policy")
    areas = folder / "policy" / "areas.toml"
    text = areas.read_text(encoding="utf-8")
    fresh, changed = re.subn(
        r'(name = "feed_numbers_grace"\n(?:.*\n){2}default = )60', r"\g<1>0", text
    )
    assert 1 == changed
    areas.write_text(fresh, encoding="utf-8")
    hub = Hasty(folder / "data", policy=folder / "policy")
    hub.start()
    yield hub
    assert 0 == hub.stop()


def numbered(number: int, message: bytes) -> bytes:
    """A message with this number in MSH-13."""
    header, _, rest = message.partition(b"\r")
    return header + b"|%d\r" % number + rest


def booking(number: int) -> bytes:
    """A booking of a woman of its own."""
    return numbered(number, hl7_booking(FIRST_WOMAN + number, f"NUM-{number}"))


def about_an_outpatient(number: int) -> bytes:
    """A message that is taken and tells the hub nothing."""
    message = hl7_booking(FIRST_WOMAN + number, f"NUM-{number}")
    return numbered(number, message.replace(b"A05", b"A04").replace(b"PV1|1|P", b"PV1|1|O"))


def without_a_visit(number: int) -> bytes:
    """A message that is refused, and kept in quarantine."""
    message = hl7_booking(FIRST_WOMAN + number, f"NUM-{number}").replace(b"A05", b"A01")
    return numbered(number, message.replace(b"PV1|1|P\r", b""))


def test_a_lost_message_is_seen_named_and_ended(hasty: Hasty) -> None:
    """Refused and ignored messages are here, and no holes; the lost ones are, until they come."""
    assert "MSA|AA" in hasty.mllp(booking(1))
    assert "MSA|AE" in hasty.mllp(without_a_visit(2))
    ignored = hasty.mllp(about_an_outpatient(3))
    assert "MSA|AA" in ignored
    assert "nothing to pass on" in ignored
    # Refused messages come by another way: here no number may be late.
    assert soon(lambda: hasty.row(t.expectations, rule="P50.quarantined"), seconds=30)
    assert "MSA|AA" in hasty.mllp(booking(6))
    gap = soon(lambda: hasty.row(t.gaps, code="G61", state="open"), seconds=30)
    assert (f"{FEED}, 2 missing: 4 to 5", "HUB_OPERATOR", "HUB") == (
        gap["subject"],
        gap["role"],
        gap["organisation"],
    )
    assert gap["episode_id"].startswith("m-")
    assert "MSA|AA" in hasty.mllp(booking(5))
    assert "MSA|AA" in hasty.mllp(booking(5)), "a copy is harmless"
    stated = {
        "specversion": "1.0",
        "id": "num-beat-1",
        "type": "feed.heartbeat",
        "source": FEED,
        "time": iso(now()),
        "subject": {"reference": FEED},
        "sequence": "7",
        "data": {"source": FEED, "seq": 1, "expected_every": 600, "nothing_from": 4},
    }
    assert hasty.row(t.gaps, code="G61", state="open")
    assert 202 == hasty.post(stated).status_code
    ended = soon(lambda: hasty.row(t.gaps, gap_id=gap["gap_id"], state="cleared_late"), seconds=30)
    assert ended["subject"] == gap["subject"]
