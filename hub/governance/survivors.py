"""The rows that can be taken away without a scenario failing, each with the reason why it stays."""

import tomllib
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from hub.governance.faults import CannotAnswerError
from hub.ops.settings import PACKAGE

LIST = PACKAGE.parent / "tests" / "governance" / "survivors.toml"


class Cause(StrEnum):
    """Why no scenario can, or need, notice."""

    SAID_TWICE = "said_twice"
    """Another row says the same as long as both are there."""
    SHOWN_ELSEWHERE = "shown_elsewhere"
    """It changes what scenarios do not list; the test named shows it."""
    SCENARIO_OWED = "scenario_owed"
    """A scenario could notice, and is still to be written."""
    NEVER_ALONE = "never_alone"
    """It works only together with something that never comes without it."""


class Survivor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row, and why nobody misses it."""

    mutant: str
    cause: Cause
    because: str


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    survivor: tuple[Survivor, ...] = ()


def explained(path: Path = LIST) -> dict[str, str]:
    """Why each listed survivor stays, by its label; nothing where there is no list.

    Raises CannotAnswerError for a list that is not in its form.
    """
    if not path.exists():
        return {}
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CannotAnswerError(f"{path}: {error}; see docs/policy-tools.md") from None
    return {row.mutant: f"{row.cause.value}: {row.because}" for row in found.survivor}
