"""What the hub counts about itself: complete from the start, and closed."""

import re
import socket
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.core.faults import FaultReason
from hub.core.model import Level, NoticeReason
from hub.ops import metrics, metrics_channels
from tests.patience import PATIENCE_SECONDS


def series() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every series shown now, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.exposition())
        for sample in family.samples
    }


def one(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """The key of one series."""
    return name, frozenset(labels.items())


def value(name: str, **labels: str) -> float | None:
    """The value of one series, or None when it does not exist."""
    return series().get(one(name, **labels))


def test_every_reason_stands_at_zero_before_anything_happens() -> None:
    """Every quarantine reason can be watched before the first input is ever refused."""
    shown = series()
    found = [shown.get(one("hub_quarantine_depth", reason=reason.value)) for reason in FaultReason]
    assert [0.0] * len(FaultReason) == found


def test_every_packaged_event_type_exists_for_every_door() -> None:
    """The schema folder is the list of event types, and `unknown` is on it too."""
    types = [*metrics._packaged_event_types(), metrics.UNKNOWN]
    assert "pregnancy.booked" in types
    shown = series()
    missing = [
        (event_type, door)
        for event_type in types
        for door in metrics.DOORS
        if one("hub_events_in_total", type=event_type, door=door) not in shown
    ]
    assert [] == missing


def test_every_role_and_gap_of_the_packaged_policy_exists() -> None:
    """A role that was never told anything, and a gap that never opened, still show as zero."""
    policy = Path(metrics.__file__).parents[1] / "policy"
    roles = re.findall(r'^role = "(\w+)"', (policy / "roles.toml").read_text("utf-8"), re.MULTILINE)
    codes = re.findall(r'^code = "(\w+)"', (policy / "gaps.toml").read_text("utf-8"), re.MULTILINE)
    assert roles
    assert codes
    shown = series()
    for name, label, known in (
        ("hub_notices_total", "role", roles),
        ("hub_gaps_open", "code", codes),
    ):
        values = {dict(labels)[label] for each, labels in shown if each == name}
        assert set() == set(known) - values


def test_every_outcome_of_the_core_is_counted_by_its_own_tag() -> None:
    """The kinds come from the core's own union, so that a new outcome cannot be forgotten."""
    assert {"notice_issued", "gap_opened", "wake_wanted"} <= set(metrics.outcome_kinds())
    shown = series()
    assert all(one("hub_decisions_total", kind=kind) in shown for kind in metrics.outcome_kinds())


def test_declared_channels_exist_for_every_result_and_reason() -> None:
    """What only the edges know is declared by the role that starts."""
    metrics.declare_channels(["carrier"], results=["delivered", "failed"], reasons=["lost"])
    assert 0.0 == value("hub_delivery_attempts_total", channel="carrier", result="failed")
    assert 0.0 == value("hub_delivery_failures_total", channel="carrier", reason="lost")


def test_going_on_to_the_next_channel_is_counted_by_both() -> None:
    """Every pair is there at zero, and a word that is on no list of ours stays out."""
    metrics_channels.declare_next_channels(["first", "second"])
    name, pair = "hub_next_channel_total", {"from_channel": "first", "to_channel": "second"}
    other = pair | {"from_channel": "unknown"}
    assert (0.0, 0.0) == (value(name, **pair), value(name, **other))
    metrics_channels.went_on("first", "second")
    metrics_channels.went_on("of a sender", "second")
    assert (1.0, 1.0) == (value(name, **pair), value(name, **other))


def test_a_known_event_is_counted_and_an_unknown_one_keeps_its_name_out() -> None:
    """A sender cannot make a series of its own."""
    metrics.declare_event_types(["pregnancy.booked"])
    known = value("hub_events_in_total", type="pregnancy.booked", door="mllp") or 0.0
    unknown = value("hub_events_in_total", type="unknown", door="mllp") or 0.0
    metrics.event_in("pregnancy.booked", "mllp")
    metrics.event_in("something.else", "mllp")
    assert known + 1 == value("hub_events_in_total", type="pregnancy.booked", door="mllp")
    assert unknown + 1 == value("hub_events_in_total", type="unknown", door="mllp")
    assert "something.else" not in metrics.exposition()


def test_an_unknown_door_is_a_fault_of_ours() -> None:
    """Doors are named by our own code, so a wrong one is refused at once."""
    with pytest.raises(ValueError, match="no such door"):
        metrics.event_in("pregnancy.booked", "window")


def test_notices_and_levels_are_counted() -> None:
    """One of each is one of each."""
    metrics.declare_roles(["GP_PRACTICE"])
    notices = value("hub_notices_total", role="GP_PRACTICE", reason="first") or 0.0
    levels = value("hub_levels_total", level="accepted") or 0.0
    metrics.notice_issued("GP_PRACTICE", NoticeReason.FIRST)
    metrics.level_reached(Level.ACCEPTED)
    assert notices + 1 == value("hub_notices_total", role="GP_PRACTICE", reason="first")
    assert levels + 1 == value("hub_levels_total", level="accepted")


def test_port_zero_means_off() -> None:
    """A role without a metrics port starts no server."""
    assert metrics.start_metrics("127.0.0.1", 0) is None


def test_prometheus_can_scrape_it_and_a_taken_port_is_an_error(free_port: int) -> None:
    """The exposition is served whole, and a second role cannot take the port in silence."""
    exporter = metrics.start_metrics("127.0.0.1", free_port)
    assert exporter is not None
    try:
        address = f"http://127.0.0.1:{exporter.port}/metrics"
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:
            assert b"hub_conflicts_total" in answer.read()
        with pytest.raises(OSError, match="in use"):
            metrics.start_metrics("127.0.0.1", free_port)
    finally:
        exporter.stop()


@pytest.fixture
def free_port() -> int:
    """A TCP port that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
