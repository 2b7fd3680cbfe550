"""What the case reviews and the local assessment found: `hub/policy/findings.toml` in its form.

The findings are no rules: nothing is decided by them, and a policy without them works.  They say
which rules answer which finding, so that nobody takes a finding for answered that is not.
"""

from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from hub.policy.source import PolicyFault, PolicyFaults, Source

FILE = "findings.toml"


class FindingKind(StrEnum):
    """What sort of sentence a finding is (domain section 2)."""

    FAILURE = "failure"
    RECOMMENDATION = "recommendation"
    SCORE = "score"
    LISTED_GAP = "listed_gap"
    VOICE = "voice"
    BACKGROUND = "background"


class NoGap(StrEnum):
    """Why no gap answers a finding."""

    FURTHER_READING = "further_reading"
    SCALE_FORMAT = "scale_format"
    CHECKED_SUM = "checked_sum"


class Finding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finding, with the codes of what answers it."""

    id: str
    kind: FindingKind
    source: str
    subject: str
    events: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    no_gap: NoGap | None = None
    because: str = ""
    """Why nothing answers it, in a sentence; only with `no_gap`."""
    note: str = ""


class FindingsFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hub/policy/findings.toml`."""

    finding: tuple[Finding, ...]


def read_findings(folder: Path) -> tuple[Source, tuple[Finding, ...]]:
    """The findings of a policy folder, with their file for line numbers.

    Raises PolicyFaults for a file that is missing or not in its form.
    """
    faults: list[PolicyFault] = []
    path = folder / FILE
    if not path.exists():
        raise PolicyFaults([PolicyFault(FILE, 1, "there is no such file", f"restore {FILE}")])
    source = Source(path, folder, faults)
    found = source.read(FindingsFile)
    if found is None:
        raise PolicyFaults(faults)
    return source, found.finding
