import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.ops.settings import Settings, environment_of, load_settings, make_secret


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the machine's environment nor a file in the working folder may speak here."""
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_environment_goes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A setting in the environment wins; one that is only in hub.toml counts too."""
    (tmp_path / "hub.toml").write_text("partitions = 6\ngateway_port = 9001\n", encoding="utf-8")
    monkeypatch.setenv("HUB_PARTITIONS", "12")
    settings = load_settings()
    assert (12, 9001) == (settings.partitions, settings.gateway_port)


def test_another_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """HUB_SETTINGS names the file that is read instead of hub.toml."""
    other = tmp_path / "trust.toml"
    other.write_text('worker_id = "w7"\n', encoding="utf-8")
    monkeypatch.setenv("HUB_SETTINGS", str(other))
    assert load_settings().worker_id == "w7"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("HUB_PARTITIONS", "0", id="a topic has at least one partition"),
        pytest.param("HUB_CLOCK", "sundial", id="only the real clock and a held one exist"),
        pytest.param("HUB_GATEWAY_PORT", "70000", id="no such port"),
        pytest.param("HUB_WORKER_ID", "w 1", id="a worker id is one word"),
    ],
)
def test_a_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A setting that cannot be meant stops the start, and the error names it."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        load_settings()
    assert [name.removeprefix("HUB_").lower()] == [
        fault["loc"][0] for fault in caught.value.errors()
    ]


def test_a_misspelt_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    """A name that means nothing is an error, or a typing slip would go unseen for months."""
    (tmp_path / "hub.toml").write_text("partition = 6\n", encoding="utf-8")
    with pytest.raises(ValidationError, match="partition"):
        load_settings()


def test_a_child_gets_these_very_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a parent hands over in the environment reads back as the same settings."""
    given = Settings(
        data_dir=tmp_path,
        kafka="127.0.0.1:9",
        demo_logins=True,
        secret_key="s3",
        metrics_port=7,
        mesh_url="https://mesh.example",
        mesh_password="p4",
        mesh_shared_key="k5",
    )
    for name, value in environment_of(given).items():
        monkeypatch.setenv(name, value)
    assert given == load_settings()


def test_the_secret_shows_nowhere(tmp_path: Path) -> None:
    """Neither repr nor str of the settings holds the secret."""
    settings = Settings(data_dir=tmp_path, secret_key="canary-secret")
    assert "canary" not in repr(settings) + str(settings)
    assert b"canary-secret" == settings.secret()


def test_a_hub_of_its_own_makes_its_secret_once(tmp_path: Path) -> None:
    """With its own Kafka the secret is made, kept for the owner alone, and never made anew."""
    settings = Settings(data_dir=tmp_path / "new")
    first = settings.secret()
    make_secret(settings.secret_file())
    assert first == settings.secret()
    assert 0o600 == settings.secret_file().stat().st_mode & 0o777
    assert ["secret.key"] == [path.name for path in (tmp_path / "new").iterdir()]


def test_a_shared_kafka_needs_a_given_secret(tmp_path: Path) -> None:
    """Two machines with two secrets would give one woman two episodes, so none is made up."""
    settings = Settings(data_dir=tmp_path, kafka="kafka:9092")
    with pytest.raises(ValueError, match="HUB_SECRET_KEY"):
        settings.secret()
    assert [] == list(tmp_path.iterdir())


def test_the_database_is_in_the_data_folder_unless_said(tmp_path: Path) -> None:
    """SQLite beside the other data, or whatever address is given."""
    assert f"sqlite:///{tmp_path}/hub.db" == Settings(data_dir=tmp_path).real_database_url()
    given = Settings(data_dir=tmp_path, database_url="postgresql://db/hub")
    assert given.real_database_url() == "postgresql://db/hub"


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ("", "", (b"hub",)),
        ("n" * 32, "", (b"n" * 32, b"hub")),
        ("n" * 32, "b" * 32, (b"n" * 32, b"b" * 32)),
        ("", "b" * 32, (b"hub", b"b" * 32)),
    ],
)
def test_what_seals_stands_before_what_still_opens(
    tmp_path: Path, now: str, before: str, expected: tuple[bytes, ...]
) -> None:
    """The hub's secret seals until there is a key, and opens until there is one before it."""
    settings = Settings(
        data_dir=tmp_path, secret_key="hub", sealing_key=now, sealing_key_before=before
    )
    assert expected == settings.sealing()
    passed = environment_of(settings)
    assert (now, before) == (
        passed.get("HUB_SEALING_KEY", ""),
        passed.get("HUB_SEALING_KEY_BEFORE", ""),
    )
    for key in (now, before):
        assert not key or key not in repr(settings)
