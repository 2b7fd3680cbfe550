"""The redaction table of domain section 8, written down a second time, and read by nothing else.

The hub reads `hub/policy/fields.toml`.  An auditor that read the same table would find every slip
in it right; so here is the table as the domain has it, row for row, and the two must agree.
"""

import re
import tomllib
from functools import cache
from typing import Any

from tests.house.tree import ROOT

POLICY = ROOT / "hub" / "policy"

COLUMNS = (
    "gp", "midwife", "hv", "social_care", "mental_health", "acute", "child_health", "early_help",
    "vcs", "manager", "commissioner", "operator", "parent", "partner",
)  # fmt: skip
FAMILY = ("parent", "partner")

TABLE = {
    "identity": "F F F F F F F F C S N N F C",
    "pregnancy": "F F F F F F F F C S N N F C",
    "staff": "F F F F F F F F C S N N F C",
    "address": "F F F F F F F F C N N N F N",
    "safe_contact": "F F F F F P N P P N N N F N",
    "communication": "F F F F F F F F C N N N F N",
    "vulnerability": "S F F F S P N N N S N N N N",
    "domestic_abuse": "S F F F S P N S N S N N N N",
    "partner_concern": "C S S F C P N N N N N N N N",
    "coercive_control": "S F F F S P N N N N N N N N",
    "birth": "F F F F F F F N N N N N F N",
    "discharge": "F F F F F F S N N N N N F N",
    "clinical": "F F F F S F N N N N N N F N",
    "growth": "F F F F N F F N N N N N F C",
    "referral": "F F F F F S N S N N N N F N",
    "social": "F F F F S P N N N N N N N N",
    "household": "P F F F P N N C N N N N F N",
    "safeguarding": "F F F F S P N N N S N N N N",
    "concealment": "F F F F S P N N N S N N F N",
    "children_removed": "F F F F S P N N N N N N F N",
    "mental_health": "F F F S F S N S S N N N F N",
    "self_harm": "F F S F F P N N N S N N F N",
    "substance": "F F F F F S N C N N N N F N",
    "learning_disability": "F F F F F S N S C N N N F C",
    "abuse_origin": "P F S F C N N N N N N N F N",
    "immigration": "C F C C C N N C N N N N F N",
    "termination": "C C N N N N N N N N N N F N",
    "loss": "F F F F F P F S C S N N F C",
    "wishes": "F F F F F F F F C S N N F C",
    "partner_health": "N C C F C N N N N N N N N F",
    "third_party": "N N N F N N N N N N N N N N",
    "plan": "F F F F S F N S N S N N F N",
    "conference": "F F F F F F N N N S N N F N",
    "minutes": "F F F F C N N C N N N N N N",
    "move": "F F F F F F F F N S N N F N",
    "record": "F F F F F F F F N F N F F N",
    "workload": "N N N N N N N N N F S N N N",
    "whole_event": "N N N N N N N N N N N N N N",
}

_ABUSE = (
    "domestic_abuse coercive_control partner_concern safeguarding social vulnerability referral"
)

LABELS = {
    "DA": ("domestic_abuse", f"{_ABUSE} household minutes"),
    "MH": ("mental_health", "mental_health self_harm vulnerability social referral"),
    "SUBST": ("substance", "substance vulnerability social safeguarding referral"),
    "TOP": ("termination", "loss termination referral"),
    "CSC": ("safeguarding", "safeguarding plan conference minutes"),
    "PARTNER": ("partner_health", "partner_health partner_concern household"),
    "THIRD_PARTY": ("third_party", "third_party household minutes"),
    "ADDR_RESTRICTED": ("address", "address safe_contact move"),
}
"""Each label: the row that says who may have it, and the rows it lowers."""

_RANK = "NPSF"
_TERM = re.compile(r"event\.(\w+) == '([^']*)'")
_HELD = re.compile(r"'([^']*)' in event\.(\w+)")
_OF_REFERRAL = re.compile(r"'[^']*' in referral_reasons\(\)")
"""What an earlier referral was about: in the episodes of these cases there is none."""


@cache
def audience_of() -> dict[str, str]:
    """As whom each role reads."""
    rows = tomllib.loads((POLICY / "roles.toml").read_text(encoding="utf-8"))["role"]
    return {row["role"]: row["audience"] for row in rows}


@cache
def group_of(event_type: str) -> dict[str, str]:
    """The group of each field of an event, from its policy file as it stands."""
    path = POLICY / "events" / f"{event_type}.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    groups = {p: group for group, paths in found.get("groups", {}).items() for p in paths}
    shown = {f["path"].partition(".")[2]: f["group"] for f in found.get("field", ())}
    own = {f["path"].partition(".")[0] for f in found.get("field", ())}
    assert own <= {"event"}, "an event file places fields of its own event only"
    return groups | shown


def group_at(event_type: str, path: str) -> str:
    """The group of a field: its own, or that of the nearest field above it."""
    groups = group_of(event_type)
    while path not in groups:
        path = path.rpartition(".")[0]
    return groups[path]


@cache
def _labelled(event_type: str) -> tuple[tuple[str, str], ...]:
    path = POLICY / "events" / f"{event_type}.toml"
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("labelled", ())
    return tuple((row["label"], row["when"]) for row in rows)


def labels_of(event_type: str, body: dict[str, Any], given: tuple[str, ...]) -> tuple[str, ...]:
    """Every label of an event: its publisher's, and those that its content gives it."""
    found = list(given)
    for label, when in _labelled(event_type):
        terms = when.split(" or ")
        readable = all(
            any(form.fullmatch(term) for form in (_TERM, _HELD, _OF_REFERRAL)) for term in terms
        )
        assert readable, "a condition this auditor cannot read"
        is_so = any(body.get(n) == v for n, v in _TERM.findall(when))
        if is_so or any(v in (body.get(n) or ()) for v, n in _HELD.findall(when)):
            found.append(label)
    return tuple(found)


def read_by_labels(event_type: str, field: str) -> bool:
    """Whether what an event says in a field decides which labels it carries."""
    conditions = [when for _, when in _labelled(event_type)]
    named = {n for when in conditions for n, _ in _TERM.findall(when)}
    return field in named | {n for when in conditions for _, n in _HELD.findall(when)}


def share(audience: str, group: str, labels: tuple[str, ...], agreed: frozenset[str]) -> str:
    """How much of a group of the event an audience may have: F, S, P or N."""
    lowest = _row(audience, group, agreed)
    for label in labels:
        if label not in LABELS:
            cap = "N" if audience in FAMILY else "P"
        elif group in LABELS[label][1].split() or audience in FAMILY:
            cap = _row(audience, LABELS[label][0], agreed)
        else:
            continue
        lowest = min(lowest, cap, key=_RANK.index)
    return lowest


def _row(audience: str, group: str, agreed: frozenset[str]) -> str:
    word = TABLE[group].split()[COLUMNS.index(audience)]
    if word == "C":
        return "F" if audience in agreed else "N"
    return word


def hears_nothing(
    audience: str, groups: set[str], labels: tuple[str, ...], agreed: frozenset[str]
) -> bool:
    """Whether somebody in the family must not learn that there was anything."""
    if audience not in FAMILY:
        return False
    not_hers = [n for n in labels if n not in LABELS or _row(audience, LABELS[n][0], agreed) == "N"]
    return bool(not_hers) or all(share(audience, g, labels, agreed) == "N" for g in groups)
