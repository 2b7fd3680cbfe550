"""A running hub for the files of this folder that meet it from outside."""

from collections.abc import Iterator

import pytest

from tests.acceptance.upped import Up, alive


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One `hub up` for a file; a test that restarts it leaves it running."""
    hub = Up(tmp_path_factory.mktemp("up"))
    hub.start()
    yield hub
    children = hub.children()
    assert 0 == hub.stop()
    assert set() == alive(children)
