"""The read model, the outbox, the changelogs and the local stores, held against the log."""

from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from struct import Struct
from typing import Any

import msgspec

from hub.core.episode import Episode, Gap, Obligation
from hub.core.matters import is_matter
from hub.ops.topics import TABLES, changelog_topic, notices_topic
from tests.chaos.evidence import Avro, Evidence, Findings, LocalStore
from tests.chaos.place import VISITING
from tests.chaos.story import Story
from tests.chaos.told import Told

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEADER = Struct(">qq")
_SEQ, _DUTIES, _GAPS = (Episode.__struct_fields__.index(n) for n in ("seq", "obligations", "gaps"))
_DUTY_STATE, _GAP_STATE = (t.__struct_fields__.index("state") for t in (Obligation, Gap))
_ENDED = {"suppressed", "declined", "withdrawn", "waived", "retracted"}

# --- the database -------------------------------------------------------------------------------


def check_database(evidence: Evidence, told: Told, findings: Findings) -> None:
    """Every decision has its rows and every notice its place in the outbox, and no more."""
    stories = told.stories.values()
    duties = {identity for story in stories for identity in story.duties}
    notices = {told_of[3] for story in stories for told_of in story.notices}
    gaps = {
        (identity, "open" if gap.is_open else "closed")
        for story in stories
        for identity, gap in story.gaps.items()
    }
    decisions = {(episode, n) for episode, s in told.stories.items() for n in range(1, s.seq + 1)}
    asked: dict[str, tuple[set[Any], str]] = {
        "decision": (decisions, "SELECT episode_id, seq FROM decisions"),
        "duty": (duties, "SELECT obligation_id FROM obligations"),
        "notice": (notices, "SELECT notice_id FROM notices"),
        "notice in the outbox": (notices, "SELECT notice_id FROM outbox"),
        "gap": (
            gaps,
            "SELECT gap_id, CASE state WHEN 'open' THEN 'open' ELSE 'closed' END FROM gaps",
        ),
    }
    for what, (wanted, query) in asked.items():
        found = {row if len(row) > 1 else row[0] for row in evidence.rows(query)}
        _same(what, wanted, found, findings)
    for row in evidence.rows("SELECT episode_id, seq FROM conflicts"):
        findings.note("conflicting", f"the projector keeps a conflict about {row}")
    _check_levels(evidence, told, findings)


def _same(what: str, wanted: set[Any], found: set[Any], findings: Findings) -> None:
    for each in wanted - found:
        findings.note("lost", f"{what} {each} is not in the database")
    for each in found - wanted:
        findings.note("lost", f"{what} {each} is in the database and not in the log")


def _check_levels(evidence: Evidence, told: Told, findings: Findings) -> None:
    wanted = sum(story.levels for story in told.stories.values())
    found = next(iter(evidence.rows("SELECT count(*) FROM levels")))[0]
    findings.expect(wanted == found, "lost", f"{wanted} levels in the log, {found} in the database")


def check_kept(evidence: Evidence, findings: Findings) -> None:
    """Every poison record lies in quarantine, whole, where people see it."""
    kept = {row[0] for row in evidence.rows("SELECT original FROM quarantine")}
    for sent in evidence.ledger:
        if sent.record.kind == "poison" and sent.state == "ok":
            findings.expect(
                sent.record.value in kept,
                "lost",
                f"poison {sent.partition}/{sent.offset} is not in the database",
            )


def check_delivered(evidence: Evidence, avro: Avro, findings: Findings) -> int:
    """Every notice that counts as sent over Kafka is on its topic; returns repeats on it."""
    found = Counter(
        avro.read(raw.value)["notice_id"] for raw in evidence.read(notices_topic(VISITING))
    )
    query = (
        "SELECT notice_id FROM outbox WHERE channel = 'kafka' AND state IN ('sent', 'delivered')"
    )
    for (notice_id,) in evidence.rows(query):
        findings.expect(
            found[notice_id] > 0,
            "lost",
            f"notice {notice_id} counts as sent and is not on its topic",
        )
    return sum(found.values()) - len(found)


# --- changelogs and local stores ------------------------------------------------------------------


def check_states(evidence: Evidence, told: Told, findings: Findings) -> None:
    """The last value of each key agrees with the fold; local stores agree with the changelog."""
    stores = list(evidence.stores())
    for table in TABLES:
        history: dict[int, dict[bytes, tuple[list[int], list[bytes]]]] = defaultdict(dict)
        latest: dict[bytes, bytes] = {}
        for raw in evidence.read(changelog_topic(table)):
            latest[raw.key] = raw.value
            offsets, digests = history[raw.partition].setdefault(raw.key, ([], []))
            offsets.append(raw.offset)
            digests.append(_digest(raw.value))
        if table in ("episodes", "matters"):
            of_table = {
                identity: story
                for identity, story in told.stories.items()
                if is_matter(identity) == (table == "matters")
            }
            _check_episodes(latest, of_table, findings)
        for store in stores:
            if store.table.endswith(table):
                _check_store(store, history[store.partition], findings)


def _check_episodes(
    latest: dict[bytes, bytes], stories: dict[str, Story], findings: Findings
) -> None:
    for episode in stories.keys() - {each.decode() for each in latest}:
        findings.note("state_mismatch", f"{episode} has decisions and no state")
    for key, value in latest.items():
        story = stories.get(key.decode())
        if story is None:
            findings.note("state_mismatch", f"{key.decode()} has a state and no decision")
            continue
        for sentence in _differences(value, story, forgets=is_matter(key.decode())):
            findings.note("state_mismatch", f"{key.decode()}: {sentence}")


def _differences(value: bytes, story: Story, *, forgets: bool) -> list[str]:
    """How a stored episode differs from its story.  A matter forgets duties long done."""
    offset, microseconds = _HEADER.unpack_from(value)
    wake = None if microseconds == -1 else EPOCH + timedelta(microseconds=microseconds)
    state = msgspec.msgpack.decode(value[_HEADER.size :])[0]
    duties = {row[0] for row in state[_DUTIES] if row[_DUTY_STATE] not in _ENDED}
    gaps = {row[0] for row in state[_GAPS] if row[_GAP_STATE] == "open"}
    pairs = {
        "sequence number": (story.seq, state[_SEQ]),
        "last input": (story.offset, offset),
        "next wake": (story.wake, wake),
        "open duties": ({i for i, duty in story.duties.items() if not duty.ended}, duties),
        "open gaps": ({i for i, gap in story.gaps.items() if gap.is_open}, gaps),
    }
    if forgets:
        del pairs["open duties"]
    return [
        f"{what}: the log says {_short(log)}, the state {_short(kept)}"
        for what, (log, kept) in pairs.items()
        if log != kept
    ]


def _short(value: object) -> str:
    return f"{len(value)} of them" if isinstance(value, set) else str(value)


def _check_store(
    store: LocalStore, history: dict[bytes, tuple[list[int], list[bytes]]], findings: Findings
) -> None:
    """A local store is its changelog up to the offset it names: no more, and no less."""
    place = f"{store.table}/{store.partition} on {store.worker}"
    for key in store.items.keys() - history.keys():
        findings.note("state_mismatch", f"{place} holds {key!r}, which its changelog does not")
    for key, (offsets, digests) in history.items():
        upto = bisect_right(offsets, store.offset)
        if upto == 0:
            continue
        value = store.items.get(key)
        agrees = value is not None and _digest(value) == digests[upto - 1]
        findings.expect(agrees, "state_mismatch", f"{place} does not agree about {key!r}")


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()
