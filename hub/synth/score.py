"""Compares what the hub found with what was done wrong.

A gap answers a wrong when it is of the same family and code and opened within the time in which the
wrong should have been noticed.  Each answers one; a wrong without a gap is a miss, a gap without a
wrong a false alarm, unless its code was said to come in the train of something else.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from hub.edges.schemas import default_schemas
from hub.policy.loader import load_policy
from hub.synth.account import Account, Truth, read_part, read_truth
from hub.synth.play import FamilyRig, Gap
from hub.synth.year import PART

EARLY = timedelta(minutes=1)
"""Clocks here and in the hub are the same to the second; a report takes a minute or two."""
LISTED = 200
"""Misses and false alarms that are listed one by one; all are counted."""
NOTHING = "-"


class Line(NamedTuple):
    """A miss or a false alarm, with what is needed to look at it again."""

    family: int
    code: str
    severity: int
    mishap: str
    words: str


@dataclass
class Score:
    """How the hub did on some families."""

    families: int = 0
    inputs: int = 0
    found: Counter[int] = field(default_factory=Counter)
    missed: Counter[int] = field(default_factory=Counter)
    false: Counter[int] = field(default_factory=Counter)
    by_code: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Confusion: (code of the wrong, code of the gap), `-` where there was none."""
    cleared: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_mishap: Counter[tuple[str, str]] = field(default_factory=Counter)
    graver: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    """(code, severity by the truth, severity by the hub) where the two differ."""
    misses: list[Line] = field(default_factory=list)
    alarms: list[Line] = field(default_factory=list)

    def add(self, other: "Score") -> None:
        """Take another part's score in."""
        self.families += other.families
        self.inputs += other.inputs
        for name in ("found", "missed", "false", "by_code", "cleared", "by_mishap", "graver"):
            getattr(self, name).update(getattr(other, name))
        self.misses += other.misses[: max(0, LISTED - len(self.misses))]
        self.alarms += other.alarms[: max(0, LISTED - len(self.alarms))]

    def recall(self, *severities: int) -> float:
        """Wrongs found of those done, of some severities or of all; 1 where none was done."""
        return _share(self.found, self.missed, severities)

    def precision(self, *severities: int) -> float:
        """Gaps with a wrong behind them of all gaps; 1 where none was opened."""
        return _share(self.found, self.false, severities)


def _share(good: Counter[int], bad: Counter[int], severities: tuple[int, ...]) -> float:
    of = severities or tuple({*good, *bad})
    hits, all_ = sum(good[s] for s in of), sum(good[s] + bad[s] for s in of)
    return hits / all_ if all_ else 1.0


def score_family(
    account: Account, gaps: list[Gap], truths: list[Truth], allowed: list[str], score: Score
) -> None:
    """Set one family's gaps against its wrongs."""
    waiting = sorted(truths, key=lambda t: t.due)
    for gap in gaps:
        truth = next((t for t in waiting if _answers(gap, t)), None)
        if truth is not None:
            waiting.remove(truth)
            _note_found(score, truth, gap)
        elif gap.code not in allowed:
            score.false[gap.severity] += 1
            score.by_code[NOTHING, gap.code] += 1
            words = f"{gap.rule} opened at {gap.opened_at.isoformat()} for {gap.role}"
            about = ",".join({t.mishap for t in truths}) or NOTHING
            score.alarms.append(Line(account.family, gap.code, gap.severity, about, words))
    for truth in waiting:
        score.missed[truth.severity] += 1
        instead = next((g.code for g in gaps if g.opened_at == truth.due), NOTHING)
        score.by_code[truth.code, instead] += 1
        score.by_mishap[truth.mishap, "missed"] += 1
        words = f"{truth.what}; by {truth.due.isoformat()}"
        line = Line(account.family, truth.code, truth.severity, truth.mishap, words)
        score.misses.append(line)


def _answers(gap: Gap, truth: Truth) -> bool:
    in_time = truth.since - EARLY <= gap.opened_at <= truth.latest
    return gap.code == truth.code and in_time


def _note_found(score: Score, truth: Truth, gap: Gap) -> None:
    score.found[truth.severity] += 1
    score.by_code[truth.code, gap.code] += 1
    score.by_mishap[truth.mishap, "found"] += 1
    score.cleared[truth.code, gap.state] += 1
    if truth.severity != gap.severity:
        score.graver[truth.code, truth.severity, gap.severity] += 1


class Piece(NamedTuple):
    """One part of a year, to be scored."""

    path: Path
    truths: dict[int, tuple[list[Truth], list[str]]]


def score_part(piece: Piece) -> Score:
    """Play every family of a part and compare.  Codes that the hub does not have are left out."""
    policy, schemas = load_policy(), default_schemas()
    score = Score()
    for account in read_part(piece.path):
        rig = FamilyRig(account, policy, schemas)
        gaps = rig.run_through()
        truths, allowed = piece.truths.get(account.family, ([], []))
        known = [t for t in truths if t.code in policy.gaps]
        score_family(account, gaps, known, allowed, score)
        score.families += 1
        score.inputs += rig.inputs
    return score


def pieces(folder: Path) -> list[Piece]:
    """The parts of a year, each with its own share of the truth."""
    truth = read_truth(folder / "truth.jsonl")
    paths = sorted(folder.glob("part-*.jsonl.gz"))
    first = [range(n * PART, (n + 1) * PART) for n in range(len(paths))]
    return [
        Piece(path, {n: truth[n] for n in families if n in truth})
        for path, families in zip(paths, first, strict=True)
    ]


def as_json(score: Score) -> dict[str, Any]:
    """The whole score as one JSON document."""
    codes = sorted({a for a, _ in score.by_code if a != NOTHING})
    return {
        "families": score.families,
        "inputs": score.inputs,
        "wrongs": sum(score.found.values()) + sum(score.missed.values()),
        "gaps": sum(score.found.values()) + sum(score.false.values()),
        "recall": round(score.recall(), 6),
        "recall_grave": round(score.recall(3, 4), 6),
        "precision": round(score.precision(), 6),
        "by_severity": {
            s: {"found": score.found[s], "missed": score.missed[s], "false": score.false[s]}
            for s in (1, 2, 3, 4)
        },
        "confusion": [
            {"wrong": a, "gap": b, "count": n} for (a, b), n in sorted(score.by_code.items())
        ],
        "codes": codes,
        "ends": [
            {"code": a, "state": b, "count": n} for (a, b), n in sorted(score.cleared.items())
        ],
        "severity_differs": [
            {"code": c, "truth": a, "hub": b, "count": n}
            for (c, a, b), n in sorted(score.graver.items())
        ],
        "misses": [line._asdict() for line in score.misses],
        "false_alarms": [line._asdict() for line in score.alarms],
    }
