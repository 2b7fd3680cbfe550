"""`hub synth`: write a year, score the hub on it, or show one family of it as a scenario."""

import json
import resource
import sys
import time
from pathlib import Path

from hub.synth.replay import replay
from hub.synth.score import Score, as_json, pieces, score_part
from hub.synth.year import make_year, on_every_core

GRAVE = (3, 4)
RECALL_ALL, PRECISION_ALL = 0.999, 0.99


def main(
    folder: Path,
    *,
    pregnancies: int,
    seed: int,
    faults: bool,
    score: bool,
    only_score: bool,
    family: int | None,
    json_path: Path | None,
) -> int:
    """Do what is asked; the exit code is 0 unless a score misses its mark.

    The mark is the whole recall for severity 3 and 4, at least 0.999 for all, and a precision of
    at least 0.99.
    """
    if family is not None:
        sys.stdout.write(replay(folder, family))
        return 0
    if not only_score:
        _make(folder, pregnancies, seed, faults=faults)
    if not (score or only_score):
        return 0
    found = _score(folder)
    if json_path is not None:
        text = json.dumps(as_json(found), indent=1) + "\n"
        if str(json_path) == "-":
            sys.stdout.write(text)
        else:
            json_path.write_text(text, encoding="utf-8")
    return 0 if reaches_its_mark(found) else 1


def reaches_its_mark(score: Score) -> bool:
    """Whether nothing grave was missed, hardly anything else, and hardly anything was invented."""
    whole = score.recall(*GRAVE) == 1.0
    return whole and score.recall() >= RECALL_ALL and score.precision() >= PRECISION_ALL


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _make(folder: Path, pregnancies: int, seed: int, *, faults: bool) -> None:
    began = time.monotonic()
    for done, of in make_year(folder, pregnancies, seed, faults=faults):
        _say(f"made {done} of {of} families, {time.monotonic() - began:.0f} s")


def _score(folder: Path) -> Score:
    began, whole = time.monotonic(), Score()
    for part in on_every_core(score_part, pieces(folder)):
        whole.add(part)
        _say(
            f"played {whole.families} families, {time.monotonic() - began:.0f} s: "
            f"{sum(whole.found.values())} found, {sum(whole.missed.values())} missed, "
            f"{sum(whole.false.values())} false"
        )
    _report(whole, time.monotonic() - began)
    return whole


def _report(score: Score, seconds: float) -> None:
    memory = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    _say(
        f"{score.families} families, {score.inputs} inputs in {seconds:.0f} s, "
        f"{memory // 1024} MB in the largest process"
    )
    for severity in (4, 3, 2, 1):
        _say(
            f"severity {severity}: found {score.found[severity]:6}"
            f" missed {score.missed[severity]:5} false {score.false[severity]:5}"
            f"  recall {score.recall(severity):.4f}"
            f" precision {score.precision(severity):.4f}"
        )
    _say(f"all: recall {score.recall():.5f} precision {score.precision():.5f}")
    for (wrong, gap), count in sorted(score.by_code.items()):
        if wrong != gap:
            _say(f"  {wrong:>4} taken for {gap:<4} {count:6}")
    for name, lines in (("missed", score.misses), ("false alarm", score.alarms)):
        for line in lines[:20]:
            _say(f"  {name}: {line.code} family {line.family} ({line.mishap}) {line.words}")
