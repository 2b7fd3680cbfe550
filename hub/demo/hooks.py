"""A practice's end of the line: takes webhooks, checks their signatures, answers 204."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

BODY_MAX = 1 << 20
"""A notice is a few kilobytes; more than a megabyte is no notice."""


class HookReceiver:
    """A receiver for every organisation of the stage, on one free port of this machine."""

    def __init__(self, secrets: dict[str, str]):
        """`secrets` is filled while the stage is set, before anything is sent."""
        self.taken: list[tuple[str, str]] = []
        """Organisation and webhook id of every verified delivery."""
        self.refused = 0
        self.asked: list[str] = []
        """Every address that was posted to; no identity may stand in one."""
        receiver = self

        class Delivery(BaseHTTPRequestHandler):
            """One delivery."""

            def do_POST(self) -> None:
                body = self.rfile.read(min(int(self.headers["content-length"]), BODY_MAX))
                receiver.asked.append(self.path)
                ods = self.path.rpartition("/")[2]
                try:
                    Webhook(secrets[ods]).verify(body.decode(), dict(self.headers.items()))
                except (KeyError, WebhookVerificationError):
                    receiver.refused += 1
                    self.send_response(401)
                else:
                    receiver.taken.append((ods, str(self.headers["webhook-id"])))
                    self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as inherited
                """Say nothing: the delivery log is the hub's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Delivery)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where organisations of the stage receive."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
