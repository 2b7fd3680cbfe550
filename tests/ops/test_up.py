import io
import json
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.up import CannotStartError, running_hub, who_can_enter
from tests.patience import PATIENCE_SECONDS
from tests.ports import reserved_port


def hub(*words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The `hub` command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hub.cli", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "", **settings},
    )


def test_a_taken_port_stops_the_start_before_kafka(tmp_path: Path) -> None:
    """The sentence names the port and its setting, and nothing was started or written."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        settings = Settings(data_dir=tmp_path / "hub", gateway_port=port, mllp_port=0)
        with (
            pytest.raises(CannotStartError, match=f"{port} is taken; set HUB_GATEWAY_PORT"),
            running_hub(settings, Steps(quiet=True)),
        ):
            pytest.fail("it started on a taken port")
    assert not (tmp_path / "hub").exists()


@pytest.mark.stack
def test_everything_comes_up_and_goes_down(tmp_path: Path) -> None:
    """Kafka, topics, tables and a secret, one tick each; a second start creates no topic."""
    settings = Settings(data_dir=tmp_path, gateway_port=0, mllp_port=0)
    for made in ("27 new", "0 new"):
        out = io.StringIO()
        with running_hub(settings, Steps(out), roles=(), subscribers=["Y90001"]) as running:
            assert running.kafka
            assert running.settings.kafka == running.kafka.bootstrap
            assert running.settings.secret() == settings.secret_file().read_bytes().strip()
            assert running.settings.gateway_port
        assert not running.kafka.alive()
        assert f"✓ topics ({made})" in out.getvalue()
        assert "✗" not in out.getvalue()
    with sqlite3.connect(tmp_path / "hub.db") as database:
        tables = {name for (name,) in database.execute("select name from sqlite_master")}
    assert {"episodes", "notices", "gaps"} <= tables


@pytest.mark.stack
def test_a_killed_kafka_ends_the_hub_aloud(tmp_path: Path) -> None:
    """When Kafka dies the hub knows of it and ends, and says where to look."""
    settings = Settings(data_dir=tmp_path, gateway_port=0, mllp_port=0)
    out = io.StringIO()
    with running_hub(settings, Steps(out), roles=()) as running:
        assert running.kafka
        subprocess.run(["/bin/kill", "-9", str(running.kafka.pid)], check=True)
        assert running.ended.wait(PATIENCE_SECONDS)
    assert f"Kafka ended with -{signal.SIGKILL.value}; see {tmp_path}/kafka.log" in out.getvalue()


def test_settings_that_cannot_be_used_end_in_words(tmp_path: Path) -> None:
    """One line a fault, the setting's name and no value, no trace, and a code of its own."""
    done = hub("topics", HUB_PARTITIONS="canary", HUB_DATA_DIR=str(tmp_path))
    assert 3 == done.returncode
    assert "HUB_PARTITIONS: " in done.stderr
    assert "canary" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_topics_can_be_listed_without_a_kafka(tmp_path: Path) -> None:
    """`hub topics --json` is what an operator of a cluster creates from."""
    done = hub("topics", "--json", HUB_PARTITIONS="24", HUB_DATA_DIR=str(tmp_path))
    listed = {topic["name"]: topic for topic in json.loads(done.stdout)}
    assert 24 == listed["hub.inputs"]["partitions"]
    assert "compact" == listed["hub-persons-changelog"]["configs"]["cleanup.policy"]


def test_a_directory_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """The sentence names the file and the setting, and nothing was started or written."""
    (tmp_path / "directory.toml").write_text("[[organisation]]\nname = 1\n", encoding="utf-8")
    for name in ("directory.toml", "nowhere.toml"):
        done = hub("up", HUB_DIRECTORY=str(tmp_path / name), HUB_DATA_DIR=str(tmp_path / "data"))
        assert 3 == done.returncode
        assert f"{name} cannot be used" in done.stderr
        assert "set HUB_DIRECTORY" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_it_is_said_who_can_sign_in(tmp_path: Path) -> None:
    """The packaged directory lets nobody in, a demonstration everybody; one's own is plain."""
    assert "nobody yet" in who_can_enter(Settings(data_dir=tmp_path))
    assert "HUB_DEMO_LOGINS" in who_can_enter(Settings(data_dir=tmp_path, demo_logins=True))
    own = tmp_path / "own.toml"
    own.write_text('[[publisher]]\nods = "RXX"\nkey_sha256 = "00"\n', encoding="utf-8")
    assert "" == who_can_enter(Settings(data_dir=tmp_path, directory=own))


def test_a_subscriber_of_the_directory_has_its_topic_listed() -> None:
    """Health visiting of the packaged directory reads Kafka."""
    assert "notices.RYX" in hub("topics").stdout


def test_the_doctor_answers_with_its_code(tmp_path: Path) -> None:
    """All well is 0; one bad finding is 1, and both are one JSON document."""
    gateway, mllp, nobody = reserved_port(), reserved_port(), reserved_port()
    doors = {
        "HUB_GATEWAY_PORT": str(gateway),
        "HUB_MLLP_PORT": str(mllp),
        "HUB_DATA_DIR": str(tmp_path),
    }
    bad = hub("doctor", "--json", HUB_KAFKA=f"127.0.0.1:{nobody}", **doors)
    assert 1 == bad.returncode
    unwell = {one["check"] for one in json.loads(bad.stdout)["findings"] if not one["well"]}
    assert {"kafka", "secret"} == unwell
