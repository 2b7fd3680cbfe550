"""What files really take on the disk."""

from collections.abc import Iterable
from pathlib import Path

from bench.scale_site import Site
from hub.ops.topics import DECISIONS, INPUTS, changelog_topic


def disk_of(site: Site) -> dict[str, int]:
    """Bytes on the disk: local state, its changelog, and the two logs."""
    logs = site.kafka.data_dir / "kafka"
    named = {
        "changelog": changelog_topic("episodes"),
        "inputs": INPUTS,
        "decisions": DECISIONS,
    }
    found = {what: _bytes_below(logs.glob(f"{topic}-*")) for what, topic in named.items()}
    return {"state": _bytes_below([site.state_folder()]), **found}


def _bytes_below(folders: Iterable[Path]) -> int:
    """What files really take on the disk; one that goes away meanwhile takes nothing."""
    found = 0
    for folder in folders:
        for path in folder.rglob("*"):
            try:
                found += path.stat().st_blocks * 512
            except FileNotFoundError:
                continue
    return found
