"""The feeds agent: what has come from each sender, and what never came.

The intake agent and the doors say what has come (`hub.feeds`, keyed by the feed); the clock wakes a
feed when a number becomes overdue, or when hours are over that can be judged.  What is found
out goes to a matter, whose rule opens the gap (P50, G61).
"""

from datetime import UTC, datetime

import faust
import msgspec
from aiokafka import ConsumerRecord
from msgspec.structs import replace

from agents.agenda import Agenda
from agents.context import Context
from agents.fitting import check_all_fit, closed_to_fit
from agents.guard import key_of, quarantined
from agents.kept import Kept, close_kept, open_kept
from agents.matters import counted_output
from agents.outputs import Output, Sender
from agents.transport import PartitionStore, confirmed_offset, slices
from hub.core.feeds import Arrivals, Feed, arrivals_of, heard, looked_at, next_look
from hub.core.model import InputKind
from hub.edges.avro import decode_input, encode_input
from hub.edges.matters import input_of_arrivals
from hub.ops.topics import FEEDS

TABLE = "feeds"

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Feed).decode


def arrivals_output(context: Context, given: Arrivals, at: datetime) -> Output:
    """The input by which the feeds agent hears at `at` of what has come."""
    told = input_of_arrivals(given, at, context.secret, context.directory)
    return Output(FEEDS, told.episode_id.encode(), encode_input(told))


def add_feeds(app: faust.App, context: Context, agenda: Agenda) -> PartitionStore:
    """Add the feeds agent; returns its store, for the agenda."""
    feeds = PartitionStore(app, app.Table(TABLE))

    @app.agent(app.topic(FEEDS), name=TABLE)
    async def feeds_agent(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            sender = Sender(app)
            confirmed = confirmed_offset(app, piece.topic, piece.partition)
            for record in piece.records:
                key = key_of(record)
                kept = open_kept(feeds.get(piece, key))
                outputs = kept.again(record.offset)
                if outputs is None:
                    fresh = follow(context, record, kept, confirmed)
                    stored, outputs = await closed_to_fit(TABLE, key, fresh, close_kept, sender)
                    await feeds.hold(piece, key, stored)
                    agenda.note(piece.partition, key, fresh.next_wake)
                await sender.append(outputs)
            await sender.send()

    return feeds


def follow(context: Context, record: ConsumerRecord, kept: Kept, confirmed: int) -> Kept:
    """Take in what has come from a feed, or that time has passed; what cannot be is kept back."""
    feed = _unpack(kept.state) if kept.state else Feed()
    try:
        given = decode_input(record.value or b"")
        calendar = context.policy.calendar
        if given.kind is InputKind.COUNTED and given.counted is not None:
            feed = replace(feed, area=given.area or feed.area)
            settings = context.policy.settings.at(feed.area)
            arrivals = arrivals_of(given.counted)
            fresh, said = heard(feed, arrivals, given.at, settings, calendar)
        else:
            settings = context.policy.settings.at(feed.area)
            fresh, said = looked_at(feed, given.at, settings, calendar)
        outputs = tuple(counted_output(context, one, given.at) for one in said)
        wake = next_look(fresh, settings)
        after = kept.after(
            record.offset, _pack(fresh), outputs, confirmed=confirmed, next_wake=wake
        )
        check_all_fit(TABLE, key_of(record), after)
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        output = quarantined(
            error,
            agent="feeds",
            original=record.value,
            received_at=datetime.fromtimestamp(record.timestamp / 1000, tz=UTC),
            source=feed.source or "unknown",
            event_type=None,
            family="feed",
        )
        state = kept.state or _pack(feed)
        return kept.after(
            record.offset, state, (output,), confirmed=confirmed, next_wake=kept.next_wake
        )
    return after
