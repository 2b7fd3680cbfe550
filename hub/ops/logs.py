"""Logs of one role: one JSON object a line, on stderr, and never a person in it.

Callers log ids, reasons and counts.  Should a name's key or an NHS number slip in all the same
(most likely inside somebody else's exception text), it is taken out here, last before the pen.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

REMOVED = "[removed]"

FORBIDDEN_KEYS = frozenset(
    {
        "nhs_number",
        "family_name",
        "given_name",
        "birth_date",
        "postcode",
        "reference",
        "subject",
        "body",
        "content",
        "original",
        "payload",
        "secret",
        "secret_key",
    }
)
"""Fields of the model that hold an identity, clinical text or a secret."""

TEN_DIGITS = re.compile(r"(?<![\dA-Za-z])(\d{3})[ -]?(\d{3})[ -]?(\d{4})(?![\dA-Za-z])")

NHS_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2)
"""Modulus 11 check of an NHS number (NHS Data Dictionary); spares most instants and offsets."""

THEIR_LEVEL = logging.WARNING
"""Libraries speak from here on: Faust at INFO costs speed (engine section 6) and prints records."""


def start_logs(role: str, level: str = "INFO", *, worker_id: str = "") -> None:
    """Set up this process's logs.  Call once, first thing in a role's `main`."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.types.Processor] = [
        structlog.processors.format_exc_info,
        without_identities,
        structlog.processors.JSONRenderer(sort_keys=True),
    ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=_pen,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    known = {"role": role} | ({"worker_id": worker_id} if worker_id else {})
    structlog.contextvars.bind_contextvars(**known)
    _adopt_libraries([_fixed(known), *shared], last)


def _pen(*_args: object) -> structlog.PrintLogger:
    """A pen on the standard error of this moment: whoever exchanged it may have closed the old."""
    return structlog.PrintLogger(sys.stderr)


class _StandardError(logging.StreamHandler[TextIO]):
    """The same of the standard library's handlers, which keep the stream they were made with."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line to whatever is the standard error now."""
        self.stream = sys.stderr
        super().emit(record)


def log() -> structlog.typing.FilteringBoundLogger:
    """The logger of this process: `log().info("what_happened", episode_id=...)`."""
    made: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return made


def without_identities(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take out forbidden fields and whatever reads as an NHS number."""
    return {
        key: REMOVED if key in FORBIDDEN_KEYS else _clean(value) for key, value in event.items()
    }


def _clean(value: object) -> object:
    """The same value with NHS numbers taken out of its text, at any depth."""
    if isinstance(value, str):
        return TEN_DIGITS.sub(_unless_it_checks, value)
    if isinstance(value, dict):
        return {
            key: REMOVED if key in FORBIDDEN_KEYS else _clean(inner) for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    if isinstance(value, bool | int | float) or value is None:
        return _clean(str(value)) if _is_nhs_number(str(value)) else value
    return _clean(str(value))


def _unless_it_checks(found: re.Match[str]) -> str:
    return REMOVED if _is_nhs_number("".join(found.groups())) else found.group()


def _is_nhs_number(digits: str) -> bool:
    """Ten digits whose last is the modulus 11 check of the others."""
    if len(digits) != len(NHS_WEIGHTS) + 1 or not digits.isdecimal():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, NHS_WEIGHTS, strict=False))
    return (11 - total % 11) % 11 == int(digits[-1])


def _fixed(known: dict[str, str]) -> structlog.types.Processor:
    """Adds what is known of this process, on threads that never saw its context too."""

    def add(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        return {**known, **event}

    return add


def _adopt_libraries(
    before: list[structlog.types.Processor], last: list[structlog.types.Processor]
) -> None:
    """Lines of the standard library's loggers take the same form and the same wash."""
    pen = _StandardError(sys.stderr)
    pen.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [pen]
    root.setLevel(THEIR_LEVEL)
