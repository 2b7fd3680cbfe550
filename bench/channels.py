"""Part h: a thousand destinations of each channel, some slow and some dead.

The real delivery role runs as a process of its own, with a real Kafka before it and a database of
its own; recipients are a process too.  Each channel is measured alone, in turn without and with
fifty slow and fifty dead neighbours of its own kind (what that means there: `channels_roads`); each
turn has a hub of its own, so that none inherits the failures of another.  In each turn:

* What do the neighbours cost the nine hundred that answer?  They get notices at an even pace.  The
  time runs from the confirmation of the decision by Kafka to the answer of the recipient or its
  carrier, as the delivery log has it; the ratio is that of the two p99s in each round, then the
  median of those.  That it really came is asked of the recipients.
* How many notices a second go out flat out?  Four for each of the thousand, all at once, counted
  over those that answer; and what processor time the role uses for one, which says more on a
  machine with other work.

Before both, each of the nine hundred gets one: a FHIR subscription has its handshake, and a Kafka
topic its connection.  Beside each rate a plain loop with the same client, which keeps nothing: the
most that this client could do (`channels_plain`).
"""

import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from random import Random
from typing import Any, Final

from bench.channels_hub import Hub, Site, hub, organisation_of, site
from bench.channels_kafka import make_topics, second_broker
from bench.channels_plain import plain_loop
from bench.channels_roads import ALWAYS_GOOD, CHANNELS, Roads, Sizes, mailbox, roads
from bench.plan import Plan
from bench.rig import Broker, HostFailedError, fresh, say
from hub.ops.kafka_embedded import EmbeddedKafka

FULL, QUICK = Sizes(900, 50, 50), Sizes(18, 1, 2)
PACE, QUICK_PACE = 60, 20
"""Notices a second to all that answer together; the others get their share beside it."""

SECONDS, QUICK_SECONDS = 12, 3
EACH = 4
"""Notices for each destination, flat out."""

ROUNDS: Final = 2
"""At most: a round of all channels takes five minutes."""

ARRIVES: Final = frozenset({"webhook", "fhir", "email"})
"""Where the recipients of the benchmark themselves say what came."""

type_of_trouble = Callable[[], AbstractContextManager[None]]


def channels(plan: Plan) -> dict[str, Any]:
    """Every channel in turn, some rounds over."""
    sizes = QUICK if plan.quick else FULL
    mailboxes = [mailbox("good", n) for n in range(sizes.good)]
    mailboxes += [mailbox("slow", n) for n in range(sizes.slow)]
    rounds: list[dict[str, Any]] = []
    with (
        EmbeddedKafka(plan.folder(fresh("kafka"))) as kafka,
        site(plan, Broker(kafka.bootstrap), mailboxes) as made,
        second_broker(kafka, plan.folder(fresh("second"))) as second,
    ):
        topics = roads("kafka", sizes, made.places)
        make_topics(kafka.bootstrap, [*topics.good], [*topics.slow])
        troubles: dict[str, type_of_trouble] = {"kafka": second.halting}
        for number in range(min(plan.repeats, ROUNDS)):
            rounds.append({})
            for channel in CHANNELS:
                trouble = troubles.get(channel, nullcontext)
                rounds[-1][channel] = _round(plan, made, channel, sizes, trouble)
                _say(number, channel, rounds[-1][channel])
    found = {channel: _middle([each[channel] for each in rounds]) for channel in CHANNELS}
    return {"good": sizes.good, "slow": sizes.slow, "dead": sizes.dead} | found


def _round(
    plan: Plan, made: Site, channel: str, sizes: Sizes, trouble: type_of_trouble
) -> dict[str, Any]:
    """One channel: alone, beside the slow and the dead, and the plain loop."""
    alone = roads(channel, sizes.alone(), made.places)
    found = {"alone": _turn(plan, made, alone, nullcontext)}
    if channel in ALWAYS_GOOD:
        return found
    beside = roads(channel, sizes, made.places)
    found["beside"] = _turn(plan, made, beside, trouble)
    rate, cpu_ms = plain_loop(made, alone, [*alone.good] * EACH)
    return found | {"plain_loop": {"per_second": round(rate), "cpu_ms": round(cpu_ms, 2)}}


