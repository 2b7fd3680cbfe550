"""A policy file as it stands on disk: its text, its line numbers, and what is wrong with it."""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


LAWFUL_WORDS = "use only the words that hub/policy/files.py lists for this table"


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
        at = -1
        for needle in needles:
            found = self.text.find(needle, at + 1) if needle else -1
            at = found if found >= 0 else at
        return self.text.count("\n", 0, max(at, 0)) + 1

    def fault(self, message: str, remedy: str, *needles: str) -> None:
        """Note a fault at the place that the needles lead to."""
        self.faults.append(PolicyFault(self.name, self.line(*needles), message, remedy))

    def place(self, words: str) -> int:
        """The line that a path such as `$.tell[1].levels[0]` leads to, from a refusal's words."""
        quoted = re.findall(r"`([^`]*)`", words)
        path = next((word for word in quoted if word.startswith("$")), "$")
        missing = "missing" in words
        own = [] if missing else [word for word in quoted if not word.startswith("$")]
        at = 0
        for name, number in [*re.findall(r"\.(\w+)(?:\[(\d+)\])?", path), *((w, "") for w in own)]:
            tables = list(re.finditer(rf"^\[\[(?:\w+\.)?{name}\]\]", self.text[at:], re.MULTILINE))
            if number and int(number) < len(tables):
                at += tables[int(number)].start()
            elif found := re.search(rf"(?<![\w.]){re.escape(name)}\b", self.text[at:]):
                at += found.start()
        return self.text.count("\n", 0, at) + 1

    def choose(self, kinds: type[E], word: object, usual: E, *needles: str) -> E:
        """The member of a closed list that a word names, or a fault and the usual one."""
        for kind in kinds:
            if word in (kind.value, kind.name.lower()) and not isinstance(word, bool):
                return kind
        lawful = ", ".join(
            str(k.name.lower() if isinstance(k.value, int) else k.value) for k in kinds
        )
        self.fault(f"{word!r} is no {kinds.__name__.lower()}", f"write one of {lawful}", *needles)
        return usual

    def read(self, form: type[T]) -> T | None:
        """The file in its form, or None when it is not in that form."""
        try:
            return msgspec.convert(tomllib.loads(self.text), form)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"line (\d+)", str(error))
            at = int(found[1]) if found else self.text.count("\n") + 1
            words = f"this is not TOML: {error}"
            self.faults.append(PolicyFault(self.name, at, words, "mend the syntax at that line"))
        except msgspec.ValidationError as error:
            words = str(error)
            fault = PolicyFault(self.name, self.place(words), words, LAWFUL_WORDS)
            self.faults.append(fault)
        return None


def version_of(sources: Iterable[Source]) -> str:
    """A version that changes when any word of the policy does."""
    digest = hashlib.sha256()
    for source in sorted(sources, key=lambda s: s.name):
        digest.update(source.name.encode() + b"\0" + source.text.encode() + b"\0")
    return digest.hexdigest()[:12]
