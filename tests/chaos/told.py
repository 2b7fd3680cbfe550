"""The decision log as a whole: every input decided once, every number once, every byte the same."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from hub.ops.topics import DECISIONS, INPUTS, MATTERS, inputs_topic
from tests.chaos.evidence import Avro, Evidence, Findings, Raw
from tests.chaos.story import Story


@dataclass
class Told:
    """All stories, folded from the log."""

    stories: dict[str, Story] = field(default_factory=dict)
    decisions: int = 0
    duplicates: int = 0
    inputs: int = 0
    input_ids: set[str] = field(default_factory=set)
    """Of inputs that hold an event."""


@dataclass
class _Reading:
    """What is remembered while the log is read."""

    digests: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    """Decisions that came before the one in front of them."""
    decided: dict[tuple[str, int], dict[int, tuple[str, int]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By topic and partition of the inputs: those of episodes, and those of matters."""


def read_decisions(evidence: Evidence, avro: Avro, findings: Findings) -> Told:
    """Read the log twice over: inputs, and the decisions about them."""
    told, reading = Told(), _Reading()
    for raw in evidence.read(DECISIONS):
        _take(told, reading, avro.read(raw.value), raw, findings)
    for episode, rest in reading.waiting.items():
        if rest:
            missing = told.stories[episode].seq + 1
            findings.note("lost", f"decision {missing} of {episode} is missing")
    _check_inputs(reading, _inputs(evidence, avro, told), findings)
    return told


def _take(
    told: Told, reading: _Reading, decision: dict[str, Any], raw: Raw, findings: Findings
) -> None:
    """One record of the log: new, said again, or in conflict."""
    episode, seq = decision["episode_id"], decision["seq"]
    digest = blake2b(raw.value, digest_size=16).digest()
    story = told.stories.setdefault(episode, Story())
    waiting = reading.waiting.setdefault(episode, {})
    digests = reading.digests[episode]
    if seq <= len(digests):
        _compare(told, digests[seq - 1], digest, f"decision {seq} of {episode}", findings)
    elif seq in waiting:
        known = waiting[seq]["digest"]
        _compare(told, known, digest, f"decision {seq} of {episode}", findings)
    else:
        waiting[seq] = {**decision, "digest": digest}
        told.decisions += 1
    while (following := waiting.pop(len(digests) + 1, None)) is not None:
        digests.append(following["digest"])
        story.take(following)
        _decided(reading, following, findings)


def _compare(told: Told, known: bytes, digest: bytes, which: str, findings: Findings) -> None:
    if known == digest:
        told.duplicates += 1
    else:
        findings.note("conflicting", f"{which} was said again with other content")


def _decided(reading: _Reading, decision: dict[str, Any], findings: Findings) -> None:
    """Every input is decided under one number."""
    topic = inputs_topic(decision["episode_id"])
    partition, offset = decision["input_partition"], decision["input_offset"]
    this = (decision["episode_id"], decision["seq"])
    other = reading.decided[topic, partition].setdefault(offset, this)
    findings.expect(
        other == this,
        "conflicting",
        f"input {topic}/{partition}/{offset} was decided as {other} and as {this}",
    )


def _inputs(
    evidence: Evidence, avro: Avro, told: Told
) -> Iterator[tuple[tuple[str, int], int, str]]:
    for topic in (INPUTS, MATTERS):
        for raw in evidence.read(topic):
            record = avro.read(raw.value)
            told.inputs += 1
            if record["kind"] == "event":
                told.input_ids.add(record["input_id"])
            yield (topic, raw.partition), raw.offset, record["input_id"]


def _check_inputs(
    reading: _Reading, inputs: Iterator[tuple[tuple[str, int], int, str]], findings: Findings
) -> None:
    """No input without a decision, and none that is not there."""
    found: dict[tuple[str, int], set[int]] = defaultdict(set)
    for partition, offset, identity in inputs:
        found[partition].add(offset)
        findings.expect(
            offset in reading.decided[partition],
            "lost",
            f"input {partition}/{offset} ({identity}) has no decision",
        )
    for partition, decided in reading.decided.items():
        for offset in decided.keys() - found[partition]:
            findings.note(
                "lost", f"a decision names input {partition}/{offset}, which is not there"
            )
