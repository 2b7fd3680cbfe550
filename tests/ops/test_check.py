"""`hub check`: every fault with its file, its line and what to write instead."""

import json
import shutil
from pathlib import Path

import pytest

from hub.check import SCENARIOS, check, main
from hub.governance.catalogue import OWN_RECORDS
from hub.ops.settings import PACKAGE, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that point at copies of policy, schemas and directory, to be spoilt."""
    shutil.copytree(PACKAGE / "policy", tmp_path / "policy")
    shutil.copytree(PACKAGE.parent / "schemas", tmp_path / "schemas")
    shutil.copy(PACKAGE / "demo" / "directory.toml", tmp_path / "directory.toml")
    return Settings(
        data_dir=tmp_path / "data",
        policy_dir=tmp_path / "policy",
        schemas_dir=tmp_path / "schemas",
        directory=tmp_path / "directory.toml",
    )


def spoil(path: Path, old: str, new: str) -> int:
    """Replace a text once, and give the line on which it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def only_fault(settings: Settings) -> tuple[str, int, str]:
    """The only fault of a check: file name, line, message."""
    found = check(settings)
    assert 1 == len(set(found.faults)), list(map(str, found.faults))
    return Path(found.faults[0].file).name, found.faults[0].line, found.faults[0].message


def test_what_is_packaged_is_well(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    """No fault and no warning; the counts are those of the catalogue."""
    assert 0 == main(settings, as_json=True)
    said = json.loads(capsys.readouterr().out)
    files = len(list((PACKAGE / "policy" / "events").glob("*.toml")))
    events = files + len(OWN_RECORDS)  # The hub's own records have no policy file.
    assert (events, 0, []) == (said["event_types"], said["warnings"], said["faults"])
    assert said["policies"] > 0
    assert said["gaps"] > 0


def test_a_fault_of_policy_is_told_by_file_and_line(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    """The line is the one an editor jumps to, and the exit code is 1."""
    path = settings.policy_dir / "events" / "pregnancy.booked.toml"
    line = spoil(path, 'to = ["HV_TEAM"]', 'to = ["HV_TAEM"]')
    assert 1 == main(settings)
    first = capsys.readouterr().out.splitlines()[0]
    assert f"{path}:{line}: unknown role 'HV_TAEM' -> name a role of roles.toml" == first


def test_a_schema_that_changed_since_its_release_is_a_fault(settings: Settings) -> None:
    """What has been published under a number may not mean something else."""
    path = settings.schemas_dir / "events" / "pregnancy.booked.avsc"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["fields"] = [f for f in schema["fields"] if f["name"] != "hv_team_hint"]
    path.write_text(json.dumps(schema), encoding="utf-8")
    # A policy that still names the field is a second fault, at its own line.
    (fault,) = {f for f in check(settings).faults if f.file.endswith("pregnancy.booked.avsc")}
    assert "has changed since version 2 was released" in fault.message


def test_a_schema_that_cannot_be_read_is_a_fault(settings: Settings) -> None:
    """It is told once as a schema and once for the policy that needs it; both name a file."""
    path = settings.schemas_dir / "events" / "pregnancy.booked.avsc"
    path.write_text("{", encoding="utf-8")
    found = check(settings)
    assert str(path) in {fault.file for fault in found.faults}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('role = "HV_TEAM"', 'role = "HV_TAEM"', "unknown role 'HV_TAEM'"),
        ('ods = "Y99001"', 'ods = "Y99999"', "is no organisation here"),
        ("[[organisation]]", "[[organisation]", "this is not TOML"),
        ("[[organisation]]", "[[organization]]", "unknown field"),
        ('channel = "kafka"', 'channel = "mesh"', "has no address of its channel"),
        ('channel = "kafka"', 'channel = "email"', "has no address of its channel"),
        (
            'channel = "kafka"',
            'channel = "kafka"\nthen = [{channel = "worklist"}]',
            "the worklist is a further channel of RYX",
        ),
        (
            'channel = "kafka"',
            'channel = "kafka"\nthen = [{channel = "kafka"}]',
            "RYX has the channel kafka twice in one row",
        ),
        (
            'channel = "kafka"',
            'channel = "kafka"\nthen = [{channel = "pigeon"}]',
            "unknown channel 'pigeon'",
        ),
        (
            'channel = "kafka"',
            'channel = "kafka"\nfilter = "gestation_weeks > x"',
            "column 19: a number is wanted here",
        ),
        (
            'channel = "kafka"',
            'channel = "kafka"\nfilter = "label = NONE"',
            "the filter of RYX cannot be used: column 9: label has no such value",
        ),
    ],
)
def test_a_fault_of_the_directory_is_told(
    settings: Settings, old: str, new: str, words: str
) -> None:
    """A row that names what nobody knows would send notices nowhere."""
    spoil(settings.directory, old, new)
    assert any(words in fault.message for fault in check(settings).faults)


