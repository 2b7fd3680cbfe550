"""How long one decision takes, codecs included: `python -m bench.core --json -`.

A mix of what an episode with thirty open obligations hears (`bench.story`) is decided again and
again from the same stored bytes, as `agents/episodes.py` does it for one record: decode the input,
open the stored value, decide, encode, close.

`whole_cold` decodes the episode from its stored bytes; `whole_warm` finds it where the agent that
wrote it keeps it.  Everything runs with the garbage collector on, as in the worker.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from agents import step as steps
from agents.kept import RecentlyKept, close_kept, open_kept
from agents.step import Place, open_episode, step
from bench.story import EPISODE, KEY, mix_of, open_obligations, told_story
from hub.core.decide import decide
from hub.core.model import Input
from hub.core.outcomes import Decision
from hub.edges import avro
from hub.edges.avro import DecisionRecord
from hub.edges.directory import load_directory
from hub.policy.loader import load_policy

HERE = Path(__file__).parent.parent

type_of_sample = list[float]
"""Microseconds, one a call."""

_pack = msgspec.msgpack.Encoder().encode


# --- the clock ---------------------------------------------------------------------------------


def sample(act: Callable[[], object], repeats: int) -> type_of_sample:
    """Microseconds of each of some calls, after a few that are not counted."""
    clock = time.perf_counter_ns
    for _ in range(20):
        act()
    taken = []
    for _ in range(repeats):
        began = clock()
        act()
        taken.append((clock() - began) / 1000)
    return taken


def figures(rounds: list[type_of_sample]) -> dict[str, float]:
    """The median of the rounds' medians, and of their 99th percentiles."""
    middle = statistics.median(statistics.median(one) for one in rounds)
    high = statistics.median(sorted(one)[len(one) * 99 // 100] for one in rounds)
    return {"median": round(middle, 1), "p99": round(high, 1)}


def measured(
    acts: dict[str, list[Callable[[], object]]], rounds: int, repeats: int
) -> dict[str, dict[str, float]]:
    """Figures by name; a round takes every part in turn, so that a busy minute hits all alike."""
    taken: dict[str, list[type_of_sample]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, several in acts.items():
            taken[name].append([it for act in several for it in sample(act, repeats)])
    return {name: figures(several) for name, several in taken.items()}


# --- the parts ---------------------------------------------------------------------------------


class Bench:
    """One stored episode, and everything that is done to it."""

    def __init__(self) -> None:
        self.policy = load_policy()
        self.story = told_story(self.policy, load_directory(HERE / "hub/demo/directory.toml"))
        assert self.story.stored is not None
        self.stored = self.story.stored
        self.place = Place(KEY, 0, self.story.offset + 1, self.story.offset + 1)
        self.mix = mix_of(self.story)

    def whole(self, sent: bytes, recent: RecentlyKept) -> bytes:
        """One record, as the agent absorbs it."""
        given = avro.decode_input(sent)
        kept = recent.open(0, KEY, self.stored)
        fresh, _ = step(self.policy, kept, self.place, given)
        return recent.close(0, b"another", fresh)

    def recent(self) -> RecentlyKept:
        """What the agent has at hand once it has written the episode that is measured."""
        recent = RecentlyKept(open_episode, 2)
        kept = open_kept(self.stored)
        kept.value = steps.episode_of(kept, KEY)
        assert recent.close(0, KEY, kept) == self.stored
        return recent

    def acts(self, given: Input) -> dict[str, Callable[[], object]]:
        """Each part of one input's decision, by name."""
        sent = avro.encode_input(given)
        kept = open_kept(self.stored)
        episode = self.story.episode
        decision = decide(episode, given, self.policy)
        fresh, _ = step(self.policy, kept, self.place, given)
        record = record_of(decision, self.place)
        nothing, recent = RecentlyKept(open_episode, 0), self.recent()
        return {
            "decode_input": lambda: avro.decode_input(sent),
            "open_and_decode": lambda: open_episode(self.stored),
            "decide": lambda: decide(episode, given, self.policy),
            "state_encode": lambda: _pack(decision.episode),
            "encode_decision": lambda: avro.encode_decision(record),
            "close_kept": lambda: close_kept(fresh),
            "whole_cold": lambda: self.whole(sent, nothing),
            "whole_warm": lambda: self.whole(sent, recent),
        }

    def edges(self) -> dict[str, Callable[[], object]]:
        """What the intake and the identity agent do with one event, the booking, on its way."""
        given = self.mix["booking"][0]
        assert given.event is not None
        heard = given.event
        sent, arrived = avro.encode_event(heard), heard.received_at
        return {
            "decode_event": lambda: avro.decode_event(sent, arrived),
            "encode_event": lambda: avro.encode_event(heard),
            "pass_event_on": lambda: avro.pass_event_on(heard),
            "encode_input": lambda: avro.encode_input(given),
            "team_for": lambda: self.story.told(heard),
        }

    def run(self, rounds: int, repeats: int) -> dict[str, Any]:
        """All figures: the parts over the whole mix, the whole by kind of input, the edges."""
        parts: dict[str, list[Callable[[], object]]] = {}
        kinds: dict[str, list[Callable[[], object]]] = {}
        for kind, inputs in self.mix.items():
            for given in inputs:
                for name, act in self.acts(given).items():
                    parts.setdefault(name, []).append(act)
                    if name.startswith("whole"):
                        kinds.setdefault(f"{kind} {name.removeprefix('whole_')}", []).append(act)
        edges = {name: [act] for name, act in self.edges().items()}
        return {
            "decision_us": measured(parts, rounds, repeats),
            "by_kind_us": measured(kinds, rounds, repeats),
            "edges_us": measured(edges, rounds, repeats),
            "episode": self.size(),
        }

    def size(self) -> dict[str, int]:
        """What was measured."""
        episode = self.story.episode
        return {
            "obligations": len(episode.obligations),
            "open": len(open_obligations(episode)),
            "expectations": len(episode.expectations),
            "gaps": len(episode.gaps),
            "events": len(episode.history),
            "stored_bytes": len(self.stored),
        }


def record_of(decision: Decision, place: Place) -> DecisionRecord:
    """The record of a decision, as the step writes it."""
    return DecisionRecord(
        episode_id=EPISODE,
        seq=decision.seq,
        input_id=decision.input_id,
        input_partition=place.partition,
        input_offset=place.offset,
        at=decision.at,
        policy_version=decision.policy_version,
        outcomes=decision.outcomes,
    )


def show(found: dict[str, Any]) -> None:
    """The figures as a table."""
    print(", ".join(f"{count} {name}" for name, count in found["episode"].items()))
    for group in ("decision_us", "by_kind_us", "edges_us"):
        print(f"\n{group:<24}{'median':>8}{'p99':>8}")
        for name, row in found[group].items():
            print(f"  {name:<22}{row['median']:>8.1f}{row['p99']:>8.1f}")


def main() -> None:
    """Measure, print the table, and write the JSON where it is wanted (`-`: after the table)."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--json", metavar="FILE", help="a file, or - for standard output")
    asked.add_argument("--rounds", type=int, default=7)
    asked.add_argument("--repeats", type=int, default=200, help="calls of each input in a round")
    args = asked.parse_args()
    found = Bench().run(args.rounds, args.repeats)
    show(found)
    if args.json == "-":
        print(json.dumps(found))
    elif args.json:
        Path(args.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
