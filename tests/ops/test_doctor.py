import json
import socket
from pathlib import Path

import pytest

from hub.ops import doctor
from hub.ops.doctor import Finding, examine, report
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.lock import FolderLock, Owner
from hub.ops.settings import Settings, make_secret
from tests.ports import reserved_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A hub of its own on free ports."""
    gateway, mllp = reserved_port(), reserved_port()
    return Settings(data_dir=tmp_path, gateway_port=gateway, mllp_port=mllp)


def test_every_bad_finding_has_a_remedy(settings: Settings) -> None:
    """Each check answers; whatever is not well says what to do next."""
    findings = examine(settings)
    assert 9 == len({finding.check for finding in findings})
    assert [] == [finding for finding in findings if not finding.well and not finding.remedy]


def test_a_taken_port_names_its_setting(settings: Settings) -> None:
    """The port and the setting that moves it, in one finding."""
    with socket.create_server(("127.0.0.1", settings.mllp_port)):
        found = doctor.ports(settings)
    assert not found.well
    assert str(settings.mllp_port) in found.saw
    assert "HUB_MLLP_PORT" in found.remedy
    assert "GATEWAY" not in found.remedy


def test_missing_jars_are_counted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An empty cache is said with the command that fills it."""
    monkeypatch.setenv("HUB_CACHE", str(tmp_path / "empty"))
    found = doctor.kafka_jars(settings)
    assert (False, "run `hub fetch-kafka` once with a network") == (found.well, found.remedy)
    assert "45 of 45" in found.saw


def test_a_wrong_jar_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A jar with other bytes than the committed ones is named, before any that is missing."""
    monkeypatch.setenv("HUB_CACHE", str(tmp_path))
    (tmp_path / "kafka-4.4.0").mkdir()
    (tmp_path / "kafka-4.4.0" / "slf4j-api-1.7.36.jar").write_bytes(b"other")
    found = doctor.kafka_jars(settings)
    assert "wrong SHA-256: slf4j-api-1.7.36.jar" == found.saw
    assert found.remedy.startswith("delete")


def test_a_dead_owner_is_harmless_and_said(settings: Settings) -> None:
    """The text of a dead owner is told apart from a lock that is held."""
    path = settings.data_dir / "kafka.lock"
    path.write_text('{"pid": 4, "bootstrap": "127.0.0.1:9", "cluster_id": "x"}', encoding="ascii")
    assert "process 4 ended without tidying up" in doctor.lock(settings).saw
    assert "not running now" in doctor.kafka(settings).saw
    held = FolderLock(path)
    held.take()
    held.write(Owner(5))
    assert "process 5 has the data folder" == doctor.lock(settings).saw
    held.release()


def test_a_secret_that_others_can_read_is_a_finding(settings: Settings) -> None:
    """A group-readable secret is named with the command that mends it."""
    make_secret(settings.secret_file())
    assert doctor.secret(settings).well
    settings.secret_file().chmod(0o640)
    found = doctor.secret(settings)
    assert (False, f"chmod 600 {settings.secret_file()}") == (found.well, found.remedy)


def test_a_database_address_is_never_shown(settings: Settings) -> None:
    """A password in the address shows neither in what was seen nor in the remedy."""
    for url in (
        "postgresql://hub:canary@127.0.0.1:1/hub",
        "nonsense canary",
        "postgresql://hub:canary@127.0.0.1:port/hub",
    ):
        asked = settings.model_copy(update={"database_url": url})
        (found,) = [one for one in examine(asked) if one.check == "database"]
        assert not found.well
        assert "canary" not in report([found], as_json=True)


def test_a_kafka_that_does_not_answer_is_a_finding(settings: Settings) -> None:
    """A wrong address ends within seconds, in words."""
    port = reserved_port()
    found = doctor.kafka(settings.model_copy(update={"kafka": f"127.0.0.1:{port}"}))
    assert not found.well
    assert "HUB_KAFKA" in found.remedy


def test_the_report_reads_both_ways() -> None:
    """A person gets ticks and arrows, a machine one JSON document."""
    findings = [Finding("disk", well=True, saw="room"), Finding("lock", False, "bad", "mend it")]
    text = report(findings, as_json=False).splitlines()
    assert ["✓ disk      room", "✗ lock      bad", "            → mend it"] == text
    as_json = json.loads(report(findings, as_json=True))
    assert not as_json["well"]
    assert ["disk", "lock"] == [one["check"] for one in as_json["findings"]]


@pytest.mark.stack
def test_a_kafka_that_runs_here_answers(kafka: EmbeddedKafka) -> None:
    """The doctor finds a running hub by its lock file, and checks that it is the same cluster."""
    found = doctor.kafka(Settings(data_dir=kafka.data_dir))
    assert (True, f"{kafka.bootstrap} answers, with a group coordinator") == (found.well, found.saw)
