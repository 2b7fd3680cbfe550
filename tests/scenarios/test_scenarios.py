"""Every scenario on the pure core: nothing missing, nothing more, every code and rule heard."""

import io
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct, structs

from hub.core.model import GapState
from hub.core.policy import Policy
from hub.demo.compare import compare, fits
from hub.demo.rig import CoreRig
from hub.demo.rows import Row
from hub.demo.scenario import Scenario, load_scenario
from hub.demo.simulate import files_of, main, result
from tests.core import stage

HERE = Path(__file__).parent
FILES = list(files_of([HERE]))
EVENT_FILES = sorted(p for p in HERE.glob("*.toml") if "." in p.stem)

CLOSES = {GapState.CLEARED.value, GapState.CLEARED_LATE.value}

PEOPLE_ONLY = {
    "G49": "what was sent after a loss cannot be unsent; an appointment can be cancelled"
}


class Heard(Struct, frozen=True):
    """A scenario, what followed on the core, and the rules that raised a duty in it."""

    scenario: Scenario
    rows: tuple[Row, ...]
    rules: frozenset[str]


@cache
def policy() -> Policy:
    """The packaged policy, read once."""
    return stage.policy()


@cache
def heard(path: Path) -> Heard:
    """A scenario played once."""
    scenario = load_scenario(path)
    rig = CoreRig(scenario, policy())
    rows = tuple(rig.run())
    told = {duty.rule for episode in rig.episodes.values() for duty in episode.obligations}
    asked = {duty.rule for episode in rig.episodes.values() for duty in episode.expectations}
    return Heard(scenario, rows, frozenset(told | asked))


def gap_rows(state: set[str]) -> Iterator[str]:
    """The codes of the gaps that reach one of these states in some scenario."""
    for path in FILES:
        yield from (row.gap for row in heard(path).rows if row.gap and row.state in state)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_follows_and_nothing_else(path: Path) -> None:
    """All that a scenario lists follows, and nothing that it does not list."""
    story = heard(path)
    found = result(story.scenario, story.rows)
    assert ([], []) == (found["missing"], found["unexpected"])


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda path: path.stem)
def test_a_worked_example_is_of_the_type_it_is_named_after(path: Path) -> None:
    """The file of an event type says so, and gives such an event, a correction, or a receipt."""
    scenario = load_scenario(path)
    given = {g.event for g in scenario.given} | {
        "notice.receipt" for g in scenario.given if g.receipt
    }
    assert path.stem == scenario.event
    assert path.stem in given


def test_ids_and_people_are_nobody_elses() -> None:
    """Scenarios may share one stage: no two use an id, an event or a woman of one another's."""
    scenarios = [load_scenario(path) for path in FILES]
    ids = [s.id for s in scenarios]
    events = [g.id for s in scenarios for g in s.given if g.id]
    # One scenario may describe a woman twice: as she was recorded first, and put right.
    women = [{p.nhs_number for p in s.people.values() if p.nhs_number} for s in scenarios]
    numbers = [number for some in women for number in some]
    for names in (ids, events, numbers):
        assert sorted(set(names)) == sorted(names)


def test_every_gap_opens_somewhere() -> None:
    """There is no code that no scenario has ever seen open."""
    assert set(policy().gaps) == set(gap_rows({"opened"}))


def test_every_gap_clears_somewhere() -> None:
    """Every code is seen to clear, also one that people alone can end where a rule waits for it."""
    assert set(policy().gaps) == set(gap_rows(CLOSES))
    assert set(PEOPLE_ONLY) == {code for code, gap in policy().gaps.items() if not gap.clears}


def test_every_rule_speaks_somewhere() -> None:
    """A rule that raises no duty in any scenario is a rule nobody has tried."""
    spoke = frozenset[str]().union(*(heard(path).rules for path in FILES))
    assert set() == (set(policy().tells) | set(policy().requirements)) - spoke


@pytest.mark.parametrize(
    "name", ["sc3-labour-on-christmas-eve", "sc7-two-weights-in-a-row", "sc7-plotted-by-correction"]
)
def test_what_follows_does_not_hang_on_a_secret(name: str) -> None:
    """Ids come from a hub's own secret; whose gap it is must not, where much falls due at once."""
    scenario = load_scenario(HERE / "variants" / f"{name}.toml")
    hubs = [CoreRig(scenario, policy(), secret=f"secret {n}".encode()).run() for n in range(4)]
    followed = [Counter(map(msgspec.json.encode, rows)) for rows in hubs]
    assert [followed[0]] * 4 == followed


# --- a scenario can fail ---------------------------------------------------------------------


