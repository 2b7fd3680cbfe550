"""The bounds of a subscription's life; part of the list in `limits.py`."""

from typing import Final

from hub.ops.limit import Limit

SUBSCRIPTION_DAYS: Final = Limit(
    name="life of a subscription",
    value=366,
    unit="days",
    where="hub.store.agreements:LONGEST_DAYS",
    because="the reason for it is looked at again once a year",
    beyond="refused: ask for a shorter one",
)
SUBSCRIPTION_WARNING: Final = Limit(
    name="warning before a subscription ends",
    value=30,
    unit="days",
    where="hub.store.agreements:WARN_DAYS",
    because="time to ask for a new one and have it approved",
    beyond="from then on `hub incidents` and `hub_subscriptions_expiring` show it",
)
FILTER_CHARACTERS: Final = Limit(
    name="filter of a subscription",
    value=500,
    unit="characters",
    where="hub.web.filters:LONGEST",
    because="whoever approves it must be able to read it",
    beyond="refused: write a shorter one, or two subscriptions",
)
FILTER_DEPTH: Final = Limit(
    name="brackets inside each other in a filter",
    value=8,
    unit="brackets",
    where="hub.core.filter_text:DEEPEST",
    because="as many as anybody can read, and no filter can exhaust the reader",
    beyond="refused, with the column",
)
PAUSE_HOURS: Final = Limit(
    name="pause of a subscription",
    value=72,
    unit="hours",
    where="hub.store.agreements:PAUSE_HOURS",
    because="a planned weekend of work on their system; a longer one hides that nobody is told",
    beyond="it goes on by itself; what waited is sent",
)
SECRET_DAYS: Final = Limit(
    name="life of an old secret after a new one was made",
    value=14,
    unit="days",
    where="hub.store.agreements:SECRET_DAYS",
    because="both sign meanwhile, so that the recipient changes when it suits",
    beyond="only the new one signs",
)
HEARTBEAT: Final = Limit(
    name="heartbeat of a subscription over FHIR",
    value=1440,
    unit="minutes",
    where="hub.web.asking:LONGEST_HEARTBEAT",
    because="a silence of more than a day is no sign of life",
    beyond="refused: ask for a shorter one, or for none",
)
BROKERS_SECONDS: Final = Limit(
    name="one subscription's topic and rules on the brokers",
    value=30,
    unit="seconds",
    where="hub.edges.channels.kafka_place:ANSWER_SECONDS",
    because="a topic and half a dozen rules, on a busy broker",
    beyond="asked again at the next look; its page says so",
)
FORESEEN: Final = Limit(
    name="families behind a number of a dry run",
    value=10,
    unit="families",
    where="hub.core.foreseen:LEAST",
    because="as for the rates of the scorecard; a smaller one could tell of somebody",
    beyond="fewer are not shown, nor a number from which it follows",
)
