"""`hub policy diff`: what changes in the words of the book, and whose outcome changes."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.governance.differences import changes, main, moved, moved_events
from hub.governance.faults import CannotAnswerError
from hub.governance.revisions import edition
from hub.governance.stories import SCENARIOS, stories_below
from hub.governance.texts import read_texts
from hub.ops.settings import PACKAGE, Settings

POLICY = PACKAGE / "policy"
BOOKING = PACKAGE.parent / "docs" / "publish" / "examples" / "booking.json"
OPENED = '{ level = "opened", within = "2wd" }, { level = "accepted", within = "5wd" }'


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A copy of the policy in which the practice has three working days to open a booking."""
    folder = tmp_path / "draft"
    shutil.copytree(POLICY, folder)
    spoil(folder / "events" / "pregnancy.booked.toml", OPENED, OPENED.replace("2wd", "3wd"))
    return folder


def spoil(path: Path, old: str, new: str) -> None:
    """Replace a text once."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_policy_does_not_differ_from_itself() -> None:
    """No change, and the exit code is 0."""
    assert 0 == main(Settings(), str(POLICY), str(POLICY))


def test_a_longer_time_is_said_in_words(draft: Path) -> None:
    """The row, the question, and both answers as the book has them."""
    with edition(str(POLICY), Settings()) as old, edition(str(draft), Settings()) as new:
        (change,) = changes(old.texts, new.texts)
    assert ("rule P02.gp (Pregnancy booked)", "By when") == (change.row, change.question)
    assert change.was.startswith("opened within 2 working days")
    assert change.now.startswith("opened within 3 working days")


def test_a_row_that_is_gone_or_new_is_one_change(draft: Path) -> None:
    """A rung less, and a bank holiday more."""
    ladders = draft / "ladders.toml"
    text = ladders.read_text(encoding="utf-8")
    ladders.write_text(text[: text.rindex("[[ladder.rung]]")], encoding="utf-8")
    spoil(draft / "calendar.toml", "holidays = [", 'holidays = ["2026-06-15", ')
    with edition(str(POLICY), Settings()) as old, edition(str(draft), Settings()) as new:
        found = {change.row: change for change in changes(old.texts, new.texts)}
        gone = [change for change in found.values() if change.was and not change.now]
        assert 1 == len(gone)
        assert gone[0].row.startswith("ladder ")
        assert "2026-06-15" == found["bank holidays"].question


def test_whose_outcome_changes_is_shown(draft: Path) -> None:
    """SC1 goes another way, a story without a booking does not; the practice is named."""
    paths = [SCENARIOS / "sc1-gp-never-learns.toml", SCENARIOS / "injury.non-mobile.toml"]
    with edition(str(POLICY), Settings()) as old, edition(str(draft), Settings()) as new:
        (one,) = moved(stories_below(paths), old, new)
        (event,) = moved_events([BOOKING], old, new, Settings())
    assert "sc1-gp-never-learns.toml" == one.what
    assert any("gap G01, state opened" in line for line in one.no_longer)
    assert any("GP practice at Y99001: opened by" in line for line in event.newly)
    assert len(event.no_longer) == len(event.newly) == 1


def test_a_story_that_stops_under_the_draft_goes_another_way(draft: Path) -> None:
    """A receipt whose notice never goes out is no reason to say nothing."""
    text = (draft / "events" / "status.changed.toml").read_text(encoding="utf-8")
    start = text.index("[[tell]]")
    (draft / "events" / "status.changed.toml").write_text(text[:start], encoding="utf-8")
    stories = stories_below([SCENARIOS / "status.changed.toml"])
    with edition(str(POLICY), Settings()) as old, edition(str(draft), Settings()) as new:
        (one,) = moved(stories, old, new)
    assert any("cannot be played further" in line for line in one.newly)


def test_revisions_of_git_are_compared(tmp_path: Path, draft: Path) -> None:
    """The policy of a commit, with the schemas of that commit."""
    place = tmp_path / "repository"
    shutil.copytree(PACKAGE.parent / "schemas", place / "schemas")
    shutil.copytree(POLICY, place / "hub" / "policy")
    git(place, "init", "--quiet")
    commit(place)
    shutil.copytree(draft, place / "hub" / "policy", dirs_exist_ok=True)
    commit(place)
    settings = Settings()
    with edition("HEAD~1", settings, place) as old, edition("HEAD", settings, place) as new:
        assert ["By when"] == [change.question for change in changes(old.texts, new.texts)]
        assert old.policy.version != new.policy.version
    with edition(str(place), settings) as now:
        assert now.policy.version == new.policy.version


def git(place: Path, *words: str) -> None:
    """One command of git in a folder."""
    named = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    subprocess.run(["git", "-C", str(place), *named, *words], check=True)


def commit(place: Path) -> None:
    """Everything there is, as a revision."""
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "policy")


@pytest.mark.parametrize("name", ["no-such-place", "--output=x"])
def test_what_is_no_policy_is_said_in_words(name: str) -> None:
    """Neither folder nor revision: the exit code is 3, and the sentence says what to name."""
    with pytest.raises(CannotAnswerError), edition(name, Settings()):
        pass
    said = CliRunner().invoke(app, ["policy", "diff", str(POLICY), "--", name])
    assert (3, True) == (said.exit_code, "name" in said.stderr)


def test_a_draft_with_a_fault_is_named_with_its_line(draft: Path) -> None:
    """A draft that cannot be used is no draft to compare."""
    spoil(draft / "events" / "pregnancy.booked.toml", '"HV_TEAM"', '"HV_TAEM"')
    said = CliRunner().invoke(app, ["policy", "diff", str(POLICY), str(draft)])
    assert 3 == said.exit_code
    assert "events/pregnancy.booked.toml:" in said.stderr


def test_the_command_prints_one_document(draft: Path) -> None:
    """`--json`: both versions, the changes, and what goes another way."""
    story = str(SCENARIOS / "sc1-gp-never-learns.toml")
    asked = ["policy", "diff", str(POLICY), str(draft), "--scenario", story, "--event"]
    said = CliRunner().invoke(app, [*asked, str(BOOKING), "--json"])
    found = json.loads(said.stdout)
    assert (1, 1, 2) == (said.exit_code, len(found["changes"]), len(found["moved"]))
    assert found["old"] != found["new"]


def test_a_changed_setting_is_said(tmp_path: Path) -> None:
    """The default of one, and what one area has made of another; the scenarios follow."""
    folder = tmp_path / "draft"
    shutil.copytree(POLICY, folder)
    spoil(folder / "areas.toml", 'default = "28d"', 'default = "35d"')
    spoil(folder / "areas.toml", "quorum = 2", "quorum = 4")
    with edition(str(POLICY), Settings()) as old, edition(str(folder), Settings()) as new:
        found = {(c.row, c.question): (c.was, c.now) for c in changes(old.texts, new.texts)}
    assert {
        ("setting core_group_interval", "Usually"): ("28d", "35d"),
        ("area AREA242", "quorum"): ("2", "4"),
    } == found


def test_a_policy_from_before_there_were_settings_can_be_compared(tmp_path: Path) -> None:
    """A revision without the file has no settings, and every one of ours is new."""
    folder = tmp_path / "draft"
    shutil.copytree(POLICY, folder)
    (folder / "areas.toml").unlink()
    assert not read_texts(folder).areas.setting
