"""`hub mllp`: takes HL7 v2 over MLLP and writes events to Kafka."""

import asyncio
import signal
import ssl
from pathlib import Path

import uvloop

from hub.edges.directory import load_directory
from hub.edges.hl7v2_profile import DEFAULT, load_profile
from hub.edges.mllp import Door
from hub.edges.mllp_server import MOST_CONNECTIONS, MllpServer, UnsafeDoorError, tls_context
from hub.edges.publish import Publisher
from hub.edges.schemas import Schemas
from hub.ops.clock import clock_from
from hub.ops.logs import log, start_logs
from hub.ops.metrics import start_metrics
from hub.ops.open_files import allow_connections
from hub.ops.settings import Settings

ROLE = "mllp"
UNFIT = 2
"""Exit code for settings with which the role must not start; a restart would not help."""


def main(settings: Settings) -> int:
    """The role `hub mllp`: 0 when it was asked to stop.  An unforeseen failure ends the process."""
    start_logs(ROLE, settings.log_level, worker_id=settings.worker_id)
    allow_connections(MOST_CONNECTIONS)
    exporter = start_metrics(settings.metrics_host, settings.metrics_port)
    try:
        # A lone message waits for each turn of the loop, and uvloop turns faster.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_signal(settings))
    except UnsafeDoorError as unsafe:
        log().error("will_not_start", problem=str(unsafe))
        return UNFIT
    finally:
        if exporter is not None:
            exporter.stop()
    return 0


def publisher_of(settings: Settings) -> Publisher:
    """The publisher of this role, not yet started."""
    return Publisher(
        settings.kafka,
        settings.secret(),
        client_id=f"hub-{ROLE}-{settings.worker_id}",
        schemas=Schemas.load(settings.schemas_dir),
        login=settings.shown_to_kafka(),
    )


def server_of(settings: Settings, publisher: Publisher) -> MllpServer:
    """The listener of this role, not yet started.  Raises UnsafeDoorError; needs a running loop."""
    door = Door(
        publisher=publisher,
        directory=load_directory(settings.directory),
        profile=load_profile(_path(settings, "mllp_profile") or DEFAULT),
        clock=clock_from(settings.clock),
    )
    return MllpServer(
        door,
        settings.mllp_host,
        settings.mllp_port,
        tls=_tls(settings),
        plain_allowed=bool(getattr(settings, "mllp_allow_plain", False)),
    )


async def _until_signal(settings: Settings) -> None:
    publisher = publisher_of(settings)
    server = server_of(settings, publisher)
    await publisher.start()
    await server.start()
    log().info("listening", host=settings.mllp_host, port=server.port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving, stopping = asyncio.ensure_future(server.serve()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await server.stop()
        await publisher.stop()
    # Raises the unforeseen error, if one ended the server.
    await serving


def _tls(settings: Settings) -> ssl.SSLContext | None:
    certificate, key = _path(settings, "mllp_cert"), _path(settings, "mllp_key")
    if certificate is None or key is None:
        return None
    return tls_context(certificate, key, _path(settings, "mllp_client_ca"))


def _path(settings: Settings, name: str) -> Path | None:
    """An optional file among the settings; None where it is not set, or not a setting yet."""
    given = getattr(settings, name, None)
    return Path(given) if given else None
