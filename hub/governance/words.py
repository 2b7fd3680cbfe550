"""Conditions and spans in the words of people who do not read programs.

A condition is read with the parser that compiles it, and each fact is said as its own docstring
says it, so that a new fact needs no entry here.
"""

import ast
import inspect
import re
from collections.abc import Mapping

from hub.core.deadlines import Unit, parse_span
from hub.core.expressions import parse
from hub.core.facts import FACTS

WHOSE = {
    "event": "the event's",
    "awaited": "the answer's",
    "trigger": "the first event's",
    "episode": "the family's",
    "duty": "the duty's",
    "setting": "the area's",
}
COMPARED: dict[type[ast.cmpop], str] = {
    ast.Eq: "is",
    ast.NotEq: "is not",
    ast.Lt: "is less than",
    ast.LtE: "is at most",
    ast.Gt: "is more than",
    ast.GtE: "is at least",
    ast.In: "is one of",
    ast.NotIn: "is none of",
}


def in_words(condition: str, labels: Mapping[str, str]) -> str:
    """A condition or an expression as a clause.

    `labels` says codes, such as those of roles, in words.  Raises ExpressionFault for what the
    parser of conditions refuses.
    """
    return _Speaker(labels).say(parse(condition))


def span_in_words(text: str) -> str:
    """A span as it is spoken: `2wd` is "2 working days".  Raises ValueError for no span."""
    first, by, last = text.partition(" by ")
    if by:
        return f"{span_in_words(first)}, or by {span_in_words(last)} where that is sooner"
    if text.startswith("{"):
        return f"as the area has set “{text.strip('{}').replace('_', ' ')}”"
    span = parse_span(text)
    if text == "same-day":
        return "the same day"
    amount = abs(span.amount)
    if span.unit is Unit.GESTATION:
        return f"{amount // 7}+{amount % 7} weeks of pregnancy"
    if span.unit is Unit.INFANT_AGE:
        return f"day {amount} of the baby's life"
    unit = {
        Unit.HOURS: "hour",
        Unit.DAYS: "day",
        Unit.WORKING_DAYS: "working day",
        Unit.MONTHS: "month",
    }[span.unit]
    said = f"{amount} {unit}" if amount == 1 else f"{amount} {unit}s"
    return f"{said} before" if span.amount < 0 else said


class _Speaker:
    """Says one syntax tree."""

    def __init__(self, labels: Mapping[str, str]):
        self.labels = labels

    def say(self, node: ast.expr, *, inside: bool = False) -> str:
        """A clause; one with several parts is bracketed inside another."""
        match node:
            case ast.BoolOp(op=op, values=values):
                word = " and " if isinstance(op, ast.And) else " or "
                parts = [self.truth(value) for value in values]
                return f"({word.join(parts)})" if inside else word.join(parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"it is not so that {self.truth(operand)}"
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.compare(left, op, right)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.fact(name, args)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return ", ".join(self.say(each) for each in elements)
            case ast.Constant(value=value):
                return self.label(value)
            case ast.Name(id=name):
                return {"none": "not stated", "true": "so", "false": "not so"}.get(name, name)
            case ast.Attribute():
                return self.path(node)
        return ast.unparse(node)

    def truth(self, node: ast.expr) -> str:
        """A part of a condition: a bare field is one that is so."""
        said = self.say(node, inside=True)
        return f"{said} is so" if isinstance(node, ast.Attribute) else said

    def compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> str:
        """Two values beside each other."""
        if isinstance(right, ast.Name) and right.id == "none":
            return f"{self.say(left)} is {'not stated' if isinstance(op, ast.Eq) else 'stated'}"
        return f"{self.say(left)} {COMPARED[type(op)]} {self.say(right)}"

    def fact(self, name: str, args: list[ast.expr]) -> str:
        """A fact as its docstring has it, with what it was asked about."""
        said = [self.say(each) for each in args]
        if name == "weeks":
            return f"{'+'.join(said)} weeks"
        if name not in FACTS:
            return f"{name}({', '.join(said)})"
        first = (inspect.getdoc(FACTS[name].function) or name).partition("\n\n")[0]
        sentence = re.sub(r"\s*\([^()]*\)", "", " ".join(first.split())).rstrip(".")
        clause = re.sub(r"^Whether ", "", sentence)
        clause = clause[:1].lower() + clause[1:]
        if not said:
            return clause
        named = ", ".join(
            f"{word.replace('_', ' ')}: {value}"
            for word, value in zip(FACTS[name].takes, said, strict=False)
        )
        return f"{clause} ({named})"

    def path(self, node: ast.expr) -> str:
        """A field: whose it is, and its name."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr.lower())
            node = node.value
        root = node.id if isinstance(node, ast.Name) else ""
        return f"{WHOSE.get(root, root)} {' '.join(names).replace('_', ' ')}"

    def label(self, value: object) -> str:
        """A written value: a number as it stands, a code in words where there are some."""
        if isinstance(value, str):
            return self.labels.get(value) or f"“{value.replace('_', ' ')}”"
        return str(value)
