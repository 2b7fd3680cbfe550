"""`hub read` at the terminal: files and folders, for machines and for people."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from tests.edges.hl7_messages import message
from tests.house.tree import ROOT

EXAMPLES = ROOT / "docs/publish/examples"
AT = ["--at", "2026-12-01"]


def run(*arguments: object) -> tuple[int, str]:
    """Exit code and what was printed."""
    result = CliRunner().invoke(app, ["read", *map(str, arguments), *AT])
    return result.exit_code, result.output


def test_a_file_gives_one_line_of_json() -> None:
    """With everything that was found in it."""
    code, printed = run(EXAMPLES / "booking.hl7", "--json")
    said = json.loads(printed)
    assert (0, "hl7v2", "events", None) == (code, said["format"], said["outcome"], said["reason"])
    assert ["pregnancy.booked"] == [event["type"] for event in said["events"]]


def test_a_folder_gives_a_line_for_each_file_in_it(tmp_path: Path) -> None:
    """What is hidden is left out, and what is in deeper folders is not."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.hl7").write_bytes(message("a01-admitted"))
    (tmp_path / "b.bin").write_bytes(bytes(range(256)))
    (tmp_path / ".hidden").write_bytes(b"x")
    code, printed = run(tmp_path, "--json")
    said = [json.loads(line) for line in printed.splitlines()]
    assert (0, ["quarantined", "events"]) == (code, [each["outcome"] for each in said])


def test_people_are_told_in_words_and_without_identities() -> None:
    """The place and the remedy stand there, and no name."""
    code, printed = run(EXAMPLES / "admission-without-visit.hl7", EXAMPLES / "booking.json")
    assert 0 == code
    assert "field: PV1" in printed
    assert "2 files: 1 events, 1 quarantined, 0 ignored" in printed
    assert "quillfeather" not in printed.lower()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["--strict"], 1), ([], 0)],
)
def test_strict_fails_on_what_would_be_quarantined(arguments: list[str], expected: int) -> None:
    """For those who check their messages in a pipeline."""
    code, _ = run(EXAMPLES / "admission-without-visit.hl7", *arguments)
    assert expected == code


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """And the others are still read."""
    code, printed = run(tmp_path / "none.hl7", EXAMPLES / "booking.hl7")
    assert (2, True) == (code, "understood" in printed)
