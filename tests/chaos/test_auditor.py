"""The auditor finds what is planted: each test takes a faultless run and spoils one thing in it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

import fastavro
import pytest

from hub.ops.topics import DECISIONS, INPUTS, QUARANTINE, changelog_topic
from tests.chaos.audit import Audit, audit
from tests.chaos.evidence import Avro, LocalStore, Raw
from tests.chaos.publisher import Sent
from tests.chaos.small_run import END, SmallRun, play


@dataclass
class Spoilt:
    """The evidence of a small run, to be spoilt: lists and rows that a test may change."""

    run: SmallRun
    topics: dict[str, list[Raw]]
    removed: dict[str, str] = field(default_factory=dict)
    """Tables, and a condition on the rows that shall be missing."""
    end: datetime = END

    @property
    def ledger(self) -> list[Sent]:
        """What was published."""
        return self.run.ledger

    def read(self, topic: str) -> Iterator[Raw]:
        """A topic as it stands."""
        yield from self.topics.get(topic, [])

    def rows(self, query: str) -> Iterable[tuple[Any, ...]]:
        """Rows of the database, without those that were removed."""
        return self.run.rows(query, self.removed)

    def stores(self) -> Iterator[LocalStore]:
        """One store that agrees with its changelog, unless a test changes that."""
        yield from self.run.stores


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """Some families, decided without Kafka and folded into a real database."""
    return play(tmp_path_factory.mktemp("small") / "hub.db")


@pytest.fixture
def evidence(run: SmallRun) -> Spoilt:
    """Evidence of one test."""
    return Spoilt(run, {name: list(records) for name, records in run.topics.items()})


def counts(found: Audit) -> dict[str, int]:
    """What is not zero."""
    return {name: found.figures()[name] for name in Audit.ZEROS if found.figures()[name]}


def changed(raw: Raw, change: Callable[[dict[str, Any]], None]) -> Raw:
    """A record with something else in it."""
    avro = Avro()
    record = avro.read(raw.value)
    change(record)
    written = BytesIO()
    schema = avro.schema(raw.value)
    fastavro.schemaless_writer(written, schema, record)
    return raw._replace(value=raw.value[:5] + written.getvalue())


def first_with(evidence: Spoilt, kind: str) -> int:
    """The place of the first decision that says something of a kind."""
    avro = Avro()
    for place, raw in enumerate(evidence.topics[DECISIONS]):
        if any(outcome["kind"] == kind for outcome in avro.read(raw.value)["outcomes"]):
            return place
    raise AssertionError(f"the small run has no {kind}")


def test_a_faultless_run_has_five_zeros(evidence: Spoilt) -> None:
    """And there was something to look at, repeats among it."""
    found = audit(evidence)

    assert {} == counts(found), found.sentences()[:5]
    assert found.figures()["deadlines_due"] > 10
    assert found.figures()["duplicates_dropped"] > 0
    assert any(sent.record.kind == "poison" for sent in evidence.ledger)


def test_a_removed_decision_is_found(evidence: Spoilt) -> None:
    """A hole in the numbers of its episode, and an input without a decision."""
    gone = evidence.topics[DECISIONS][7]
    evidence.topics[DECISIONS] = [r for r in evidence.topics[DECISIONS] if r.value != gone.value]

    assert audit(evidence).figures()["lost"] > 0


def test_the_last_decision_of_an_episode_is_missed_too(evidence: Spoilt) -> None:
    """Nothing follows that would show the hole: only its input speaks for it."""
    del evidence.topics[DECISIONS][-1]

    assert audit(evidence).figures()["lost"] > 0


def test_a_changed_byte_is_a_conflict(evidence: Spoilt) -> None:
    """The same number again, with one byte of its content changed."""
    raw = evidence.topics[DECISIONS][3]
    other = raw.value.replace(b"P0", b"P9", 1)
    assert other != raw.value
    evidence.topics[DECISIONS].append(raw._replace(value=other))

    assert {"conflicting": 1} == counts(audit(evidence))


def test_an_input_decided_under_two_numbers_is_a_conflict(evidence: Spoilt) -> None:
    """A split brain that gave its second decision a fresh number."""
    last = evidence.topics[DECISIONS][-1]
    evidence.topics[DECISIONS].append(changed(last, lambda r: r.update(seq=r["seq"] + 1)))

    assert audit(evidence).figures()["conflicting"] > 0


def test_a_lost_input_is_found(evidence: Spoilt) -> None:
    """An event that was confirmed and is in no input, nor in any decision."""
    avro = Avro()
    event_id = evidence.ledger[-1].record.event_id
    evidence.topics[INPUTS] = [
        r for r in evidence.topics[INPUTS] if avro.read(r.value)["input_id"] != event_id
    ]

    assert audit(evidence).figures()["lost"] > 0


def test_a_poison_record_that_was_not_kept_is_found(evidence: Spoilt) -> None:
    """What nobody could read must lie in quarantine."""
    evidence.topics[QUARANTINE] = []

    assert audit(evidence).figures()["lost"] > 0


@pytest.mark.parametrize("table", ["outbox", "notices", "gaps", "obligations", "decisions"])
def test_a_removed_row_is_found(evidence: Spoilt, table: str) -> None:
    """One row of the read model or the outbox is missing."""
    evidence.removed[table] = "rowid = 1"

    assert {"lost": 1} == counts(audit(evidence))


def test_a_gap_opened_twice_is_found(evidence: Spoilt) -> None:
    """The same gap, said to open once more in the decision that opened it."""
    place = first_with(evidence, "gap_opened")
    raw = evidence.topics[DECISIONS][place]

    def again(record: dict[str, Any]) -> None:
        opened = next(o for o in record["outcomes"] if o["kind"] == "gap_opened")
        record["outcomes"].append(opened)

    spoilt = changed(raw, again)
    evidence.topics[DECISIONS] = [
        spoilt if r.value == raw.value else r for r in evidence.topics[DECISIONS]
    ]

    assert audit(evidence).figures()["deadlines_twice"] > 0


def test_a_missed_deadline_is_found(evidence: Spoilt) -> None:
    """The gap that a deadline should have opened is in no decision."""
    avro = Avro()

    def silent(record: dict[str, Any]) -> None:
        record["outcomes"] = [o for o in record["outcomes"] if o["kind"] != "gap_opened"]

    evidence.topics[DECISIONS] = [
        changed(raw, silent) if avro.read(raw.value)["input_id"].startswith("wake:") else raw
        for raw in evidence.topics[DECISIONS]
    ]

    assert audit(evidence).figures()["deadlines_missed"] > 0


def test_an_episode_that_nobody_woke_is_found(evidence: Spoilt) -> None:
    """The run ends an hour later than the last wake: whoever is due in between was forgotten."""
    evidence.end = END.replace(day=END.day + 5)

    assert audit(evidence).figures()["deadlines_missed"] > 0


def test_a_state_that_is_behind_is_found(evidence: Spoilt) -> None:
    """The last changelog value of an episode is missing: its state is one decision old."""
    topic = changelog_topic("episodes")
    del evidence.topics[topic][-1]

    assert audit(evidence).figures()["state_mismatch"] > 0


def test_a_local_store_that_differs_is_found(evidence: Spoilt) -> None:
    """A worker's disk holds something else than its changelog says."""
    store = evidence.run.stores[0]
    key = next(iter(store.items))
    true = store.items[key]
    store.items[key] = true + b"x"
    found = counts(audit(evidence))
    store.items[key] = true

    assert {"state_mismatch": 1} == found
