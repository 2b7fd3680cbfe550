"""Which keys are one person's: a graph of ties, each of which stands until it is taken back."""

from collections.abc import Iterable
from itertools import pairwise

from msgspec.structs import replace

from hub.core.ids import fingerprint
from hub.core.person import GaveWay, PersonState, Tied

MERGES_LIMIT = 48
"""Merges of one person that can still be taken back; an older one stands for good."""
KEYS_LIMIT = 64
"""Keys of one person that are remembered as having given way."""


BY = "#by:"
"""Between the id of a merge and the fingerprint of the correction that says it otherwise: what is
right has a name of its own, so that it is told from what was wrong wherever both are known."""


def as_corrected(merge: str, correction: str) -> str:
    """The name of a merge as a correction says it."""
    return f"{merge}{BY}{fingerprint(correction):016x}"


def is_retracted(state: PersonState, event_id: str) -> bool:
    """Whether an event was taken back for good, as far as is known here."""
    known = fingerprint(event_id)
    return any(one.event == known and one.at is None for one in state.replaced)


def is_taken_back(state: PersonState, merge: str) -> bool:
    """Whether a merge was a mistake, as far as is known here: taken back, or corrected since."""
    first, _, by = merge.rpartition(BY) if BY in merge else (merge, "", "")
    known = fingerprint(first)
    said = next((one for one in state.replaced if one.event == known), None)
    if not merge or said is None:
        return False
    return said.at is None or by != f"{said.by:016x}"


def with_ties(
    state: PersonState, key: str, more: Iterable[Tied], gave_way: Iterable[GaveWay] = ()
) -> PersonState:
    """A person with more ties; of all of them those that stand."""
    # What an older state knew of its merges.
    before = tuple(Tied(one=other, other=key, merge=merge) for merge, other in state.merges)
    came = tuple(GaveWay(key=other) for _, other in state.merges)
    ties = dict.fromkeys((*before, *state.ties, *more))
    return replace(
        state,
        merges=(),
        ties=_limited(tuple(tie for tie in ties if not is_taken_back(state, tie.merge))),
        gave_way=tuple(dict.fromkeys((*came, *state.gave_way, *gave_way)))[-KEYS_LIMIT:],
    )


def _limited(ties: tuple[Tied, ...]) -> tuple[Tied, ...]:
    merges = [tie for tie in ties if tie.merge]
    for_good = {replace(tie, merge="") for tie in merges[:-MERGES_LIMIT]}
    lasting = dict.fromkeys((*(tie for tie in ties if not tie.merge), *for_good))
    return (*lasting, *merges[-MERGES_LIMIT:])


def connected(key: str, ties: Iterable[Tied]) -> frozenset[str]:
    """All keys that ties connect with one."""
    every, found = tuple(ties), {key}
    while True:
        more = {
            end for tie in every if {tie.one, tie.other} & found for end in (tie.one, tie.other)
        }
        if more <= found:
            return frozenset(found)
        found |= more


def merge_ties(state: PersonState, key: str, merge: str, ends: list[str]) -> tuple[Tied, ...]:
    """The ties that a merge makes, as the key to which it has come knows them."""
    fresh = tuple(
        Tied(one=one, other=other, merge=merge) for one, other in pairwise(ends) if one != other
    )
    if not ends or set(ends) & connected(key, state.ties):
        return fresh
    # It was said of a third record, which is then one with both.
    return (*fresh, Tied(one=key, other=ends[0], merge=merge))
