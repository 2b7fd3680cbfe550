"""The repository as the tidiness tests read it: files, syntax trees, names."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("hub", "agents")
"""What is shipped; names and arrows are judged here."""

PYTHON = (*PRODUCT, "tests", "deploy", "bench")
"""Where sizes and ignores are judged."""


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Every Python file below `folders`, in order."""
    return tuple(file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))


def short(file: Path) -> str:
    """The path as people write it, from the root of the repository."""
    return file.relative_to(ROOT).as_posix()


def module_of(file: Path) -> str:
    """The dotted name a file is imported by."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True)
class Source:
    """What one file says, without its syntax tree: a thousand trees make every collection slow."""

    imports: frozenset[str]
    """Every module it imports, at the top, inside a function, or for types only."""
    names: frozenset[str]
    """Every name it makes: classes, functions, arguments, variables, attributes of self."""
    functions: tuple[tuple[str, int], ...]
    """Each function with its number of lines."""
    calls: frozenset[tuple[str, str, int]]
    """Each call of an attribute of a plain name, `datetime.now()`, with its line."""


@cache
def source_of(file: Path) -> Source:
    """One file, parsed once and walked once."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    nodes = list(ast.walk(tree))
    return Source(
        imports=frozenset(name for node in nodes for name in _imported(node, file)),
        names=frozenset(name for node in nodes if (name := _defined(node))),
        functions=tuple(
            (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
            for node in nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ),
        calls=frozenset(
            (node.func.value.id, node.func.attr, node.lineno)
            for node in nodes
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ),
    )


def _imported(node: ast.AST, file: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    package = module_of(file).split(".")
    if file.name != "__init__.py":
        package = package[:-1]
    above = package[: len(package) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    # `from hub import edges` imports hub.edges, so both readings are judged.
    return [f"{base}.{alias.name}" for alias in node.names]


def _defined(node: ast.AST) -> str:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.attr
    return ""


def tracked_files() -> list[Path]:
    """Every file that is, or could be, committed; what `.gitignore` leaves out is not."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