def judged(rows: tuple[Row, ...]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The scenario of SC1 with these outcomes in the place of its own."""
    story = heard(HERE / "sc1-gp-never-learns.toml")
    then = structs.replace(story.scenario.then, outcomes=rows)
    found = result(structs.replace(story.scenario, then=then), story.rows)
    assert not found["ok"]
    return found["missing"], found["unexpected"]


def listed() -> tuple[Row, ...]:
    """What SC1 lists; it is green."""
    return load_scenario(HERE / "sc1-gp-never-learns.toml").then.outcomes


def gap_g01(rows: tuple[Row, ...]) -> int:
    """Where the opening of G01 stands."""
    return next(i for i, row in enumerate(rows) if row.gap == "G01" and row.state == "opened")


def test_an_unlisted_outcome_fails() -> None:
    """What follows and is not listed is unexpected, even when all that is listed follows."""
    rows = listed()
    at = gap_g01(rows)
    missing, unexpected = judged(rows[:at] + rows[at + 1 :])
    assert [] == missing
    assert ["G01"] == [row["gap"] for row in unexpected]


def test_a_subject_may_be_told_more_exactly() -> None:
    """A row about a baby fits a visit to it, and not one to a baby whose id begins alike."""
    actual = Row(gap="G19", state="opened", subject="baby-1/6 to 8 weeks")
    assert fits(Row(gap="G19", state="opened", subject="baby-1"), actual)
    assert not fits(Row(gap="G19", state="opened", subject="baby"), actual)
    assert not fits(actual, Row(gap="G19", state="opened", subject="baby-1"))


@pytest.mark.parametrize("turned", [False, True])
def test_a_row_takes_the_very_subject_first(turned: bool) -> None:
    """Whichever follows first: what another row names more exactly is left to it."""
    rows = [Row(gap="G32", state="opened", subject=s) for s in ("ref", "ref/PMH_TEAM")]
    followed = rows[::-1] if turned else rows
    assert ([], []) == compare(rows, followed) == compare(rows[::-1], followed)


def test_a_missing_outcome_fails() -> None:
    """What is listed and does not follow is missing."""
    extra = Row(at="2026-03-25 09:00", gap="G02", state="opened")
    missing, unexpected = judged((*listed(), extra))
    assert [{"at": "2026-03-25 09:00", "gap": "G02", "state": "opened"}] == missing
    assert [] == unexpected


@pytest.mark.parametrize(
    ("word", "wrong"), [("at", "2026-03-24 17:01"), ("severity", 3), ("organisation", "Y00002")]
)
def test_one_wrong_word_fails_twice(word: str, wrong: object) -> None:
    """A wrong time, severity or place is missing as listed, and unexpected as it followed."""
    rows = listed()
    at = gap_g01(rows)
    row = structs.replace(rows[at], **{word: wrong})
    missing, unexpected = judged((*rows[:at], row, *rows[at + 1 :]))
    assert [wrong] == [found[word] for found in missing]
    assert [getattr(rows[at], word)] == [found[word] for found in unexpected]


# --- the command -----------------------------------------------------------------------------


def test_a_folder_is_played_through_and_one_bad_file_stops_nothing(tmp_path: Path) -> None:
    """`hub simulate FOLDER --json` writes a line for every file; a bad one says why and fails."""
    inner = tmp_path / "inner"
    inner.mkdir()
    shutil.copy(HERE / "status.changed.toml", inner / "good.toml")
    (tmp_path / "broken.toml").write_text("id = ", encoding="utf-8")
    (tmp_path / "strange.toml").write_text('id = "X"\ncolour = "blue"\n', encoding="utf-8")
    with redirect_stdout(io.StringIO()) as said:
        assert 1 == main([tmp_path, tmp_path / "absent.toml"], as_json=True)
    lines = {
        Path(line["file"]).name: line for line in map(json.loads, said.getvalue().splitlines())
    }
    assert {"broken.toml", "strange.toml", "good.toml", "absent.toml"} == set(lines)
    assert ["good.toml"] == [name for name, line in lines.items() if line["ok"]]
    assert all({"id", "ok", "missing", "unexpected"} <= set(line) for line in lines.values())
    assert "Invalid value" in lines["broken.toml"]["error"]
    assert "unknown field `colour`" in lines["strange.toml"]["error"]
    assert "cannot be read: No such file" in lines["absent.toml"]["error"]


def test_all_good_files_end_well() -> None:
    """The exit code is 0 when everything went as told, and the words are one line a file."""
    with redirect_stdout(io.StringIO()) as said:
        assert 0 == main([HERE / "status.changed.toml"])
    assert "ok   EV-status.changed status.changed.toml\n" == said.getvalue()


def test_a_folder_without_scenarios_is_said_to_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing played is nothing proven, so it is not a success."""
    assert 1 == main([tmp_path])
    assert "no scenario was found" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('rule = "P37.status"', 'rule = "P99.none"', "'rule' names 'P99.none'"),
        ('CPP_unborn"', 'CPP_other"', "data.kind"),
        ('at = "2026-06-01 11:00"', 'at = "yesterday"', "is no time; write it like"),
    ],
)
def test_a_story_that_cannot_be_played_says_why(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    """A slip in a story is told in words, with the file, and never as a traceback."""
    text = (HERE / "status.changed.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "slip.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with redirect_stdout(io.StringIO()) as said:
        assert 1 == main([path], as_json=True)
    error = json.loads(said.getvalue())["error"]
    assert str(path) in error
    assert words in error
