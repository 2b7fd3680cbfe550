"""For every event, role and label: nothing withheld, and no trace of it, reaches the recipient.

Each case plants a word of its own in every text of an event, lets the core decide, and searches
the bytes that are sent.  The auditor has the table of the domain written down once more
(`table.py`) and knows nothing of the code that redacts.  A few hundred cases run with the fast
tests; `make properties` runs a hundred thousand.
"""

import os
import random
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.core.decide import decide
from hub.core.expressions import Expression
from tests.core.stage import policy
from tests.effort import cases
from tests.properties import table
from tests.properties.case import (
    AGREED,
    EMPTY,
    EVENTS,
    LABELS,
    ROLES,
    Case,
    before,
    event,
    heard,
    telling,
)
from tests.properties.planting import Planter
from tests.properties.sending import sent_to

CASES = int(os.environ.get("CASES", cases(300)))
SEEN: Counter[str] = Counter()

NEVER = (b"ZQREFERENCEZ", b"ZQACTORZ", b"ZQCORRELATIONZ", b"ZQCAUSATIONZ")
"""What no line of any notice may hold, whoever reads it."""


def search(case: Case, sent: list[bytes]) -> None:
    """Every word that may be there is, and no other."""
    assert bool(sent) is not case.silent(), "a notice for who must not know, or none for who must"
    for payload in sent:
        for word in NEVER:
            assert word not in payload
        for word, path in case.planter.planted.items():
            if path in case.of_the_episode():
                continue
            there = word.encode() in payload
            assert there is (case.share(path) == "F"), (case.type, case.role, path, there)
            SEEN["shown" if there else "kept back"] += 1


def compare(case: Case, corrected: bool, sent: list[bytes], seed: int) -> None:
    """With another value in a field that is kept back, the very same bytes are sent."""
    chance = random.Random(seed)  # noqa: S311  a case is repeated from its seed; nothing here is secret
    subject: Expression | None = case.rules.events[case.type].subject
    names = [
        name
        for name, value in case.body.items()
        if value not in EMPTY
        and not table.read_by_labels(case.type, name)
        and name not in case.of_the_episode()
        # Whose it is goes into the id of the duty, as a hash that also holds the event's own id.
        and not (subject is not None and (name == "baby_id" or f"event.{name}" in subject.text))
        and all(case.share(p) != "F" for p in _below(case, name))
    ]
    if not names:
        return
    name = chance.choice(names)
    other = Planter(seed + 1).body(case.type).get(name)
    gone = all(case.share(p) == "N" for p in _below(case, name))
    if other in EMPTY and not gone:
        return
    twin = sent_to(case.decide(case.body | {name: other}, corrected), case.role)
    assert twin == sent, (case.type, case.role, name)
    SEEN["twins"] += 1


def _below(case: Case, name: str) -> list[str]:
    """The placed fields at, above and below a field of the body."""
    groups = table.group_of(case.type)
    return [p for p in groups if p == name or p.startswith(f"{name}.")] or [name]


@settings(
    max_examples=CASES, deadline=None, database=None, derandomize=CASES <= 300,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    seed=st.integers(0, 2**48),
    event_type=st.sampled_from(EVENTS),
    role=st.sampled_from(ROLES),
    labels=st.lists(st.sampled_from(LABELS), max_size=3, unique=True),
    agreed=st.sampled_from(tuple(AGREED)),
    corrected=st.booleans(),
)
def test_nothing_withheld_and_no_trace_of_it_is_sent(
    seed: int, event_type: str, role: str, labels: list[str], agreed: str, corrected: bool
) -> None:
    """Search what is sent, and compare it with what a twin of the event leads to."""
    case = Case(seed, event_type, role, tuple(labels), agreed)
    sent = sent_to(case.decide(case.body, corrected), role)
    if corrected and not sent and not case.silent():
        return  # A correction is told to whom the original was; the plain case asks for the rest.
    search(case, sent)
    compare(case, corrected, sent, seed)
    SEEN["cases"] += 1


def test_the_search_found_what_it_looked_for() -> None:
    """A search that finds nothing proves nothing: words were shown, and words were kept back."""
    for event_type in ("discharge.summary", "enquiry.domestic-abuse"):
        for role in ("GP_PRACTICE", "CHIS", "PARTNER"):
            case = Case(7, event_type, role, (), "")
            search(case, sent_to(case.decide(case.body, False), role))
    assert SEEN["shown"] > 0
    assert SEEN["kept back"] > 0


def test_the_table_is_the_one_the_hub_reads() -> None:
    """Two copies that are kept apart on purpose, and must say the same."""
    groups = policy().groups
    shipped = {n: " ".join(g.audience[a].value for a in table.COLUMNS) for n, g in groups.items()}
    assert shipped == table.TABLE
    labels = {n: (r.group, set(r.covers)) for n, r in policy().labels.items()}
    assert labels == {n: (g, set(covers.split())) for n, (g, covers) in table.LABELS.items()}


SHOWN_OF_THE_EPISODE = {"edd", "provider"}
"""What an event may change of the episode that every notice may show, and the table gives her."""


@settings(
    max_examples=max(CASES // 5, cases(100)),
    deadline=None, database=None, derandomize=CASES <= 300,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    seed=st.integers(0, 2**48),
    event_type=st.sampled_from(
        [t for t in EVENTS if not SHOWN_OF_THE_EPISODE & set(policy().events[t].sets)]
    ),
    role=st.sampled_from(("PARENT", "PARTNER")),
    label=st.sampled_from(("DA", "THIRD_PARTY", "NOVEL")),
)
def test_to_the_family_a_hidden_event_never_happened(
    seed: int, event_type: str, role: str, label: str
) -> None:
    """The next notice is the same, byte for byte: no number skipped, no id, no other time."""
    agreed = "partner" if role == "PARTNER" else ""
    case = Case(seed, event_type, role, (label,), agreed)
    if not case.silent():
        return
    hidden = case.decide(case.body, corrected=False)
    assert sent_to(hidden, role) == []
    later = event("pregnancy.dated", {"edd": "2026-10-22", "basis": "scan"}, "2026-06-03 10:00")
    rules = telling("pregnancy.dated", role)
    without = sent_to(decide(before(agreed), heard(later), rules), role)
    assert sent_to(decide(hidden.episode, heard(later), rules), role) == without
    assert without
    SEEN["hidden"] += 1
