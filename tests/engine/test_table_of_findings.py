"""The table in docs/engine.md: every finding is there, and every test it names exists."""

import re

import pytest

from tests.house.tree import ROOT

FINDINGS = ("A7", "A8", "A9", "A10", "A11", "A12", "A13", "A14", "A24", "A26", "A32")
PAGE = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (A\d+) \|(.+)$", re.MULTILINE)
NAMED = re.compile(r"`((?:tests/)[\w/]+\.py)::(test_\w+)`")


def test_every_finding_stands_in_the_table_once() -> None:
    """In the order of their numbers, each with what it is, its tests, and both sides."""
    rows = ROW.findall(PAGE)
    assert list(FINDINGS) == [number for number, _ in rows]
    assert {4} == {rest.count("|") for _, rest in rows}
    assert all(NAMED.search(rest) for _, rest in rows)


@pytest.mark.parametrize("number", FINDINGS)
def test_a_test_named_after_the_finding_exists(number: str) -> None:
    """The row names at least one test that carries the finding's number in its own name."""
    (rest,) = (rest for found, rest in ROW.findall(PAGE) if found == number)
    assert [name for _, name in NAMED.findall(rest) if name.startswith(f"test_{number.lower()}_")]


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED.findall(PAGE))))
def test_every_test_that_the_page_names_exists(path: str, name: str) -> None:
    """A test that was renamed or dropped must not go on being quoted."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^(?:async )?def {name}\(", text, re.MULTILINE)
