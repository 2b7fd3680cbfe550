"""A demonstration never takes the folder of another that is still playing."""

from pathlib import Path

import pytest

from hub.demo.hooks import HookReceiver
from hub.demo.play import prepare, story_files
from hub.demo.scenario import load_scenario
from hub.demo.stage import Stage
from hub.ops.lock import FolderLock, lock_file
from hub.ops.settings import Settings
from hub.up import CannotStartError


def test_a_running_demonstration_keeps_its_folder(tmp_path: Path) -> None:
    """The second one is told so in words, and the first one's files are still there."""
    folder = tmp_path / "demo"
    folder.mkdir()
    precious = folder / "hub.db"
    precious.write_text("of the first", encoding="ascii")
    stage = Stage([load_scenario(story_files()[0])])
    receiver = HookReceiver(stage.secrets)
    lock = FolderLock(lock_file(folder))
    try:
        lock.take()
        with pytest.raises(CannotStartError, match="demonstration is running"):
            prepare(Settings(data_dir=tmp_path), stage, receiver)
        assert precious.exists()
        lock.release()
        prepared = prepare(Settings(data_dir=tmp_path), stage, receiver)
        assert not precious.exists()
        assert prepared.data_dir == folder
    finally:
        receiver.stop()
