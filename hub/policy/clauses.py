"""What the tables of the domain ask, clause by clause: `hub/policy/clauses/` in its form.

Like the findings, clauses are no rules: nothing is decided by them.  A row of the policy table or
of the gap catalogue asks for several things at once, and a finding that names the row is answered
as soon as one of them is held.  So each clause names the rules that hold it, and none can be
missing without being missed.
"""

from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from hub.policy.source import PolicyFault, PolicyFaults, Source

FOLDER = "clauses"


class Part(StrEnum):
    """Which part of a gap a clause is about."""

    OPENS = "opens"
    GRAVER = "graver"
    CLEARS = "clears"


class HeldBy(StrEnum):
    """Why no rule of the policy holds a clause."""

    ENGINE = "engine"
    """The core holds it, for every rule alike."""
    RULING = "ruling"
    """A ruling or a dated decision says otherwise."""
    OWED = "owed"
    """Nothing holds it yet."""


class Clause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a row asks for, and what holds it."""

    of: str
    """The code of a policy or of a gap."""
    says: str
    part: Part | None = None
    """Of a gap; policies have no parts."""
    to: tuple[str, ...] = ()
    """The roles that a clause of a policy names."""
    rules: tuple[str, ...] = ()
    held_by: HeldBy | None = None
    """Only where `rules` names none."""
    because: str = ""


class ClausesFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of the folder."""

    clause: tuple[Clause, ...]


def read_clauses(folder: Path) -> list[tuple[Source, tuple[Clause, ...]]]:
    """The clauses of a policy folder by file, for line numbers.

    Raises PolicyFaults for a folder that is missing or a file that is not in its form.
    """
    faults: list[PolicyFault] = []
    found = []
    for path in sorted((folder / FOLDER).glob("*.toml")):
        source = Source(path, folder, faults)
        read = source.read(ClausesFile)
        if read is not None:
            found.append((source, read.clause))
    if not found and not faults:
        faults.append(PolicyFault(FOLDER, 1, "there are no clauses", f"restore {FOLDER}/*.toml"))
    if faults:
        raise PolicyFaults(faults)
    return found
