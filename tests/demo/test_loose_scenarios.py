"""A scenario may be spelled in many ways; a slip is told with its line."""

import re
from pathlib import Path

import pytest

from hub.demo.fill import fill
from hub.demo.reference import FILE
from hub.demo.scenario import load_scenario
from hub.demo.simulate import played, simulate
from hub.edges.schemas import default_schemas
from tests.core.stage import policy

BOOKED = """
[[given]]
at = 2026-03-23T10:00:00
event = "pregnancy.booked"
actor = { role = "COMM_MIDWIFE", org = "MAT" }
body = { booked_on = 2026-03-23, edd = "2026-10-20", edd_basis = "lmp", parity = 0, planned_contacts = 10, provider = "MAT", named_midwife = { id = "mw" }, hv_team_hint = "HV", sharing_ref = "" }
"""  # noqa: E501  an inline table stands on one line
LATE = """
[[answer]]
rule = "P02"
receipt = "none"

[[answer]]
receipt = "accepted"

[then]
until = "2026-03-25 18:00"
outcomes = [
  { at = "Wed 2026-03-25T17:00:00", gap = "g01", state = "opened" },
]
"""


def written(folder: Path, text: str) -> Path:
    """A scenario file."""
    path = folder / "loose.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_loose_scenario_is_understood(tmp_path: Path) -> None:
    """No id, no people, no directory, unquoted days, a weekday, small letters: the same."""
    found = simulate(written(tmp_path, BOOKED + LATE), policy())
    assert [] == found["missing"]
    assert "loose" == found["id"]
    assert not found["ok"], "what is listed nowhere still fails"


def test_what_is_unlisted_may_be_allowed_and_what_must_never_be_fails(tmp_path: Path) -> None:
    """`unlisted` forgives everything but `never`."""
    allowed = LATE.replace("[then]", '[then]\nunlisted = "allow"')
    assert simulate(written(tmp_path, BOOKED + allowed), policy())["ok"]
    never = allowed + 'never = [{ gap = "G01" }]\n'
    found = simulate(written(tmp_path, BOOKED + never), policy())
    assert ["G01"] == [row["gap"] for row in found["unexpected"]]


def test_what_follows_besides_is_filled_in(tmp_path: Path) -> None:
    """After `--fill` the scenario is whole, and its own rows are untouched."""
    path = written(tmp_path, BOOKED + LATE + "also = [\n]\n")
    assert 0 < fill(path, policy())
    assert simulate(path, policy())["ok"]
    assert "g01" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("at = 2026", "att = 2026", 3, "did you mean 'at'"),
        ("2026-03-23T10:00:00", '"soon"', 2, "is no time"),
        ('"lmp"', '"guess"', 2, "data.edd_basis"),
        ("pregnancy.booked", "pregnancy.bookt", 2, "is not one of the hub's"),
        ('state = "opened"', 'state = "open"', 18, "did you mean 'opened'"),
        ('gap = "g01", state', 'gaap = "g01", state', 18, "did you mean 'gap'"),
    ],
)
def test_a_slip_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    """The file, the line, and what to do."""
    text = BOOKED + LATE
    assert old in text
    path = written(tmp_path, text.replace(old, new, 1))
    error = played(path, policy())["error"]
    assert error.startswith(f"{path}:{line}:"), error
    assert words in error


def test_an_hour_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """On the last Sunday of March the clocks skip an hour."""
    text = (BOOKED + LATE).replace("2026-03-23T10:00:00", '"2026-03-29 01:30"')
    with pytest.raises(ValueError, match="does not exist"):
        load_scenario(written(tmp_path, text))


def test_the_reference_says_nothing_false_and_leaves_out_no_event() -> None:
    """Every event type and required field is there; every field and code there is a real one.

    When it fails: python -m hub.demo.reference
    """
    text = FILE.read_text(encoding="utf-8")
    told = dict(re.findall(r"^### `([^`]+)`[^\n]*\n(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL))
    schemas = default_schemas()
    assert set() == set(schemas.event_types()) - set(told)
    for event, words in told.items():
        fields = [f for f in schemas.avsc(event)["fields"] if f["name"] != "envelope"]
        named = {name.strip("*") for name in re.findall(r"^\| (\S+) \|", words, re.MULTILINE)}
        named -= {"field"}
        assert set() == named - {f["name"] for f in fields}, event
        assert set() == {f["name"] for f in fields if "default" not in f} - named, event
