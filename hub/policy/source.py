"""A policy file as it stands on disk: its text, its line numbers, and what is wrong with it."""

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class PolicyFault:
    """One thing wrong with the policy: where, what, and what to do."""

    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        """The fault on one line, in the form that editors jump to."""
        return f"{self.file}:{self.line}: {self.message} -> {self.remedy}"


class PolicyFaults(Exception):  # noqa: N818  it carries every fault of a folder
    """The policy cannot be used.  Operator action: mend each file at the line named."""

    def __init__(self, faults: Iterable[PolicyFault]):
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


@dataclass
class Source:
    """One policy file: its text, for line numbers, and the faults found so far."""

    path: Path
    root: Path
    faults: list[PolicyFault]
    text: str = field(init=False)

    def __post_init__(self) -> None:
        """Read the file."""
        self.text = self.path.read_text(encoding="utf-8")

    @property
    def name(self) -> str:
        """The file, from the policy folder."""
        return str(self.path.relative_to(self.root))

    def line(self, *needles: str) -> int:
        """The line of the last needle that follows the ones before it."""
        at = 0
        for needle in needles:
            found = self.text.find(needle, at) if needle else -1
            at = found if found >= 0 else at
        return self.text.count("\n", 0, at) + 1

    def fault(self, message: str, remedy: str, *needles: str) -> None:
        """Note a fault at the place that the needles lead to."""
        self.faults.append(PolicyFault(self.name, self.line(*needles), message, remedy))

    def read(self, form: type[T]) -> T | None:
        """The file in its form, or None when it is not in that form."""
        try:
            return msgspec.convert(tomllib.loads(self.text), form)
        except tomllib.TOMLDecodeError as error:
            self.fault(f"this is not TOML: {error}", "mend the syntax at that line")
        except msgspec.ValidationError as error:
            words = str(error)
            name = words.split("`")[1] if "`" in words else ""
            self.fault(words, "use only the words in docs/policy-format.md", name)
        return None


def version_of(sources: Iterable[Source]) -> str:
    """A version that changes when any word of the policy does."""
    digest = hashlib.sha256()
    for source in sorted(sources, key=lambda s: s.name):
        digest.update(source.name.encode() + b"\0" + source.text.encode() + b"\0")
    return digest.hexdigest()[:12]
