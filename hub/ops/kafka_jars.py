"""The Kafka jars: fetched once by Maven coordinate, each checked against a committed digest.

The list beside this file (`kafka-jars.sha256`) is the whole truth: one digest and one coordinate a
line, no address.  Nothing is resolved at run time, so the same list gives the same bytes next
year.  Once a jar is in the cache the network is never touched again, and a jar whose digest is
wrong is never put on a class path.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

KAFKA_VERSION = "4.4.0"
DIGESTS = Path(__file__).with_name("kafka-jars.sha256")

FETCHES_AT_ONCE = 4
"""Jars fetched side by side: the wait is for answers, not for bytes; more would be impolite."""

FETCH_TIMEOUT_SECONDS = 60

Progress = Callable[[int, int, str], None]
"""Called with (jars done, jars in all, file name) after each jar."""


class JarsUnfitError(Exception):
    """The jars are missing or wrong, in words that say what to do.

    Operator action: follow the sentence; usually `hub doctor`, or run again with a network.
    """


@dataclass(frozen=True, slots=True)
class Jar:
    """One committed line: a Maven coordinate `group:artifact:version` and its SHA-256."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        """`artifact-version.jar`, the name under which the cache keeps it."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def jars(digests: Path = DIGESTS) -> tuple[Jar, ...]:
    """The committed list.  Raises ValueError for a line that is not `<sha256>  <coordinate>`."""
    found: list[Jar] = []
    for number, line in enumerate(digests.read_text(encoding="ascii").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        digest, _, coordinate = line.partition("  ")
        if len(digest) != hashlib.sha256().digest_size * 2 or coordinate.count(":") != 2:
            raise ValueError(
                f"{digests.name} line {number} is not '<sha256>  <group:artifact:version>'"
            )
        found.append(Jar(coordinate, digest))
    return tuple(found)


def cache_folder() -> Path:
    """Where the jars live: `$HUB_CACHE/kafka-<version>`, else in the home folder's cache."""
    base = os.environ.get("HUB_CACHE")
    root = Path(base) if base else Path.home() / ".cache" / "perinatal-hub"
    return root / f"kafka-{KAFKA_VERSION}"


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def unfit(folder: Path, wanted: Sequence[Jar]) -> tuple[list[Jar], list[Jar]]:
    """The jars that are missing from `folder`, and those that are there with a wrong digest."""
    missing = [jar for jar in wanted if not (folder / jar.file_name).is_file()]
    wrong = [
        jar
        for jar in wanted
        if jar not in missing and digest_of(folder / jar.file_name) != jar.sha256
    ]
    return missing, wrong


def ensure_jars(
    progress: Progress | None = None, folder: Path | None = None, digests: Path = DIGESTS
) -> list[Path]:
    """Paths of all jars, fetching what is missing.  Raises JarsUnfitError when it cannot.

    A jar that is there with a wrong digest is not mended in silence: it may be damage, it may be
    somebody's doing, and a person should know.
    """
    home = folder or cache_folder()
    wanted = jars(digests)
    missing, wrong = unfit(home, wanted)
    if wrong:
        raise JarsUnfitError(
            f"{wrong[0].file_name} in {home} does not have its committed SHA-256; "
            f"delete that file and run again, so that a fresh copy is fetched and checked"
        )
    if missing:
        _fetch(missing, home, progress)
    return [home / jar.file_name for jar in wanted]


def _fetch(missing: Sequence[Jar], home: Path, progress: Progress | None) -> None:
    """Fetch, check, and only then move each jar to its place in one step."""
    home.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="fetch-", dir=home) as scratch,
        ThreadPoolExecutor(FETCHES_AT_ONCE) as pool,
    ):
        fetched = pool.map(lambda jar: _fetch_one(jar, Path(scratch)), missing)
        for done, (jar, path) in enumerate(zip(missing, fetched, strict=True), start=1):
            path.replace(home / jar.file_name)
            if progress:
                progress(done, len(missing), jar.file_name)


def _fetch_one(jar: Jar, scratch: Path) -> Path:
    """One jar into the scratch folder.  jgo is imported here, since only a first run needs it."""
    from jgo.maven import MavenContext  # noqa: PLC0415  loading it costs every start 0.2 s

    group, artifact, version = jar.coordinate.split(":")
    context = MavenContext(repo_cache=scratch / "maven", timeout=FETCH_TIMEOUT_SECONDS)
    try:
        path = context.project(group, artifact).at_version(version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        raise JarsUnfitError(
            f"{jar.coordinate} could not be fetched ({type(error).__name__}); the first run needs "
            f"Maven Central, or copy the cache folder of another machine and set HUB_CACHE to it"
        ) from error
    if digest_of(path) != jar.sha256:
        raise JarsUnfitError(
            f"{jar.coordinate} was fetched with a SHA-256 that is not the committed one; "
            f"it was thrown away: find out why before you trust this network"
        )
    checked = scratch / jar.file_name
    shutil.move(path, checked)
    return checked
