"""The auditor: what must be true of the decisions of any run, said without knowing the rules.

It hears the decision log like any consumer, folds it far more simply than the core does, and never
calls `decide`.  What it finds is a kind and a sentence; two runs fail alike when the kind is the
same.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from hub.core.faults import SenderFault
from hub.core.outcomes import EventRecorded
from hub.edges.avro import (
    DecisionRecord,
    decode_decision,
    decode_event,
    decode_input,
    decode_quarantine,
)
from hub.ops.topics import inputs_topic
from tests.simulation.family_audit import FamilyAudit

EPOCH = datetime.fromtimestamp(0).astimezone()
KEPT_HOW = ("new", "corrected", "retracted", "after_end", "before_start")
"""Ways in which an episode takes an event in; a duplicate is none."""


class Finding(NamedTuple):
    """Something that is not as it must be."""

    kind: str
    sentence: str


@dataclass(slots=True)
class Auditor:
    """Hears everything, and notes what is wrong as soon as it can be known."""

    findings: list[Finding] = field(default_factory=list)
    quiet_since: datetime | None = None
    """From here on there are no faults, and every gap must open in time."""
    duplicates: int = 0
    heard: set[bytes] = field(default_factory=set)
    families: dict[str, FamilyAudit] = field(default_factory=dict)
    inputs: dict[tuple[str, int, int], tuple[str, int]] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    """Published, readable, and so to be found again."""
    recorded: dict[str, str] = field(default_factory=dict)
    """The episode in which each event is."""
    originals: dict[str, bytes] = field(default_factory=dict)
    """By quarantine id."""

    def expect(self, truth: bool, kind: str, sentence: str) -> None:
        """Note a sentence that is not so."""
        if not truth:
            self.findings.append(Finding(kind, sentence))

    def published(self, event_id: str) -> None:
        """A publisher's event is confirmed: from now on it must not get lost."""
        self.events.add(event_id)

    def hear(self, value: bytes) -> DecisionRecord | None:
        """A decision from the log; None for one that was heard before, byte for byte."""
        if value in self.heard:
            self.duplicates += 1
            return None
        self.heard.add(value)
        record = decode_decision(value)
        episode = record.episode_id
        family = self.families.get(episode)
        if family is None:
            family = self.families[episode] = FamilyAudit(episode)
        if record.seq <= family.seq:
            sentence = f"{episode}: two decisions are number {record.seq}"
            self.expect(False, "conflict", sentence)
            return None
        self.expect(
            record.seq == family.seq + 1, "order", f"{episode}: {record.seq} follows {family.seq}"
        )
        self._once(record)
        for kind, sentence in family.hear(record, self.quiet_since):
            self.expect(False, kind, sentence)
        self._note_events(record)
        return record

    def _once(self, record: DecisionRecord) -> None:
        topic = inputs_topic(record.episode_id)
        place = (topic, record.input_partition, record.input_offset)
        known = self.inputs.setdefault(place, (record.episode_id, record.seq))
        same = known == (record.episode_id, record.seq)
        self.expect(same, "decided twice", f"input {place} was decided under two numbers")

    def _note_events(self, record: DecisionRecord) -> None:
        for outcome in record.outcomes:
            if isinstance(outcome, EventRecorded) and outcome.how in KEPT_HOW:
                where = self.recorded.setdefault(outcome.event_id, record.episode_id)
                self.expect(
                    where == record.episode_id,
                    "two episodes",
                    f"{outcome.event_id} is in two episodes",
                )

    def quarantined(self, value: bytes) -> None:
        """An original in quarantine."""
        record = decode_quarantine(value)
        self.originals[record.quarantine_id] = record.original

    # --- at the end -----------------------------------------------------------------------------

    def close(self, now: datetime, inputs: int) -> list[Finding]:
        """What is wrong when the world is quiet: everything was decided, every duty has an end."""
        missing = inputs - len(self.inputs)
        self.expect(missing == 0, "lost input", f"{missing} inputs were never decided")
        for family in self.families.values():
            for kind, sentence in family.close(now):
                self.expect(False, kind, sentence)
        waiting = {event for q in self.originals if self._is_seen(q) for event in self._about(q)}
        for event in sorted(self.events - self.recorded.keys() - waiting):
            self.expect(False, "lost event", f"{event} is in no episode, and in no open quarantine")
        return self.findings

    def _is_seen(self, quarantine_id: str) -> bool:
        """Whether somebody owns an original: a gap about it is open."""
        family = self.families.get(f"q-{quarantine_id}")
        return family is not None and bool(family.open_gaps)

    def _about(self, quarantine_id: str) -> set[str]:
        """The event inside an original, whichever agent kept it back."""
        original = self.originals[quarantine_id]
        try:
            return {decode_event(original, EPOCH).id}
        except SenderFault:
            pass
        try:
            event = decode_input(original).event
        except SenderFault:
            return set()
        return {event.id} if event else set()
