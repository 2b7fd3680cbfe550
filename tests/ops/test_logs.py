import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from hub.ops.logs import REMOVED, log, start_logs, without_identities


@pytest.fixture(autouse=True)
def _logs_of_a_role() -> Iterator[None]:
    """Logs as a role sets them up; everything as before afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    start_logs("worker", "INFO", worker_id="w9")
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What was logged since the last look, line by line."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_and_says_who(capsys: pytest.CaptureFixture[str]) -> None:
    """Role, worker, level and instant are on every line; a lower level is not written."""
    start_logs("worker", "INFO", worker_id="w9")
    log().info("batch_done", count=3)
    log().debug("not_wanted")
    (line,) = lines(capsys)
    assert ("worker", "w9", "info", "batch_done", 3) == (
        line["role"],
        line["worker_id"],
        line["level"],
        line["event"],
        line["count"],
    )
    assert str(line["timestamp"]).endswith("Z")


def test_libraries_speak_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's warning is washed and named as ours; its chatter is not written."""
    start_logs("worker", "INFO", worker_id="w9")
    logging.getLogger("aiokafka").info("chatter")
    logging.getLogger("aiokafka").warning("key 999 000 0018 was refused")
    (line,) = lines(capsys)
    assert (f"key {REMOVED} was refused", "worker", "aiokafka", "warning") == (
        line["event"],
        line["role"],
        line["logger"],
        line["level"],
    )


def test_a_standard_error_that_was_closed_does_not_end_the_role(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logs go to the standard error of the moment, not to the one that was there at the start."""
    closed = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", closed)
        start_logs("worker", "INFO", worker_id="w9")
    closed.close()
    log().info("ours")
    logging.getLogger("aiokafka").warning("theirs")
    assert [line["event"] for line in lines(capsys)] == ["ours", "theirs"]


def test_an_exceptions_text_is_washed(capsys: pytest.CaptureFixture[str]) -> None:
    """A number in somebody else's exception does not reach the log, the trace does."""
    start_logs("worker", "INFO")
    try:
        raise ValueError("no such person 9990000018")
    except ValueError:
        log().exception("failed")
    (line,) = lines(capsys)
    assert "9990000018" not in json.dumps(line)
    assert "ValueError" in str(line["exception"])


@pytest.mark.parametrize(
    ("given", "written"),
    [
        pytest.param({"family_name": "Canary"}, {"family_name": REMOVED}, id="a name by its field"),
        pytest.param({"at": {"body": {"a": 1}}}, {"at": {"body": REMOVED}}, id="at any depth"),
        pytest.param({"x": 9990000018}, {"x": REMOVED}, id="a number that is no text"),
        pytest.param({"x": ["999-000-0018"]}, {"x": [REMOVED]}, id="with dashes, in a list"),
        pytest.param({"x": "1795000001"}, {"x": "1795000001"}, id="an instant does not check"),
        pytest.param({"x": "a9990000018"}, {"x": "a9990000018"}, id="part of an id"),
        pytest.param({"x": 12, "y": None}, {"x": 12, "y": None}, id="numbers stay numbers"),
    ],
)
def test_identities_are_taken_out(given: dict[str, object], written: dict[str, object]) -> None:
    """Forbidden fields and whatever reads as an NHS number; nothing else."""
    assert written == without_identities(None, "info", dict(given))
