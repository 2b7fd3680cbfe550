"""Filters of subscriptions: which of a recipient's notices take its road.

    relation = registered AND gestation_weeks >= 28 AND flag = safeguarding

The form is that of MNS (`eventType = 'x' AND key = 'v'`) with comparisons, lists and brackets.  It
is not the language of the policy: there what is absent makes a comparison false, which is right for
a rule.  Here it must stay unknown until the end, because a safeguarding notice of which something
is unknown takes the road all the same, and any other takes the road beneath.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.core.filter_terms import TERMS, Kind, Traits, known_of
from hub.core.model import Purpose


class Sign(StrEnum):
    """How a term is compared."""

    IS = "="
    IS_NOT = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    IN = "IN"
    NOT_IN = "NOT IN"


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; a list of values only with IN and NOT IN."""

    name: str
    sign: Sign
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a part."""

    part: "Part"


@dataclass(frozen=True, slots=True)
class All:
    """Every one of two parts or more."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of two parts or more."""

    parts: tuple["Part", ...]


Part = Term | Not | All | Some


class Verdict(StrEnum):
    """What a filter makes of a notice."""

    PICKED = "picked"
    NOT_PICKED = "not_picked"
    UNKNOWN_PICKED = "unknown_picked"
    """Something it asks is unknown, and the notice is about safeguarding: it takes the road."""
    UNKNOWN_NOT_PICKED = "unknown_not_picked"
    """Something it asks is unknown: it takes the road beneath."""


PICKS = frozenset({Verdict.PICKED, Verdict.UNKNOWN_PICKED})
"""With these a notice takes the road."""


def verdict(part: Part, traits: Traits) -> Verdict:
    """Whether a filter picks a notice, and how sure that is."""
    held = _holds(part, traits)
    if held is None:
        grave = traits.purpose is Purpose.SAFEGUARDING
        return Verdict.UNKNOWN_PICKED if grave else Verdict.UNKNOWN_NOT_PICKED
    return Verdict.PICKED if held else Verdict.NOT_PICKED


def _holds(part: Part, traits: Traits) -> bool | None:
    """True, false, or None where it depends on something unknown."""
    match part:
        case Term():
            return _compared(part, traits)
        case Not(part=inner):
            held = _holds(inner, traits)
            return None if held is None else not held
        case All(parts=parts):
            said = [_holds(each, traits) for each in parts]
            return False if False in said else (None if None in said else True)
        case Some(parts=parts):
            said = [_holds(each, traits) for each in parts]
            return True if True in said else (None if None in said else False)


def _compared(term: Term, traits: Traits) -> bool | None:
    known = known_of(term.name, traits)
    if known is None:
        return None
    if isinstance(known, int):
        return _measured(term, known)
    among = any(value in known for value in term.values)
    # A number or a grade that there is not, such as weeks of pregnancy after the birth.
    if TERMS[term.name].kind is not Kind.CODE:
        return False
    return among if term.sign in (Sign.IS, Sign.IN) else not among


def _measured(term: Term, known: int) -> bool:
    wanted = [_number(term.name, value) for value in term.values]
    match term.sign:
        case Sign.LESS:
            return known < wanted[0]
        case Sign.AT_MOST:
            return known <= wanted[0]
        case Sign.MORE:
            return known > wanted[0]
        case Sign.AT_LEAST:
            return known >= wanted[0]
        case Sign.IS | Sign.IN:
            return known in wanted
        case Sign.IS_NOT | Sign.NOT_IN:
            return known not in wanted


def _number(name: str, value: str) -> int:
    rule = TERMS[name]
    # The grades of severity count from 1, as they do wherever they are stored.
    return rule.values.index(value) + 1 if rule.kind is Kind.GRADE else int(value)


# --- said back ------------------------------------------------------------------------------


def text_of(part: Part) -> str:
    """The filter as it is kept: the same for all ways of writing it."""
    match part:
        case Term(name=name, sign=sign, values=values):
            listed = sign in (Sign.IN, Sign.NOT_IN)
            return (
                f"{name} {sign} ({', '.join(values)})" if listed else f"{name} {sign} {values[0]}"
            )
        case Not(part=inner):
            return f"NOT {_bracketed(inner, All, Some)}"
        case All(parts=parts):
            return " AND ".join(_bracketed(each, All, Some) for each in parts)
        case Some(parts=parts):
            return " OR ".join(_bracketed(each, All, Some) for each in parts)


def _bracketed(part: Part, *kinds: type) -> str:
    return f"({text_of(part)})" if isinstance(part, kinds) else text_of(part)


_SIGNS_IN_WORDS: Mapping[Sign, str] = {
    Sign.IS: "is",
    Sign.IS_NOT: "is not",
    Sign.LESS: "is less than",
    Sign.AT_MOST: "is at most",
    Sign.MORE: "is more than",
    Sign.AT_LEAST: "is at least",
    Sign.IN: "is one of",
    Sign.NOT_IN: "is none of",
}

_SAID_WHOLE: Mapping[tuple[str, str], str] = {
    ("relation", "registered"): "she is registered at the recipient",
    ("relation", "booked"): "she is booked at the recipient",
    ("relation", "caseload"): "she is on the recipient's caseload",
    ("relation", "resident"): "she lives where the recipient serves",
    ("flag", "safeguarding"): "the family has an open safeguarding flag",
    ("flag", "plan"): "a child protection plan or like status is in force",
}


def words_of(part: Part) -> str:
    """The filter as a person reads it."""
    match part:
        case Term():
            return _term_words(part)
        case Not(part=inner):
            return f"not ({words_of(inner)})"
        case All(parts=parts):
            return " and ".join(_worded(each) for each in parts)
        case Some(parts=parts):
            return " or ".join(_worded(each) for each in parts)


def _worded(part: Part) -> str:
    return f"({words_of(part)})" if isinstance(part, (All, Some)) else words_of(part)


def _term_words(term: Term) -> str:
    whole = _SAID_WHOLE.get((term.name, term.values[0]))
    if whole is not None and term.sign is Sign.IS:
        return whole
    values = [
        value.replace("_", " ") if TERMS[term.name].values else value for value in term.values
    ]
    *before, last = values
    listed = f"{', '.join(before)} or {last}" if before else last
    return f"{TERMS[term.name].said} {_SIGNS_IN_WORDS[term.sign]} {listed}"
