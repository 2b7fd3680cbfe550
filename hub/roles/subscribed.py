"""Subscriptions in force: what pages agree on takes the road of notices within seconds.

They are laid over the directory that the delivery loop works with, between two of its reads; the
rows of the file stay beneath.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Engine

from hub.core.replaying import ReplayReason
from hub.core.subscribing import SubscriptionState
from hub.edges.channels.kafka_place import Places
from hub.edges.directory import Directory, Endpoint
from hub.edges.roads import ANY_ROLE, Beside
from hub.ops import metrics
from hub.ops.logs import log
from hub.ops.metrics_channels import SUBSCRIPTIONS_UNREADABLE
from hub.ops.settings import Settings
from hub.store import agreement_reads, agreements, replays
from hub.store.engine import make_engine, reading, writing
from hub.store.readdressing import readdress
from hub.store.replay_rows import Chosen
from hub.store.sealing import Vault, check_opens, seal_kept
from hub.store.worklist import Listed

LOOK_SECONDS: Final = 5.0
PLACES_SECONDS: Final = 30.0
"""The page that approves or revokes does it at once."""


class Subscribed:
    """Keeps a directory in step with the subscriptions that carry."""

    def __init__(
        self,
        engine: Engine,
        directory: Directory,
        rule_events: Mapping[str, str],
        now: Callable[[], datetime],
        vault: Vault,
    ) -> None:
        """`now` is real time, by which subscriptions end; `vault` opens what signs."""
        self._engine, self._directory, self._now = engine, directory, now
        self._rule_events, self._vault = rule_events, vault

    async def run(self, wake: Callable[[], None]) -> None:
        """Look again and again; `wake` is called when notices have got another road."""
        while True:
            if await asyncio.to_thread(self.keep):
                wake()
            await asyncio.sleep(LOOK_SECONDS)

    def keep(self) -> bool:
        """Bring the directory up to date; whether it changed.  Raises SealedOtherwiseError."""
        now = self._now()
        with reading(self._engine) as conn:
            due = agreements.anything_due(conn, now)
        if due:
            with writing(self._engine) as conn:
                agreements.pass_time(conn, now)
        with reading(self._engine) as conn:
            kept = agreement_reads.endpoints(conn, self._rule_events)
            soon = agreement_reads.expiring(conn, now)
            unread = agreement_reads.unreadable(conn)
            every = agreements.agreements(conn)
        found = [self._vault.opened(each) for each in kept]
        metrics.SUBSCRIPTIONS_EXPIRING.set(len(soon))
        SUBSCRIPTIONS_UNREADABLE.set(len(unread))
        wanted = agreement_reads.by_place(self._before_others(each) for each in found)
        changed = wanted != self._directory.subscribed
        if changed:
            for each in found:
                if isinstance(each, Beside):
                    log().warning("filter_unread", destination_id=each.destination_id)
            self._directory.subscribed = wanted
            with writing(self._engine) as conn:
                readdress(conn, self._directory, now)
            log().info("subscriptions_changed", carrying=len(found))
        new = [e for e in every if e.state is SubscriptionState.ACTIVE and not e.joined]
        for joining in new:
            self._join(joining, now)
        return changed or bool(new)

    def _before_others(self, agreed: Endpoint) -> Endpoint:
        """What was agreed on, before the further channels of the row that it takes the place of."""
        ground = self._directory.endpoints
        row = ground.get((agreed.organisation, agreed.role))
        row = row or ground.get((agreed.organisation, ANY_ROLE))
        return agreed if row is None else replace(agreed, then=row.then, next_after=row.next_after)

    def _join(self, joining: agreements.Agreement, now: datetime) -> None:
        """A late joiner gets what is true now and open, and no history."""
        asked = replays.Asked(
            replay_id=f"rp-{secrets.token_hex(8)}",
            reason=ReplayReason.JOINED,
            person_id=joining.approved_by or agreements.BY_ITSELF,
            now=now,
            only_to=joining.destination_id,
        )
        role = "" if joining.role == ANY_ROLE else joining.role
        open_now = Chosen(organisation=joining.organisation, role=role, listed=Listed.OPEN)
        replays.catch_up(self._engine, self._directory, open_now, asked)
        with reading(self._engine) as conn:
            sent = replays.seen(conn, asked.replay_id).notices
        with writing(self._engine) as conn:
            agreements.note_joined(conn, joining.agreement_id)
        log().info("subscription_joined", agreement_id=joining.agreement_id, notices=sent)


async def keep_places(places: Places) -> None:
    """Keep the brokers in step until cancelled: some end by themselves, some wait for rights."""
    while True:
        await places.keep()
        await asyncio.sleep(PLACES_SECONDS)


def seal_at_start(settings: Settings) -> None:
    """Seal what an earlier release kept in clear, and try the key.  Raises SealedOtherwiseError.

    A role that cannot sign stops before it takes a notice: every other one would be told by a hub
    that was given another's secret.
    """
    vault, engine = Vault(*settings.sealing()), make_engine(settings.real_database_url())
    try:
        if many := seal_kept(engine, vault):
            log().info("subscriptions_sealed", rows=many)
        check_opens(engine, vault)
    finally:
        engine.dispose()
