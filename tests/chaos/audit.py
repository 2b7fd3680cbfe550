"""The auditor: what must be true of any finished run, worked out from the evidence alone.

It never calls `decide` and shares no fold with the hub.  Each finding is counted under one of five
names, and each of them must be zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from tests.chaos.evidence import Avro, Evidence, Findings, RealEvidence
from tests.chaos.outcome_checks import check_deadlines, check_published
from tests.chaos.publisher import Sent
from tests.chaos.stack import Stack
from tests.chaos.store_checks import check_database, check_delivered, check_kept, check_states
from tests.chaos.told import Told, read_decisions


@dataclass
class Audit:
    """The verdict on one run."""

    ZEROS: ClassVar[tuple[str, ...]] = (
        "lost",
        "conflicting",
        "state_mismatch",
        "deadlines_missed",
        "deadlines_twice",
    )
    findings: Findings
    told: Told
    extra: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """The five zeros, and what was looked at."""
        zeros = {name: self.findings.counts.get(name, 0) for name in self.ZEROS}
        return zeros | {
            "duplicates_dropped": self.told.duplicates,
            "decisions": self.told.decisions,
            "inputs": self.told.inputs,
            "episodes": len(self.told.stories),
            **self.extra,
        }

    def sentences(self) -> list[str]:
        """The first findings, a sentence each."""
        return [sentence for kept in self.findings.first.values() for sentence in kept]


def audit(evidence: Evidence) -> Audit:
    """Look at everything."""
    findings, avro = Findings(), Avro()
    told = read_decisions(evidence, avro, findings)
    check_published(evidence, avro, told, findings)
    looked = check_deadlines(told, evidence.end, findings)
    check_database(evidence, told, findings)
    check_kept(evidence, findings)
    repeats = check_delivered(evidence, avro, findings)
    check_states(evidence, told, findings)
    confirmed = sum(sent.state == "ok" for sent in evidence.ledger)
    counted = {"events": len(evidence.ledger), "confirmed": confirmed, "notices_repeated": repeats}
    notices = sum(len(story.notices) for story in told.stories.values())
    return Audit(findings, told, counted | {"notices": notices} | looked)


def audit_run(stack: Stack, ledger: Sequence[Sent], end: datetime, left: str) -> Audit:
    """Audit a run whose roles have stopped; `left` is what was still under way, if anything."""
    found = audit(
        RealEvidence(
            stack.bootstrap,
            stack.settings.partitions,
            stack.database,
            stack.data_dir / "worker",
            ledger,
            end,
        )
    )
    if left:
        found.findings.note("lost", f"the run did not come to rest: it waited for {left}")
    return found
