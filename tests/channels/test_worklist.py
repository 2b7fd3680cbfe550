"""The hub's own worklist keeps the contract of every channel."""

from typing import ClassVar

import pytest

from hub.core.model import Signal
from hub.edges.channels.base import Channel
from hub.edges.channels.worklist import WorklistChannel
from hub.edges.directory import Endpoint
from tests.channels.contract import WAYS_TO_FAIL, Arrival, Contract, Peer, Trouble


class _Page(Peer):
    """The page lists what was decided, by itself: nothing leaves the hub, nothing can be lost."""

    proves = Signal.SENT
    cannot: ClassVar = dict.fromkeys(WAYS_TO_FAIL, "it lists the notice while the hub is alive")

    def make(self) -> tuple[Channel, Endpoint]:
        return WorklistChannel(), Endpoint(organisation=self.organisation)

    def arrivals(self) -> list[Arrival]:
        return []

    def troubles(self) -> list[Trouble]:
        return []


class TestWorklist(Contract):
    """The whole contract, as far as a page of our own can break it."""

    @pytest.fixture
    def peer(self) -> Peer:
        """The page."""
        return _Page()
