"""A receiver of webhooks and of FHIR notifications.  pip install standardwebhooks"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = os.environ["HUB_LISTEN_SECRET"]


def store_once(notice_id: str, body: bytes) -> None:
    """Yours: a repeat has the same id and must change nothing."""
    sys.stdout.write(f"{notice_id} {json.loads(body).get('type')}\n")
    sys.stdout.flush()


class Receiver(BaseHTTPRequestHandler):
    """Verifies, stores, and only then says that it has the notice."""

    def do_POST(self) -> None:
        """One notice."""
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            Webhook(SECRET).verify(body, headers)
        except WebhookVerificationError:
            self.answer(401)
            return
        store_once(headers["webhook-id"], body)
        self.answer(204)

    def answer(self, status: int) -> None:
        """Only the status counts."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