@pytest.mark.parametrize("channel", ["mesh", "email"])
def test_a_channel_that_is_not_set_up_is_told(settings: Settings, channel: str) -> None:
    """Its notices would wait for days and come back."""
    spoil(settings.directory, 'channel = "kafka"', f'channel = "{channel}"')
    words = f"an endpoint or a contact uses {channel}, which is not set up"
    assert words in [fault.message for fault in check(settings).faults]


@pytest.mark.parametrize("missing", ["directory", "policy_dir", "schemas_dir"])
def test_what_is_not_there_is_told(settings: Settings, missing: str, tmp_path: Path) -> None:
    """A folder that is set and does not exist is a fault in words, not a traceback."""
    nowhere = settings.model_copy(update={missing: tmp_path / "nowhere"})
    assert any("nowhere" in fault.file for fault in check(nowhere).faults)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('organisation = "NOPE"', "'NOPE' is a sender, and is no organisation here"),
        (
            'organisation = "RXX"\nwebhook = "https://rxx.example/"',
            "the sender RXX has a webhook and no secret",
        ),
        (
            'organisation = "RXX"\ncoverage = true',
            "the sender RXX asked for posts, and has no webhook",
        ),
    ],
    ids=["stranger", "no secret", "no address"],
)
def test_a_sender_that_could_not_be_told_is_told(
    settings: Settings, row: str, message: str
) -> None:
    """Before it waits for posts that nobody could send, or verify."""
    with settings.directory.open("a", encoding="utf-8") as file:
        file.write(f"\n[[sender]]\n{row}\n")
    assert message == only_fault(settings)[2]


def test_a_shared_kafka_needs_the_secret_and_a_held_clock_its_file(settings: Settings) -> None:
    """Two machines with two secrets would give one woman two episodes; checking makes no secret."""
    shared = settings.model_copy(update={"kafka": "broker:9092", "clock": "file:/nowhere/clock"})
    assert {"there is no secret", "the clock file does not exist"} == {
        fault.message for fault in check(shared).faults
    }
    assert not settings.data_dir.exists()


def test_a_type_without_its_three_files_is_a_warning(settings: Settings, tmp_path: Path) -> None:
    """It works, and is not finished: the warning names the file to add."""
    scenarios = tmp_path / "scenarios"
    shutil.copytree(SCENARIOS, scenarios)
    (scenarios / "birth.recorded.toml").unlink()
    (settings.policy_dir / "events" / "conference.report.toml").unlink()
    found = check(settings, scenarios)
    assert [
        "birth.recorded has no worked scenario: add " + str(scenarios / "birth.recorded.toml"),
        "conference.report has no policy file: add "
        + str(settings.policy_dir / "events" / "conference.report.toml"),
    ] == found.warnings
    assert [] == found.faults


@pytest.mark.parametrize(
    ("code", "warned"),
    [("E1000012", True), ("E10000012", False), ("W06000012", False), ("Norfolk", True)],
)
def test_an_area_in_which_nobody_can_live_is_a_warning(
    settings: Settings, code: str, warned: bool
) -> None:
    """A mistyped code would leave a whole county with the usual settings, and nobody would see."""
    spoil(settings.policy_dir / "areas.toml", '"AREA242"', f'"{code}"')
    found = check(settings)
    assert [] == found.faults
    assert [warned] == [code in " ".join(found.warnings)]
