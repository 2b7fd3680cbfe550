"""The gateway: API, pages and schema registry over HTTP, in one process."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

from hub.ops import limits, metrics
from hub.ops.logs import start_logs
from hub.ops.open_files import allow_connections
from hub.ops.settings import Settings
from hub.roles.sandbox import Foretelling
from hub.store.engine import migrate
from hub.store.sealing import seal_kept
from hub.web.app import make_app
from hub.web.listening import RefusesToListen

NAME: Final = "gateway"

COULD_NOT_START: Final = 3
"""The exit code of `hub` for something that stood in the way and was named in words."""

LARGEST_BACKLOG: Final = 512
"""Connections that wait: beyond it a sender is refused at once, and repeats."""

MOST_CONNECTIONS: Final = limits.CONNECTIONS.value

STOP_SECONDS: Final = 5
"""How long requests on their way may take to end when the role is stopped."""


class _Server(uvicorn.Server):
    """uvicorn, except that being asked to stop is not an error.

    uvicorn raises the signal again once it has stopped, so that the process would end as killed and
    nothing after it would run.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM, and leave the handlers as they were."""
        before = {
            each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for each, previous in before.items():
                signal.signal(each, previous)


def main(settings: Settings) -> int:
    """The role `hub gateway`: 0 when it was asked to stop, 3 when it must not or cannot listen."""
    start_logs(NAME, settings.log_level, worker_id=settings.worker_id)
    exporter = metrics.start_metrics(settings.metrics_host, settings.metrics_port)
    try:
        migrate(settings.real_database_url())
        app = make_app(settings, foretell=Foretelling(settings))
        seal_kept(app.state.desk.engine, app.state.desk.vault)
    except RefusesToListen as refused:
        sys.stderr.write(f"The gateway does not start: {refused}.\n")
        return COULD_NOT_START
    else:
        allow_connections(MOST_CONNECTIONS)
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.gateway_host,
                port=settings.gateway_port,
                # One worker: sessions and receipts lately told are kept in this process.
                workers=1,
                backlog=LARGEST_BACKLOG,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=STOP_SECONDS,
                log_config=None,
                # An address can hold an id of ours, and who read what is not for an access log.
                access_log=False,
                server_header=False,
            )
        )
        server.run()
        return 0 if server.started else COULD_NOT_START
    finally:
        if exporter is not None:
            exporter.stop()