def _turn(plan: Plan, made: Site, taken: Roads, trouble: type_of_trouble) -> dict[str, Any]:
    """One hub before the recipients of one channel."""
    good = frozenset(taken.good)
    with hub(plan, made, taken) as ours:
        ours.publish([*taken.good], None)
        ours.until_out(good)
        ours.until_told()
        with trouble():
            began = time.time()
            found = _paced(plan, ours, taken) | _flat_out(ours, taken)
            found["others"] = {
                "slow": ours.attempts(frozenset(taken.slow), began),
                "dead": ours.attempts(frozenset(taken.dead), began),
                "left_alone_at_the_end": ours.open_breakers(),
            }
        if taken.channel in ARRIVES:
            _check_arrivals(made, ours, good)
    return found


def _paced(plan: Plan, ours: Hub, taken: Roads) -> dict[str, Any]:
    """At an even pace: how long it takes."""
    seconds, pace = (QUICK_SECONDS, QUICK_PACE) if plan.quick else (SECONDS, PACE)
    whole_pace = pace * len(taken.every) / len(taken.good)
    order = _mixed(taken.every)
    many = int(whole_pace * seconds)
    before = set(ours.confirmed)
    ours.publish([order[n % len(order)] for n in range(many)], whole_pace)
    took = sorted(_took(ours, taken, before))
    at_share = {"p50_ms": 50, "p99_ms": 99}
    return {"notices": len(took)} | {
        name: round(took[len(took) * share // 100] * 1000, 1) for name, share in at_share.items()
    }


def _took(ours: Hub, taken: Roads, before: set[str]) -> list[float]:
    """Seconds from the decision to the answer, of the new notices to those that answer."""
    ours.until_out(frozenset(taken.good))
    answered = ours.answered()
    new = (own for own in ours.confirmed if own not in before)
    return [
        answered[own] - ours.confirmed[own] for own in new if organisation_of(own) in taken.good
    ]


def _flat_out(ours: Hub, taken: Roads) -> dict[str, Any]:
    """All at once: how many a second, of those that answer."""
    before, spent = set(ours.confirmed), ours.cpu_seconds()
    names = _mixed(taken.every) * EACH
    ours.publish(names, None)
    ours.until_out(frozenset(taken.good))
    ours.until_told()
    cpu_ms = (ours.cpu_seconds() - spent) / len(names) * 1000
    answered = ours.answered()
    new = (own for own in ours.confirmed if own not in before)
    at = sorted(answered[own] for own in new if organisation_of(own) in taken.good)
    return {
        "per_second": round(len(at) / max(at[-1] - at[0], 0.001)),
        "cpu_ms": round(cpu_ms, 2),
    }


def _check_arrivals(made: Site, ours: Hub, good: frozenset[str]) -> None:
    """What the delivery log says got through has come."""
    arrived = made.arrivals()
    missing = sum(organisation_of(own) in good and own not in arrived for own in ours.confirmed)
    if missing:
        raise HostFailedError(f"{missing} notices are said to be out and never came")


def _mixed(names: Iterable[str]) -> list[str]:
    order = [*names]
    Random(1).shuffle(order)  # noqa: S311  a mixed order, no secret
    return order


def _middle(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of a channel, and every round."""
    found: dict[str, Any] = {}
    for turn in ("alone", "beside", "plain_loop"):
        figures = [each[turn] for each in rounds if turn in each]
        if figures:
            keys = [key for key, value in figures[0].items() if isinstance(value, int | float)]
            found[turn] = {key: statistics.median(one[key] for one in figures) for key in keys}
    if "beside" in found:
        for key, word in (("p99_ms", "p99"), ("p50_ms", "p50"), ("per_second", "rate")):
            ratios = [each["beside"][key] / each["alone"][key] for each in rounds]
            found[f"{word}_ratio"] = round(statistics.median(ratios), 2)
        plain = [each["alone"]["per_second"] / each["plain_loop"]["per_second"] for each in rounds]
        found["to_plain_loop"] = round(statistics.median(plain), 3)
    return found | {"rounds": rounds}


def _say(number: int, channel: str, found: dict[str, Any]) -> None:
    for turn, figures in found.items():
        said = ", ".join(f"{key} {value}" for key, value in figures.items())
        say(f"  round {number + 1}: {channel} {turn}: {said}")
