"""Kafka stopped and killed under load: the short form of `python -m bench.outage`."""

from pathlib import Path

import pytest

from bench.outage import outage
from bench.outage_site import Plan

pytestmark = pytest.mark.stack


def test_nothing_accepted_is_lost_when_kafka_is_killed(tmp_path: Path) -> None:
    """Twenty seconds without Kafka, events over HTTP and over Kafka, and deadlines meanwhile.

    Every event that was taken has its decision, what could not be taken was answered 503 with
    Retry-After, every deadline opened its gap once, late, and the gateway did not grow.
    """
    plan = Plan(minutes=1 / 3, rate=25, direct_rate=5, armed=5, senders=10)
    result = outage(plan, tmp_path)
    assert result.ok, result
    assert 5 == result.deadlines_opened
