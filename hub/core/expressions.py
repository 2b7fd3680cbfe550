"""Conditions in policy files: short expressions, checked when read and compiled once.

The language is a small part of Python's: names, dotted fields, comparisons, `in`, `and`, `or`,
`not`, integers, strings, `none`, and calls of named facts.  A comparison with a value that is
absent is false, `!=` and `not in` included, and never an error: silence proves nothing.  Only two
fields that are both absent are equal.  What is unknown or of the wrong type is refused while the
policy is loaded, with the column and what to write instead.

A compiled condition is a native closure over one `Context`; it costs well under a microsecond.
"""

import ast
import difflib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from hub.core.comparing import among, at_most, less, listed, not_among, unequal
from hub.core.kinds import (
    DATE,
    INSTANT,
    LIST,
    NOTHING,
    NUMBER,
    RECIPIENTS,
    TEXT,
    TRUTH,
    Code,
    Fact,
    Kind,
    Record,
    Scope,
    named,
)


class ExpressionFault(ValueError):  # noqa: N818  the word of the house is fault
    """An expression cannot mean anything.  The text says what is wrong, where, and what to write.

    Operator action: mend the policy file at the line named.
    """


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; call it with a `Context`."""

    text: str
    run: Callable[[Any], Any] = field(compare=False)
    gives: Kind
    facts: frozenset[str] = frozenset()
    """The names of the facts that it asks."""

    def __call__(self, context: Any) -> Any:
        """The value of the expression in a context."""
        return self.run(context)


_ORDER: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Lt: ("_less", False),
    ast.LtE: ("_at_most", False),
    ast.Gt: ("_less", True),
    ast.GtE: ("_at_most", True),
}
"""The function that compares, and whether its two sides change places."""
_LITERALS: dict[str, tuple[str, Kind]] = {
    "none": ("None", NOTHING),
    "true": ("True", TRUTH),
    "false": ("False", TRUTH),
}
_SOURCES = {
    "event": "body",
    "awaited": "awaited_body",
    "trigger": "trigger_body",
    "setting": "episode.setting",
}

_FROM = re.compile(r"\.from\b")
_AS_FROM = "FROM"
"""`from` is a word of Python's own, and the name of a field in many events.  It is read under a
name of the same length, so that columns stay what they are in the file."""

_ORDERED = (NUMBER, INSTANT, DATE, TEXT)
"""Kinds of which one can be less than another; text only as a date that is written out."""


def parse(text: str) -> ast.expr:
    """The syntax tree of an expression.  Raises ExpressionFault when it cannot be read."""
    try:
        return ast.parse(_FROM.sub(f".{_AS_FROM}", text.strip()), mode="eval").body
    except (SyntaxError, ValueError) as error:
        words = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ExpressionFault(f"in {text!r}: this cannot be read ({words})") from None


def _suggest(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}"


class _Compiler:
    """Turns a checked syntax tree into Python source text over a context `c`."""

    def __init__(self, text: str, scope: Scope):
        self.text = text
        self.scope = scope
        self.facts: set[str] = set()

    def fault(self, node: ast.AST, words: str) -> ExpressionFault:
        """An error that points at its column."""
        column = getattr(node, "col_offset", 0) + 1 + len(self.text) - len(self.text.lstrip())
        return ExpressionFault(f"in {self.text!r}, column {column}: {words}")

    def compile(self, node: ast.expr) -> tuple[str, Kind]:
        """Source text and kind of one node."""
        found: tuple[str, Kind]
        match node:
            case ast.BoolOp(op=op, values=values):
                word = " and " if isinstance(op, ast.And) else " or "
                found = "(" + word.join(self.truth(v) for v in values) + ")", TRUTH
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                found = f"(not {self.truth(operand)})", TRUTH
            case ast.Compare():
                found = self.comparison(node)
            case ast.Call():
                found = self.call(node)
            case ast.Attribute() | ast.Name():
                found = self.path(node)
            case ast.Constant(value=value):
                found = self.constant(node, value)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                parts = [self.compile(item)[0] for item in items]
                found = "(" + "".join(f"{p}," for p in parts) + ")", LIST
            case _:
                raise self.fault(node, f"{type(node).__name__} is not part of the language")
        return found

    def truth(self, node: ast.expr) -> str:
        """Source of a node that must be true or false."""
        source, kind = self.compile(node)
        if kind != TRUTH:
            raise self.fault(node, f"a condition is wanted here, and this is {named(kind)}")
        return source

    def constant(self, node: ast.expr, value: object) -> tuple[str, Kind]:
        """A literal."""
        if isinstance(value, bool):
            return repr(value), TRUTH
        if isinstance(value, int):
            return repr(value), NUMBER
        if isinstance(value, str):
            return repr(value.replace(f".{_AS_FROM}", ".from")), TEXT
        raise self.fault(node, "only whole numbers and quoted text may be written out")

    def path(self, node: ast.Attribute | ast.Name) -> tuple[str, Kind]:
        """A dotted field such as `event.sections.safeguarding_concerns.state`."""
        names: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise self.fault(node, "a field is written as a name with dots")
        if inner.id in _LITERALS and not names:
            return _LITERALS[inner.id]
        if inner.id not in self.scope.records:
            words = f"unknown name {inner.id!r}{_suggest(inner.id, self.scope.records)}"
            raise self.fault(node, words)
        return self.walk(node, inner.id, ["from" if n == _AS_FROM else n for n in names])

    def walk(self, node: ast.expr, root: str, names: list[str]) -> tuple[str, Kind]:
        """The source and kind of a field, from the record it starts in."""
        kind: Kind = self.scope.records[root]
        source = f"c.{_SOURCES.get(root, root)}"
        for depth, name in enumerate(names):
            if not isinstance(kind, Record):
                raise self.fault(node, f"{'.'.join([root, *names[:depth]])!r} has no fields")
            if name not in kind.fields:
                raise self.fault(node, f"unknown field {name!r}{_suggest(name, kind.fields)}")
            kind = kind.fields[name]
            if root not in _SOURCES:
                source = f"{source}.{name}"
            else:
                inside = source if depth == 0 else f"({source} or _E)"
                source = f"{inside}.get({name!r})"
        return source, kind

    def comparison(self, node: ast.Compare) -> tuple[str, Kind]:
        """One comparison; chains are refused because they read badly aloud."""
        if len(node.ops) != 1:
            raise self.fault(node, "write one comparison at a time and join them with 'and'")
        operator, right_node = node.ops[0], node.comparators[0]
        left, left_kind = self.compile(node.left)
        right, right_kind = self.compile(right_node)
        if isinstance(operator, (ast.In, ast.NotIn)):
            self.check_list(right_node, right_kind, left_kind)
            word = "_among" if isinstance(operator, ast.In) else "_not_among"
            return f"{word}({left}, {right})", TRUTH
        self.check_alike(node, left_kind, right_kind, node.left, right_node)
        if (left_kind, right_kind) == (LIST, LIST):
            # A list that came with an event and one written in a rule are kept differently.
            left, right = f"_listed({left})", f"_listed({right})"
        if isinstance(operator, ast.Eq):
            return f"({left} == {right})", TRUTH
        if isinstance(operator, ast.NotEq):
            asks_presence = NOTHING in (left_kind, right_kind)
            return f"({left} != {right})" if asks_presence else f"_unequal({left}, {right})", TRUTH
        if type(operator) not in _ORDER:
            raise self.fault(node, "compare with ==, !=, <, <=, >, >= or 'in'")
        for kind in (left_kind, right_kind):
            if kind not in _ORDERED or (left_kind, right_kind) == (TEXT, TEXT):
                raise self.fault(node, f"{named(kind)} is neither more nor less than another")
        name, turned = _ORDER[type(operator)]
        return f"{name}({right}, {left})" if turned else f"{name}({left}, {right})", TRUTH

    def check_list(self, node: ast.expr, kind: Kind, item_kind: Kind) -> None:
        """What stands after `in` must be a list, its written items of the kind asked for."""
        if kind != LIST:
            raise self.fault(node, f"'in' looks into a list, and this is {named(kind)}")
        if isinstance(node, (ast.List, ast.Tuple)):
            for item in node.elts:
                self.check_alike(item, item_kind, self.compile(item)[1], item, item)

    def check_codes(self, node: ast.expr, kind: Kind) -> None:
        """Every literal must be a value that the coded field can have."""
        if not isinstance(kind, Code):
            return
        items = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
        for item in items:
            if isinstance(item, ast.Constant) and item.value not in kind.values:
                raise self.fault(
                    item,
                    f"{item.value!r} is no value of this field; it has {', '.join(kind.values)}",
                )

    def check_alike(
        self, node: ast.expr, left: Kind, right: Kind, left_node: ast.expr, right_node: ast.expr
    ) -> None:
        """Both sides must be of one kind; a literal must be one of a code's values."""
        if NOTHING in (left, right):
            return
        if isinstance(left, Code) or isinstance(right, Code):
            self.check_codes(right_node, left)
            self.check_codes(left_node, right)
            left = TEXT if isinstance(left, Code) else left
            right = TEXT if isinstance(right, Code) else right
        if (left == DATE and right == TEXT) or (left == TEXT and right == DATE):
            return
        if left != right:
            raise self.fault(node, f"{named(left)} cannot be compared with {named(right)}")

    def call(self, node: ast.Call) -> tuple[str, Kind]:
        """A fact, with its arguments checked by name and kind."""
        if not isinstance(node.func, ast.Name) or node.func.id not in self.scope.facts:
            name = node.func.id if isinstance(node.func, ast.Name) else "?"
            raise self.fault(node, f"unknown fact {name!r}{_suggest(name, self.scope.facts)}")
        fact = self.scope.facts[node.func.id]
        self.facts.add(node.func.id)
        takes = list(fact.takes.items())
        parts = [f"_f_{node.func.id}(c"]
        given = list(zip((name for name, _ in takes), node.args, strict=False))
        if len(node.args) > len(takes):
            raise self.fault(node, f"{node.func.id} takes at most {len(takes)} arguments")
        given += [(k.arg or "", k.value) for k in node.keywords]
        for name, value in given:
            if name not in fact.takes:
                raise self.fault(value, f"unknown argument {name!r}{_suggest(name, fact.takes)}")
            source, kind = self.compile(value)
            self.check_alike(value, kind, fact.takes[name], value, value)
            parts.append(f"{name}={source}")
        self.check_arguments(node, fact, [name for name, _ in given])
        return ", ".join(parts) + ")", fact.gives

    def check_arguments(self, node: ast.Call, fact: Fact, given: list[str]) -> None:
        """Every argument without a value of its own is given, and none twice."""
        wanted = inspect.signature(fact.function).parameters
        for name in fact.takes:
            if given.count(name) > 1:
                raise self.fault(node, f"argument {name!r} is given twice")
            if name not in given and wanted[name].default is inspect.Parameter.empty:
                raise self.fault(node, f"argument {name!r} is missing")


def compile_expression(text: str, scope: Scope, *, wants: Kind = TRUTH) -> Expression:
    """Check an expression against its scope and compile it.

    Raises ExpressionFault with the column, what is wrong and what may be written.
    """
    tree = parse(text)
    compiler = _Compiler(text, scope)
    source, kind = compiler.compile(tree)
    if wants == TRUTH and kind != TRUTH:
        raise compiler.fault(tree, f"a condition is wanted here, and this is {named(kind)}")
    if wants == RECIPIENTS and kind != RECIPIENTS:
        raise compiler.fault(tree, "a fact that names recipients is wanted here")
    names: dict[str, Any] = {"_E": {}}
    names |= {f"_{f.__name__}": f for f in (less, at_most, unequal, listed, among, not_among)}
    names |= {f"_f_{name}": fact.function for name, fact in scope.facts.items()}
    code: CodeType = compile(f"lambda c: {source}", "<policy>", "eval")
    # Everything in the source was put there by the compiler above; no builtins are in reach.
    run = eval(code, {"__builtins__": {}, **names})  # noqa: S307  see the line above
    return Expression(text=text, run=run, gives=kind, facts=frozenset(compiler.facts))
