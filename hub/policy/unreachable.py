"""Finds conditions that can never be true: a rule nobody could reach is a rule nobody has."""

import ast

from hub.core.expressions import parse


def never_true(text: str) -> str | None:
    """Why a condition can never be true, in words; None when it may be.

    It looks at the parts joined by 'and': a plain `false`, one field compared with two different
    values, or a field that must both be absent and have a value.
    """
    tree = parse(text)
    wanted: dict[str, str] = {}
    for part in _parts(tree):
        if isinstance(part, ast.Name) and part.id == "false":
            return "it says false"
        if not isinstance(part, ast.Compare) or not isinstance(part.ops[0], ast.Eq):
            continue
        name, value = ast.unparse(part.left), ast.unparse(part.comparators[0])
        if name in wanted and wanted[name] != value:
            return f"{name} cannot be both {wanted[name]} and {value}"
        wanted[name] = value
    return None


def _parts(node: ast.expr) -> list[ast.expr]:
    """The parts of a conjunction; a disjunction of hopeless parts is left to its author."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for value in node.values for part in _parts(value)]
    return [node]
