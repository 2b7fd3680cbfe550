"""What the published events alone say must have happened, and what deadlines say of themselves."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.ops.topics import PERSONS, QUARANTINE
from tests.chaos.evidence import Avro, Evidence, Findings
from tests.chaos.place import CHILD_HEALTH, COUNCIL, PROVIDER, VISITING
from tests.chaos.story import Asked, Duty, Gap, Story
from tests.chaos.told import Told

# --- published ----------------------------------------------------------------------------------


def check_published(evidence: Evidence, avro: Avro, told: Told, findings: Findings) -> None:
    """Every confirmed record has its effect."""
    read = (avro.read(raw.value) for raw in evidence.read(PERSONS))
    # Links between keys of one person travel there too.
    persons = Counter(one["envelope"]["id"] for one in read if "envelope" in one)
    kept = {avro.read(raw.value)["original"] for raw in evidence.read(QUARANTINE)}
    where = {event: story for story in told.stories.values() for event in story.events}
    confirmed = {s.record.event_id for s in evidence.ledger if s.state == "ok"}
    for sent in evidence.ledger:
        record = sent.record
        if sent.state != "ok" or record.kind == "duplicate":
            continue
        if record.kind == "poison":
            findings.expect(
                record.value in kept, "lost", f"poison {sent.partition}/{sent.offset} is not kept"
            )
            continue
        event = avro.read(record.value)
        if event.get("target_id", record.event_id) not in confirmed:
            continue  # What it corrects may never have arrived.
        _check_event(record.event_id, event, persons, told, where, findings)


def _check_event(
    identity: str,
    event: dict[str, Any],
    persons: Counter[str],
    told: Told,
    where: dict[str, Story],
    findings: Findings,
) -> None:
    kind = event["envelope"]["type"]
    findings.expect(persons[identity] > 0, "lost", f"{kind} {identity} is not in {PERSONS}")
    findings.expect(identity in told.input_ids, "lost", f"{kind} {identity} led to no input")
    story = where.get(identity)
    if story is None:
        findings.note("lost", f"{kind} {identity} is in no episode")
        return
    how, seq = story.events[identity]
    wanted = {"event.corrected": ("corrected",), "event.retracted": ("retracted",)}
    findings.expect(
        how in wanted.get(kind, ("new", "after_end")), "lost", f"{kind} {identity} counts as {how}"
    )
    for role, organisation in _to_be_told(kind, event):
        findings.expect(
            _was_told(story, seq, role, organisation),
            "lost",
            f"{role} was never told of {kind} {identity}",
        )
    for code in _gaps_at_once(kind, event):
        findings.expect(
            any(opened == code for _, opened in story.opened),
            "lost",
            f"{kind} {identity} opened no {code}",
        )


def _was_told(story: Story, seq: int, role: str, organisation: str | None) -> bool:
    """Whether a notice went to a role with the event or after it."""
    return any(
        number >= seq and to == role and organisation in (None, at)
        for number, to, at, _ in story.notices
    )


def _to_be_told(kind: str, event: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Who must hear of an event, read from the event alone."""
    if kind == "pregnancy.booked":
        yield "GP_PRACTICE", event["gp_ods"]
        yield "HV_TEAM", VISITING
    elif kind == "pregnancy.dated":
        yield "GP_PRACTICE", None
        yield "HV_TEAM", VISITING
    elif kind == "birth.recorded":
        yield "GP_PRACTICE", None
        yield "HV_TEAM", VISITING
        yield "CHIS", CHILD_HEALTH
    elif kind == "discharge.summary":
        yield "GP_PRACTICE", None
        yield "COMM_MIDWIFE", PROVIDER
        yield "HV_TEAM", VISITING
    elif kind == "conference.attendance" and _absent(event):
        yield "CP_CHAIR", COUNCIL


def _gaps_at_once(kind: str, event: dict[str, Any]) -> Iterator[str]:
    """Gaps that an event opens by itself."""
    if kind == "discharge.summary":
        if event["sections"]["safeguarding_concerns"]["state"] == "not_completed":
            yield "G13"
    elif kind == "conference.attendance" and _absent(event):
        yield "G26"


def _absent(event: dict[str, Any]) -> bool:
    return any(each["state"] == "absent_none" for each in event["attendance"])


# --- deadlines ----------------------------------------------------------------------------------


def check_deadlines(told: Told, end: datetime, findings: Findings) -> dict[str, int]:
    """Everything that was due by the end is done or visible, once.  Returns what was looked at."""
    looked = {"deadlines_due": 0, "gaps_opened": 0}
    for episode, story in told.stories.items():
        if story.wake is not None and story.wake <= end:
            findings.note("deadlines_missed", f"{episode} wanted to be woken and never was")
        for sentence in story.twice:
            findings.note("deadlines_twice", f"{episode}: {sentence}")
        looked["gaps_opened"] += len(story.opened)
        looked["deadlines_due"] += _check_duties(episode, story, end, findings)
        for identity, due in story.expectations.items():
            if due is not None and due <= end:
                looked["deadlines_due"] += 1
                asked = story.asked[identity]
                shown = any(
                    identity in gap.duty_ids or gap.due_at == due or _is_about(gap, asked)
                    for gap in story.gaps.values()
                )
                sentence = f"{episode}: {asked.rule} is overdue and no gap was opened"
                findings.expect(shown, "deadlines_missed", sentence)
    return looked


def _is_about(gap: Gap, asked: Asked) -> bool:
    """Whether a gap that is open asks the same: two rules that ask it share one gap."""
    return gap.is_open and gap.role == asked.role and gap.subject == asked.subject


def _check_duties(episode: str, story: Story, end: datetime, findings: Findings) -> int:
    """Duties past their time that nobody has met."""
    many = 0
    for identity, duty in story.duties.items():
        for due in duty.due(end):
            many += 1
            findings.expect(
                _is_shown(story, identity, duty, due),
                "deadlines_missed",
                f"{episode}: {duty.rule} for {duty.role} was due and no gap was opened",
            )
    return many


def _is_shown(story: Story, identity: str, duty: Duty, due: datetime) -> bool:
    """Whether a gap was opened for a duty; it may have joined one that was open for its role.

    An escalation asks nothing more once the gap behind it is closed, which ends its duty.
    """
    return any(
        identity in gap.duty_ids
        or (
            (gap.is_open or gap.opened_at >= due)
            and duty.role in (gap.role, *gap.subject.split("/"))
        )
        or (gap.code == "G63" and gap.due_at == due)
        for gap in story.gaps.values()
    )
