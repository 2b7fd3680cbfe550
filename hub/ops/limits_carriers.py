"""The bounds of the carriers that the outbox uses; part of the list in `limits.py`."""

from typing import Final

from hub.ops.limit import Limit

KIB: Final = 1024

SLOW_ANSWER: Final = Limit(
    name="answer of a recipient that counts as slow",
    value=2,
    unit="seconds",
    where="hub.roles.attempts:SLOW_SECONDS",
    because="a system that works needs a fraction of it; one that does not keeps a place meanwhile",
    beyond="it shares the places of those that failed, until it answers faster",
)
MESH_SECONDS: Final = Limit(
    name="one attempt over MESH",
    value=10,
    unit="seconds",
    where="hub.edges.mesh:TOTAL_SECONDS",
    because="the look-up of a mailbox, the message and the answer together, as for a webhook",
    beyond="`timed_out`, tried again later, unless MESH has taken it after all",
)
MESH_THREADS: Final = Limit(
    name="requests to MESH together",
    value=32,
    unit="requests",
    where="hub.edges.mesh:MOST_REQUESTS",
    because="its client holds a thread for each; more than 16 only while MESH keeps some waiting",
    beyond="they wait in the outbox",
)
MESH_BYTES: Final = Limit(
    name="report or acknowledgement collected from MESH",
    value=256 * KIB,
    unit="bytes",
    where="hub.edges.mesh:COLLECTED_BYTES",
    because="an acknowledgement has 5 KiB; nobody sends documents to the mailbox for answers",
    beyond="its beginning kept in quarantine",
)
TRACKED: Final = Limit(
    name="messages asked after in one round of MESH",
    value=200,
    unit="messages",
    where="hub.roles.collect:TRACKED",
    because="one request each; a round takes seconds and not minutes",
    beyond="asked after in the next round, those longest not asked after first",
)
MAIL_SECONDS: Final = Limit(
    name="one attempt at a mail server",
    value=10,
    unit="seconds",
    where="hub.edges.channels.mail:TOTAL_SECONDS",
    because="connection, TLS, login and the mail together, as for a webhook",
    beyond="`timed_out`, tried again later under the same Message-ID",
)
CONTACT_REMINDER: Final = Limit(
    name="reminder to a publisher's contact that something of theirs waits",
    value=24,
    unit="hours",
    where="hub.store.sender_mails:REMIND_HOURS",
    because="a mail a day is read, one an hour about the same is filtered away",
    beyond="a mail sooner only for what came into quarantine since, and after `contact_every`",
)
MAIL_THREADS: Final = Limit(
    name="mails on their way together",
    value=16,
    unit="mails",
    where="hub.edges.channels.mail:MOST_MAILS",
    because="a mail server counts connections; more than 8 only while it keeps some of us waiting",
    beyond="they wait in the outbox",
)
DELIVERY_CONNECTIONS: Final = Limit(
    name="connections of the delivery role",
    value=4096,
    unit="connections",
    where="hub.roles.deliver:MOST_CONNECTIONS",
    because="each Kafka topic has its own, and many systems let a process open 1,024 files",
    beyond="the role ends with `Too many open files`; raise what the machine lets it open",
)
EVENTS_AGAIN: Final = Limit(
    name="events in one answer of `$events`",
    value=100,
    unit="events",
    where="hub.web.api_subscription:MOST_EVENTS",
    because="each may hold a notice, and each look at one is written down",
    beyond="ask on from the number after the last",
)
COVERAGE_DUTIES: Final = Limit(
    name="duties looked at together for posts about coverage",
    value=200,
    unit="duties",
    where="hub.roles.coverage_posts:DUTIES_AT_ONCE",
    because="the posts and what was told are written in one transaction of the one writer",
    beyond="looked at in the next round, at once",
)
