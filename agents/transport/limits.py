"""How large one record may be, checked before anything of it is written.

A record that the broker refuses would end the process, and the same input would end it again after
every restart.  So a record that could be refused is refused here first, with an error of its own
that an agent's guard can answer: nothing was appended, nothing put, and the input goes to
quarantine like any other that cannot be decided.
"""

from collections.abc import Sequence

Headers = Sequence[tuple[str, bytes]]

MAX_RECORD_BYTES = 1_000_000
"""Key, value and headers of one record together.

The broker's limit is `max.message.bytes`, 1,048,588 unless a topic or broker says otherwise, and
counts the whole batch: its 61 bytes of header, and about 20 for each record.  A batch of ours is at
most 1 MiB, so that a record of this size always fits into one of its own.
"""


class RecordTooLargeError(Exception):
    """A record above MAX_RECORD_BYTES; nothing was written.  The text names sizes only."""

    def __init__(self, topic: str, size: int):
        super().__init__(f"a record of {size} bytes for {topic}: at most {MAX_RECORD_BYTES}")
        self.topic = topic
        self.size = size


def check_fits(
    topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None
) -> None:
    """Raises RecordTooLargeError for a record that could be refused for its size."""
    size = len(key or b"") + len(value or b"")
    if headers:
        size += sum(len(name.encode()) + len(content) for name, content in headers)
    if size > MAX_RECORD_BYTES:
        raise RecordTooLargeError(topic, size)


AROUND_STATE_BYTES = 1_000
"""Left for what is stored around a state: its offset, its next wake, and the frame of both."""


def check_state_fits(topic: str, key: bytes, state: bytes) -> None:
    """Raises RecordTooLargeError for a state that could not be stored even on its own."""
    size = len(key) + len(state) + AROUND_STATE_BYTES
    if size > MAX_RECORD_BYTES:
        raise RecordTooLargeError(topic, size)
