"""A scenario may be spelled in many ways; a slip is told with its line."""

import re
from pathlib import Path

import pytest

from hub.demo.fill import fill
from hub.demo.reference import FILE
from hub.demo.scenario import load_scenario
from hub.demo.simulate import main, played, simulate
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


REFUSED = """
[[given]]
at = "2026-03-23 10:00"
occurred_at = "2027-03-23 10:00"
event = "pregnancy.notified"
actor = "GP_PRACTICE"
body = { learnt_on = "2026-03-23", how_known = "test", booked_status = "unknown" }

[then]
unlisted = "allow"
never = [{ gap = "G08" }]
"""


def test_what_was_refused_is_never_allowed_unlisted(tmp_path: Path) -> None:
    """An event that nobody took makes nothing happen, which is what some scenarios wait for."""
    found = simulate(written(tmp_path, REFUSED), policy())
    assert not found["ok"]
    (row,) = found["unexpected"]
    assert row["quarantined"]
    listed = REFUSED + f'outcomes = [{{ quarantined = "{row["quarantined"]}" }}]\n'
    assert simulate(written(tmp_path, listed), policy())["ok"]


def test_what_follows_besides_is_filled_in(tmp_path: Path) -> None:
    """After `--fill` the scenario is whole, and its own rows are untouched."""
    path = written(tmp_path, BOOKED + LATE + "also = [\n]\n")
    assert 0 < fill(path, policy())
    assert simulate(path, policy())["ok"]
    assert "g01" in path.read_text(encoding="utf-8")


def test_to_fill_what_cannot_be_played_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--fill` says what is wrong with a file, as without it, and leaves the file alone."""
    path = written(tmp_path, (BOOKED + LATE + "also = [\n]\n").replace('"lmp"', '"guess"'))
    before = path.read_text(encoding="utf-8")
    assert 1 == main([path], as_json=False, refill=True)
    assert "data.edd_basis" in capsys.readouterr().out
    assert before == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("at = 2026", "att = 2026", 3, "did you mean 'at'"),
        ("2026-03-23T10:00:00", '"soon"', 2, "is no time"),
        ('"lmp"', '"guess"', 2, "data.edd_basis"),
        ("pregnancy.booked", "pregnancy.bookt", 2, "is not one of the hub's"),
        ('state = "opened"', 'state = "opend"', 18, "did you mean 'opened'"),
        ('gap = "g01"', 'gap = "G99"', 18, "'gap' names 'G99'"),
        (
            'state = "opened"',
            'state = "opened", role = "GP_PRACTISE"',
            18,
            "did you mean 'GP_PRACT",
        ),
        ('actor = { role = "COMM_MIDWIFE", org = "MAT" }', 'actor = "MIDWIFE"', 2, "nobody there"),
        ('actor = { role = "COMM_MIDWIFE", org = "MAT" }', "", 2, "an 'actor' or a 'source'"),
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


WORDS = """
[people.mother]
reference = "X1"
nhs_number = "999 000 0018"
birth_date = 2005-11-08

[[given]]
at = "Sat 2026-03-28 14:20"
event = "E13"
actor = "ED"
[given.body]
site = "walk-in"
pregnant = true
gestation = "21+0"
booked_status = "not-booked"
cpis_checked = "yes"
next_step = "referred-maternity"

[[given]]
at = 2026-03-30 09:00:00
receipt = "L4"
rule = "P16"
role = "community midwife"
person = "mw-1"

[then]
until = 2026-03-30
unlisted = "allow"
outcomes = [
  { at = "2026-03-28", notice = "P16.*", role = "CMW", due = "Mon 2026-03-30", levels = { L4 = "2026-03-30 17:00" } },
  { at = "2026-03-30 09:00", told = "P16", level = "L4", role = "NAMED_MW" },
  { at = "2026-03-30 18:00", gap = "G76", role = "SG_MIDWIFE", state = "open", severity = "safeguarding" },
  { at = "2026-03-30 18:00", gap = "G04", state = "not open" },
  { notice = "P16.practice", shows = ["gestation", "next_step"], hides = ["cpis_checked"] },
  { notice = "P16.midwifery", times = 1 },
]
never = [
  { role = "health visitor" },
  { notice = "P16", role = "GP", shows = ["child protection"] },
]
"""  # noqa: E501  a row stands on one line


def test_a_strangers_words_mean_the_same(tmp_path: Path) -> None:
    """Numbers of events, short forms of roles and levels, a day without an hour, a sub-table."""
    found = simulate(written(tmp_path, WORDS), policy())
    assert ([], []) == (found["missing"], found["unexpected"])


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("until = 2026-03-30", "until = 2026-03-29", "missing"),
        ('due = "Mon 2026-03-30"', 'due = "Tue 2026-03-31"', "missing"),
        ('L4 = "2026-03-30 17:00"', 'L4 = "2026-03-30 16:59"', "missing"),
        ('level = "L4", role', 'level = "L5", role', "missing"),
        ('"SG_MIDWIFE", state = "open"', '"SG_MIDWIFE", state = "not open"', "missing"),
        ('gap = "G04", state = "not open"', 'gap = "G04", state = "open"', "missing"),
        ('severity = "safeguarding"', 'severity = "attention"', "missing"),
        ('shows = ["gestation"', 'shows = ["risk_level"', "missing"),
        ('hides = ["cpis_checked"]', 'hides = ["booked_status"]', "missing"),
        ("times = 1", "times = 2", "missing"),
        ("times = 1", "times = 0", "missing"),
        ('role = "health visitor"', 'role = "SG_MIDWIFE"', "unexpected"),
        ('shows = ["child protection"]', 'shows = ["walk-in"]', "unexpected"),
    ],
)
def test_each_of_those_words_can_fail(tmp_path: Path, old: str, new: str, kind: str) -> None:
    """What a row asks for is looked at, each word of it."""
    assert old in WORDS
    path = written(tmp_path, WORDS.replace(old, new, 1))
    found = simulate(path, policy())
    assert found[kind], found
    assert not found["ok"]


TWICE = """
[[given]]
at = "{at}"
event = "mh.red-flag"
actor = "COMM_MIDWIFE"
body = {{ flags = "recent_change", phone = "1" }}

[then]
unlisted = "allow"
outcomes = [ {{ at = "{due}", gap = "G44", state = "opened" }} ]
"""


@pytest.mark.parametrize(
    ("at", "due", "good"),
    [
        ("2026-10-25 00:30", "2026-10-25 01:30", True),
        ("2026-10-25 01:30", "2026-10-25 01:30 GMT", True),
        ("2026-10-25 01:30", "2026-10-25 02:30", False),
        ("2026-10-25 01:30 GMT", "2026-10-25 02:30", True),
        ("2026-10-25T01:30:00+00:00", "2026-10-25 02:30", True),
    ],
)
def test_the_hour_that_comes_twice_can_be_told_apart(
    tmp_path: Path, at: str, due: str, *, good: bool
) -> None:
    """A time in it is the first unless it says otherwise; an hour later is an hour later."""
    text = TWICE.format(at=at, due=due)
    if due.endswith("01:30"):
        text = text.replace("[then]", '[then]\nuntil = "2026-10-25 01:45"')
    assert good is simulate(written(tmp_path, text), policy())["ok"]


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
