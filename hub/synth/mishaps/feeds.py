"""A system that should send and has gone quiet."""

from datetime import timedelta

from hub.synth.family import Family, Happening
from hub.synth.mishaps.kinds import mishap

EVERY_MINUTES = 60
BEATS = 5


def _beats(family: Family, number: int, hours: int, *, backlog: int = 0, last: bool) -> Happening:
    booking = family.find("booking")
    assert booking is not None, "a feed is told of beside a booking"
    moment = booking.at + timedelta(hours=hours)
    return family.by_midwife(
        f"beat-{number}",
        "feed.heartbeat",
        moment,
        source=f"{family.place.provider}:SYNTH",
        seq=number,
        last_event_at=moment,
        expected_every=EVERY_MINUTES,
        backlog=backlog,
        final="y" if last else "n",
    )


@mishap()
def feed_dies(family: Family) -> None:
    """F46: a system says every hour that it is alive, and then is not heard of for half a day."""
    if family.find("booking") is None:
        return
    beats = [_beats(family, number, number, last=False) for number in range(BEATS)]
    alive = _beats(family, BEATS, BEATS + 12, last=False)
    _beats(family, BEATS + 1, BEATS + 13, last=True)
    due = beats[-1].at + timedelta(minutes=2 * EVERY_MINUTES)
    family.wrong("feed-dies", "G61", "a system went quiet", "HUB_OPERATOR", 3, due=due,
                 slack=timedelta(minutes=5), mended_at=alive.at)  # fmt: skip
