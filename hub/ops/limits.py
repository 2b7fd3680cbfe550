"""Every bound of the hub, by name: how much, of what, why so much, and what happens beyond it.

A buffer without a bound is a fault that waits for a bad day.  This list is the table in
docs/operate.md, and a test holds the two, and the constants that are used, together.  Modules that
may import this one take their values from here; where the arrow of dependency forbids that (the
core) or a constant stands with its own paragraph, `where` names it and the test compares.
"""

from typing import Final

from hub.ops.limit import Limit, as_table
from hub.ops.limits_elsewhere import ELSEWHERE

KIB: Final = 1024
MIB: Final = 1024 * 1024

REQUEST_BYTES: Final = Limit(
    name="body of any HTTP request",
    value=MIB,
    unit="bytes",
    where="hub.web.bounds:LARGEST_REQUEST_BYTES",
    because="more than any event, form or schema lookup; counted before anybody is known",
    beyond="413, nothing kept",
)
BODY_BYTES: Final = Limit(
    name="body of `POST /events`",
    value=1_000_000,
    unit="bytes",
    where="hub.web.api_events:LARGEST_BODY_BYTES",
    because="an event a little too large is still kept whole in quarantine",
    beyond="413, nothing kept",
)
EVENT_BYTES: Final = Limit(
    name="one event, whatever its door",
    value=256 * KIB,
    unit="bytes",
    where="hub.edges.doors:LARGEST_EVENT_BYTES",
    because="events hold no documents; ordinary ones have 1 to 4 KiB",
    beyond="413, kept in quarantine (`oversize`)",
)
FORM_BYTES: Final = Limit(
    name="form of a page",
    value=16 * KIB,
    unit="bytes",
    where="hub.web.desk:LARGEST_FORM_BYTES",
    because="no form has more than a few short fields",
    beyond="413",
)
LOOKUP_BYTES: Final = Limit(
    name="schema sent to the registry",
    value=256 * KIB,
    unit="bytes",
    where="hub.web.registry:LARGEST_LOOKUP_BYTES",
    because="the largest of our schemas is under 20 KiB",
    beyond="422",
)
IN_HAND_BYTES: Final = Limit(
    name="memory of the events being taken in by one gateway",
    value=128 * MIB,
    unit="bytes",
    where="hub.web.bounds:IN_HAND_BYTES",
    because="each counts four times its declared length (parsed, encoded, on its way) and 32 KiB, "
    "so that 3,000 ordinary events may wait for Kafka together",
    beyond="503 with Retry-After, before the body is read",
)
BODY_SECONDS: Final = Limit(
    name="arrival of one event's body",
    value=30,
    unit="seconds",
    where="hub.web.bounds:BODY_SECONDS",
    because="a body that drips must not hold its share for ever",
    beyond="408",
)
UNCONFIRMED: Final = Limit(
    name="writes waiting for Kafka in one role",
    value=4096,
    unit="writes",
    where="hub.edges.confirmed:MOST_UNCONFIRMED",
    because="what the gateway may have in hand; at 5 s a write it is also 800 a second",
    beyond="503 with Retry-After; MLLP answers AE 207",
)
CONNECTIONS: Final = Limit(
    name="connections to one gateway",
    value=8192,
    unit="connections",
    where="hub.roles.gateway:MOST_CONNECTIONS",
    because="two thousand publishers and everybody's browsers, with room to spare",
    beyond="503 from the server itself",
)
FRAME_BYTES: Final = Limit(
    name="MLLP frame",
    value=MIB,
    unit="bytes",
    where="hub.edges.mllp:LARGEST_FRAME_BYTES",
    because="an ADT message has 1 to 4 KiB; more could not be kept whole in Kafka",
    beyond="AR, its beginning kept in quarantine (`oversize`)",
)
MLLP_CONNECTIONS: Final = Limit(
    name="MLLP connections",
    value=2000,
    unit="connections",
    where="hub.edges.mllp_server:MOST_CONNECTIONS",
    because="a trust has a few; a thousand were measured (docs/performance.md)",
    beyond="the connection is closed at once",
)
MLLP_HELD_BYTES: Final = Limit(
    name="unfinished frames of all MLLP connections together",
    value=200 * MIB,
    unit="bytes",
    where="hub.edges.mllp_server:MOST_HELD_BYTES",
    because="two hundred of the largest frames at once; half-open peers hold theirs for long",
    beyond="the connection that holds most is closed, unanswered, and sends it again",
)
BATCH_EVENTS: Final = Limit(
    name="events of one original (one message, one bundle)",
    value=100,
    unit="events",
    where="hub.edges.publish:MOST_EVENTS",
    because="an HL7 message gives one to three; each waits for Kafka in turn, within an answer",
    beyond="refused whole, kept in quarantine (`oversize`)",
)
NESTING: Final = Limit(
    name="nesting of an event in JSON",
    value=20,
    unit="levels",
    where="hub.edges.doors:DEEPEST_NESTING",
    because="our schemas have four",
    beyond="422, kept in quarantine",
)
RECORD_BYTES: Final = Limit(
    name="record on a topic of the hub",
    value=1_000_000,
    unit="bytes",
    where="hub.edges.avro:LARGEST_INNER_BYTES",
    because="just under what a broker takes by default; it also bounds the notices of one "
    "decision (four thousand short ones)",
    beyond="the input is kept in quarantine (`oversize`), nothing of it is said",
)
HISTORY: Final = Limit(
    name="events that an episode remembers",
    value=384,
    unit="events",
    where="hub.core.draft:HISTORY_LIMIT",
    because="six ordinary pregnancies, or twins under a plan followed for two years; most of an "
    "episode's state is its history",
    beyond="the oldest on which nothing open rests is forgotten, and what sets the episode's own "
    "facts last of all; the log keeps it",
)
STATE_BYTES: Final = Limit(
    name="state of one episode or person, as kept",
    value=1_000_000,
    unit="bytes",
    where="agents.transport.limits:MAX_RECORD_BYTES",
    because="it is one record of a changelog, checked before anything of it is written",
    beyond="the input is refused before anything of it is kept (docs/engine.md)",
)
FALLING_DUE: Final = Limit(
    name="things that fall due in one decision",
    value=2000,
    unit="steps",
    where="hub.core.settle:STEPS_MAX",
    because="a year of downtime has a few hundred; more means that a rule feeds itself",
    beyond="the input is kept in quarantine (`policy_error`)",
)
ROUNDS: Final = Limit(
    name="rounds of one decision",
    value=50,
    unit="rounds",
    where="hub.core.decide:ROUNDS_MAX",
    because="a story needs four",
    beyond="as above",
)
DESTINATIONS: Final = Limit(
    name="destinations served together over one channel",
    value=64,
    unit="destinations",
    where="hub.roles.places:MOST_DESTINATIONS",
    because="each may hold a connection for ten seconds; half are only for those that answer well",
    beyond="the others wait in the outbox, the longest waiting first",
)
FAILING: Final = Limit(
    name="destinations of one channel served together whose last attempt failed or was slow",
    value=24,
    unit="destinations",
    where="hub.roles.places:MOST_FAILING",
    because="the other places stay free for those that answer, and some for new ones",
    beyond="they wait in the outbox until a place for them is free",
)
PER_DESTINATION: Final = Limit(
    name="notices on their way to one destination",
    value=1,
    unit="notices",
    where="hub.roles.delivery:PER_DESTINATION",
    because="a recipient sees them in the order in which they were made",
    beyond="they wait in the outbox",
)
CARRIED: Final = Limit(
    name="notices on their way to one Kafka topic",
    value=100,
    unit="notices",
    where="hub.roles.delivery:CARRIED",
    because="the broker keeps their order; waiting for each alone costs a round trip",
    beyond="they wait in the outbox",
)
CHUNK: Final = Limit(
    name="notices read ahead for one destination",
    value=20,
    unit="notices",
    where="hub.roles.delivery:CHUNK",
    because="more would grow stale while they wait",
    beyond="read with the next turn",
)
ANSWER_BYTES: Final = Limit(
    name="answer of a webhook",
    value=64 * KIB,
    unit="bytes",
    where="hub.edges.channels.signed:ANSWER_BYTES",
    because="only its status counts; reading lets the other side finish",
    beyond="left unread",
)
ATTEMPT_SECONDS: Final = Limit(
    name="one attempt at a webhook",
    value=10,
    unit="seconds",
    where="hub.edges.channels.signed:TOTAL_SECONDS",
    because="name, connection, TLS, request and answer together",
    beyond="`timed_out`, tried again later",
)
NAMES: Final = Limit(
    name="names being resolved together",
    value=16,
    unit="lookups",
    where="hub.edges.channels.addresses:MOST_LOOKUPS",
    because="a name server that does not answer holds these threads, not those of the database",
    beyond="they wait within the ten seconds of their attempt",
)
REPORTS: Final = Limit(
    name="receipts on their way to Kafka together",
    value=100,
    unit="receipts",
    where="hub.roles.delivery:REPORT_ROWS",
    because="they are read from the outbox and marked in one transaction",
    beyond="read with the next turn",
)
FOLLOWED: Final = Limit(
    name="records folded in one transaction",
    value=100,
    unit="records",
    where="hub.roles.follow:BATCH_RECORDS",
    because="SQLite has one writer, and 100 decisions hold it for some 0.05 s",
    beyond="folded in the next one",
)
PAGE: Final = Limit(
    name="lines of a page",
    value=50,
    unit="lines",
    where="hub.store.worklist:PAGE",
    because="what one person reads; the others are a page further",
    beyond="the next page",
)
BOARD: Final = Limit(
    name="gaps on one board",
    value=200,
    unit="gaps",
    where="hub.store.gap_reads:BOARD",
    because="the gravest first; a longer list is not worked from a screen",
    beyond="narrow the board by organisation or severity",
)
TOLD: Final = Limit(
    name="receipts by reading that a gateway remembers",
    value=50_000,
    unit="receipts",
    where="hub.web.receipts:MEMORY",
    because="a thousand pages, far more than the projector lags behind",
    beyond="said again, which changes nothing",
)
LOGINS: Final = Limit(
    name="logins whose failures are remembered",
    value=10_000,
    unit="logins",
    where="hub.web.auth:MAX_LOGINS_REMEMBERED",
    because="invented names must not fill the memory",
    beyond="the oldest is forgotten",
)

_NAMED: Final = [*globals().values(), *ELSEWHERE]
LIMITS: Final = tuple(each for each in _NAMED if isinstance(each, Limit))
"""In the order in which they stand above: from the doors inwards, and out again."""

RETRY_LEAST_SECONDS: Final = 3
RETRY_MOST_SECONDS: Final = 9
"""The `Retry-After` of a 503 lies between the two, drawn anew for each answer.  A leader election
takes 1 to 3 s; the spread keeps two thousand publishers from coming back in the same second."""

if __name__ == "__main__":
    import sys

    sys.stdout.write(as_table(LIMITS))
