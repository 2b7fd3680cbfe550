"""One dead recipient delays no other, in whichever way it is dead; the short form."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import CROWDED, Machine
from tests.roles.destinations import WAYS, Line, Scene, scene

pytestmark = pytest.mark.stack

SECONDS, RATE = 6.0, 8.0
NOISE_MS = 400.0
"""What a machine adds that has a core to spare."""

CROWD_MS = 5000.0
"""What one adds that has none.  An attempt at a dead recipient takes 10,000: a notice that waited
for one would still be seen."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A delivery role with its recipients."""
    folder: Path = tmp_path_factory.mktemp("destinations")
    with scene(folder) as made:
        yield made


@pytest.fixture(scope="module")
def healthy(played: Scene) -> Line:
    """How long notices take when all three answer."""
    return played.measure(WAYS[0], SECONDS, RATE)


@pytest.mark.parametrize("way", WAYS[1:-1])
def test_one_dead_destination_delays_no_other(played: Scene, healthy: Line, way: str) -> None:
    """The others' p99 stays within a tenth and the noise; its own arrive once it is back."""
    before = Machine.now()
    line = played.measure(way, SECONDS, RATE)
    crowded = Machine.now().busy_share_since(before) > CROWDED
    assert 0 == line.dead_arrived_meanwhile
    assert line.p99_ms <= healthy.p99_ms * 1.1 + (CROWD_MS if crowded else NOISE_MS)
    assert line.drained_seconds < 60
