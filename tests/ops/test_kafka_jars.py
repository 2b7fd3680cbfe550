import hashlib
from pathlib import Path

import pytest

from hub.ops.kafka_jars import DIGESTS, Jar, JarsUnfitError, cache_folder, ensure_jars, jars

BYTES = b"not really a jar"
DIGEST = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def digests(tmp_path: Path) -> Path:
    """A list of one jar that no registry has."""
    path = tmp_path / "jars.sha256"
    path.write_text(f"# why\n{DIGEST}  no.such.group:thing:1.0\n", encoding="ascii")
    return path


def test_the_committed_list_is_whole_and_holds_no_address() -> None:
    """45 jars, each once, Kafka and a log binding among them, and names only."""
    listed = jars()
    assert 45 == len({jar.coordinate for jar in listed}) == len(listed)
    assert {"kafka_2.13-4.4.0.jar", "slf4j-simple-1.7.36.jar"} <= {jar.file_name for jar in listed}
    assert "://" not in DIGESTS.read_text(encoding="ascii")


def test_a_jar_that_is_there_is_not_fetched(tmp_path: Path, digests: Path) -> None:
    """With every jar in place nothing else is asked: this coordinate exists nowhere."""
    home = tmp_path / "cache"
    home.mkdir()
    (home / "thing-1.0.jar").write_bytes(BYTES)
    assert [home / "thing-1.0.jar"] == ensure_jars(folder=home, digests=digests)


def test_a_changed_jar_is_refused_and_left_for_a_person(tmp_path: Path, digests: Path) -> None:
    """One flipped byte stops the start; the file is named, and neither mended nor removed."""
    home = tmp_path / "cache"
    home.mkdir()
    (home / "thing-1.0.jar").write_bytes(BYTES + b"!")
    with pytest.raises(JarsUnfitError, match=r"thing-1\.0\.jar.*SHA-256.*delete"):
        ensure_jars(folder=home, digests=digests)
    assert BYTES + b"!" == (home / "thing-1.0.jar").read_bytes()


@pytest.mark.parametrize("line", ["abc  g:a:1", f"{DIGEST} g:a:1", f"{DIGEST}  g:a"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    """A line that is not a digest and a coordinate is an error with its number."""
    path = tmp_path / "jars.sha256"
    path.write_text(f"# first\n{line}\n", encoding="ascii")
    with pytest.raises(ValueError, match="line 2"):
        jars(path)


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """HUB_CACHE names the folder, so that a machine without network can be given one."""
    monkeypatch.setenv("HUB_CACHE", str(tmp_path))
    assert tmp_path / "kafka-4.4.0" == cache_folder()


def test_a_file_is_named_by_artifact_and_version() -> None:
    """Two groups never bring the same file name in our list, so the group is left out."""
    assert Jar("org.slf4j:slf4j-api:1.7.36", DIGEST).file_name == "slf4j-api-1.7.36.jar"
    assert len({jar.file_name for jar in jars()}) == len(jars())
