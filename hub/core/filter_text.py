"""Reads the text of a filter, and says of one that cannot be read where and what to write instead.

What was written is never said back by a fault: somebody may have written a name or a number.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hub.core.filter_terms import OF_A_PERSON, OTHER_NAMES, TERMS, Kind, TermRule
from hub.core.filters import All, Not, Part, Sign, Some, Term

DEEPEST: Final = 8
"""Brackets and NOTs inside each other; nobody can read more."""

EXAMPLE: Final = "relation = registered AND gestation_weeks >= 28"
LOOKS_LIKE_A_PERSON: Final = (
    "a filter says what kind of notices, never whose: leave out names and numbers of people"
)

_NUMBER_OF_A_PERSON = re.compile(r"(?:\d[ -]?){9,}")
_TOKEN = re.compile(
    r"\s*(?:(?P<bracket>[(),])|(?P<sign>!=|<=|>=|==|<>|[=<>])"
    r"|'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<word>[A-Za-z0-9._-]+))"
)
_JOINS = ("AND", "OR", "NOT", "IN")


class FilterFault(ValueError):  # noqa: N818  the word of the house is fault
    """A filter cannot be used.  The text says where, what is wrong and what to write instead.

    Operator action: mend the filter at the column named; docs/subscribe.md lists the terms.
    """

    def __init__(self, column: int, wrong: str, instead: str) -> None:
        super().__init__(f"column {column}: {wrong}; {instead}")
        self.column = column


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int

    def joins(self, word: str) -> bool:
        """Whether this is one of the joining words, whatever its case."""
        return self.kind == "word" and self.text.upper() == word


type_of_allowed = Mapping[str, Collection[str]]


def read_filter(text: str, allowed: type_of_allowed | None = None) -> Part:
    """The filter that a text says.  Raises FilterFault.

    `allowed` names, for terms whose values the policy or the directory knows, all that there are.
    """
    if (found := _NUMBER_OF_A_PERSON.search(text)) is not None:
        raise FilterFault(
            found.start() + 1, "this looks like somebody's number", LOOKS_LIKE_A_PERSON
        )
    reader = _Reader(text, allowed or {})
    part = reader.some(0)
    reader.end()
    return part


@lru_cache(maxsize=1024)
def kept_filter(text: str) -> Part:
    """A filter that was read and found right before.  Raises FilterFault."""
    return read_filter(text)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            raise FilterFault(column, "this sign is not part of a filter", f"write as {EXAMPLE}")
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind) + 1)
        at = found.end()


class _Reader:
    """Reads the words of one filter, from left to right."""

    def __init__(self, text: str, allowed: type_of_allowed) -> None:
        self._tokens = list(_tokens(text))
        self._allowed = allowed
        self._at = 0
        self._after = len(text.rstrip()) + 1

    def some(self, depth: int) -> Part:
        """Parts joined by OR."""
        parts = [self._all(depth)]
        while self._take("OR"):
            parts.append(self._all(depth))
        flat = [one for p in parts for one in (p.parts if isinstance(p, Some) else (p,))]
        return Some(tuple(flat)) if len(flat) > 1 else flat[0]

    def end(self) -> None:
        """Nothing may follow."""
        if (left := self._peek()) is not None:
            raise FilterFault(left.column, "something follows here", "join terms with AND or OR")

    def _all(self, depth: int) -> Part:
        parts = [self._one(depth)]
        while self._take("AND"):
            parts.append(self._one(depth))
        flat = [one for p in parts for one in (p.parts if isinstance(p, All) else (p,))]
        return All(tuple(flat)) if len(flat) > 1 else flat[0]

    def _one(self, depth: int) -> Part:
        if depth > DEEPEST:
            raise FilterFault(self._column(), "too many brackets", "write it with fewer")
        if self._take("NOT"):
            return Not(self._one(depth + 1))
        if self._bracket("("):
            inner = self.some(depth + 1)
            if not self._bracket(")"):
                raise FilterFault(self._column(), "a bracket is not closed", "write ) here")
            return inner
        return self._term()

    def _term(self) -> Term:
        rule = self._name()
        sign = self._sign(rule)
        if sign in (Sign.IN, Sign.NOT_IN):
            return Term(rule.name, sign, self._list(rule))
        return Term(rule.name, sign, (self._value(rule),))

    def _name(self) -> TermRule:
        word = self._peek()
        if word is None or word.kind != "word" or word.text.upper() in _JOINS:
            raise FilterFault(self._column(), "a term is wanted here", f"write as {EXAMPLE}")
        self._at += 1
        low = word.text.lower()
        known = {name.lower(): name for name in TERMS}
        if low in known:
            return TERMS[known[low]]
        if low in OF_A_PERSON:
            raise FilterFault(word.column, "this asks who it is about", LOOKS_LIKE_A_PERSON)
        close = difflib.get_close_matches(low, known, n=1)
        meant = OTHER_NAMES.get(low) or (known[close[0]] if close else None)
        words = f"write as {TERMS[meant].example}" if meant else f"the terms are {', '.join(TERMS)}"
        raise FilterFault(word.column, "there is no such term", words)

    def _sign(self, rule: TermRule) -> Sign:
        word, column = self._peek(), self._column()
        self._at += 1
        if word is not None and word.joins("IN"):
            return Sign.IN
        if word is not None and word.joins("NOT") and self._take("IN"):
            return Sign.NOT_IN
        said = word.text if word is not None and word.kind == "sign" else ""
        said = {"==": "=", "<>": "!="}.get(said, said)
        fit = [Sign.IS, Sign.IS_NOT] if rule.kind is Kind.CODE else [*Sign][:6]
        if said not in set(fit):
            words = f"write {', '.join(fit)}, IN or NOT IN, as in {rule.example}"
            raise FilterFault(column, f"{rule.name} cannot be compared so", words)
        return Sign(said)

    def _list(self, rule: TermRule) -> tuple[str, ...]:
        if not self._bracket("("):
            words = "write the values in brackets, as in IN (A, B)"
            raise FilterFault(self._column(), "a list is wanted here", words)
        values = [self._value(rule)]
        while self._bracket(","):
            values.append(self._value(rule))
        if not self._bracket(")"):
            raise FilterFault(self._column(), "the list is not closed", "write ) here")
        return tuple(dict.fromkeys(values))

    def _value(self, rule: TermRule) -> str:
        word, column = self._peek(), self._column()
        self._at += 1
        said = word.text if word and word.kind in ("word", "single", "double") else ""
        if rule.kind is Kind.NUMBER:
            if not re.fullmatch(r"\d{1,4}", said):
                words = f"write a whole number, as in {rule.example}"
                raise FilterFault(column, "a number is wanted here", words)
            return str(int(said))
        choice = rule.values or tuple(sorted(self._allowed.get(rule.name, ())))
        if (choice and said not in choice) or not rule.form.fullmatch(said):
            raise FilterFault(
                column, f"{rule.name} has no such value", _instead(rule, said, choice)
            )
        return said

    # --- the words one by one -----------------------------------------------------------------

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _column(self) -> int:
        word = self._peek()
        return word.column if word is not None else self._after

    def _take(self, word: str) -> bool:
        found = self._peek()
        if found is None or not found.joins(word):
            return False
        self._at += 1
        return True

    def _bracket(self, sign: str) -> bool:
        found = self._peek()
        if found is None or (found.kind, found.text) != ("bracket", sign):
            return False
        self._at += 1
        return True


FEW: Final = 14
"""Values that are all named; of more only the closest is."""


def _instead(rule: TermRule, said: str, choice: tuple[str, ...]) -> str:
    same = {each.lower(): each for each in choice}
    like = [said.lower()] if said.lower() in same else []
    if rule.place and not like:
        return f"write a code that the directory knows, as in {rule.example}"
    if like := like or difflib.get_close_matches(said.lower(), same, n=1):
        return f"write {rule.name} = {same[like[0]]}"
    if choice and len(choice) <= FEW:
        return f"write one of {', '.join(choice)}"
    return f"write as {rule.example}"
