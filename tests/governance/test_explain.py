"""`hub explain`: who is told and who is not, by the code that decides."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.core.policy import Policy
from hub.core.silences import Silence
from hub.demo.rig import CoreRig
from hub.demo.scenario import load_scenario
from hub.edges.directory import load_directory
from hub.edges.doors import event_to_json
from hub.edges.schemas import default_schemas
from hub.governance.asking import ask, time_from
from hub.governance.catalogue import rung_places
from hub.governance.explain import Explanation, Untold, explain, lines_of
from hub.governance.faults import CannotAnswerError
from hub.governance.stories import SCENARIOS
from hub.governance.why_not import WORDS, NotTold
from hub.ops.settings import PACKAGE, Settings
from tests.core import stage

BOOKING = PACKAGE.parent / "docs" / "publish" / "examples" / "booking.json"


@cache
def policy() -> Policy:
    """The packaged policy, read once."""
    return stage.policy()


def explained(file: Path, at: str, *after: Path) -> Explanation:
    """The explanation of the one event of a file."""
    directory = load_directory(Settings().directory)
    (answer,) = ask(
        file,
        time_from(at),
        after,
        policy=policy(),
        schemas=default_schemas(),
        directory=directory,
    )
    return explain(answer, policy())


def untold(found: Explanation, role: str) -> Untold:
    """The line of a role that has no notice."""
    return next(line for line in found.not_told if line.role == role)


def booking(folder: Path, **changes: Any) -> Path:
    """The documented booking with other words."""
    event = json.loads(BOOKING.read_text(encoding="utf-8"))
    for name, value in changes.items():
        (event["data"] if name in event["data"] else event)[name] = value
    file = folder / f"booking-{len(list(folder.iterdir()))}.json"
    file.write_text(json.dumps(event), encoding="utf-8")
    return file


def test_a_recipient_has_rule_place_reason_and_every_level() -> None:
    """P02: the practice opens it in two working days and files it in five."""
    found = explained(BOOKING, "2026-03-24 11:00")
    line = next(line for line in found.told if line.role == "GP_PRACTICE")
    text = (PACKAGE / "policy" / "events" / "pregnancy.booked.toml").read_text(encoding="utf-8")
    number = text.splitlines().index('rule = "P02.gp"') + 1
    assert f"events/pregnancy.booked.toml:{number}" == line.why.where
    assert ["opened", "accepted"] == [due.level for due in line.levels]
    assert line.levels[0].by < line.levels[1].by
    assert "G17" in {awaited.gap for awaited in found.follows}
    assert ("pregnancy", False) == (found.about, found.known_before)


def test_a_rung_is_named_by_its_line(tmp_path: Path) -> None:
    """An escalation that follows at once is told too, and its rung is found in the file."""
    path = SCENARIOS / "injury-reviewed.toml"
    given = next(g for g in load_scenario(path).given if g.event == "injury.non-mobile")
    late = "2026-09-08 09:00"
    rungs = rung_places(policy(), PACKAGE / "policy")
    file = event_file(tmp_path, path, given.at)
    directory = load_scenario(path).who_is_who()
    (answer,) = ask(
        file, time_from(late), (), policy=policy(), schemas=default_schemas(), directory=directory
    )
    found = explain(answer, policy(), rungs)
    (first,) = {line.why.where for line in found.told if line.why.rule == "EL-I.0"}
    lines = (PACKAGE / "policy" / "ladders.toml").read_text(encoding="utf-8").splitlines()
    assert "[[ladder.rung]]" == lines[int(first.rpartition(":")[2]) - 1]
    assert 'ladder = "EL-I"' == lines[int(first.rpartition(":")[2]) - 3]


def test_a_feed_is_no_pregnancy(tmp_path: Path) -> None:
    """An event about a matter is explained as one, by the same function."""
    path = SCENARIOS / "feed.heartbeat.toml"
    at = next(g.at for g in load_scenario(path).given if g.event == "feed.heartbeat")
    found = explained(event_file(tmp_path, path, at), at, path)
    assert ("feed", ()) == (found.about, found.told)
    assert "P50.feed-silent" in {awaited.why.rule for awaited in found.follows}


def test_every_role_is_told_or_has_a_reason() -> None:
    """Nobody is passed over in silence."""
    found = explained(BOOKING, "2026-03-24 11:00")
    told = {line.role for line in found.told}
    silent = {line.role for line in found.not_told if line.reasons}
    assert set(policy().roles) == told | silent
    assert set() == told & silent


def test_a_role_that_no_rule_names_says_so() -> None:
    """A social worker is not told of an ordinary booking, because no rule says so."""
    found = untold(explained(BOOKING, "2026-03-24 11:00"), "COMMISSIONER")
    assert [NotTold.NO_RULE.value] == [reason.reason for reason in found.reasons]


def test_a_condition_that_is_not_met_is_shown_as_it_stands_in_the_file(tmp_path: Path) -> None:
    """P29: without a plan in force the social worker is not told, and the rule says that."""
    scenario = load_scenario(SCENARIOS / "discharge.summary.toml")
    given = next(g for g in scenario.given if g.event == "discharge.summary")
    file = event_file(tmp_path, SCENARIOS / "discharge.summary.toml", given.at)
    found = explained(file, given.at, SCENARIOS / "discharge.summary.toml")
    (reason,) = untold(found, "SOCIAL_WORKER").reasons
    assert (Silence.CONDITION.value, "P29.social-worker", "plan_in_force()") == (
        reason.reason,
        reason.rule,
        reason.when,
    )
    assert found.known_before


def event_file(folder: Path, path: Path, at: str) -> Path:
    """An event of a scenario in a file of its own, as a publisher sends it."""
    scenario = load_scenario(path)
    rig = CoreRig(scenario, policy())
    numbered = [(n, g) for n, g in enumerate(scenario.given, 1) if g.at == at and g.event]
    number, given = numbered[0]
    (event,) = rig.events(given, number, time_from(at))
    file = folder / "event.json"
    file.write_text(json.dumps(event_to_json(event)), encoding="utf-8")
    return file


def test_the_same_event_twice_tells_nobody_anew(tmp_path: Path) -> None:
    """A duplicate is no second duty, and every role says so."""
    found = explained(BOOKING, "2026-03-24 11:00", booking(tmp_path))
    assert ("duplicate", ()) == (found.recorded, found.told)
    assert {NotTold.NOT_DECIDED_ANEW.value} == {
        reason.reason for line in found.not_told for reason in line.reasons
    }


def test_what_is_explained_is_what_is_decided(tmp_path: Path) -> None:
    """The notices of the explanation are those of the rig that every scenario is played on."""
    path = SCENARIOS / "sc1-gp-never-learns.toml"
    scenario = load_scenario(path)
    given = next(g for g in scenario.given if g.event == "pregnancy.booked")
    found = explained(event_file(tmp_path, path, given.at), given.at, path)
    rows = [r for r in CoreRig(scenario, policy()).run() if r.at == given.at and r.notice]
    assert {(r.notice, r.role, r.organisation) for r in rows} == {
        (line.why.rule, line.role, line.organisation) for line in found.told
    }


def test_every_reason_has_words() -> None:
    """The closed lists of reasons are whole."""
    assert {*Silence, *NotTold} == set(WORDS)


def test_the_words_hold_no_person() -> None:
    """An explanation names roles and organisations and labels of fields, never what is in them."""
    event = json.loads(BOOKING.read_text(encoding="utf-8"))
    words = "\n".join(lines_of(explained(BOOKING, "2026-03-24 11:00")))
    for name in ("nhs_number", "family_name", "given_name", "postcode"):
        assert str(event["subject"][name]) not in words


@pytest.mark.parametrize(
    ("changes", "at", "words"),
    [
        ({"edd": "yesterday"}, "2026-03-24 11:00", "data.edd"),
        ({"source": "ZZ9:PAS"}, "2026-03-24 11:00", "go into quarantine (unknown_organisation)"),
        ({}, "soon", "is no time; write it as"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(
    tmp_path: Path, changes: dict[str, str], at: str, words: str
) -> None:
    """The exit code is 3, and the sentence says what to do."""
    said = CliRunner().invoke(app, ["explain", str(booking(tmp_path, **changes)), "--at", at])
    assert 3 == said.exit_code
    assert words in said.stderr


def test_two_scenarios_or_no_file_are_refused(tmp_path: Path) -> None:
    """One history at most, and a file that is there."""
    path = SCENARIOS / "sc1-gp-never-learns.toml"
    with pytest.raises(CannotAnswerError, match="may name one scenario"):
        explained(BOOKING, "2026-03-24 11:00", path, path)
    with pytest.raises(CannotAnswerError, match="cannot be read"):
        explained(tmp_path / "absent.json", "2026-03-24 11:00")


def test_an_hl7_message_is_explained_like_its_json() -> None:
    """The same booking over the other door tells the same roles."""
    by_hl7 = explained(BOOKING.with_suffix(".hl7"), "2026-03-24 11:00")
    by_json = explained(BOOKING, "2026-03-24 11:00")
    assert {line.role for line in by_json.told} == {line.role for line in by_hl7.told}
    said = CliRunner().invoke(app, ["explain", str(BOOKING), "--at", "2026-03-24 11:00", "--json"])
    assert "pregnancy.booked" == json.loads(said.stdout)["event"]
