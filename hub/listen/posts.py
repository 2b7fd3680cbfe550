"""A listener for webhooks and FHIR subscriptions: verifies, answers, and only then believes."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec
from standardwebhooks import Webhook, WebhookVerificationError

from hub.listen.manners import Line, Listener
from hub.ops import limits

MOST_BYTES: Final = limits.MIB
TAKEN, UNSIGNED, TOO_LARGE = 204, 401, 413


def verified(secrets: Sequence[str], body: bytes, headers: Mapping[str, str]) -> Any:
    """The content of a signed POST, or None when none of the secrets has signed it lately."""
    for secret in secrets:
        with contextlib.suppress(WebhookVerificationError, ValueError, RuntimeError):
            return Webhook(secret).verify(body, dict(headers))
    return None


def line_of(content: Any) -> Line:
    """What came in: a notice of a webhook, or a notification of a FHIR subscription."""
    if content.get("resourceType") == "Bundle":
        return _of_bundle(content)
    told = content.get("data") or {}
    return Line(
        what="notice",
        notice_id=str(told.get("notice_id", "")),
        reason=str(told.get("reason", "")),
        role=str(told.get("role", "")),
    )


def _of_bundle(bundle: Any) -> Line:
    parts = {each["name"]: each for each in bundle["entry"][0]["resource"]["parameter"]}
    kind = parts["type"]["valueCode"]
    if kind != "event-notification":
        return Line(what=kind)
    event = {each["name"]: each for each in parts["notification-event"]["part"]}
    focus = event.get("focus", {}).get("valueReference", {}).get("reference", "")
    # A signal of MNS numbers nothing: it always says 1.
    numbered = "events-since-subscription-start" in parts
    return Line(
        what="notice",
        notice_id=focus.rpartition("/")[2],
        number=int(event["event-number"]["valueString"]) if numbered else None,
    )


class _Server(ThreadingHTTPServer):
    # Whoever is answered gets her answer, and the hub its receipt, before the listener ends.
    daemon_threads = False

    def __init__(self, port: int, listener: Listener, secrets: Sequence[str], channel: str) -> None:
        super().__init__(("127.0.0.1", port), _Post)
        self.listener, self.secrets, self.channel = listener, secrets, channel


class _Post(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10.0

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if length > MOST_BYTES:
            self._answer(TOO_LARGE)
            return
        listener, manners = self.server.listener, self.server.listener.manners
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        content = verified(self.server.secrets, body, headers)
        if content is None:
            listener.note(Line(what="signature wrong or old", answered=str(UNSIGNED)))
            self._answer(UNSIGNED)
            return
        if manners.silent or manners.slow_seconds:
            listener.stopped.wait(None if manners.silent else manners.slow_seconds)
        answer = 0 if manners.silent else manners.refuse or TAKEN
        self._take(line_of(content), answer)

    def _take(self, line: Line, answer: int) -> None:
        listener = self.server.listener
        line = msgspec.structs.replace(line, answered=str(answer) if answer else "nothing")
        if answer != TAKEN:
            listener.say(line)
            self._answer(answer)
            return
        fresh = listener.note(line)
        self._answer(answer)
        if fresh:
            listener.receipt(line, self.server.channel)
            listener.finish()

    def _answer(self, http_status: int) -> None:
        with contextlib.suppress(ConnectionError):
            if not http_status:
                self.close_connection = True
                return
            self.send_response(http_status)
            self.send_header("content-length", "0")
            self.end_headers()
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing: the request line may hold what the address holds."""


@contextlib.contextmanager
def listening(
    listener: Listener, secrets: Sequence[str], *, port: int = 0, channel: str = "webhook"
) -> Iterator[str]:
    """Listen on this machine until the end of the block; gives the address."""
    server = _Server(port, listener, secrets, channel)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{channel}"
    finally:
        listener.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
