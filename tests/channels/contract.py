"""The contract of every channel, which each must keep against a real peer.

A module per channel subclasses `Contract` and gives it a `Peer`.  What the contract says:

* it claims what it can prove and no more: DELIVERED only for the recipient's own word;
* a repeat of a notice has one effect at the peer, which knows it by the notice's id;
* nothing travels but the notice itself, as it was redacted for this recipient;
* refused, asked to wait, dead and hanging are answers and not errors, within the deadline;
* neither an answer nor a log holds anything of the notice's content or of the endpoint's secret.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest

from hub.core.model import Person, Signal
from hub.core.outcomes import ContentLine, EpisodeChanged
from hub.edges.channels.base import Channel, Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from hub.roles.queueing import notice_of
from tests.channels.tools import opened, send
from tests.house.identities import find_identities
from tests.patience import PATIENCE_SECONDS
from tests.stopwatch import Stopwatch
from tests.store.records import GP, decision, issued, notice_record

WAYS_TO_FAIL = ("refused", "later", "dead", "hanging")
SLACK_SECONDS = 3.0
"""Beyond the deadline: starting and stopping a client."""

OWN = ("Quillfeather", "9990000018")
"""In the notice's content: for the recipient, and for no log."""

OTHERS = ("Wherewithal", "9990000026", "ZZ99 3CZ", "shouts at night")
"""In the decision, but not in the notice: they may not travel at all."""


@dataclass(frozen=True)
class Arrival:
    """Something that arrived at the peer: the key by which it tells a repeat, and every byte."""

    key: str
    raw: bytes


@dataclass(frozen=True)
class Trouble:
    """A way to fail, and the answer that is due."""

    way: str
    make: Callable[[], tuple[Channel, Endpoint]]
    """Bring the peer into that state; give a channel and an endpoint to try it with."""
    reason: DeliveryReason
    retry: bool = True
    wait: timedelta | None = None


class Peer(ABC):
    """The other side of a channel, really there."""

    proves: ClassVar[Signal]
    deadline: ClassVar[float] = 2.0
    seconds: float = PATIENCE_SECONDS
    """How long an attempt may take: as long as the machine needs, and the deadline only where the
    contract tries what happens at it."""
    cannot: ClassVar[Mapping[str, str]] = {}
    """Ways to fail that this channel does not know, each with its reason."""
    organisation: str = GP

    @abstractmethod
    def make(self) -> tuple[Channel, Endpoint]:
        """A channel that is not started, and the endpoint of the live peer."""

    @abstractmethod
    def arrivals(self) -> list[Arrival]:
        """What has arrived, in order."""

    @abstractmethod
    def troubles(self) -> list[Trouble]:
        """Every way to fail that is not in `cannot`."""

    def notice(self, notice_id: str = "n-1") -> NoticeRecord:
        """A notice that the contract sends: a woman's name and number are in its content."""
        content = tuple(
            ContentLine(group="who", field=name, label=name, value=value)
            for name, value in zip(("family_name", "nhs_number"), OWN, strict=True)
        )
        return notice_record(notice_id, organisation=self.organisation, content=content)


class Contract:
    """What the delivery loop relies on, whatever the channel."""

    def test_it_claims_what_it_can_prove_and_no_more(self, peer: Peer) -> None:
        """SENT for a carrier's word, DELIVERED only for the recipient's own."""
        (result,) = send(*peer.make(), peer.notice())
        assert isinstance(result, Delivered)
        assert peer.proves is result.signal

    def test_a_repeat_has_one_effect(self, peer: Peer) -> None:
        """After a restart too: what comes twice comes under the same key."""
        notice = peer.notice("n-7")
        results = [send(*peer.make(), notice)[0] for _ in range(2)]
        assert [peer.proves] * 2 == [r.signal for r in results if isinstance(r, Delivered)]
        assert len({arrival.key for arrival in peer.arrivals()}) <= 1

    def test_what_goes_together_arrives_in_its_order(self, peer: Peer) -> None:
        """As many at once as the channel allows: all arrive, in the order they were made."""
        channel, endpoint = peer.make()
        made = [peer.notice(f"n-{n}") for n in range(channel.together)]

        async def go() -> list[type_of_result]:
            async with opened(channel) as ready:
                return await asyncio.gather(*(ready.send(each, endpoint) for each in made))

        results = asyncio.run(go())
        assert [peer.proves] * len(made) == [r.signal for r in results if isinstance(r, Delivered)]
        arrived = [arrival.key for arrival in peer.arrivals()]
        assert arrived == list(dict.fromkeys(arrived)), "each once"
        assert not arrived or len(made) == len(arrived)

    def test_only_the_notice_travels(self, peer: Peer) -> None:
        """Nothing else of the decision, and no secret of the endpoint."""
        mother = Person(
            reference="M-1", nhs_number=OTHERS[1], family_name=OTHERS[0], postcode=OTHERS[2]
        )
        given = issued(organisation=peer.organisation)
        other = issued("n-2", "o-2", organisation=peer.organisation, title=OTHERS[3])
        whole = decision(1, EpisodeChanged(mother=mother), given, other)
        channel, endpoint = peer.make()
        send(channel, endpoint, notice_of(whole, given))
        text = "\n".join(a.raw.decode("utf-8", "replace") for a in peer.arrivals())
        assert [] == find_identities(text, OTHERS)
        assert not endpoint.secret or endpoint.secret not in text

    def test_each_way_to_fail_has_its_answer(
        self, peer: Peer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """With its reason, within the deadline, and without a word of the content."""
        caplog.set_level(logging.DEBUG)
        for trouble in peer.troubles():
            timed_out = trouble.reason is DeliveryReason.TIMED_OUT
            peer.seconds = peer.deadline if timed_out else PATIENCE_SECONDS
            channel, endpoint = trouble.make()
            with Stopwatch() as watch:
                (result,) = send(channel, endpoint, peer.notice())
            assert isinstance(result, Failed), trouble.way
            assert (trouble.reason, trouble.retry, trouble.wait) == (
                result.reason,
                result.retry,
                result.wait,
            ), trouble.way
            assert watch.seconds < peer.deadline + SLACK_SECONDS, trouble.way
            said = "\n".join([repr(result), caplog.text, *capfd.readouterr()])
            assert [] == find_identities(said, OWN), trouble.way
            assert not endpoint.secret or endpoint.secret not in said, trouble.way

    def test_every_way_to_fail_is_tried_or_has_a_reason(self, peer: Peer) -> None:
        """So that a channel leaves out nothing by oversight."""
        tried = {trouble.way for trouble in peer.troubles()}
        assert set(WAYS_TO_FAIL) <= tried | set(peer.cannot)
        assert all(peer.cannot.values())
